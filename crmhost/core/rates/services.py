"""Exchange rates by day: storing them, and converting money exactly.

A rate says what one unit of a currency was worth in the base currency on a day. It holds until the next one, for as many days as
the setting says. Nothing is ever converted at a rate that is not stored.
"""

from __future__ import annotations

import bisect
import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, select, tuple_

from ... import money
from ...db import upsert
from ...errors import Invalid
from ...messages import Message
from ...money import Money
from ...work.unit import Change, Work
from ..rows import chunks
from .models import Rate

__all__ = ["Converted", "Converter", "Rate", "base_currency", "check", "converter", "put", "remove", "stored"]

#: Settings: whether sums are shown in the base currency, and for how many days a rate holds.
SHOWN, HOLDS = "rates.shown", "rates.holds"
#: What is told when rates are stored or removed.
CHANGED = "rates.changed"
_DIGITS = 12
_LARGEST = Decimal(10) ** 12
_EARLIEST, _LATEST = dt.date(1900, 1, 1), dt.date(2200, 1, 1)


@dataclasses.dataclass(frozen=True)
class Converted:
    """Money in the base currency, and by which rate it got there.

    :param rate: units of the base currency for one unit of the other.
    :param day: of the rate, on or before the day asked for.
    """

    money: Money
    rate: Decimal
    day: dt.date


class Converter:
    """Converts money to the base currency at the rates that are stored; see :func:`converter`."""

    def __init__(self, base: str, holds: int, rates: Mapping[str, Sequence[tuple[dt.date, Decimal]]]) -> None:
        self.base = base
        self._holds = dt.timedelta(days=holds)
        self._rates = rates
        self._days = {currency: [day for day, _rate in some] for currency, some in rates.items()}

    @property
    def currencies(self) -> list[str]:
        """Those that have a rate on some day."""
        return sorted(self._rates)

    def rate(self, currency: str, day: dt.date) -> tuple[dt.date, Decimal] | None:
        """The rate that holds on a day with the day that it is of; ``None`` when there is none."""
        days = self._days.get(currency, ())
        place = bisect.bisect_right(days, day) - 1
        if place < 0 or day - days[place] >= self._holds:
            return None
        return self._rates[currency][place]

    def convert(self, amount: Money, day: dt.date) -> Converted | None:
        """Money in the base currency by the rate of a day, a half unit rounded away from zero; ``None`` without a rate.

        Money in the base currency itself has none either: it is not converted.
        """
        found = self.rate(amount.currency, day)
        if found is None:
            return None
        return Converted(Money(times(amount, found[1], self.base), self.base), found[1], found[0])


def times(amount: Money, rate: Decimal, base: str) -> int:
    """Minor units of ``base`` that an amount comes to at a rate, computed in whole numbers; a half goes away from zero."""
    _sign, digits, exponent = rate.as_tuple()
    assert isinstance(exponent, int)
    number = abs(amount.amount) * int("".join(map(str, digits)))
    power = exponent + money.digits_of(base) - money.digits_of(amount.currency)
    scale: int = 10 ** abs(power)
    whole = number * scale if power >= 0 else (2 * number + scale) // (2 * scale)
    return -whole if amount.amount < 0 else whole


def base_currency(work: Work) -> str:
    """The currency that rates lead to: that of the site."""
    return str(work.settings.get("site.currency") or "EUR")


def converter(work: Work) -> Converter:
    """What converts money to the base currency now. It converts nothing while the setting is off, or no rate is stored.

    It reads all rates at once; make it once for many amounts.
    """
    base = base_currency(work)
    holds = int(work.settings.get(HOLDS) or 1)
    if not work.settings.get(SHOWN):
        return Converter(base, holds, {})
    return work.once(("rates", base, holds), lambda: Converter(base, holds, _by_currency(work, base)), of=[Rate])


def _by_currency(work: Work, base: str) -> dict[str, list[tuple[dt.date, Decimal]]]:
    found: dict[str, list[tuple[dt.date, Decimal]]] = {}
    wanted = select(Rate.currency, Rate.day, Rate.rate).where(Rate.base == base, Rate.currency != base)
    for currency, day, rate in work.session.execute(wanted.order_by(Rate.currency, Rate.day)):
        found.setdefault(currency, []).append((day, Decimal(rate)))
    return found


