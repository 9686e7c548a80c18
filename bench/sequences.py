"""Sequences, and several subjects of a campaign, whose workers are killed: each person gets each mail once, or a reason."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import random
import time
from collections.abc import Callable

from sqlalchemy import func, select

from crmhost.core.contacts.models import Contact
from crmhost.core.mail.models import MailMailing, MailMessage
from crmhost.site import Site
from plugins.mail_campaigns import services as campaign_services
from plugins.mail_campaigns import winning
from plugins.mail_campaigns.models import Campaign
from plugins.mail_campaigns.models import Place as Standing
from plugins.mail_campaigns.sequences import services, steps

from . import campaigns, faulty, sites
from .campaigns import act, both, fits, judge, opened, state_of, until, working
from .faults import Process
from .load import Start, started
from .report import Report
from .sites import Place

RECIPIENTS, KILLS = 4_000, 24
#: Mails of the sequence.
MAILS = 3
#: Seconds after which the jobs of the schedules, which come once a minute, are asked for again.
_AGAIN = 0.3
_UNDER_WAY = ("queued", "sending", "held")


def main(databases: str = "both") -> int:
    """Runs all measurements; gives the number of figures that must hold and don't."""
    failed = 0
    with sites.places(databases=databases) as places:
        for place in places:
            sites.set_up(place)
            failed += faults(place)
    return failed


