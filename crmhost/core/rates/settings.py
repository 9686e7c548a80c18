"""Whether sums are shown in the base currency, and how long a rate holds."""

from __future__ import annotations

from typing import Any

from ...contributions import Setting
from ...errors import Invalid
from ...work.unit import Work
from .services import HOLDS, SHOWN

_LONGEST = 366


def declared() -> list[Setting]:
    """The settings; they stand on the page of the rates."""
    return [
        Setting(key=SHOWN, label="Sums in the base currency", kind="boolean", default=True, hidden=True),
        Setting(key=HOLDS, label="Days that a rate holds", kind="integer", default=7, validate=check_days, hidden=True),
    ]


def check_days(_work: Work, value: Any) -> int:
    """A number of days.

    :raises Invalid: when it is none.
    """
    if not isinstance(value, int) or not 1 <= value <= _LONGEST:
        raise Invalid({HOLDS: ["Give a number of days from 1 to 366."]})
    return value