def check(currency: object, day: object, rate: object, base: str) -> tuple[str, dt.date, str]:
    """A rate as it is stored.

    :param rate: units of the base currency for one unit of the other: a :class:`decimal.Decimal`, a whole number, or a text
        with a decimal point or comma; never a float.
    :raises Invalid: by field: ``currency``, ``day``, ``rate``.
    """
    errors: dict[str, list[str]] = {}
    code = str(currency or "").strip().upper()
    if not money.known_currency(code):
        said = "“%(value)s” is not a currency: give the three letters of ISO 4217, such as EUR."
        errors["currency"] = [Message(said, value=code[:20])]
    elif code == base:
        errors["currency"] = [Message("%(currency)s is the base currency: it needs no rate.", currency=base)]
    if isinstance(day, str):
        try:
            day = dt.date.fromisoformat(day.strip())
        except ValueError:
            day = None
    if not isinstance(day, dt.date) or isinstance(day, dt.datetime) or not _EARLIEST <= day <= _LATEST:
        errors["day"] = ["Give a day, such as 2026-03-31."]
    wrong = Message("Give the rate as a number above zero, such as 0.9213.")
    try:
        number = None if isinstance(rate, float) else money.read_decimal(rate, wrong)
    except ValueError:
        number = None
    if number is None or not 0 < number < _LARGEST or number != number.quantize(Decimal(1).scaleb(-_DIGITS)):
        errors["rate"] = [wrong if number is None or not 0 < number < _LARGEST else _TOO_LONG]
    if errors:
        raise Invalid(errors)
    assert isinstance(day, dt.date)
    assert number is not None
    return code, day, f"{number.normalize():f}"


_TOO_LONG = Message("At most %(digits)s digits after the point.", digits=_DIGITS)


def put(work: Work, rates: Iterable[tuple[object, object, object]], *, source: str = "manual") -> int:
    """Stores rates of the base currency, each in the place of the one there is for that day; gives how many are new or changed.

    :param rates: (currency, day, rate) each, see :func:`check`; of several for one day the last counts.
    :param source: manual, import, or the id of the plugin that delivers them.
    :raises Invalid: by field, or with the number of the row when several are given; nothing is stored then.
    """
    work.require("settings.edit")
    base = base_currency(work)
    wanted: dict[tuple[str, dt.date], str] = {}
    given = list(rates)
    for place, (currency, day, rate) in enumerate(given, 1):
        try:
            code, when, number = check(currency, day, rate, base)
        except Invalid as error:
            if len(given) == 1:
                raise
            raise Invalid(Message("Row %(number)s: %(why)s", number=place, why=error.message)) from error
        wanted[code, when] = number
    before = _stored(work, base, list(wanted))
    changed = {key: number for key, number in wanted.items() if before.get(key) != number}
    if changed:
        statement = upsert(work.session, Rate)
        statement = statement.on_conflict_do_update(
            index_elements=["base", "currency", "day"],
            set_={"rate": statement.excluded.rate, "source": statement.excluded.source},
        )
        rows = [
            {"base": base, "currency": code, "day": when, "rate": number, "source": source[:60]}
            for (code, when), number in changed.items()
        ]
        work.session.execute(statement, rows)
        _note(work, base, {key: before.get(key) for key in changed}, changed)
    return len(changed)


def stored(work: Work, currency: str, day: dt.date) -> Rate | None:
    """The rate of the base currency that is stored for a day."""
    mine = select(Rate).where(Rate.base == base_currency(work), Rate.currency == currency, Rate.day == day)
    return work.session.scalar(mine)


def remove(work: Work, ids: Sequence[int]) -> int:
    """Removes rates; gives how many there were."""
    work.require("settings.edit")
    number = 0
    for some in chunks(list(ids)):
        rows = list(work.session.scalars(select(Rate).where(Rate.id.in_(some))))
        if rows:
            gone = sql_delete(Rate).where(Rate.id.in_([row.id for row in rows]))
            work.session.execute(gone, execution_options={"synchronize_session": False})
            for base in {row.base for row in rows}:
                mine = {(row.currency, row.day): row.rate for row in rows if row.base == base}
                _note(work, base, mine, dict.fromkeys(mine))
        number += len(rows)
    return number


def _stored(work: Work, base: str, keys: Sequence[tuple[str, dt.date]]) -> dict[tuple[str, dt.date], str]:
    found: dict[tuple[str, dt.date], str] = {}
    for some in chunks(list(keys), 200):
        mine = select(Rate).where(Rate.base == base, tuple_(Rate.currency, Rate.day).in_(some))
        found |= {(row.currency, row.day): row.rate for row in work.session.scalars(mine)}
    return found


def _note(
    work: Work,
    base: str,
    before: Mapping[tuple[str, dt.date], str | None],
    after: Mapping[tuple[str, dt.date], str | None],
) -> None:
    """Writes the audit log, and tells for each currency which days are concerned: up to the last that a rate held."""
    for currency in sorted({code for code, _day in after}):
        days = sorted(day for code, day in after if code == currency)

        def told(some: Mapping[tuple[str, dt.date], str | None], code: str = currency) -> dict[str, Any]:
            return {
                f"{code} {day.isoformat()}": rate
                for (known, day), rate in sorted(some.items())
                if known == code and rate
            }

        work.audit("rates.changed", "rate", 0, before=told(before), after=told(after))
        last = work.session.scalar(
            select(func.min(Rate.day)).where(Rate.base == base, Rate.currency == currency, Rate.day > days[-1])
        )
        until = min(
            days[-1] + dt.timedelta(days=int(work.settings.get(HOLDS) or 1) - 1),
            last - dt.timedelta(days=1) if last else dt.date.max,
        )
        concerned = {"currency": currency, "first": days[0].isoformat(), "last": until.isoformat()}
        work.changed(Change("rates.changed", "rate", 0, {}, {"base": base, **concerned}))
