"""Mailings: one text to many, each address once, whatever the server says and whoever ends in the middle."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from crmhost.core.contacts import services as contacts
from crmhost.core.journal import services as journal
from crmhost.core.mail import lanes
from crmhost.core.mail import services as mail
from crmhost.core.mail.models import MailMailing, MailMessage
from crmhost.errors import Conflict, Invalid, RetryLater
from crmhost.testing import Clock, Host
from crmhost.work.context import JobContext
from crmhost.work.unit import SYSTEM, Work
from tests.peers import smtp
from tests.unit.core.mail.conftest import set_up

ONE = pytest.mark.database("sqlite")
mailings = mail.mailings
Recipient = mail.mailings.Recipient


class Killed(BaseException):
    """As kill -9 looks from inside: nothing of what would come after is done."""


def people(site: Host, number: int) -> list[mail.mailings.Recipient]:
    made = [(site.make.contact(first_name=f"P{n}", email=f"p{n}@example.org"), n) for n in range(number)]
    return [Recipient(contact, f"p{n}@example.org", f"P{n}") for contact, n in made]


def plan(site: Host, recipients: Sequence[mail.mailings.Recipient], lanes: int = 4) -> int:
    """A mailing to these; gives its number."""
    content = "<p>Dear ##CONTACT-FNAME##</p>{{ unsubscribe.line }}"
    with site.work() as work, work.begin():
        text = mail.compose(work, "html", "News for {{ contact.first_name }}", content)
        made = mailings.create(
            work, source="probe:1", subject=text.subject, html=text.html, text=text.text, lanes=lanes
        )
        mailings.add(work, made, recipients)
        return made.id


def start(site: Host, number: int) -> None:
    with site.work() as work, work.begin():
        mailings.start(work, number)


def states(site: Host, number: int) -> Counter[str]:
    with site.site.sessions() as session:
        return Counter(session.scalars(select(MailMessage.state).where(MailMessage.mailing_id == number)))


def state(site: Host, number: int) -> str:
    with site.site.sessions() as session:
        return session.get_one(MailMailing, number).state


def test_each_gets_one_with_their_own_words(site: Host, peer: smtp.Peer) -> None:
    """Started twice, it goes out once; headers, text, journal and events are there, and who may not be written to is left out."""
    some = people(site, 5)
    with site.work() as work, work.begin():
        mail.suppress(work, "p3@example.org", "unsubscribed")
    number = plan(site, some)
    with site.work() as work, work.begin():
        found = mailings.get(work, number)
        more = [
            Recipient(some[0].contact_id, "P0@EXAMPLE.org"),
            Recipient(some[1].contact_id, ""),
            Recipient(some[1].contact_id, "no address"),
            Recipient(some[2].contact_id, "p3@example.org"),
        ]
        left = mailings.add(work, found, more)
    assert [one.reason for one in left] == ["no_email", "invalid", "unsubscribed", "duplicate"]
    site.run_jobs()
    assert peer.taken == []
    start(site, number)
    start(site, number)
    site.run_jobs()
    assert sorted(taken.recipients[0] for taken in peer.taken) == [f"p{n}@example.org" for n in (0, 1, 2, 4)]
    one = next(taken for taken in peer.taken if taken.recipients == ["p2@example.org"])
    assert (one.mail["Subject"], one.mail["From"]) == ("News for P2", "Atelier <hello@example.com>")
    assert "Dear P2" in one.part("html")
    assert one.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert one.mail["List-Unsubscribe"].strip("<>") in one.part("html")
    assert len({taken.mail["Message-ID"] for taken in peer.taken}) == 4
    assert states(site, number) == {"sent": 4}
    assert state(site, number) == "done"
    told = [name for name, _ids in site.events() for _id in _ids if name == "mail.sent"]
    assert len(told) == 4
    assert ("mailing.done", [number]) in site.events()
    with site.work() as work:
        entries = journal.entries(work, "contact", some[2].contact_id).rows
        assert [row.summary for row in entries if row.type == "mail.sent"] == ["News for P2"]
    late = [Recipient(site.make.contact(), "late@example.org")]
    with site.work() as work, work.begin():
        assert mailings.add(work, mailings.get(work, number), late) == []
    site.run_jobs()
    assert states(site, number) == {"sent": 5}


def test_what_servers_say_becomes_the_state_of_each(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """5xx fails with the words of the server, 4xx is tried again later and then goes out, a broken connection is unknown."""
    clock.freeze()
    number = plan(site, people(site, 6), lanes=2)
    peer.answer("RCPT p1@example.org", "550 5.1.1 no such user")
    peer.answer("RCPT p2@example.org", "451 4.7.1 come back")

    def cut(taken: smtp.Taken) -> None:
        peer.cuts = taken.recipients == ["p4@example.org"]

    peer.on_data = cut
    start(site, number)
    site.run_jobs()
    peer.cuts = False
    assert states(site, number)["failed"] == 1
    assert states(site, number)["queued"] == 1
    peer.answer("RCPT p2@example.org", "")
    clock.move(seconds=90)
    site.run_jobs()
    found = states(site, number)
    assert found["failed"] == 1
    assert found["sent"] + found["unknown"] == 5
    assert state(site, number) == "done"
    assert max(Counter(taken.recipients[0] for taken in peer.taken).values()) == 1
    with site.site.sessions() as session:
        failed = session.scalars(select(MailMessage).where(MailMessage.state == "failed")).one()
        assert "no such user" in failed.answers[-1]["text"]


def lane(site: Host, mailing_id: int, number: int) -> None:
    """One attempt at a lane, as a worker makes it; it ends when it has to wait."""
    with site.site.work(SYSTEM) as work, contextlib.suppress(RetryLater):
        lanes.send(JobContext(work, 0, 1), mailing_id, number)


def test_killed_before_any_commit_nobody_gets_two(
    site: Host, peer: smtp.Peer, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """Killed before each commit in turn, over and over: one copy each, at most one unknown a kill, none lost."""
    clock.freeze()
    number = plan(site, people(site, 12), lanes=2)
    start(site, number)
    begin, left, kills = Work.begin, [0], 0

    def counted(self: Work) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return begin(self)

    for commits in range(1, 9):
        with monkeypatch.context() as patched:
            patched.setattr(Work, "begin", counted)
            for which in (0, 1):
                left[0] = commits
                try:
                    lane(site, number, which)
                except Killed:
                    kills += 1
    for which in (0, 1):
        lane(site, number, which)
    found = states(site, number)
    copies = Counter(taken.recipients[0] for taken in peer.taken)
    assert state(site, number) == "done"
    assert kills
    assert max(copies.values()) == 1
    assert 0 < found["unknown"] <= kills
    assert found["sent"] + found["unknown"] == 12
    assert len(copies) >= found["sent"]
    told = [one for name, ids in site.events() for one in ids if name in ("mail.sent", "mail.unknown")]
    assert len(told) == len(set(told)) == 12


def test_a_mailing_is_paused_goes_on_and_is_cancelled(site: Host, peer: smtp.Peer) -> None:
    """A pause in the middle stops after the mail that is under way; what is cancelled gets nothing and says so."""
    number = plan(site, people(site, 8), lanes=1)

    def halt(_taken: smtp.Taken) -> None:
        if len(peer.taken) == 3:
            with site.work() as work, work.begin():
                mailings.pause(work, number)

    peer.on_data = halt
    start(site, number)
    site.run_jobs()
    assert len(peer.taken) == 3
    assert states(site, number) == {"sent": 3, "queued": 5}
    peer.on_data = lambda _taken: cancel() if len(peer.taken) == 5 else None

    def cancel() -> None:
        with site.work() as work, work.begin():
            mailings.cancel(work, number)

    start(site, number)
    site.run_jobs()
    assert states(site, number) == {"sent": 5, "skipped": 3}
    with pytest.raises(Conflict), site.work() as work, work.begin():
        mailings.start(work, number)


@ONE
def test_who_unsubscribes_or_goes_meanwhile_gets_nothing(site: Host, peer: smtp.Peer) -> None:
    """What changed between planning and sending counts: the address, and the contact."""
    some = people(site, 3)
    number = plan(site, some)
    with site.work() as work, work.begin():
        mail.suppress(work, "p0@example.org", "complained")
        contacts.to_bin(work, [some[1].contact_id])
    start(site, number)
    site.run_jobs()
    assert [taken.recipients for taken in peer.taken] == [["p2@example.org"]]
    assert states(site, number) == {"sent": 1, "skipped": 2}


@ONE
def test_limits_hold_and_a_refused_sign_in_halts(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """No more than the account, or a domain, may get in a minute; an account that can't send pauses the mailing and says why."""
    clock.freeze()
    set_up(site, peer, per_domain=2)
    number = plan(site, people(site, 5))
    start(site, number)
    site.run_jobs()
    assert len(peer.taken) == 2
    clock.move(seconds=130)
    site.run_jobs()
    assert len(peer.taken) == 4
    set_up(site, peer, per_domain="", per_minute=1, smtp_user="nobody", smtp_password="wrong")
    clock.move(seconds=130)
    site.run_jobs()
    with site.site.sessions() as session:
        found = session.get_one(MailMailing, number)
        assert found.state == "paused"
        assert found.halted


@ONE
def test_a_mailing_says_what_is_missing(site: Host) -> None:
    """Without subject or text there is none, and a placeholder that nobody knows fails each mail instead of going out."""
    with site.work() as work, work.begin(), pytest.raises(Invalid):
        mailings.create(work, source="probe:1", subject="", text="x")
    with site.work() as work, work.begin(), pytest.raises(Invalid):
        mailings.create(work, source="probe:1", subject="x")
    some = people(site, 1)
    with site.work() as work, work.begin():
        made = mailings.create(work, source="probe:1", subject="x", text="{{ nobody.knows }}")
        mailings.add(work, made, some)
        mailings.start(work, made.id)
        number = made.id
    site.run_jobs()
    assert states(site, number) == {"failed": 1}
