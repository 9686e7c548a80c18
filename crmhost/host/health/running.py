"""What runs: extensions, processes, background work, and what extensions themselves check."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import func, select

from ...contributions import Health
from ...messages import Message, Plural
from ...work.tables import NEW_EVENT, JobRow, OutboxEvent
from .. import beats
from ..builtin import BUILTIN
from ..tables import Fault
from .finding import Finding, Level, Look

#: How long work may lie before somebody should know, and before something is certainly wrong.
LATE = dt.timedelta(minutes=10)
TOO_LATE = dt.timedelta(hours=1)
#: How long the failures of an extension are news.
LATELY = dt.timedelta(days=1)
_KINDS = {
    "web": Message("web process"),
    "worker": Message("worker"),
    "cli": Message("command"),
    "test": Message("test"),
}


def plugins(look: Look) -> Iterator[Finding]:
    """Whether every extension that should run does."""
    site = look.site
    generation = look.needs_generation()
    states = site.wanted().states
    bad = 0
    for plugin, reason in sorted(() if site.config.safe_mode else generation.failed.items()):
        bad += 1
        advice = Message("Mend or update it, or switch it off under Extensions.")
        yield Finding(
            f"plugin.{plugin}",
            plugin,
            "error",
            Message("It could not be started: %(reason)s", reason=reason),
            advice,
            plugin,
        )
    for state in sorted(states.values(), key=lambda state: state.id):
        if state.state == "suspended":
            bad += 1
            advice = Message("Update it and press “Try again” under Extensions, or uninstall it.")
            message = Message("It was suspended: %(reason)s", reason=state.reason)
            yield Finding(f"plugin.{state.id}", state.id, "error", message, advice, state.id)
        elif state.state == "enabled" and state.stale:
            bad += 1
            message = Message("What it derives from other data is out of date; a job will compute it anew.")
            yield Finding(
                f"plugin.{state.id}", state.id, "warning", message, "See its errors under Extensions.", state.id
            )
    for broken in site.discover().broken:
        bad += 1
        level: Level = "error" if getattr(states.get(broken.id), "state", "") == "enabled" else "warning"
        message = Message("It can't be used: %(reason)s", reason=broken.reason)
        yield Finding(
            f"plugin.{broken.id}",
            broken.id,
            level,
            message,
            Message("Mend or remove %(folder)s.", folder=str(broken.folder)),
            broken.id,
        )
    if site.config.safe_mode:
        advice = Message("Start the site without --safe and CRMHOST_SAFE_MODE to have them back.")
        yield Finding("plugins", "Extensions", "warning", "Safe mode: no extension is running.", advice)
    elif not bad:
        count = sum(not plugin.builtin for plugin in generation.plugins)
        yield Finding(
            "plugins",
            "Extensions",
            "ok",
            Plural(
                "The only extension that is on is running.", "All %(num)s extensions that are on are running.", count
            ),
        )


def faults(look: Look) -> Iterator[Finding]:
    """Which extensions that run have failed lately; the page around them was unharmed."""
    running = [plugin.id for plugin in look.needs_generation().plugins]
    lately = (Fault.plugin.in_(running), Fault.at > look.site.clock() - LATELY)
    counted = select(Fault.plugin, func.count().label("number"), func.max(Fault.id).label("last")).where(*lately)
    with look.connection() as connection:
        rows = connection.execute(counted.group_by(Fault.plugin).order_by(Fault.plugin)).all()
        wanted = select(Fault.id, Fault.place, Fault.error).where(Fault.id.in_([row.last for row in rows]))
        last = {row.id: row for row in connection.execute(wanted)}
    for plugin, number, newest in rows:
        message = Plural(
            "It failed once in the last day, in %(place)s: %(reason)s",
            "It failed %(num)s times in the last day, at last in %(place)s: %(reason)s",
            number,
            place=last[newest].place,
            reason=last[newest].error,
        )
        advice = "See its errors under Extensions."
        if plugin in BUILTIN:
            advice = "What failed is written to the log in full."
        yield Finding(f"faults.{plugin}", plugin, "warning", message, advice, plugin)


def processes(look: Look) -> Iterator[Finding]:
    """Whether all processes run the same, newest code."""
    name = Message("Processes")
    with look.connection() as connection:
        number = look.site.wanted(connection).number
        living = beats.living(connection, look.site.clock())
    outdated = sorted({plugin for row in living for plugin in row.restart_needed})
    behind = [row.id for row in living if row.generation < number]
    if outdated:
        message = Message(
            "Newer files of %(outdated)s are on the disk than in the running processes.", outdated=outdated
        )
        yield Finding("processes", name, "warning", message, "Restart the site.")
    elif behind:
        message = Plural(
            "%(num)s of %(all)s processes does not run the newest set of extensions yet.",
            "%(num)s of %(all)s processes do not run the newest set of extensions yet.",
            len(behind),
            all=len(living),
        )
        yield Finding(
            "processes", name, "warning", message, Message("If it stays so, restart %(behind)s.", behind=behind)
        )
    else:
        kinds = [row.kind for row in living]
        counted = [(kinds.count(kind), _KINDS.get(kind, kind)) for kind in sorted(set(kinds))]
        shown = [Message("%(number)s × %(kind)s", number=number, kind=kind) for number, kind in counted]
        processes = shown or [Message("none")]
        yield Finding("processes", name, "ok", Message("Running now: %(processes)s.", processes=processes))


def queue(look: Look) -> Iterator[Finding]:
    """Whether background work is done in time."""
    now = look.site.clock()
    with look.connection() as connection:
        due = connection.scalar(select(func.min(JobRow.due_at)).where(JobRow.state == "due"))
        new = select(OutboxEvent.at).where(NEW_EVENT).order_by(OutboxEvent.id).limit(1)
        told = connection.scalar(new)
        failed = connection.scalar(select(func.count()).select_from(JobRow).where(JobRow.state == "failed")) or 0
        workers = any(row.kind == "worker" for row in beats.living(connection, now))
    waiting = max((now - at for at in (due, told) if at is not None), default=dt.timedelta(0))
    if waiting > LATE:
        message = Message("Background work has been waiting for %(waiting)s.", waiting=_duration(waiting))
        advice = Message(
            "See Settings > Jobs." if workers else "No worker is running: start “crmhost run” or “crmhost worker”."
        )
        yield Finding("queue", "Background work", "error" if waiting > TOO_LATE else "warning", message, advice)
    else:
        yield Finding("queue", "Background work", "ok", "No background work is late.")
    if failed:
        message = Plural("%(num)s job failed for good.", "%(num)s jobs failed for good.", failed)
        yield Finding("failed-jobs", "Failed jobs", "warning", message, "See why and retry them under Settings > Jobs.")


def _duration(time: dt.timedelta) -> Message:
    minutes = int(time.total_seconds() // 60)
    if minutes < 120:
        return Plural("%(num)s minute", "%(num)s minutes", minutes)
    hours = minutes // 60
    return (
        Plural("%(num)s hour", "%(num)s hours", hours)
        if hours < 48
        else Plural("%(num)s day", "%(num)s days", time.days)
    )


def of_plugins(look: Look) -> Iterator[Finding]:
    """What the extensions themselves check."""
    generation = look.needs_generation()
    with look.site.work(generation=generation) as work:
        for item in generation.contributions("health_checks"):
            place = f"health check {item.id}"
            health = generation.run(item.plugin, place, item.check, work, default=None, gives=Health)
            id_ = item.id if item.id.startswith(f"{item.plugin}.") else f"{item.plugin}.{item.id}"
            if health is None:
                advice = Message("See its errors under Extensions.")
                yield Finding(id_, item.label, "error", "The check itself failed.", advice, item.plugin)
            else:
                yield Finding(id_, item.label, health.level, health.message, health.advice, item.plugin)
