"""Single values of Stripe's records, whatever stands there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from crmhost.api import texts


def id_of(value: object) -> str:
    """An id, also of what came whole instead."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return str(value) if value else ""


def table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def rows(value: object) -> list[Mapping[str, Any]]:
    rows = table(value).get("data")
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def text(value: object, longest: int) -> str:
    return texts.clean_line(str(value))[:longest] if value not in (None, "") else ""


def instant(value: object) -> dt.datetime | None:
    try:
        return dt.datetime.fromtimestamp(int(str(value)), dt.UTC) if value is not None else None
    except (ValueError, OverflowError, OSError):
        return None
