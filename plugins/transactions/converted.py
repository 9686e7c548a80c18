"""What counts, summed up in the base currency where a rate holds on the day of a transaction, else in each currency apart."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import case, func, literal, select

from crmhost.api import Money, Work, rates

from . import counting
from .models import Transaction


@dataclasses.dataclass
class Sums:
    """What some transactions come to in one currency, in its minor units; each transaction is rounded by itself.

    :param converted: how many of them are in another currency.
    """

    amount: int = 0
    refunded: int = 0
    number: int = 0
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    converted: int = 0

    def add(self, amount: int, refunded: int, number: int, first: dt.datetime | None, last: dt.datetime | None) -> None:
        """Adds further transactions."""
        self.amount += amount
        self.refunded += refunded
        self.number += number
        self.first = min(filter(None, (self.first, first)), default=None)
        self.last = max(filter(None, (self.last, last)), default=None)


def summed(
    work: Work,
    keys: Sequence[Any],
    *where: Any,
    rule: counting.Rule | None = None,
    converter: rates.Converter | None = None,
) -> dict[tuple[Any, ...], Sums]:
    """What counts of some transactions: (value of each key, currency) -> sums.

    :param keys: columns to group by.
    :param where: conditions on transactions, for which there is an index.
    """
    rule = rule or counting.rule(work)
    converter = converter or rates.converter(work)
    found: dict[tuple[Any, ...], Sums] = {}
    foreign = converter.currencies
    times = (func.min(Transaction.at), func.max(Transaction.at))
    plain = select(*keys, Transaction.currency, rule.sum(), rule.refunded(), func.count(), *times)
    # Only what is asked for leads to an index: without statistics, SQLite takes that of the statuses, and reads nearly all.
    counts = (Transaction.deleted_at.is_(None), case((rule.condition(), 1), else_=0) == 1)
    plain = plain.where(*where, *counts).group_by(*keys, Transaction.currency)
    if foreign:
        plain = plain.where(Transaction.currency.not_in(foreign))
    for *key, currency, amount, back, number, first, last in work.session.execute(plain):
        found.setdefault((*key, currency), Sums()).add(int(amount), int(back), int(number), first, last)
    if not foreign:
        return found
    each = select(
        *(column.label(f"key{place}") for place, column in enumerate(keys)),
        Transaction.currency.label("currency"),
        Transaction.day.label("day"),
        rule.amount().label("amount"),
        rule.subtracts().label("back"),
        Transaction.at.label("at"),
    )
    rows = each.where(*where, *counts, Transaction.currency.in_(foreign)).subquery()
    grouped = [column for column in rows.c if column.name != "at"]
    alike = select(*grouped, func.count(literal(1)), func.min(rows.c.at), func.max(rows.c.at)).group_by(*grouped)
    for *key, currency, day, amount, back, number, first, last in work.session.execute(alike):
        into, worth = currency, int(amount)
        converted = converter.convert(Money(worth, currency), day)
        if converted is not None:
            into, worth = converter.base, converted.money.amount
        sums = found.setdefault((*key, into), Sums())
        sums.add(worth * number, -worth * number if back else 0, number, first, last)
        sums.converted += number if converted is not None else 0
    return found


def by_day(work: Work, *where: Any, rule: counting.Rule | None = None) -> list[tuple[dt.date, str, int, int, int]]:
    """What counts of some transactions: (day, currency, amount, how many, how many do not count), by day.

    A currency whose money was all converted keeps its row, with nothing in it.

    :param where: conditions on transactions; those in the bin are to be left out by them.
    """
    rule = rule or counting.rule(work)
    sums = summed(work, [Transaction.day], *where, rule=rule)
    some = select(Transaction.day, Transaction.currency, func.count() - rule.number()).where(*where)
    out = {
        (row[0], row[1]): int(row[2])
        for row in work.session.execute(some.group_by(Transaction.day, Transaction.currency))
    }
    nothing = Sums()
    return [
        (key[0], key[1], sums.get(key, nothing).amount, sums.get(key, nothing).number, out.get(key, 0))
        for key in sorted({*sums, *out})
    ]


def in_base(work: Work, amount: Money, day: dt.date) -> rates.Converted | None:
    """One amount in the base currency, with the rate; ``None`` where there is none, or it is in that currency."""
    if amount.currency == rates.base_currency(work):
        return None
    return rates.converter(work).convert(amount, day)
