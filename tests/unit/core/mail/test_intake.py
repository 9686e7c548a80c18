"""What comes back: bounces, complaints, forgeries, automatic answers, by command, mailbox and webhook."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from crmhost.core.contacts import services as contacts
from crmhost.core.journal import services as journal
from crmhost.core.mail import services as mail
from crmhost.core.mail import suppression
from crmhost.core.mail.models import MailBounce
from crmhost.core.settings import services as settings
from crmhost.errors import Forbidden
from crmhost.testing import Clock, Host
from tests.peers import imap, smtp
from tests.unit.core.mail.conftest import set_up, stored, write
from tests.unit.web.conftest import Reader

ONE = pytest.mark.database("sqlite")

DSN = """From: MAILER-DAEMON@mx.example.org\r
To: {sender}\r
Subject: Undelivered Mail Returned to Sender\r
Auto-Submitted: auto-replied\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: text/plain\r
\r
Your mail could not be delivered.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example.org\r
\r
Final-Recipient: rfc822; {recipient}\r
Action: {action}\r
Status: {status}\r
Diagnostic-Code: smtp; {diagnostic}\r
\r
--b\r
Content-Type: text/rfc822-headers\r
\r
From: hello@example.com\r
Message-ID: {message_id}\r
Subject: {note}\r
\r
--b--\r
"""
ARF = """From: complaints@isp.example\r
To: abuse@example.com\r
Subject: FW: Hello\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r
\r
--b\r
Content-Type: text/plain\r
\r
This is an email abuse report.\r
--b\r
Content-Type: message/feedback-report\r
\r
Feedback-Type: abuse\r
User-Agent: SomeGenerator/1.0\r
Version: 1\r
\r
--b\r
Content-Type: message/rfc822\r
\r
From: hello@example.com\r
Message-ID: {message_id}\r
Subject: Hello\r
\r
Hi\r
--b--\r
"""
AWAY = """From: ann@example.org\r
To: {sender}\r
Subject: Out of office\r
Auto-Submitted: auto-replied\r
In-Reply-To: {message_id}\r
\r
I am away until Monday.\r
"""


def sent(site: Host, peer: smtp.Peer, email: str = "ann@example.org", **fields: object) -> smtp.Taken:
    """A mail that went out."""
    write(site, to=email, **fields)
    site.run_jobs()
    return peer.taken[-1]


def dsn(
    taken: smtp.Taken,
    status: str = "5.1.1",
    diagnostic: str = "550 5.1.1 no such user",
    note: str = "Hello",
    **more: str,
) -> bytes:
    """The report of a mail server on a mail."""
    values = {
        "sender": taken.sender,
        "recipient": taken.recipients[0],
        "action": "failed" if status.startswith("5") else "delayed",
        "status": status,
        "diagnostic": diagnostic,
        "message_id": str(taken.mail["Message-ID"]),
        "note": note,
    }
    return DSN.format(**{**values, **more}).encode()


def receive(site: Host, raw: bytes) -> str:
    """Hands a report in; gives why the address is blocked since."""
    with site.work() as work, work.begin():
        return mail.receive(work, raw).blocked


def is_blocked(site: Host, email: str = "ann@example.org") -> bool:
    with site.work() as work:
        return bool(mail.blocked(work, [email]))


def test_a_mail_that_comes_back_for_good_blocks_the_address_once(site: Host, peer: smtp.Peer) -> None:
    """It shows on the contact and in the journal; the same report again changes nothing; it outlives the contact."""
    contact = site.make.contact(first_name="Ann", email="Ann@example.org")
    taken = sent(site, peer, "", contact_id=contact)
    raw = dsn(taken)
    assert receive(site, raw) == "bounced"
    assert receive(site, raw) == ""
    assert receive(site, dsn(taken, note="Once more")) == ""
    assert is_blocked(site)
    assert not is_blocked(site, "bob@example.org")
    assert stored(site, 1).state == "bounced"
    assert "no such user" in stored(site, 1).answers[-1]["text"]
    with site.work() as work:
        entries = [row for row in journal.entries(work, "contact", contact).rows if row.type == "mail.bounced"]
        assert len(entries) == 1
        assert "no such user" in entries[0].summary
    assert [name for name, _ids in site.events()].count("mail.bounced") == 2
    with site.work() as work, work.begin():
        contacts.to_bin(work, [contact])
        contacts.erase(work, contact)
    assert is_blocked(site)
    again = site.make.contact(email="ann@example.org")
    assert "bounced" in Reader(site).get(f"/contacts/{again}").text


def test_three_mails_that_came_back_for_now_block_within_thirty_days(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """Of different mails; older ones don't count, nor what a person cleared."""
    clock.freeze()
    first = sent(site, peer)
    for note in "abc":
        assert receive(site, dsn(first, "4.2.2", "452 4.2.2 mailbox full", note)) == ""
    clock.move(days=31)
    assert receive(site, dsn(sent(site, peer), "4.2.2", "452 4.2.2 mailbox full")) == ""
    assert receive(site, dsn(sent(site, peer), "5.2.2", "552 5.2.2 mailbox full")) == ""
    assert not is_blocked(site)
    assert receive(site, dsn(sent(site, peer), "4.4.1", "no answer from host")) == "bounced"
    contact = site.make.contact(email="ann@example.org")
    with site.work("Admin") as work, work.begin():
        assert suppression.clear(work, contact) == ["ann@example.org"]
    assert receive(site, dsn(sent(site, peer), "4.4.1", "no answer from host")) == ""
    assert not is_blocked(site)


