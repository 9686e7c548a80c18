"""Jobs that start by the clock: a row per schedule, fired once whatever the number of workers."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from sqlalchemy import delete, func, insert, select, update

from ..contributions import Schedule
from .tables import JobRow, ScheduleRow

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..host.generation import Generation


def valid(cron: str) -> bool:
    """Whether it can be read: five fields."""
    if len(cron.split()) != 5:
        return False
    try:
        CronSim(cron, dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    except CronSimError:
        return False
    return True


def following(cron: str, after: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The first instant after this one at which the schedule fires, in UTC; days and hours are those of the zone."""
    return next(CronSim(cron, after.astimezone(zone))).astimezone(dt.UTC)


def key_of(cron: str, arguments: Mapping[str, Any]) -> str:
    """Tells apart the schedules of one kind."""
    text = json.dumps([cron, dict(arguments)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def enlist(connection: Connection, generation: Generation, zone: ZoneInfo, now: dt.datetime) -> None:
    """Makes the rows agree with what the plugins of a generation declare; those of plugins that are off stay."""
    declared: Sequence[Schedule] = generation.contributions("schedules")
    wanted = {(item.kind, key_of(item.cron, item.arguments)): item for item in declared}
    rows = connection.execute(select(ScheduleRow.kind, ScheduleRow.key, ScheduleRow.plugin, ScheduleRow.zone)).all()
    known = {(row.kind, row.key): row for row in rows}
    new = [
        {
            "kind": kind,
            "key": key,
            "plugin": item.plugin,
            "cron": item.cron,
            "arguments": dict(item.arguments),
            "zone": zone.key,
            "due_at": following(item.cron, now, zone),
        }
        for (kind, key), item in wanted.items()
        if (kind, key) not in known
    ]
    if new:
        connection.execute(insert(ScheduleRow), new)
    running = {plugin.id for plugin in generation.plugins}
    for (kind, key), row in known.items():
        mine = (ScheduleRow.kind == kind, ScheduleRow.key == key)
        if row.plugin in running and (kind, key) not in wanted:
            connection.execute(delete(ScheduleRow).where(*mine))
        elif (kind, key) in wanted and row.zone != zone.key:
            later = following(wanted[kind, key].cron, now, zone)
            connection.execute(update(ScheduleRow).where(*mine).values(zone=zone.key, due_at=later))


def next_due(connection: Connection, generation: Generation) -> dt.datetime | None:
    """When the next schedule fires."""
    running = [plugin.id for plugin in generation.plugins]
    found: dt.datetime | None = connection.scalar(
        select(func.min(ScheduleRow.due_at)).where(ScheduleRow.plugin.in_(running))
    )
    return found


def fire(
    connection: Connection, generation: Generation, now: dt.datetime, idle: Collection[tuple[str, str]] = ()
) -> int:
    """Wants the jobs of schedules that are due; the caller commits. Says how many it started.

    Of a schedule that was missed several times, one job is made. One whose last job has not even begun is left out.

    :param idle: kind and key of those that have nothing to do: they go on to their next instant without a job.
    """
    running = [plugin.id for plugin in generation.plugins]
    wanted = select(ScheduleRow.__table__).where(ScheduleRow.due_at <= now, ScheduleRow.plugin.in_(running))
    started = 0
    for row in connection.execute(wanted).all():
        # Who moves the instant on makes the job: only one of several workers finds the old instant still there.
        moved = connection.execute(
            update(ScheduleRow)
            .where(ScheduleRow.kind == row.kind, ScheduleRow.key == row.key, ScheduleRow.due_at == row.due_at)
            .values(due_at=following(row.cron, now, ZoneInfo(row.zone)), last_at=now)
        )
        if not moved.rowcount or (row.kind, row.key) in idle:
            continue
        again = f"schedule:{row.key[:16]}"
        waits = select(JobRow.id).where(
            JobRow.kind == row.kind, JobRow.dedupe_key == again, JobRow.state.in_(("due", "parked"))
        )
        if connection.scalar(waits.limit(1)) is not None:
            continue
        values = {"plugin": row.plugin, "kind": row.kind, "arguments": row.arguments, "dedupe_key": again}
        connection.execute(insert(JobRow), [{**values, "due_at": now, "created_at": now, "actor": "schedule"}])
        started += 1
    return started
