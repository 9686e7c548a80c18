"""Campaigns: workers that are killed while one goes out, how long it takes to write an audience down, and mails in a second."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import datetime as dt
import random
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

from sqlalchemy import String, cast, func, select, update

from crmhost import config as configuration
from crmhost.core.contacts.models import Contact, ContactEmail
from crmhost.core.mail.models import MailMailing, MailMessage
from crmhost.core.rows import table
from crmhost.core.settings import services as stored
from crmhost.core.users import services as users
from crmhost.db import WRITES
from crmhost.host import lifecycle
from crmhost.site import Site
from crmhost.work.context import JobContext
from crmhost.work.tables import JobRow
from crmhost.work.unit import Work
from plugins.mail_campaigns import figures, running, services
from plugins.mail_campaigns.models import Campaign, LeftOut

from . import faulty, sending, sink, sites
from .faults import Process
from .fill import fill
from .load import Start, started
from .report import Report, resident_kib
from .sites import Place

BASE = "https://crm.example.com"
RECIPIENTS, KILLS = 20_000, 20
#: Contacts of the audience that is written down, seconds in which a million should be, and MiB that it may grow by.
PLANNED, PLAN_SECONDS, PLAN_MEMORY = 100_000, 60.0, 16.0
#: Contacts that are made through the services before they are copied.
SEEDS = 500
#: Seconds after which what waits for a later attempt is made due.
HURRY = 1.0
#: Seconds in which all must have gone.
PATIENCE = 1_800.0
HTML = "<p>Dear ##CONTACT-FNAME##,</p><p>our studio opens its doors on Saturday.</p><p>##UNSUB-LINE##</p>"


def main(databases: str = "both") -> int:
    """Runs all measurements; gives the number of figures that must hold and don't."""
    failed = 0
    with sites.places(databases=databases) as places:
        for place in places:
            sites.set_up(place)
            failed += faults(place)
    with sites.places(databases=databases) as places, sink.running() as peer:
        for place in places:
            sites.set_up(place)
            failed += rate(place, peer) + planning(place, peer)
    return failed


def faults(
    place: Place, recipients: int = RECIPIENTS, kills: int = KILLS, seed: int = 1, start: Start = started
) -> int:
    """A campaign to many by two workers that are killed in turn, to a server that refuses and breaks off.

    Every fifth recipient is a company, at its own address; some of these are a person's too.

    :param start: starts the workers.
    """
    with faulty.running(seed) as server, opened(place) as site:
        audience(site, recipients - recipients // 5, min(SEEDS, recipients // 3))
        addressed = companies(site, recipients // 5)
        environment = place.environment() | {"CRMHOST_BASE_URL": BASE}
        with contextlib.ExitStack() as stack:
            workers = [
                stack.enter_context(Process(["worker"], environment, place.home / f"worker{which}.log", start))
                for which in (1, 2)
            ]
            number = campaign(site, server.port, companies="both", include=[{"all": True}, {"company_tag": "Partner"}])
            report = Report(f"A campaign to {recipients:,}, {kills} kills, {place.label}")
            both(lambda: act(site, "send", number))
            _trouble(site, number, server, workers, recipients, kills, random.Random(seed))
            seconds = _rest(site, number)
        return judge(site, number, server, report, kills, seconds, addressed)


def _trouble(
    site: Site,
    number: int,
    server: faulty.Server,
    workers: list[Process],
    recipients: int,
    kills: int,
    chance: random.Random,
) -> None:
    """Kills, each when so many mails more were taken; after half of them a pause, and going on."""
    for kill in range(kills):
        share = int(recipients * 0.9 * (kill + 0.5) / kills)
        until(lambda share=share: server.copies.total() >= share, site)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.05))
        if kill == kills - 1:
            workers[kill % 2].kill()
        else:
            workers[kill % 2].restart()
        if kill == kills // 2:
            both(lambda: act(site, "pause", number))
            both(lambda: act(site, "resume", number))


def _rest(site: Site, number: int) -> float:
    """Seconds until all went out, and until who listens to that knows."""
    started = time.monotonic()
    until(lambda: state_of(site, number) == "sent", site)
    return time.monotonic() - started


def state_of(site: Site, number: int) -> str:
    """The state of a campaign."""
    with site.engine.connect() as connection:
        return str(connection.scalar(select(Campaign.state).where(Campaign.id == number)))


def until(condition: Callable[[], bool], site: Site) -> None:
    """Waits until something is so; what is to be tried later is tried at once."""
    started = hurried = time.monotonic()
    while not condition():
        now = time.monotonic()
        if now - started > PATIENCE:
            raise TimeoutError("The campaign did not come to its end.")
        if now - hurried > HURRY:
            hurry(site)
            hurried = time.monotonic()
        time.sleep(0.02)


