"""What a process tells the others: its heartbeat, the cost of plugins, their faults.

Lossy by design: costs sit in memory and are flushed every few seconds.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, insert, select, update

from ..core.users import lastseen
from ..db import WRITES
from . import metrics, quarantine
from .attribution import Cost, FaultRecord, meter
from .generation import imported_digest
from .processes import certainly_dead
from .tables import Fault, HookCost, ProcessBeat

if TYPE_CHECKING:
    from ..site import Site
    from .runtime import Runtime

#: A process that was not heard of for this long is taken for dead.
ALIVE = dt.timedelta(seconds=20)
#: Seconds between two writes of costs; faults are written at once.
COST_EVERY = 10.0
#: How long costs and faults are kept.
KEEP = dt.timedelta(days=14)

_last_cost = time.monotonic()


def beat(site: Site, runtime: Runtime) -> None:
    """Writes this process's heartbeat."""
    generation = runtime.current()
    figures = metrics.of(site.config)
    if figures is not None:
        figures.process(runtime)
    values: dict[str, Any] = {
        "kind": runtime.kind,
        "generation": generation.number,
        "oldest": runtime.oldest,
        "failed": dict(generation.failed),
        "restart_needed": _outdated(site, runtime),
        "since": runtime.since,
        "seen_at": site.clock(),
    }
    with site.engine.execution_options(**{WRITES: True}).begin() as connection:
        done = connection.execute(update(ProcessBeat).where(ProcessBeat.id == runtime.process_id).values(values))
        if not done.rowcount:
            connection.execute(insert(ProcessBeat).values(id=runtime.process_id, **values))
            _sweep(connection, site.clock())


def goodbye(site: Site, process_id: str) -> None:
    """Takes this process off the list."""
    with site.engine.execution_options(**{WRITES: True}).begin() as connection:
        connection.execute(delete(ProcessBeat).where(ProcessBeat.id == process_id))


def _outdated(site: Site, runtime: Runtime) -> list[str]:
    """Plugins whose code on the disk is newer than what this process imported."""
    found = site.discover().found
    return [
        plugin.id
        for plugin in runtime.current().plugins
        if not plugin.builtin
        and plugin.id in found
        and imported_digest(found[plugin.id].module) not in (None, found[plugin.id].digest)
    ]


def _sweep(connection: Connection, now: dt.datetime) -> None:
    connection.execute(delete(ProcessBeat).where(ProcessBeat.seen_at < now - 3 * ALIVE))
    connection.execute(delete(HookCost).where(HookCost.minute < now - KEEP))
    connection.execute(delete(Fault).where(Fault.at < now - KEEP))


def living(connection: Connection, now: dt.datetime) -> list[Any]:
    """Rows (id, kind, generation, oldest, failed, restart_needed, since, seen_at) of the processes that live."""
    rows = connection.execute(
        select(ProcessBeat.__table__).where(ProcessBeat.seen_at > now - ALIVE).order_by(ProcessBeat.id)
    )
    return [row for row in rows if not certainly_dead(row.id)]


def report(site: Site, runtime: Runtime) -> None:
    """Writes faults at once and costs every few seconds, then suspends plugins that fail too often."""
    global _last_cost
    if not meter.pending_faults and time.monotonic() - _last_cost < COST_EVERY:
        return
    _last_cost = time.monotonic()
    flush(site, runtime.process_id)


def flush(site: Site, process_id: str) -> None:
    """Writes what the meter holds, and who was seen."""
    lastseen.flush(site)
    costs, faults = meter.take()
    figures = metrics.of(site.config)
    if figures is not None:
        figures.plugins_cost(costs)
    if not costs and not faults:
        return
    now = site.clock()
    minute = now.replace(second=0, microsecond=0)
    with site.engine.execution_options(**{WRITES: True}).begin() as connection:
        for plugin, cost in costs.items():
            _add_cost(connection, plugin, minute, process_id, cost)
        if faults:
            connection.execute(insert(Fault), [_fault_row(fault, process_id) for fault in faults])
    for plugin in {fault.plugin for fault in faults}:
        quarantine.judge(site, plugin)


def _add_cost(connection: Connection, plugin: str, minute: dt.datetime, process_id: str, cost: Cost) -> None:
    key = (HookCost.plugin == plugin, HookCost.minute == minute, HookCost.process == process_id)
    done = connection.execute(
        update(HookCost)
        .where(*key)
        .values(
            calls=HookCost.calls + cost.calls,
            milliseconds=HookCost.milliseconds + cost.milliseconds,
            queries=HookCost.queries + cost.queries,
            errors=HookCost.errors + cost.errors,
        )
    )
    if not done.rowcount:
        connection.execute(
            insert(HookCost).values(
                plugin=plugin,
                minute=minute,
                process=process_id,
                calls=cost.calls,
                milliseconds=cost.milliseconds,
                queries=cost.queries,
                errors=cost.errors,
            )
        )


def _fault_row(fault: FaultRecord, process_id: str) -> dict[str, Any]:
    return {
        "plugin": fault.plugin,
        "at": fault.at,
        "place": fault.place[:160],
        # PostgreSQL takes no zero byte in text.
        "error": fault.error.replace("\x00", "�"),
        "traceback": fault.traceback.replace("\x00", "�"),
        "process": process_id,
    }
