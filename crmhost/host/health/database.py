"""The database: reached, up to date, its secrets readable, its clock and ours agreeing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import func, select

from ...db import utcnow
from ...messages import Message
from ...statistics import wanting
from ...work.tables import AuditEntry
from .. import migrate
from ..secrets import unreadable
from .finding import Finding, Look

#: How far two clocks may differ.
OFF = dt.timedelta(seconds=5)
FAR_OFF = dt.timedelta(minutes=1)
#: Oldest versions that the project is tried with.
OLDEST = {"sqlite": (3, 35), "postgresql": (14,)}


def reachable(look: Look) -> Iterator[Finding]:
    """Whether the database answers, and is new enough."""
    engine = look.site.engine
    kind = engine.dialect.name
    label = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(kind, kind)
    try:
        with engine.connect() as connection:
            version = tuple(connection.dialect.server_version_info or ())
    except Exception as error:
        problem = " ".join(str(getattr(error, "orig", error)).split())[:300]
        advice = Message("Start the database server, or mend CRMHOST_DATABASE_URL.")
        yield Finding(
            "database",
            "Database",
            "error",
            Message("The database can't be reached: %(problem)s", problem=problem),
            advice,
        )
        return
    shown = ".".join(map(str, version))
    if not look.site.ready:
        yield Finding("database", "Database", "error", "This site is not set up yet.", "Run “crmhost init” first.")
    elif version < OLDEST.get(kind, ()):
        least = ".".join(map(str, OLDEST[kind]))
        message = Message("%(label)s %(shown)s is older than what crmhost is tried with.", label=label, shown=shown)
        yield Finding(
            "database",
            "Database",
            "warning",
            message,
            Message("Use %(label)s %(least)s or newer.", label=label, least=least),
        )
    else:
        yield Finding("database", "Database", "ok", Message("%(label)s %(shown)s answers.", label=label, shown=shown))


def schema(look: Look) -> Iterator[Finding]:
    """Whether the tables are those that the code needs."""
    name = Message("Tables")
    found = look.site.discover().found
    with look.connection() as connection:
        owners = {migrate.CORE: migrate.CORE_VERSIONS}
        owners |= {
            plugin: found[plugin].folder / "migrations" / "versions"
            for plugin in look.site.wanted(connection).enabled
            if plugin in found
        }
        behind, newer = [], []
        for owner, versions in owners.items():
            known, have = migrate.revisions(owner, versions), migrate.current(connection, owner)
            if have is not None and have not in known:
                newer.append(owner)
            elif known and have != known[0]:
                behind.append(owner)
    if behind:
        message = Message("The tables of %(behind)s are older than the code.", behind=behind)
        yield Finding("schema", name, "error", message, "Run “crmhost db upgrade”.")
    elif newer:
        message = Message("The tables of %(newer)s are newer than the code.", newer=newer)
        yield Finding("schema", name, "warning", message, "Install the newer version here too.")
    else:
        yield Finding("schema", name, "ok", "The tables of the core and of all extensions are up to date.")


def statistics(look: Look) -> Iterator[Finding]:
    """Whether the database knows how large its tables are."""
    name = Message("Statistics of tables")
    with look.connection() as connection:
        missing = wanting(connection)
        sqlite = connection.dialect.name == "sqlite"
    if missing:
        message = Message("The database does not know how large these tables are: %(missing)s.", missing=missing)
        advice = Message("A worker looks at them within the hour. If it stays so, see whether one runs.")
        if not sqlite:
            advice = Message("If it stays so, switch autovacuum on in PostgreSQL, and run “ANALYZE” once.")
        yield Finding("statistics", name, "warning", message, advice)
    else:
        yield Finding("statistics", name, "ok", "The database knows how large its tables are.")


def secrets(look: Look) -> Iterator[Finding]:
    """Whether all stored secrets can be read."""
    with look.connection() as connection:
        lost = unreadable(connection, look.site.cipher)
    if lost:
        message = Message("Stored under another secret key: %(lost)s.", lost=lost)
        advice = Message("Start the site with the key that it had, or enter these settings again.")
        yield Finding("secrets", "Stored secrets", "error", message, advice)
    else:
        yield Finding("secrets", "Stored secrets", "ok", "All stored secrets can be read.")


def clock(look: Look) -> Iterator[Finding]:
    """Whether this clock agrees with the database and with what was noted before."""
    now = utcnow()
    with look.connection() as connection:
        differs = dt.timedelta(0)
        if connection.dialect.name == "postgresql":
            differs = abs((connection.scalar(select(func.clock_timestamp())) or now) - utcnow())
        last = connection.scalar(select(func.max(AuditEntry.at)))
    advice = Message("Switch on time synchronisation (NTP) on every machine of the site.")
    if differs > OFF:
        message = Message(
            "The clocks of this machine and of the database differ by %(seconds)s s.",
            seconds=round(differs.total_seconds()),
        )
        yield Finding("clock", "Clock", "error" if differs > FAR_OFF else "warning", message, advice)
    elif last is not None and last > now + FAR_OFF:
        message = Message("The last change was noted at %(last)s, which is in the future here.", last=last)
        yield Finding("clock", "Clock", "error", message, advice)
    else:
        yield Finding("clock", "Clock", "ok", "The clock agrees with what was noted before.")