def hurry(site: Site) -> None:
    """Lets what waits for a later attempt be due: an hour passes in no time."""
    mails, jobs = table(MailMessage), table(JobRow)
    now = site.clock()
    waiting = mails.c.mailing_id.is_not(None), mails.c.state == "queued", mails.c.due_at > now
    later = jobs.c.kind == "mail.lane", jobs.c.state == "due", jobs.c.due_at > now + dt.timedelta(seconds=2)
    with site.engine.connect() as connection:
        if not any(
            connection.scalar(select(of.c.id).where(*which).limit(1)) for of, which in ((mails, waiting), (jobs, later))
        ):
            return
    with site.engine.execution_options(**{WRITES: True}).begin() as connection:
        connection.execute(update(mails).where(*waiting).values(due_at=now))
        connection.execute(update(jobs).where(*later).values(due_at=now))


def judge(
    site: Site,
    number: int,
    server: faulty.Server,
    report: Report,
    kills: int,
    seconds: float,
    addressed: Collection[int] = (),
) -> int:
    """Whether everybody got a campaign once, or there is a reason; gives the number of figures that don't hold.

    :param addressed: ids of the companies of its audience.
    """
    with site.sessions() as session:
        campaign = session.get_one(Campaign, number)
        lanes = session.get_one(MailMailing, campaign.mailing_id).lanes
        of_it = MailMessage.mailing_id == campaign.mailing_id
        columns = (MailMessage.email_key, MailMessage.state, MailMessage.answers)
        rows = list(session.execute(select(*columns, MailMessage.contact_id, MailMessage.object_id).where(of_it)))
        out = select(LeftOut.contact_id, LeftOut.object_id).where(LeftOut.campaign_id == number)
        left = {tuple(row) for row in session.execute(out)}
        alive = {(key, None) for key in session.scalars(select(Contact.id).where(Contact.deleted_at.is_(None)))}
        alive |= {(None, key) for key in addressed}
    states = collections.Counter(row.state for row in rows)
    report.figure("states", ", ".join(f"{name} {states[name]:,}" for name in sorted(states)))
    said = ", ".join(f"{code}: {amount}" for code, amount in sorted(server.refusals.items()))
    report.figure("refusals by code, and connections that broke in a mail", f"{said}; {server.cut}")
    report.figure("came to its end after the last kill", f"{seconds:.0f} s")
    written = {(row.contact_id, row.object_id) for row in rows}
    missing = len(alive - written - left) + len(written & left)
    report.figure(
        "contacts and companies that stand nowhere, or twice",
        str(missing),
        must=not missing and len(rows) == len(written),
    )
    wrong = [row for row in rows if not fits(row, server.copies[row.email_key])]
    report.figure("not exactly one accepted copy or a reason", str(len(wrong)), must=not wrong)
    strange = set(server.copies) - {row.email_key for row in rows}
    report.figure("copies to somebody else", str(len(strange)), must=not strange)
    twice = sum(1 for copies in server.copies.values() if copies > 1)
    report.figure("recipients with two copies", str(twice), must=not twice)
    killed = sum(1 for row in rows if row.state == "unknown" and "worker ended" in str(row.answers[-1]["text"]))
    shown = f"{killed} (at most {kills * lanes})"
    report.figure("unknown after kills, at most one a connection and kill", shown, must=killed <= kills * lanes)
    broken = states["unknown"] - killed
    report.figure("unknown after broken connections", f"{broken} of {server.cut}", must=broken <= server.cut)
    first = f": {server.faults[0]}" if server.faults else ""
    report.figure("mails that a strict reader refuses", f"{len(server.faults)}{first}", must=not server.faults)
    return report.failed


def fits(row: Any, copies: int) -> bool:
    """Whether what is written of a mail says how many copies of it were taken: one, or none and a reason."""
    reason = bool(row.answers) and bool(str(row.answers[-1]["text"]))
    match row.state:
        case "sent":
            return copies == 1
        case "unknown":
            return reason and copies <= 1
        case "failed" | "skipped":
            return reason and copies == 0
    return False


# --- how long it takes ------------------------------------------------------------------------------------------------


