"""Other fees: what selling costs besides the fees of transactions, once or again and again.

A fee that recurs is one row; the days on which it falls are computed, those of the future too, and stored nowhere.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, or_, select

from crmhost.api import (
    Invalid,
    Message,
    Money,
    NotFound,
    RecordList,
    Stale,
    Work,
    filters,
    keyset,
    money,
    rates,
    records,
    texts,
)

from .entered import KIND, Fee
from .periods import Span, months_later

PERMISSION = "sales_dashboard.fees"
#: How often -> months between two.
EVERY = {"": 0, "month": 1, "quarter": 3, "year": 12}
_EARLIEST, _LATEST = dt.date(1900, 1, 1), dt.date(2200, 1, 1)
_LONGEST = 200

LIST = RecordList(
    model=Fee,
    kind=KIND,
    permission=PERMISSION,
    orders={"day": (Fee.day, Fee.id), "name": (Fee.name_key, Fee.id)},
    sort="-day",
    filters={
        "every": filters.same(Fee.every, lambda value: "" if value == "once" else texts.clean_line(value)),
        "currency": filters.currency(Fee.currency),
        "day_from": filters.first_day(Fee.day),
        "day_to": filters.last_day(Fee.day),
    },
    custom=False,
)


# --- what they come to ------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Sum:
    """What the fees of a span come to.

    :param number: how many times a fee fell in it.
    :param left_out: how many times one in another currency did that no rate is stored for.
    """

    amount: int = 0
    number: int = 0
    left_out: int = 0


@dataclasses.dataclass(frozen=True)
class Row:
    """Fees alike: their first day, how often, until when, and together how much in minor units."""

    day: dt.date
    every: str
    until: dt.date | None
    currency: str
    amount: int
    number: int = 1


def days_of(row: Row | Fee, span: Span) -> Iterator[dt.date]:
    """The days of a span on which a fee falls: of a month that is too short, its last one."""
    last = min(span[1], row.until) if row.until else span[1]
    months = EVERY[row.every]
    if not months:
        if span[0] <= row.day <= last:
            yield row.day
        return
    gone = (span[0].year - row.day.year) * 12 + span[0].month - row.day.month
    number = max(0, gone // months)
    while (day := months_later(row.day, number * months)) <= last:
        if day >= span[0]:
            yield day
        number += 1


def sums(work: Work, spans: Sequence[Span], currency: str, converter: rates.Converter | None = None) -> list[Sum]:
    """What the other fees of each span come to, by one statement.

    They belong to no contact: whoever sees only their own contacts has none.

    :param currency: of the fees; empty for all of them in the base currency, at the rate of the day of each.
    :param converter: of the rates, when it is at hand.
    """
    if not spans or work.actor.only_assigned:
        return [Sum() for _ in spans]
    whole = _around(spans)
    found = [one for row in _rows(work, whole, currency) for one in _falls(row, whole)]
    if not currency and any(row.currency != rates.base_currency(work) for _day, row in found):
        converter = converter or rates.converter(work)
    worth = [(day, _worth(work, row, day, currency, converter), row.number) for day, row in found]
    return [_summed(worth, span) for span in spans]


def by_span(work: Work, spans: Sequence[Span], currency: str) -> list[int]:
    """What other fees come to in each span, in minor units of the currency; what has no rate is left out."""
    return [one.amount for one in sums(work, spans, currency)]


def by_currency(work: Work, spans: Sequence[Span]) -> dict[str, list[int]]:
    """The same of each currency that fees are in, by one statement."""
    if not spans or work.actor.only_assigned:
        return {}
    whole = _around(spans)
    worth: dict[str, list[tuple[dt.date, int | None, int]]] = {}
    for row in _rows(work, whole, ""):
        worth.setdefault(row.currency, []).extend((day, row.amount, row.number) for day in days_of(row, whole))
    return {code: [_summed(some, span).amount for span in spans] for code, some in worth.items()}


def _around(spans: Sequence[Span]) -> Span:
    return min(first for first, _last in spans), max(last for _first, last in spans)


def _falls(row: Row, span: Span) -> Iterator[tuple[dt.date, Row]]:
    return ((day, row) for day in days_of(row, span))


def _worth(work: Work, row: Row, day: dt.date, currency: str, converter: rates.Converter | None) -> int | None:
    if currency or converter is None or row.currency == rates.base_currency(work):
        return row.amount
    converted = converter.convert(Money(row.amount, row.currency), day)
    return converted.money.amount if converted is not None else None


def _summed(worth: Sequence[tuple[dt.date, int | None, int]], span: Span) -> Sum:
    mine = [(amount, number) for day, amount, number in worth if span[0] <= day <= span[1]]
    return Sum(
        sum(amount for amount, _number in mine if amount is not None),
        sum(number for amount, number in mine if amount is not None),
        sum(number for amount, number in mine if amount is None),
    )


def falling(span: Span, currency: str) -> list[Any]:
    """The conditions that a fee may fall in a span."""
    live = Fee.deleted_at.is_(None)
    once = and_(live, Fee.every == "", Fee.day.between(*span))
    # Each side has all that its index asks for; days in common SQLite would look up alone, so they are said in other words.
    begun = [live, Fee.every.in_([*filter(None, EVERY)]), Fee.day < span[1] + dt.timedelta(days=1)]
    again = and_(*begun, or_(Fee.until.is_(None), Fee.until >= span[0]))
    found = [live, or_(once, again)]
    return [*found, Fee.currency == currency] if currency else found


def _rows(work: Work, span: Span, currency: str) -> list[Row]:
    alike = (Fee.day, Fee.every, Fee.until, Fee.currency)
    wanted = select(*alike, func.sum(Fee.amount), func.count()).where(*falling(span, currency)).group_by(*alike)
    return [Row(*row[:4], int(row[4]), int(row[5])) for row in work.session.execute(wanted)]


def newest(work: Work, span: Span, currency: str, limit: int = 5) -> list[tuple[dt.date, Fee]]:
    """Fees that fall in a span, the last first, each with the last of its days there."""
    wanted = select(Fee).where(*falling(span, currency)).order_by(Fee.day.desc(), Fee.id.desc()).limit(200)
    found = [(max(days_of(fee, span), default=None), fee) for fee in work.session.scalars(wanted)]
    falls = [(day, fee) for day, fee in found if day is not None]
    return sorted(falls, key=lambda pair: (pair[0], pair[1].id), reverse=True)[:limit]


# --- reading and writing ----------------------------------------------------------------------------------------------


def get(work: Work, fee_id: int, *, lock: bool = False) -> Fee:
    """:raises NotFound: when there is none, or it lies in the bin."""
    work.require(PERMISSION)
    wanted = work.visible(Fee).where(Fee.id == (keyset.valid_id(fee_id) or 0))
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found: Fee | None = work.session.scalar(wanted)
    if found is None:
        raise NotFound("fee", fee_id)
    return found


def save(work: Work, fee_id: int | None, given: Mapping[str, Any], *, version: int | None = None) -> Fee:
    """Adds a fee (``fee_id`` is ``None``) or changes one.

    :param given: ``name``, ``amount`` (a decimal number, or :class:`crmhost.api.Money`), ``currency``, ``day``, ``every`` (empty,
        month, quarter or year), ``until`` (the last day on which it may fall).
    :raises Invalid: by field.
    :raises Stale: when somebody saved it since that version.
    """
    work.require(PERMISSION)
    fee = get(work, fee_id, lock=True) if fee_id is not None else None
    if fee is not None and version is not None and version != fee.version:
        raise Stale("Somebody saved this fee meanwhile: look at their changes before you save yours.")
    values = _checked(work, given)
    before = snapshot(fee) if fee is not None else None
    if fee is None:
        fee = Fee(**values, created_at=work.now, updated_at=work.now, version=1)
        work.session.add(fee)
    else:
        if any(getattr(fee, name) != value for name, value in values.items()):
            fee.updated_at, fee.version = work.now, fee.version + 1
        for name, value in values.items():
            setattr(fee, name, value)
    work.session.flush()
    after = snapshot(fee)
    if before is None:
        records.tell(work, "sales_fee.created", KIND, {fee.id: {}}, {fee.id: after})
    elif before != after:
        records.tell(work, "sales_fee.updated", KIND, {fee.id: before}, {fee.id: after})
    return fee


def end(work: Work, fee_id: int, day: dt.date | None) -> Fee:
    """Has a fee that recurs fall no more after a day; ``None`` has it go on.

    :raises Invalid: when it does not recur, or the day lies before its first.
    """
    fee = get(work, fee_id)
    if not fee.every:
        raise Invalid("This fee falls once: it has no end.")
    return save(work, fee_id, {**snapshot(fee), "amount": fee.money, "until": day})


def to_bin(work: Work, ids: Sequence[int]) -> int:
    """Moves fees to the bin, where they count nowhere; gives how many moved."""
    states = _moved(work, ids, in_bin=False)
    records.tell(work, "sales_fee.deleted", KIND, states)
    return len(states)


def restore(work: Work, ids: Sequence[int]) -> int:
    """Brings fees back from the bin; gives how many came back."""
    states = _moved(work, ids, in_bin=True)
    records.tell(work, "sales_fee.restored", KIND, {key: {} for key in states}, states)
    return len(states)


def _moved(work: Work, ids: Sequence[int], *, in_bin: bool) -> dict[int, dict[str, Any]]:
    work.require(PERMISSION)
    states = {fee.id: snapshot(fee) for fee in records.chosen(work, Fee, ids, in_bin=in_bin)}
    records.write(work, Fee, list(states), deleted_at=None if in_bin else work.now)
    return states


def erase(work: Work, ids: Sequence[int]) -> int:
    """Removes fees from the bin for good; gives how many went."""
    work.require(PERMISSION)
    chosen = records.chosen(work, Fee, ids, in_bin=True)
    states = {fee.id: snapshot(fee) for fee in chosen}
    for fee in chosen:
        work.session.delete(fee)
    work.session.flush()
    records.tell(work, "sales_fee.erased", KIND, states)
    return len(states)


def snapshot(fee: Fee) -> dict[str, Any]:
    """What the audit log keeps of a fee, and what its form shows."""
    until = fee.until.isoformat() if fee.until else None
    amount = f"{fee.money.decimal:f}"
    return {
        "name": fee.name, "amount": amount, "currency": fee.currency, "day": fee.day.isoformat(), "every": fee.every,
        "until": until,
    }  # fmt: skip


def _checked(work: Work, given: Mapping[str, Any]) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    name = texts.clean_line(str(given.get("name") or ""))
    if not name:
        errors["name"] = ["Say what it was for, such as “Shop rent”."]
    elif len(name) > _LONGEST:
        errors["name"] = [Message("At most %(most)s characters.", most=_LONGEST)]
    currency = texts.clean_line(str(given.get("currency") or rates.base_currency(work))).upper()
    amount = given.get("amount")
    if isinstance(amount, Money):
        currency, amount = amount.currency, amount.decimal
    if not money.known_currency(currency):
        said = "“%(value)s” is not a currency: give the three letters of ISO 4217, such as EUR."
        errors["currency"] = [Message(said, value=currency[:20])]
        currency = rates.base_currency(work)
    units = _units(amount, currency, errors)
    every = str(given.get("every") or "")
    if every not in EVERY:
        errors["every"] = ["Choose once, or every month, quarter or year."]
    day, until = _day(given.get("day")), _day(given.get("until"))
    if day is None:
        errors["day"] = ["Give a day, such as 2026-03-31."]
    if given.get("until") and until is None:
        errors["until"] = ["Give a day, such as 2026-03-31."]
    elif until is not None and day is not None and every and until < day:
        errors["until"] = ["The last day lies before the first."]
    if errors:
        raise Invalid(errors)
    key = texts.fold(name)[:_LONGEST]
    return {
        "name": name, "name_key": key, "amount": units, "currency": currency, "day": day, "every": every,
        "until": until if every else None,
    }  # fmt: skip


def _units(amount: object, currency: str, errors: dict[str, list[str]]) -> int:
    wrong = Message("Give the amount as a number above zero, such as 12.50.")
    try:
        number = None if isinstance(amount, float) else money.read_decimal(amount, wrong)
    except ValueError:
        number = None
    exact = number.scaleb(money.digits_of(currency)) if number is not None else Decimal(0)
    if number is None or number <= 0 or exact >= money.LARGEST:
        errors["amount"] = [wrong]
    elif exact != exact.to_integral_value():
        digits = money.digits_of(currency)
        errors["amount"] = [
            Message("%(currency)s has %(digits)s digits after the point.", currency=currency, digits=digits)
        ]
    else:
        return int(exact)
    return 0


def _day(value: object) -> dt.date | None:
    if isinstance(value, str):
        try:
            value = dt.date.fromisoformat(value.strip())
        except ValueError:
            return None
    fits = isinstance(value, dt.date) and not isinstance(value, dt.datetime) and _EARLIEST <= value < _LATEST
    return value if fits else None  # type: ignore[return-value]  # fits says so