@ONE
def test_a_complaint_blocks_for_campaigns(site: Host, peer: smtp.Peer) -> None:
    """The address of our own row is blocked, whatever the report says."""
    taken = sent(site, peer)
    assert receive(site, ARF.format(message_id=taken.mail["Message-ID"]).encode()) == "complained"
    assert is_blocked(site)
    assert any(name == "mail.complained" for name, _ids in site.events())


@ONE
def test_what_is_forged_or_automatic_changes_nothing(site: Host, peer: smtp.Peer) -> None:
    """No mark of ours, another site's, a changed one, an answer of a person's machine, a notice of delivery, noise."""
    taken = sent(site, peer)
    other = str(taken.mail["Message-ID"])
    changed = other.replace(other[3], "b" if other[3] != "b" else "c", 1)
    cases = [
        dsn(taken, sender="x@example.com", message_id="<nothing@example.com>"),
        dsn(taken, sender="x@example.com", message_id=changed),
        dsn(taken, "2.0.0", "250 delivered", action="delivered"),
        AWAY.format(sender=taken.sender, message_id=other).encode(),
        b"",
        b"\x00\xff" * 500,
        b"Subject: hi\r\n\r\n" + other.encode(),
        b"x" * (2 * 1024 * 1024 + 1),
    ]
    for raw in cases:
        assert receive(site, raw) == ""
    assert not is_blocked(site)
    assert stored(site, 1).state == "sent"
    with site.site.sessions() as session:
        assert session.scalar(select(func.count()).select_from(MailBounce)) == 0
    with pytest.raises(Forbidden), site.work("Mail manager") as work, work.begin():
        mail.receive(work, dsn(taken))


@ONE
def test_the_return_address_tells_the_mail(site: Host, peer: smtp.Peer) -> None:
    """With an address for returned mails set, a report that says nothing of the mail is known by where it was sent."""
    set_up(site, peer, bounce_address="returned@mail.example.com")
    taken = sent(site, peer)
    assert re.fullmatch(r"returned\+[a-z2-7]+@mail\.example\.com", taken.sender)
    raw = dsn(taken, message_id="<lost@example.com>")
    assert receive(site, raw) == "bounced"


@ONE
def test_the_command_takes_a_file_or_standard_input(site: Host, peer: smtp.Peer, tmp_path: Path) -> None:
    """It says what it did and ends with 0 for any e-mail."""
    path = tmp_path / "returned.eml"
    path.write_bytes(dsn(sent(site, peer)))
    done = site.cli("mail", "bounce", str(path))
    assert (done.exit_code, done.output) == (0, "Mail 1: hard. The address gets no more campaigns (bounced).\n")
    assert "taken before" in site.cli("mail", "bounce", str(path)).output
    path.write_bytes(b"Subject: hello\r\n\r\nhi")
    done = site.cli("mail", "bounce", str(path))
    assert (done.exit_code, done.output[:15]) == (0, "Nothing changed")
    assert site.cli("mail", "bounce", str(tmp_path / "none")).exit_code == 2
    assert is_blocked(site)