def planning(place: Place, peer: sink.Peer, contacts: int = PLANNED) -> int:
    """The audience is written down by the job; the first tenth counts as warming up of the memory."""
    report = Report(f"Writing an audience of {contacts:,} down, {place.label}")
    with opened(place) as site:
        audience(site, contacts, SEEDS)
        number = campaign(site, peer.port)
        act(site, "send", number)
        memory: list[int] = []
        with site.work() as work:
            job = _Watched(work, 0, 1, each=lambda: memory.append(resident_kib()))
            started = time.perf_counter()
            running.plan(job, number)
            seconds = time.perf_counter() - started
        with working(site) as work:
            running.cancel(work, number)
        with site.sessions() as session:
            found = session.get_one(Campaign, number)
            rows = session.scalar(select(func.count()).where(MailMessage.mailing_id == found.mailing_id)) or 0
            left = session.scalar(select(func.count()).where(LeftOut.campaign_id == number)) or 0
        there = len(contacts_of(site))
    report.figure(
        "written down, or left out with a reason", f"{rows:,} and {left:,} of {there:,}", must=rows + left == there
    )
    million = seconds * 1_000_000 / max(there, 1)
    shown = f"{seconds:.1f} s, {million:.0f} s a million"
    report.figure("time", shown, aim=million < PLAN_SECONDS)
    grown = (memory[-1] - memory[len(memory) // 10]) / 1024
    report.figure("memory that it grew by", f"{grown:.1f} MiB", aim=grown < PLAN_MEMORY)
    return report.failed


def contacts_of(site: Site) -> list[int]:
    """Numbers of the contacts that are not in the bin."""
    with site.engine.connect() as connection:
        return list(connection.scalars(select(Contact.id).where(Contact.deleted_at.is_(None))))


class _Watched(JobContext):
    """A job that no worker runs, asked between its steps."""

    def __init__(self, work: Work, job_id: int, attempt: int, *, each: Callable[[], object] = int) -> None:
        super().__init__(work, job_id, attempt)
        self._each = each

    def check(self) -> None:
        """As a job's; nobody stops this one."""
        self._each()

    def progress(self, done: int, total: int = 0, text: str = "") -> None:
        """Is shown nowhere."""


def rate(place: Place, peer: sink.Peer) -> int:
    """One worker sends a campaign; then as many mails as large go out by smtplib alone, over as many connections."""
    report = Report(f"A campaign to {sending.MAILS:,} through one worker, {place.label}")
    with opened(place) as site:
        audience(site, sending.MAILS, SEEDS)
        number = campaign(site, peer.port, html=f"{sending.HTML}<p>##UNSUB-LINE##</p>")
        act(site, "send", number)
        with site.work() as work:
            running.plan(_Watched(work, 0, 1), number)
        peer.read_out()
        sending.through_worker(place, site)
        sent = peer.read_out()
        with working(site) as work:
            waiting = figures.of(work, [services.get(work, number)])[number]["waiting"]
    report.figure("mails that arrived, each once", f"{sent.mails:,}", must=sent.mails == sent.distinct and not waiting)
    pace = sent.mails / sent.seconds
    report.figure("mails in a second", f"{pace:,.0f} ({sent.connections} connections)")
    for making, how in ((False, "one mail, made before"), (True, "each mail made")):
        sending.bare_loop(peer.port, making=making)
        bare = peer.read_out()
        bare_pace = bare.mails / bare.seconds
        shown = f"{bare_pace:,.0f} ({bare.connections} connections), {pace / bare_pace:.0%}"
        report.figure(f"bare loops of smtplib, {how}; the campaign's share", shown, aim=pace >= sending.AIM * bare_pace)
    return report.failed


# --- what the measurements share -------------------------------------------------------------------------------------


@contextlib.contextmanager
def opened(place: Place) -> Iterator[Site]:
    """The site of a place, which knows its public address."""
    site = Site(configuration.load(place.environment() | {"CRMHOST_BASE_URL": BASE}), kind="cli")
    try:
        yield site
    finally:
        site.close()


@contextlib.contextmanager
def working(site: Site) -> Iterator[Work]:
    """A transaction of the admin."""
    with site.work() as work:
        user = users.find_by_email(work, sites.EMAIL)
        assert user is not None
        actor = users.actor_for(user)
    with site.work(actor) as work, work.begin():
        yield work


def act(site: Site, action: str, number: int) -> None:
    """Says ``send``, ``pause`` or ``resume`` of a campaign."""
    with working(site) as work:
        getattr(running, action)(work, number)


def both(action: Callable[[], None]) -> None:
    """Does the same twice at once: a double click."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(action) for _ in range(2)]:
            done.result()


def audience(site: Site, number: int, seeds: int) -> None:
    """Brings the site to so many contacts, each with an address of its own; some of the demo data have none."""
    fill(site, number, seeds=min(number, seeds))
    with site.engine.execution_options(**{WRITES: True}).begin() as connection:
        for model, key in ((Contact, Contact.id), (ContactEmail, ContactEmail.contact_id)):
            address = "p" + cast(key, String) + "@example.org"
            connection.execute(update(table(model)).where(model.email != "").values(email=address, email_key=address))


def companies(site: Site, number: int) -> list[int]:
    """Adds so many companies, each with an address, every tenth with one that a person has too; gives their ids."""
    lifecycle.enable(site, ["companies"], try_first=False)
    with working(site) as work:
        create = work.service("companies").create
        emails = [f"{'p' if place % 10 == 0 else 'office'}{place}@example.org" for place in range(1, number + 1)]
        made = ({"name": email, "email": email, "tags": ["Partner"]} for email in emails)
        return [create(fields, source="demo").id for fields in made]


def campaign(site: Site, port: int, html: str = HTML, **chosen: Any) -> int:
    """A campaign to everybody, or another audience, by the server at this port; gives its number."""
    serve_by(site, port)
    fields = {"name": f"Open studio {time.time_ns()}", "subject": "News for {{ contact.first_name }}", "html": html}
    with working(site) as work:
        return int(services.create(work, fields | {"audience": {"include": [{"all": True}], **chosen}}).id)


def serve_by(site: Site, port: int) -> None:
    """Mails leave by the server at this port."""
    values = {
        "mail.transport": "smtp",
        "mail.from": "Studio <hello@example.com>",
        "mail.smtp_host": "127.0.0.1",
        "mail.smtp_port": port,
        "mail.smtp_security": "none",
    }
    with site.work() as work, work.begin():
        stored.set_many(work, values)
