"""What came in month by month, from the sums of days."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from sqlalchemy import select

from crmhost.api import Work

from .converted import by_day
from .models import Day, Transaction

MONTHS = 12


@dataclasses.dataclass(frozen=True)
class Months:
    """What came in during some months, oldest first, the running one last.

    :param starts: the first day of each.
    :param sums: currency -> amount of each month in minor units, zeros among them; the site's currency first.
    :param counted: how many transactions the sums hold.
    :param left_out: how many of the same months do not count.
    """

    starts: list[dt.date]
    sums: dict[str, list[int]]
    counted: int
    left_out: int


def month_starts(today: dt.date, number: int = MONTHS) -> list[dt.date]:
    """The first days of the running month and those before it, oldest first."""
    place = today.year * 12 + today.month - 1
    return [dt.date(some // 12, some % 12 + 1, 1) for some in range(place - number + 1, place + 1)]


def months(work: Work, number: int = MONTHS) -> Months:
    """What came in during the running month and those before it, of the contacts that the actor may see."""
    starts = month_starts(work.today, number)
    end = month_starts(starts[-1] + dt.timedelta(days=31), 1)[0]
    base = str(work.settings.get("site.currency") or "EUR")
    sums: dict[str, list[int]] = {base: [0] * number}
    counted = left_out = 0
    for day, currency, amount, some, out in _days(work, starts[0], end):
        place = (day.year - starts[0].year) * 12 + day.month - starts[0].month
        sums.setdefault(currency, [0] * number)[place] += int(amount)
        counted, left_out = counted + int(some), left_out + int(out)
    kept = [currency for currency in sorted(sums, key=lambda code: (code != base, code)) if any(sums[currency])]
    return Months(starts, {currency: sums[currency] for currency in kept or [base]}, counted, left_out)


def _days(work: Work, first: dt.date, end: dt.date) -> Any:
    if not work.actor.only_assigned:
        found = select(Day.day, Day.currency, Day.amount, Day.number, Day.left_out)
        return work.session.execute(found.where(Day.day >= first, Day.day < end))
    return by_day(work, Transaction.visible_to(work.actor), Transaction.day >= first, Transaction.day < end)
