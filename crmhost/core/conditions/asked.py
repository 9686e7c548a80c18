"""What a value has to be: an operator and what people or programs gave with it, read once and put to any column."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Float, Integer, SQLColumnExpression, String, and_, false, or_

from ... import money
from ...db import UTCDateTime
from ...errors import Invalid
from ...messages import Message
from ...work.unit import Work
from ..text import LAST, FoldedText, clean_line, shorten
from .given import LONGEST, READERS, choice_of, number_of_days, text_of

#: Operators -> how many values they take: none, one, two, several.
OPERATORS = {
    "equals": 1, "not_equals": 1, "contains": 1, "not_contains": 1, "starts_with": 1, "has": 1, "has_not": 1, "any_of": 3,
    "none_of": 3, "gt": 1, "gte": 1, "lt": 1, "lte": 1, "before": 1, "after": 1, "between": 2, "in_last_days": 1,
    "in_next_days": 1, "empty": 0, "not_empty": 0,
}  # fmt: skip
#: Operators that hold exactly where another does not.
OPPOSITES = {
    "not_equals": "equals",
    "not_contains": "contains",
    "none_of": "any_of",
    "has_not": "has",
    "empty": "not_empty",
}
_EMPTY = ("empty", "not_empty")
_TEXTS = ("equals", "not_equals", "contains", "not_contains", "starts_with", "any_of", "none_of")
_FIGURES = ("equals", "not_equals", "gt", "gte", "lt", "lte", "between", "any_of", "none_of")
_DAYS = ("equals", "not_equals", "before", "after", "between", "in_last_days", "in_next_days", "gt", "gte", "lt", "lte")
#: Kind -> its operators, those that people choose from first.
OF_KIND: dict[str, tuple[str, ...]] = {
    "text": (*_TEXTS, *_EMPTY),
    "email": (*_TEXTS, *_EMPTY),
    "number": (*_FIGURES, *_EMPTY),
    "count": _FIGURES,
    "money": (*_FIGURES, *_EMPTY),
    "day": (*_DAYS, "any_of", "none_of", *_EMPTY),
    "instant": (*_DAYS, *_EMPTY),
    "choice": ("equals", "not_equals", "any_of", "none_of", "has", "has_not", *_EMPTY),
    "choices": ("has", "has_not", "any_of", "none_of", "equals", "not_equals", *_EMPTY),
    "yes_no": ("equals", "not_equals", *_EMPTY),
    "secret": _EMPTY,
}
#: Operators that say the same as another of the kind: programs may use them, people are not offered them.
SAME: dict[str, tuple[str, ...]] = {
    "day": ("gt", "gte", "lt", "lte", "any_of", "none_of"),
    "instant": ("gt", "gte", "lt", "lte"),
    "choice": ("has", "has_not"),
    "choices": ("equals", "not_equals"),
    "count": ("any_of", "none_of"),
    "money": ("any_of", "none_of"),
    "number": ("any_of", "none_of"),
}
#: Values that “any of” takes.
MOST_VALUES = 200


@dataclasses.dataclass(frozen=True)
class Range:
    """From a bound to a bound; ``None`` for no bound.

    :param above: the lower bound itself is left out.
    :param upto: the upper bound itself belongs to it.
    """

    lower: Any = None
    upper: Any = None
    above: bool = False
    upto: bool = False

    def on(self, column: SQLColumnExpression[Any], turned: Callable[[Any], Any]) -> ColumnElement[bool]:
        """The condition that a column lies in it."""
        if self.lower is not None and self.lower == self.upper and self.upto and not self.above:
            same: ColumnElement[bool] = column == turned(self.lower)
            return same
        parts: list[ColumnElement[bool]] = []
        if self.lower is not None:
            bound = turned(self.lower)
            parts.append(column > bound if self.above else column >= bound)
        if self.upper is not None:
            bound = turned(self.upper)
            parts.append(column <= bound if self.upto else column < bound)
        return and_(*parts) if parts else column.is_not(None)

    @property
    def hollow(self) -> bool:
        """Whether nothing can lie in it."""
        if self.lower is None or self.upper is None:
            return False
        return bool(self.lower > self.upper or (self.lower == self.upper and (self.above or not self.upto)))

    def holds(self, value: Any) -> bool:
        """Whether a value lies in it."""
        if self.lower is not None and not (value > self.lower if self.above else value >= self.lower):
            return False
        return self.upper is None or bool(value <= self.upper if self.upto else value < self.upper)


@dataclasses.dataclass(frozen=True)
class ConditionTest:
    """What a value has to be, always positively: “is not” and “is empty” are asked of the test and turned round.

    :param operator: ``equals``, ``contains``, ``starts_with``, ``not_empty``, or ``range`` for all that compares.
    :param values: of texts, folded, of which it may be any; keys of choices; ``"yes"`` or ``"no"``.
    :param ranges: of numbers, amounts in minor units, days and instants, of which it may lie in any.
    :param currency: of ``ranges`` of amounts.
    """

    kind: str
    operator: str
    values: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()
    currency: str = ""

    def on(self, column: Any, *, currency: Any = None) -> ColumnElement[bool]:
        """The test as a condition on a column.

        :param column: of texts, folded ones (``texts.folded``, or ``texts.fold_now(column)`` of any other); of amounts, minor
            units; of choices, their values; of yes and no, a boolean.
        :param currency: of amounts, the column with their currency.
        """
        found: ColumnElement[bool]
        if self.operator == "not_empty":
            there: ColumnElement[bool] = column.is_not(None)
            return and_(there, column != "") if isinstance(column.type, String) else there
        if self.operator in ("contains", "starts_with"):
            part = self.values[0]
            if self.operator == "contains":
                found = column.contains(part, autoescape=True)
            elif isinstance(column.type, FoldedText):
                found = and_(column >= part, column < part + LAST)
            else:
                found = column.startswith(part, autoescape=True)
            return found
        if self.ranges:
            inside = or_(*(item.on(column, self._turned(column)) for item in self.ranges))
            return and_(currency == self.currency, inside) if currency is not None else inside
        if self.kind == "yes_no" and not isinstance(column.type, String):
            yes, no = (1.0, 0.0) if isinstance(column.type, Float) else (True, False)
            wanted: Any = [yes if value == "yes" else no for value in self.values]
        elif isinstance(column.type, Integer):
            wanted = [int(value) for value in self.values if value.isdecimal()]
        else:
            wanted = list(self.values)
        found = column == wanted[0] if len(wanted) == 1 else column.in_(wanted) if wanted else false()
        return found

    def fits(self, value: Any) -> bool:
        """Whether a number, an amount in minor units of its currency, a day or an instant is so."""
        return self.operator == "not_empty" or any(item.holds(value) for item in self.ranges)

    def turned(self) -> ConditionTest:
        """The test that holds for all other figures."""
        return dataclasses.replace(self, ranges=_others(self.ranges))

    def _turned(self, column: Any) -> Callable[[Any], Any]:
        if isinstance(column.type, UTCDateTime) and self.kind == "day":
            return lambda day: dt.datetime.combine(day, dt.time(), dt.UTC)
        if isinstance(column.type, Float):
            digits = money.digits_of(self.currency) if self.kind == "money" else 0
            return lambda number: float(Decimal(number).scaleb(-digits))
        if self.kind in ("number", "count"):
            return lambda number: int(number) if number == number.to_integral_value() else float(number)
        return lambda value: value


def _others(ranges: Sequence[Range]) -> tuple[Range, ...]:
    """What lies in none of them."""
    found = [Range()]
    for item in ranges:
        below = Range(upper=item.lower, upto=item.above) if item.lower is not None else None
        over = Range(lower=item.upper, above=item.upto) if item.upper is not None else None
        found = [part for whole in found for side in (below, over) if side and (part := _both(whole, side))]
    return tuple(found) or (Range(lower=1, upper=0),)


def _both(first: Range, second: Range) -> Range | None:
    lower, above = max(
        ((item.lower, item.above) for item in (first, second) if item.lower is not None), default=(None, False)
    )
    upper, upto = min(
        ((item.upper, item.upto) for item in (first, second) if item.upper is not None), default=(None, False)
    )
    found = Range(lower, upper, above, upto)
    return None if found.hollow else found


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Asked:
    """A test as it was asked.

    :param negated: it holds where the test does not, for those who have no value too.
    :param stored: the value as it is kept and given back, JSON-able.
    """

    test: ConditionTest
    negated: bool
    stored: Any


def operators(kind: str, allowed: Sequence[str] = ()) -> tuple[str, ...]:
    """The operators of a kind."""
    return tuple(name for name in OF_KIND[kind] if not allowed or name in allowed)


def read(
    work: Work,
    kind: str,
    operator: str,
    value: Any,
    *,
    label: str,
    choices: Callable[[], Sequence[tuple[str, str]]] = tuple,
    allowed: Sequence[str] = (),
    currency: str = "",
) -> Asked:
    """What people or programs asked.

    :param value: a text, number, money, day as ``2026-03-31``, value or label of a choice; a list for ``any_of`` and ``none_of``,
        of two for ``between``; a number of days for ``in_last_days``; nothing for ``empty``.
    :param label: of what is asked, for sentences.
    :param currency: of amounts that name none; the only one that can be asked, when it is given.
    :raises Invalid: when the operator or the value does not fit.
    """
    known = operators(kind, allowed)
    if operator not in known:
        said = Message(
            "“%(name)s” can't be asked by “%(operator)s”; use %(known)s.",
            name=label,
            operator=shorten(clean_line(str(operator)), 40),
            known=known,
        )
        raise Invalid({"operator": [said]})
    positive, negated = OPPOSITES.get(operator, operator), operator in OPPOSITES
    if positive == "not_empty":
        return Asked(ConditionTest(kind, "not_empty"), negated, None)
    try:
        test, stored = _read(work, kind, positive, value, choices, currency)
    except ValueError as error:
        raise Invalid({"value": [error.args[0]]}) from error
    return Asked(test, negated, stored)


def _read(
    work: Work,
    kind: str,
    operator: str,
    value: Any,
    choices: Callable[[], Sequence[tuple[str, str]]],
    currency: str,
) -> tuple[ConditionTest, Any]:
    several = operator in ("any_of", "between")
    given = value if isinstance(value, (list, tuple)) else [value]
    given = [item for item in given if item is not None and item != "" and item != {}]
    if operator == "between" and len(given) != 2:
        raise ValueError(Message("Give two values, from and to."))
    if not given:
        raise ValueError(Message("Give at least one value.") if several else Message("Give a value."))
    if not several and len(given) > 1:
        raise ValueError(Message("Give one value."))
    if len(given) > MOST_VALUES:
        raise ValueError(Message("Give at most %(most)s values.", most=MOST_VALUES))
    if operator in ("in_last_days", "in_next_days"):
        days = number_of_days(given[0])
        return ConditionTest(kind, "range", ranges=(_around(work, kind, operator, days),)), days
    if kind in ("text", "email"):
        words = [text_of(kind, item) for item in given]
        name = operator if operator in ("contains", "starts_with") else "equals"
        return ConditionTest(kind, name, tuple(key for key, _ in words)), _as(several, [text for _, text in words])
    if kind in ("choice", "choices", "yes_no"):
        known = choices() if kind != "yes_no" else (("yes", "Yes"), ("no", "No"))
        keys = [choice_of(item, known) for item in given]
        return ConditionTest(kind, "equals", tuple(dict.fromkeys(keys))), _as(several, keys)
    items = [READERS[kind](work, item, currency) for item in given]
    code = items[0][0].currency if kind == "money" else ""
    if kind == "money" and any(item.currency != code for item, _ in items):
        raise ValueError(Message("Give amounts of one currency."))
    plain = [item.amount if kind == "money" else item for item, _ in items]
    ranges = _ranges(work, kind, operator, plain)
    return ConditionTest(kind, "range", ranges=ranges, currency=code), _as(several, [stored for _, stored in items])


def _as(several: bool, stored: list[Any]) -> Any:
    return stored if several else stored[0]


def _ranges(work: Work, kind: str, operator: str, given: Sequence[Any]) -> tuple[Range, ...]:
    """The ranges of values for which it holds; of an instant days stand for all their hours, in the site's zone."""
    first = given[0]
    if kind == "instant":
        start, end = _start(work, first), _start(work, given[-1], 1)
        bounds = {
            "before": Range(upper=start), "lt": Range(upper=start), "lte": Range(upper=end), "after": Range(lower=end),
            "gt": Range(lower=end), "gte": Range(lower=start),
        }  # fmt: skip
        return (bounds.get(operator) or Range(start, end),)
    match operator:
        case "gt" | "after":
            return (Range(lower=first, above=True),)
        case "gte":
            return (Range(lower=first),)
        case "lt" | "before":
            return (Range(upper=first),)
        case "lte":
            return (Range(upper=first, upto=True),)
        case "between":
            return (Range(first, given[1], upto=True),)
        case _:
            return tuple(Range(item, item, upto=True) for item in dict.fromkeys(given))


def _around(work: Work, kind: str, operator: str, days: int) -> Range:
    later = dt.timedelta(days=days)
    try:
        first, last = (
            (work.today - later, work.today) if operator == "in_last_days" else (work.today, work.today + later)
        )
        return Range(_start(work, first), _start(work, last, 1)) if kind == "instant" else Range(first, last, upto=True)
    except OverflowError as error:
        raise ValueError(Message("“%(text)s” is not a number of days.", text=days)) from error


def _start(work: Work, day: dt.date, later: int = 0) -> dt.datetime:
    return dt.datetime.combine(day + dt.timedelta(days=later), dt.time(), work.timezone).astimezone(dt.UTC)


__all__ = [
    "LONGEST",
    "MOST_VALUES",
    "OF_KIND",
    "OPERATORS",
    "OPPOSITES",
    "SAME",
    "Asked",
    "ConditionTest",
    "Range",
    "operators",
    "read",
]