def faults(
    place: Place, recipients: int = RECIPIENTS, kills: int = KILLS, seed: int = 1, start: Start = started
) -> int:
    """A sequence, then a campaign with two subjects, by two workers that are killed in turn.

    :param start: starts the workers.
    """
    with faulty.running(seed) as server, opened(place) as site, contextlib.ExitStack() as stack:
        environment = place.environment() | {"CRMHOST_BASE_URL": campaigns.BASE}
        workers = [
            stack.enter_context(Process(["worker"], environment, place.home / f"worker{which}.log", start))
            for which in (1, 2)
        ]
        campaigns.audience(site, recipients, min(campaigns.SEEDS, recipients // 3))
        killer = _Killer(site, workers, random.Random(seed))
        report = Report(f"A sequence of {MAILS} mails to {recipients:,}, {kills} kills, {place.label}")
        failed = _sequence(site, server, killer, report, recipients, kills)
        server.copies.clear()
        report = Report(f"A campaign with two subjects to {recipients:,}, {kills} kills, {place.label}")
        return failed + _subjects(site, server, killer, report, recipients, kills)


@dataclasses.dataclass
class _Killer:
    """Kills workers in turn."""

    site: Site
    workers: list[Process]
    chance: random.Random
    turn: int = 0

    def kill(self, kills: int, whole: int, done: Callable[[], int], half: Callable[[], None]) -> None:
        """Kills, the first at once and each when so much more is done; after half of them something else happens.

        :param whole: so much is done in the end.
        """
        for number in range(kills):
            share = int(whole * 0.9 * number / kills)
            until(lambda share=share: done() >= share, self.site)  # type: ignore[misc]
            time.sleep(self.chance.uniform(0, 0.05))
            self.workers[self.turn % 2].restart()
            self.turn += 1
            if number == kills // 2:
                half()


# --- a sequence ------------------------------------------------------------------------------------------------------


def _sequence(site: Site, server: faulty.Server, killer: _Killer, report: Report, recipients: int, kills: int) -> int:
    number, asked = _made(site, server.port), [0.0]

    def done() -> int:
        """How many entered, and how many mails were taken; who asks lets the schedules' jobs come."""
        now = time.monotonic()
        if now - asked[0] > _AGAIN:
            asked[0] = now
            with site.work() as work, work.begin():
                for kind in ("look", "walk"):
                    work.enqueue(f"mail_campaigns.{kind}")
        with site.engine.connect() as connection:
            entered = connection.scalar(select(func.count()).where(Standing.sequence_id == number)) or 0
        return entered + server.copies.total()

    def halt() -> None:
        for switch in (services.switch_off, services.switch_on):
            both(lambda switch=switch: _switch(site, number, switch))  # type: ignore[misc]

    both(lambda: _switch(site, number, services.switch_on))
    killer.kill(kills, recipients * (MAILS + 1), done, halt)
    begun = time.monotonic()
    until(lambda: done() >= 0 and _is_through(site, number), site)
    report.figure("came to its end after the last kill", f"{time.monotonic() - begun:.0f} s")
    return _judged(site, number, server, report)


def _made(site: Site, port: int) -> int:
    campaigns.serve_by(site, port)
    with working(site) as work:
        number = int(services.create(work, {"name": "Welcome", "audience": {"include": [{"all": True}]}}).id)
        for place in range(1, MAILS + 1):
            words = {"subject": f"Mail {place}", "content_kind": "html", "content": campaigns.HTML, "wait_number": 0}
            steps.add(work, number, given=words)
    return number


def _switch(site: Site, number: int, action: Callable[..., object]) -> None:
    with working(site) as work:
        action(work, number)


def _is_through(site: Site, number: int) -> bool:
    """Nobody is inside or would enter, and no mail is under way."""
    inside = select(Standing.contact_id).where(Standing.sequence_id == number, Standing.state == "inside").limit(1)
    there = select(Standing.contact_id).where(Standing.sequence_id == number)
    outside = select(Contact.id).where(Contact.deleted_at.is_(None), Contact.id.not_in(there)).limit(1)
    mine = MailMessage.mailing_id.in_(select(Campaign.mailing_id).where(Campaign.sequence_id == number))
    waiting = select(MailMessage.id).where(mine, MailMessage.state.in_(_UNDER_WAY)).limit(1)
    with site.engine.connect() as connection:
        return not any(connection.scalar(one) is not None for one in (inside, outside, waiting))


def _judged(site: Site, number: int, server: faulty.Server, report: Report) -> int:
    with site.sessions() as session:
        standings = {
            row.contact_id: (row.state, row.reason)
            for row in session.scalars(select(Standing).where(Standing.sequence_id == number))
        }
        columns = (
            MailMessage.email_key,
            MailMessage.state,
            MailMessage.answers,
            MailMessage.contact_id,
            Campaign.step_id,
        )
        wanted = select(*columns).join(Campaign, Campaign.mailing_id == MailMessage.mailing_id)
        rows = list(session.execute(wanted.where(Campaign.sequence_id == number)))
        subjects = {step.id: step.subject for step in _steps(site, number)}
        alive = set(session.scalars(select(Contact.id).where(Contact.deleted_at.is_(None))))
        halted = session.scalar(select(func.count()).where(MailMailing.state == "paused"))
    states = collections.Counter(row.state for row in rows)
    report.figure("states of mails", ", ".join(f"{name} {states[name]:,}" for name in sorted(states)))
    left = collections.Counter(reason for _state, reason in standings.values() if reason)
    report.figure("left, by reason", ", ".join(f"{name} {left[name]:,}" for name in sorted(left)) or "nobody")
    report.figure("contacts that never entered", str(len(alive - set(standings))), must=alive == set(standings))
    mails = collections.Counter((row.contact_id, row.step_id) for row in rows)
    twice = sum(1 for amount in mails.values() if amount > 1)
    report.figure("contacts that stand twice at a mail", str(twice), must=not twice)
    through = {number for number, (state, _reason) in standings.items() if state == "finished"}
    missing = sum(1 for number in through for step in subjects if not mails[number, step])
    report.figure("mails that somebody who is through never was given", str(missing), must=not missing)
    silent = sum(1 for state, reason in standings.values() if state == "left" and not reason)
    report.figure("left without a reason", str(silent), must=not silent)
    wrong = [row for row in rows if not fits(row, server.by_subject[row.email_key, subjects[row.step_id]])]
    report.figure("not exactly one accepted copy or a reason", str(len(wrong)), must=not wrong)
    copies = sum(server.by_subject.values())
    known = {(row.email_key, subjects[row.step_id]) for row in rows}
    strange = set(server.by_subject) - known
    report.figure("copies, and copies to somebody else", f"{copies:,}, {len(strange)}", must=not strange)
    report.figure("mailings that stand", str(halted), must=not halted)
    return report.failed


def _steps(site: Site, number: int) -> list[steps.Step]:
    """The mails of a sequence."""
    with working(site) as work:
        return services.steps_of(work, number)


# --- several subjects ------------------------------------------------------------------------------------------------


def _subjects(site: Site, server: faulty.Server, killer: _Killer, report: Report, recipients: int, kills: int) -> int:
    """The audience is parted, tried, and the rest released, with kills in each of these and a pause in the release."""
    number = campaigns.campaign(site, server.port)
    with working(site) as work:
        campaign_services.update(work, number, {"subjects": ["Another one"], "test_share": 30, "test_figure": "hand"})
    both(lambda: act(site, "send", number))
    early = max(1, kills // 3)
    killer.kill(early, int(recipients * 0.3), server.copies.total, lambda: None)
    until(lambda: state_of(site, number) == "testing" and not _under_way(site, number), site)
    before = server.copies.total()

    def choose() -> None:
        with working(site) as work:
            winning.choose(work, number, 1)

    def halt() -> None:
        both(lambda: act(site, "pause", number))
        both(lambda: act(site, "resume", number))

    both(choose)
    killer.kill(kills - early, recipients - before, lambda: server.copies.total() - before, halt)
    begun = time.monotonic()
    until(lambda: state_of(site, number) == "sent", site)
    with site.sessions() as session:
        mailing = session.get_one(Campaign, number).mailing_id
        mine = MailMessage.mailing_id == mailing
        parted = dict(
            session.execute(select(MailMessage.variant, func.count()).where(mine).group_by(MailMessage.variant)).all()
        )
    rest = parted.get(1, 0) > parted.get(0, 0)
    report.figure(
        "recipients by subject: the second went to the rest", f"{parted.get(0):,}, {parted.get(1):,}", must=rest
    )
    return judge(site, number, server, report, kills, time.monotonic() - begun)


def _under_way(site: Site, number: int) -> bool:
    mine = MailMessage.mailing_id == select(Campaign.mailing_id).where(Campaign.id == number).scalar_subquery()
    wanted = select(MailMessage.id).where(mine, MailMessage.state.in_(("queued", "sending"))).limit(1)
    with site.engine.connect() as connection:
        return connection.scalar(wanted) is not None
