"""What filters of a list ask: from texts of an address to conditions on a column, for :class:`.listing.RecordList`.

Each function gives a filter. Several values given to one filter widen it: any of them may fit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from ... import money
from ...errors import Invalid
from ...messages import Message
from ...work.unit import Work
from .. import text as texts
from ..contacts import tags
from ..contacts.fields import instant
from ..contacts.models import Tag, Tagging
from ..keyset import valid_id

__all__ = [
    "Filter", "any_of", "choice", "currency", "first_day", "last_day", "least", "most", "record", "same", "tag", "yes",
]  # fmt: skip

#: Gets the work, the name of the filter and the values given, which are not empty.
#:
#: Raises :class:`crmhost.api.Invalid` at the name when a value can't be understood.
Filter = Callable[[Work, str, Sequence[str]], ColumnElement[bool]]
_Column = InstrumentedAttribute[Any]


def same(column: _Column, read: Callable[[str], str] = texts.clean_line) -> Filter:
    """Texts that stand in a column; ``read`` brings what was given into the form that is stored, such as ``texts.fold``."""
    return lambda _work, _name, values: any_of(column, [read(value) for value in values])


def currency(column: _Column) -> Filter:
    """Codes of currencies, in any case."""
    return same(column, lambda value: texts.clean_line(value).upper())


def choice(column: _Column, find: Callable[[Work, str], Any]) -> Filter:
    """What people call by a name, such as a status: ``find`` gives what stands in the column for it, or raises Invalid."""
    return lambda work, _name, values: any_of(column, [find(work, value) for value in values])


def record(column: _Column) -> Filter:
    """Numbers of records."""

    def chosen(_work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
        ids = []
        for value in values:
            number = valid_id(value)
            if number is None:
                raise Invalid({name: [Message("“%(value)s” is not the number of a record.", value=str(value)[:60])]})
            ids.append(number)
        return any_of(column, ids)

    return chosen


def tag(key: _Column, kind: str) -> Filter:
    """Names of tags that records of a kind carry, in any case; ``key`` is their id."""

    def tagged(_work: Work, _name: str, values: Sequence[str]) -> ColumnElement[bool]:
        names = [tags.key_of(texts.clean_line(value)) for value in values]
        found = select(Tagging.object_id).join(Tag, Tag.id == Tagging.tag_id)
        return key.in_(found.where(Tagging.object_type == kind, Tag.name_key.in_(names)))

    return tagged


def yes(column: _Column) -> Filter:
    """1 for what is so, 0 for what is not."""

    def chosen(_work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
        if values[0] not in ("0", "1"):
            raise Invalid({name: ["Give 1 or 0."]})
        return column.is_(values[0] == "1")

    return chosen


def first_day(column: _Column) -> Filter:
    """The first day that counts, such as 2026-03-01; of instants, a day of the site's time zone."""

    def since(work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
        return column >= _bound(work, column, name, values[0], 0)

    return since


def last_day(column: _Column) -> Filter:
    """The last day that counts; of instants, a day of the site's time zone."""

    def until(work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
        if isinstance(column.type, Date):
            return column <= _bound(work, column, name, values[0], 0)
        return column < _bound(work, column, name, values[0], 1)

    return until


def least(amount: _Column, code: _Column, live: ColumnElement[bool]) -> Filter:
    """The smallest amount that counts, in the main unit of whichever currency.

    :param amount: in minor units of ``code``. An index begins with ``code`` and serves ``live``, such as “not in the bin”.
    """
    return _amounts(code, live, ROUND_CEILING, lambda bound: amount >= bound)


def most(amount: _Column, code: _Column, live: ColumnElement[bool]) -> Filter:
    """The largest amount that counts; see :func:`least`."""
    return _amounts(code, live, ROUND_FLOOR, lambda bound: amount <= bound)


def any_of(column: _Column, values: Sequence[Any]) -> ColumnElement[bool]:
    """The condition that a column holds one of some values."""
    # Of one value, the planner knows more: it then walks an index that goes on with the order of the list.
    return column.in_(values) if len(values) != 1 else column == values[0]


def _bound(work: Work, column: _Column, name: str, value: str, later: int) -> dt.date:
    text = texts.clean_line(value)
    try:
        day = dt.date.fromisoformat(text) + dt.timedelta(days=later)
        if isinstance(column.type, Date):
            return day
        return instant(dt.datetime.combine(day, dt.time()), work.timezone)
    except (ValueError, OverflowError):
        raise Invalid({name: [Message("“%(text)s” is not a day such as 2026-03-31.", text=text[:60])]}) from None


def _amounts(
    code: _Column,
    live: ColumnElement[bool],
    rounding: str,
    fits: Callable[[int], ColumnElement[bool]],
) -> Filter:
    """A bound for each currency that there is: they have different digits."""

    def chosen(work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
        number = _number(name, values[0])
        bounds = [
            and_(code == found, fits(int(number.scaleb(money.digits_of(found)).to_integral_value(rounding))))
            for found in work.session.scalars(_values_of(code, live))
        ]
        return or_(false(), *bounds)

    return chosen


def _number(name: str, value: str) -> Decimal:
    wrong = Message("“%(value)s” is not an amount such as 12.50.", value=str(value)[:60])
    try:
        found = money.read_decimal(value, wrong)
        if found is None or abs(found) > 10**13:
            raise ValueError(wrong)
    except ValueError as error:
        raise Invalid({name: [str(error)]}) from None
    return found


def _values_of(column: _Column, live: ColumnElement[bool]) -> Select[Any]:
    """The values that stand in a column, one look into an index for each: ``DISTINCT`` would read all of it."""
    first = select(func.min(column).label("value")).where(live).cte("found", recursive=True)
    beyond = select(func.min(column)).where(live, column > first.c.value).scalar_subquery()
    found = first.union_all(select(beyond).select_from(first).where(first.c.value.is_not(None)))
    return select(found.c.value).where(found.c.value.is_not(None))
