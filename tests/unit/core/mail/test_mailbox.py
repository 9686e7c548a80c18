"""Reading the mailbox with returned mails, from a real IMAP server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crmhost.core.mail.imap import Mailbox, Reader
from crmhost.errors import CrmError
from tests.peers import imap, smtp


@pytest.fixture(scope="module")
def mailbox() -> Iterator[imap.Peer]:
    with imap.server() as peer:
        yield peer


@pytest.fixture
def opened(mailbox: imap.Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Reader]:
    """Opens the mailbox, with its certificate trusted."""
    smtp.trust(mailbox.authority, tmp_path, monkeypatch)
    return lambda **fields: Reader(
        Mailbox("127.0.0.1", **{"user": imap.USER, "password": imap.PASSWORD, "port": mailbox.port, **fields})
    )


def test_what_was_not_seen_is_read_once(mailbox: imap.Peer, opened: Callable[..., Reader]) -> None:
    """Whole, byte by byte; reading alone marks nothing."""
    with opened() as reader:
        for uid, _raw in reader.unseen():
            reader.seen(uid)
    first, second = (b"Subject: %d\r\n\r\nbody\r\n.\r\n" % number for number in (1, 2))
    mailbox.put(first)
    mailbox.put(second)
    with opened() as reader:
        found = dict(reader.unseen())
        assert list(found.values()) == [first, second]
        reader.seen(next(iter(found)))
    assert mailbox.unseen() == 1
    with opened() as reader:
        assert [raw for _uid, raw in reader.unseen()] == [second]


def test_what_keeps_a_mailbox_shut_is_said(
    mailbox: imap.Peer, opened: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Password, folder, server, certificate."""
    for fields, words in (
        ({"password": "no"}, "refuses"),
        ({"folder": 'no "such"'}, "can't be opened"),
        ({"port": 1}, "can't be reached"),
    ):
        with pytest.raises(CrmError, match=words):
            opened(**fields)
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(CrmError, match="certificate"):
        opened()
