"""Sites with the client portal, which mail to a real server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy

import pytest

from crmhost.api import settings
from crmhost.testing import Clock, Host
from tests.peers import smtp

BASE = "https://crm.example.com"


@pytest.fixture
def peer() -> Iterator[smtp.Peer]:
    """The mail server."""
    with smtp.server() as made:
        yield made


@pytest.fixture
def site(host: Callable[..., Host], peer: smtp.Peer, clock: Clock) -> Host:
    """A site with the portal and companies, whose mails go out."""
    clock.freeze()
    made = host("portal", "companies", "rest_api", base_url=BASE)
    values = {"mail.transport": "smtp", "mail.from": "hello@example.com", "mail.smtp_host": "127.0.0.1"}
    with made.work() as work, work.begin():
        settings.set_many(work, {**values, "mail.smtp_port": str(peer.port), "mail.smtp_security": "none"})
    return made


def mailed(peer: smtp.Peer) -> list[tuple[str, str, str]]:
    """Who got mails since the last call, with subject and text."""
    letters = [(taken.recipients[0], message_from_bytes(taken.raw, policy=policy.default)) for taken in peer.taken]
    peer.taken.clear()
    found = []
    for to, letter in letters:
        body = letter.get_body(("plain",))
        assert body is not None
        found.append((to, str(letter["subject"]), body.get_content()))
    return found


def path_in(text: str) -> str:
    """The path of the portal that a mail leads to."""
    found = re.search(rf"{BASE}(/portal/[\w/-]+)", text)
    assert found, text
    return found[1]
