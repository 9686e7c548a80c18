"""What runs: extensions, processes, background work, and what extensions themselves check."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import func, select

from ...contributions import Health
from ...work.tables import NEW_EVENT, JobRow, OutboxEvent
from .. import beats
from ..tables import Fault
from .finding import Finding, Level, Look

#: How long work may lie before somebody should know, and before something is certainly wrong.
LATE = dt.timedelta(minutes=10)
TOO_LATE = dt.timedelta(hours=1)
#: How long the failures of an extension are news.
LATELY = dt.timedelta(days=1)


def plugins(look: Look) -> Iterator[Finding]:
    """Whether every extension that should run does."""
    site = look.site
    generation = look.needs_generation()
    states = site.wanted().states
    bad = 0
    for plugin, reason in sorted(() if site.config.safe_mode else generation.failed.items()):
        bad += 1
        advice = "Mend or update it, or switch it off under Extensions."
        yield Finding(f"plugin.{plugin}", plugin, "error", f"It could not be started: {reason}", advice, plugin)
    for state in sorted(states.values(), key=lambda state: state.id):
        if state.state == "suspended":
            bad += 1
            advice = "Update it and press “Try again” under Extensions, or uninstall it."
            message = f"It was suspended: {state.reason}"
            yield Finding(f"plugin.{state.id}", state.id, "error", message, advice, state.id)
        elif state.state == "enabled" and state.stale:
            bad += 1
            message = "What it derives from other data is out of date; a job will compute it anew."
            yield Finding(
                f"plugin.{state.id}", state.id, "warning", message, "See its errors under Extensions.", state.id
            )
    for broken in site.discover().broken:
        bad += 1
        level: Level = "error" if getattr(states.get(broken.id), "state", "") == "enabled" else "warning"
        message = f"It can't be used: {broken.reason}"
        yield Finding(f"plugin.{broken.id}", broken.id, level, message, f"Mend or remove {broken.folder}.", broken.id)
    if site.config.safe_mode:
        advice = "Start the site without --safe and CRMHOST_SAFE_MODE to have them back."
        yield Finding("plugins", "Extensions", "warning", "Safe mode: no extension is running.", advice)
    elif not bad:
        count = sum(not plugin.builtin for plugin in generation.plugins)
        yield Finding("plugins", "Extensions", "ok", f"All {count} extensions that are on are running.")


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
        times = f"{number:,} times" if number > 1 else "once"
        message = f"It failed {times} in the last day, at last in {last[newest].place}: {last[newest].error}"
        yield Finding(f"faults.{plugin}", plugin, "warning", message, "See its errors under Extensions.", plugin)


def processes(look: Look) -> Iterator[Finding]:
    """Whether all processes run the same, newest code."""
    name = "Processes"
    with look.connection() as connection:
        number = look.site.wanted(connection).number
        living = beats.living(connection, look.site.clock())
    outdated = sorted({plugin for row in living for plugin in row.restart_needed})
    behind = [row.id for row in living if row.generation < number]
    if outdated:
        message = f"Newer files of {', '.join(outdated)} are on the disk than in the running processes."
        yield Finding("processes", name, "warning", message, "Restart the site.")
    elif behind:
        message = f"{len(behind)} of {len(living)} processes do not run the newest set of extensions yet."
        yield Finding("processes", name, "warning", message, f"If it stays so, restart {', '.join(behind)}.")
    else:
        kinds = [row.kind for row in living]
        shown = ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds))) or "none"
        yield Finding("processes", name, "ok", f"Running now: {shown}.")


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
        message = f"Background work has been waiting for {_duration(waiting)}."
        advice = "See Settings > Jobs." if workers else "No worker is running: start “crmhost run” or “crmhost worker”."
        yield Finding("queue", "Background work", "error" if waiting > TOO_LATE else "warning", message, advice)
    else:
        yield Finding("queue", "Background work", "ok", "No background work is late.")
    if failed:
        message = f"{failed:,} jobs failed for good." if failed > 1 else "1 job failed for good."
        yield Finding("failed-jobs", "Failed jobs", "warning", message, "See why and retry them under Settings > Jobs.")


def _duration(time: dt.timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    return (
        f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours" if minutes < 2880 else f"{time.days} days"
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
                advice = "See its errors under Extensions."
                yield Finding(id_, item.label, "error", "The check itself failed.", advice, item.plugin)
            else:
                yield Finding(id_, item.label, health.level, health.message, health.advice, item.plugin)
