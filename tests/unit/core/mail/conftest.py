"""A site that sends its mails to a server of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crmhost.core.mail import services as mail
from crmhost.core.mail.models import MailMessage
from crmhost.core.settings import services as settings
from crmhost.testing import Host
from tests.peers import smtp

BASE = "https://crm.example.com"


@pytest.fixture
def peer() -> Iterator[smtp.Peer]:
    with smtp.server() as made:
        yield made


@pytest.fixture
def site(host: Callable[..., Host], peer: smtp.Peer) -> Host:
    """A site that sends, by the account that its settings describe."""
    made = host(base_url=BASE)
    set_up(made, peer)
    return made


def set_up(site: Host, peer: smtp.Peer, **more: Any) -> None:
    """Points a site's settings to the server."""
    values = {
        "mail.transport": "smtp",
        "mail.from": "Atelier <hello@example.com>",
        "mail.smtp_host": "127.0.0.1",
        "mail.smtp_port": str(peer.port),
        "mail.smtp_security": "none",
        **{f"mail.{name}": str(value) for name, value in more.items()},
    }
    with site.work() as work, work.begin():
        settings.set_many(work, values)


def write(site: Host, role: str = "Contacts manager", **fields: Any) -> int:
    """Wants a mail; gives its number."""
    fields = {"subject": "Hello", "text": "Dear Ann,\nwelcome.", **fields}
    with site.work(role) as work, work.begin():
        return mail.queue(work, **fields).id


def stored(site: Host, message_id: int) -> MailMessage:
    """A mail as it is stored now."""
    with site.site.sessions() as session:
        return session.get_one(MailMessage, message_id)