@ONE
def test_the_webhook_takes_raw_mail_at_its_secret_address(site: Host, peer: smtp.Peer) -> None:
    """Another key is answered as if nothing were there; a new one ends the one before."""
    taken = sent(site, peer)
    stranger = Reader(site, "")
    assert stranger.post("/hooks/mail/anything", data=dsn(taken)).status_code == 404
    page = Reader(site).post("/settings/mail/returned/key").text
    address = re.search(r"/hooks/mail/[\w-]+", page)
    assert address is not None
    assert stranger.post("/hooks/mail/anything", data=dsn(taken)).status_code == 404
    answer = stranger.post(address.group(), data=dsn(taken), content_type="message/rfc822")
    assert (answer.status_code, answer.json) == (200, {"kind": "hard", "counted": True})
    assert stranger.post(address.group(), data=dsn(taken)).json == {"kind": "hard", "counted": False}
    for noise in (b"\xff", b"{", b"[1]", b'{"Message": 1}', b"{" * 50_000):
        assert stranger.post(address.group(), data=noise).status_code == 200
    other = sent(site, peer, "bob@example.org")
    told = {
        "notificationType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bouncedRecipients": [
                {"emailAddress": "x@example.net", "status": "5.1.1", "diagnosticCode": "no such user"}
            ],
        },
        "mail": {"headers": [{"name": "Message-ID", "value": str(other.mail["Message-ID"])}]},
    }
    answer = stranger.post(address.group(), data=json.dumps({"Type": "Notification", "Message": json.dumps(told)}))
    assert answer.json == {"kind": "hard", "counted": True}
    assert is_blocked(site, "bob@example.org")
    assert not is_blocked(site, "x@example.net")
    assert is_blocked(site)
    Reader(site).post("/settings/mail/returned/key")
    assert stranger.post(address.group(), data=dsn(taken)).status_code == 404
    assert Reader(site, "Mail manager").post("/settings/mail/returned/key").status_code == 403


@ONE
def test_the_mailbox_is_read_by_the_clock(
    site: Host, peer: smtp.Peer, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every five minutes; each e-mail once, also one that was read before and not marked; a shut mailbox is told."""
    clock.freeze()
    site.run_jobs()
    with imap.server() as mailbox:
        smtp.trust(mailbox.authority, tmp_path, monkeypatch)
        values = {
            "imap_host": "127.0.0.1",
            "imap_port": mailbox.port,
            "imap_user": imap.USER,
            "imap_password": imap.PASSWORD,
        }
        set_up(site, peer, **values)
        raw = dsn(sent(site, peer))
        mailbox.put(raw)
        mailbox.put(raw)
        mailbox.put(b"Subject: lunch?\r\n\r\n")
        clock.move(minutes=6)
        site.run_jobs()
        assert mailbox.unseen() == 0
        assert is_blocked(site)
        results = [job.result["message"] for job in site.jobs("mail.poll") if job.result]
        assert "1 about mails of this site" in results[-1]
        with site.work() as work, work.begin():
            settings.set_many(work, {"mail.imap_password": "wrong"})
        clock.move(minutes=6)
        site.run_jobs()
    failed = site.jobs("mail.poll")[-1]
    assert failed.state == "failed"
    assert "refuses" in (failed.error or "")


def test_addresses_are_hashed_with_a_key_of_the_sites_own(host: Callable[..., Host]) -> None:
    """The table holds no address and no plain digest of one; the key stands wrapped among the settings."""
    site = host()
    with site.work() as work, work.begin():
        suppression.suppress(work, "Ann@example.org", "unsubscribed")
    with site.site.engine.connect() as connection:
        row = connection.execute(text("SELECT address_hash FROM mail_suppression")).scalar_one()
        wrapped = connection.execute(text("SELECT value, secret FROM settings_value WHERE key = 'mail.data_key'")).one()
    assert row != hashlib.sha256(b"ann@example.org").hexdigest()
    assert wrapped.value is None or str(wrapped.value) == "null"
    assert len(wrapped.secret) > 40
