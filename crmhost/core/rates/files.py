"""Exchange rates from and to CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from sqlalchemy import select

from ...contributions import ImportField, RowResult
from ...errors import Invalid
from ...work.unit import Work
from . import services
from .models import Rate

_BATCH = 1_000
_NAMES = (("day", "Day"), ("currency", "Currency"), ("rate", "Rate"))


def fields(_work: Work) -> Sequence[ImportField]:
    """What columns can be mapped to."""
    return [
        ImportField(
            name="day", label="Day", aliases=("date", "valid from", "time_period"), required=True, kind="instant"
        ),
        ImportField(name="currency", label="Currency", aliases=("code", "currency code", "iso"), required=True),
        ImportField(name="rate", label="Rate", aliases=("value", "exchange rate", "obs_value"), required=True),
    ]


def save(work: Work, rows: Sequence[Mapping[str, str]], _match: str, mode: str) -> Sequence[RowResult]:
    """Stores rates, each in the place of the one there is for that day; ``skip`` and ``fill`` leave those that there are."""
    found: list[RowResult] = []
    base = services.base_currency(work)
    for row in rows:
        try:
            code, when, number = services.check(row.get("currency"), row.get("day", "")[:10], row.get("rate"), base)
        except Invalid as error:
            found.append(RowResult(outcome="refused", reasons=[say for some in error.errors.values() for say in some]))
            continue
        known = services.stored(work, code, when)
        changed = (known is None or mode == "update") and services.put(work, [(code, when, number)], source="import")
        outcome: Literal["added", "updated", "skipped"] = "skipped" if not changed else "updated" if known else "added"
        now = known or services.stored(work, code, when)
        found.append(RowResult(outcome=outcome, id=now.id if now is not None else None))
    return found


def columns(_work: Work) -> Sequence[tuple[str, str]]:
    """The columns of a file."""
    return _NAMES


def rows(work: Work, filters: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The rates of the base currency, by day.

    :raises Invalid: for a filter: there is none but ``currency``.
    """
    work.require("settings.edit")
    if set(filters) - {"currency"}:
        raise Invalid("Rates can be filtered by currency alone.")
    after = 0
    while True:
        wanted = select(Rate).where(Rate.base == services.base_currency(work), Rate.id > after)
        if filters.get("currency"):
            wanted = wanted.where(Rate.currency == filters["currency"].strip().upper())
        some = list(work.session.scalars(wanted.order_by(Rate.id).limit(_BATCH)))
        for one in some:
            yield {"day": one.day.isoformat(), "currency": one.currency, "rate": one.rate}
        if not some:
            return
        after = some[-1].id
