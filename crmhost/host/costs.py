"""What plugins cost in the last hour, summed over all processes."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, func, select

from .attribution import Cost
from .tables import HookCost

#: What the Extensions page looks back on.
WINDOW = dt.timedelta(hours=1)


def last_hour(connection: Connection, now: dt.datetime) -> dict[str, Cost]:
    """Plugin id -> its cost; plugins that did nothing are left out."""
    rows = connection.execute(
        select(
            HookCost.plugin,
            func.sum(HookCost.calls),
            func.sum(HookCost.milliseconds),
            func.sum(HookCost.queries),
            func.sum(HookCost.errors),
        )
        .where(HookCost.minute >= now - WINDOW)
        .group_by(HookCost.plugin)
    )
    return {
        plugin: Cost(int(calls), float(milliseconds), int(queries), int(errors))
        for plugin, calls, milliseconds, queries, errors in rows
    }
