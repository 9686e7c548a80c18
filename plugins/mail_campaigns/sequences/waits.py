"""When the next mail of a sequence is due: so long after the one before, on weekdays between two times of day where wanted."""

from __future__ import annotations

import datetime as dt
from typing import Protocol
from zoneinfo import ZoneInfo

#: Unit -> minutes.
UNITS = {"minutes": 1, "hours": 60, "days": 1_440, "weeks": 10_080}
#: The longest wait, in minutes.
LONGEST = 366 * 1_440
_SATURDAY = 5


class Waiting(Protocol):
    """What a step says of its time."""

    wait_number: int
    wait_unit: str
    office: bool
    opens: int
    closes: int


def due(step: Waiting, start: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """When a step is due that begins to wait now, in UTC; days and weeks end at the same time of day, also when clocks change."""
    minutes = step.wait_number * UNITS[step.wait_unit]
    if step.wait_unit in ("minutes", "hours"):
        at = start + dt.timedelta(minutes=minutes)
    else:
        at = (start.astimezone(zone) + dt.timedelta(minutes=minutes)).astimezone(dt.UTC)
    return opening(step, at, zone)


def opening(step: Waiting, at: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The instant itself when the step may go out then, else the next one at which it may."""
    if not step.office:
        return at
    local = at.astimezone(zone)
    while True:
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        if local.weekday() < _SATURDAY and local < _at(midnight, step.closes):
            return max(local, _at(midnight, step.opens)).astimezone(dt.UTC)
        local = midnight + dt.timedelta(days=1)


def _at(midnight: dt.datetime, minute: int) -> dt.datetime:
    return (
        midnight.replace(hour=minute // 60, minute=minute % 60)
        if minute < UNITS["days"]
        else midnight + dt.timedelta(1)
    )
