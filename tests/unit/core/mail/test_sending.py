"""Mails from the row to the server: once, in the right form, with what the server said."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.core.journal import services as journal
from crmhost.core.mail import services as mail
from crmhost.errors import Conflict, Forbidden, Invalid, NotFound
from crmhost.testing import Clock, Host
from tests.peers import smtp
from tests.unit.core.mail.conftest import set_up, stored, write

ONE = pytest.mark.database("sqlite")


def test_a_mail_goes_out_once_and_stands_in_the_journal(site: Host, peer: smtp.Peer) -> None:
    """Both parts and the headers arrive, the journal holds the text sent under the writer's name, and an event is told."""
    contact = site.make.contact(first_name="Ann", last_name="Lee", email="ann@example.org")
    number = write(site, contact_id=contact, html="<p>Dear Ann,<br>welcome.</p>")
    assert stored(site, number).state == "queued"
    site.run_jobs()
    site.run_jobs()
    assert len(peer.taken) == 1
    taken = peer.taken[0]
    assert (taken.sender, taken.recipients) == ("hello@example.com", ["ann@example.org"])
    assert taken.mail["From"] == "Atelier <hello@example.com>"
    assert taken.mail["To"] == "Ann Lee <ann@example.org>"
    assert taken.mail["Subject"] == "Hello"
    assert taken.mail["Message-ID"].endswith("@example.com>")
    assert "List-Unsubscribe" not in taken.mail
    assert taken.part("plain").strip() == "Dear Ann,\nwelcome."
    assert "Dear Ann,<br>" in taken.part("html")
    sent = stored(site, number)
    assert (sent.state, sent.attempts) == ("sent", 1)
    assert sent.answers[-1]["code"] == 250
    assert "taken as number 1" in sent.answers[-1]["text"]
    with site.work() as work:
        entry = next(row for row in journal.entries(work, "contact", contact).rows if row.type == "mail.sent")
    assert (entry.summary, entry.comment) == ("Hello", "Dear Ann,\nwelcome.")
    assert entry.actor_label == "contacts.manager@example.com"
    assert site.contact(contact).last_contacted_at is not None
    assert ("mail.sent", [number]) in site.events()


@ONE
def test_nothing_leaves_a_new_site(host: Callable[..., Host], peer: smtp.Peer) -> None:
    """Until an admin says otherwise, mails are kept and can be read; the journal says that they were not sent."""
    site = host()
    set_up(site, peer, transport="log")
    contact = site.make.contact(email="ann@example.org")
    number = write(site, contact_id=contact)
    site.run_jobs()
    assert peer.taken == []
    assert stored(site, number).state == "logged"
    assert site.contact(contact).last_contacted_at is None
    assert "mail.sent" not in [name for name, _ids in site.events()]


def test_what_a_server_can_not_take_now_is_tried_again_with_growing_pauses(
    site: Host, peer: smtp.Peer, clock: Clock
) -> None:
    """4xx: later, each pause longer; the answers are kept; in the end it goes out once."""
    clock.freeze()
    peer.answer("RCPT", "451 4.7.1 greylisted, come back")
    number = write(site, to="ann@example.org")
    site.run_jobs()
    assert stored(site, number).state == "queued"
    pauses = []
    for _ in range(3):
        waits = site.jobs("mail.send")[-1].due_at - clock()
        pauses.append(waits.total_seconds())
        clock.move(seconds=waits.total_seconds() + 1)
        site.run_jobs()
    assert pauses == sorted(set(pauses))
    assert [answer["code"] for answer in stored(site, number).answers] == [451] * 4
    peer.answer("RCPT", "")
    with site.work("Contacts manager") as work, work.begin():
        mail.send_again(work, number)
    site.run_jobs()
    assert stored(site, number).state == "sent"
    assert len(peer.taken) == 1


@ONE
def test_a_mail_that_is_never_taken_fails_in_the_end(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """After two days of trying, with the last answer shown; a person may send it again."""
    clock.freeze()
    peer.answer("DATA", "452 4.3.1 full")
    number = write(site, to="ann@example.org")
    for _ in range(10):
        site.run_jobs()
        clock.move(days=1)
    failed = stored(site, number)
    assert (failed.state, failed.attempts) == ("failed", 9)
    assert failed.answers[-1]["text"] == "4.3.1 full"
    assert ("mail.failed", [number]) in site.events()
    peer.answer("DATA", "")
    with site.work("Contacts manager") as work, work.begin():
        mail.send_again(work, number)
    site.run_jobs()
    assert stored(site, number).state == "sent"
    with site.work("Contacts manager") as work, pytest.raises(Conflict), work.begin():
        mail.send_again(work, number)


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@ONE
def test_what_a_server_refuses_fails_at_once(site: Host, peer: smtp.Peer, command: str) -> None:
    """5xx: no second attempt, and the server's own words."""
    peer.answer(command, "550 5.7.1 not from you")
    number = write(site, to="ann@example.org")
    site.run_jobs()
    failed = stored(site, number)
    assert (failed.state, failed.attempts) == ("failed", 1)
    assert failed.answers == [{"at": failed.answers[0]["at"], "code": 550, "text": "5.7.1 not from you"}]
    page = site.client("Contacts manager").get("/notifications/").text
    assert "The mail “Hello” to ann@example.org was not sent: 550 5.7.1 not from you" in page


@ONE
def test_a_server_that_is_not_there_is_waited_for(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """No connection counts as a passing failure, and says which server."""
    set_up(site, peer, smtp_port=1)
    number = write(site, to="ann@example.org")
    site.run_jobs()
    waiting = stored(site, number)
    assert waiting.state == "queued"
    assert "127.0.0.1:1 can't be reached" in waiting.answers[-1]["text"]


@ONE
def test_what_is_not_set_up_says_where_to_set_it_up(site: Host, peer: smtp.Peer) -> None:
    """No server, no sender: the mail fails with the place to go to."""
    for name in ("smtp_host", "from"):
        set_up(site, peer, **{name: ""})
        number = write(site, to="ann@example.org")
        site.run_jobs()
        assert "Settings > Mail" in stored(site, number).answers[-1]["text"]


@ONE
def test_what_can_not_be_wanted_is_told_at_its_field(site: Host) -> None:
    """Missing and wrong parts, and who may not send."""
    bare = site.make.contact(first_name="Ann")
    for fields, field in (
        ({"contact_id": bare}, "to"),
        ({"to": "nobody"}, "to"),
        ({"to": "a@example.org\r\nBcc: b@example.org"}, "to"),
        ({"to": "a@example.org", "subject": " "}, "subject"),
        ({"to": "a@example.org", "subject": "x" * 301}, "subject"),
        ({"to": "a@example.org", "text": ""}, "body"),
    ):
        with pytest.raises(Invalid) as caught:
            write(site, **fields)
        assert list(caught.value.errors) == [field]
    with pytest.raises(Forbidden):
        write(site, "Read only", to="a@example.org")
    with pytest.raises(NotFound):
        write(site, contact_id=999)
    assert site.jobs("mail.send") == []


@ONE
def test_people_limited_to_their_contacts_write_to_no_others(site: Host, peer: smtp.Peer) -> None:
    """And read no mail to others."""
    contact = site.make.contact(email="ann@example.org")
    number = write(site, contact_id=contact)
    with site.work("Contacts manager", only_assigned=True) as work:
        with pytest.raises(NotFound), work.begin():
            mail.queue(work, contact_id=contact, subject="x", text="y")
        with pytest.raises(NotFound):
            mail.get(work, number)
