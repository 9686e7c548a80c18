"""Conditions in words, as pages show them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from crmhost.api import Money, Work, conditions
from crmhost.web.api import day, gettext, money, ngettext, number

from .editor import words_of


@dataclasses.dataclass(frozen=True)
class Line:
    """A condition in words, or the head of a group with what stands in it.

    :param holds: of whom it is explained for; ``None`` when for nobody.
    :param has: what that contact has, in words.
    """

    label: str = ""
    operator: str = ""
    value: str = ""
    match: str = ""
    items: Sequence[Line] = ()
    holds: bool | None = None
    has: str = ""
    hidden: bool = False

    @property
    def sentence(self) -> str:
        """The condition as one text."""
        if self.match:
            glue = gettext(" and ") if self.match == "all" else gettext(" or ")
            return str(glue).join(f"({item.sentence})" if item.match else item.sentence for item in self.items)
        return " ".join(part for part in (self.label, self.operator, self.value) if part)


def lines(work: Work, group: conditions.Group) -> Line:
    """A group in words."""
    items = [lines(work, item) if isinstance(item, conditions.Group) else _line(work, item) for item in group.items]
    return Line(match=group.match, items=items)


def explained(work: Work, found: conditions.Reasons) -> Line:
    """A group in words, with what somebody has."""
    items = [
        explained(work, item) if isinstance(item, conditions.Reasons) else _reason(work, item) for item in found.items
    ]
    return Line(match=found.match, items=items, holds=found.holds)


def _line(work: Work, item: conditions.Condition) -> Line:
    stored, operator = item.asked.stored, gettext(words_of(item.type, item.operator))
    value = ""
    if item.operator in ("in_last_days", "in_next_days"):
        operator = (
            ngettext("is in the last %(num)d day", "is in the last %(num)d days", stored)
            if item.operator == "in_last_days"
            else ngettext("is in the next %(num)d day", "is in the next %(num)d days", stored)
        )
    elif item.operator == "between":
        value = gettext("%(first)s and %(last)s", first=_told(work, item, stored[0]), last=_told(work, item, stored[1]))
    elif stored is not None:
        value = ", ".join(_told(work, item, part) for part in (stored if isinstance(stored, list) else [stored]))
    return Line(label=gettext(str(item.type.label)), operator=str(operator), value=value)


def _told(work: Work, item: conditions.Condition, value: Any) -> str:
    if isinstance(value, Mapping):
        return money(Money(int(value["amount"]), str(value["currency"])))
    if item.type.kind in ("day", "instant"):
        return day(dt.date.fromisoformat(str(value)))
    return _shown(_pairs(work, item), value)


def _pairs(work: Work, item: conditions.Condition) -> Sequence[tuple[str, str]]:
    if item.type.kind == "yes_no":
        return [("yes", gettext("Yes")), ("no", gettext("No"))]
    key = ("segments.words", item.type.id, work.actor.user_id, work.locale)
    return work.once(key, lambda: list(conditions.choices_of(work, item.type)))


def _reason(work: Work, reason: conditions.Reason) -> Line:
    line = _line(work, reason.condition)
    value = reason.has
    if reason.condition.type.kind == "secret" and value:
        value = gettext("something")
    has = [_shown(_pairs(work, reason.condition), part) for part in (value if isinstance(value, list) else [value])]
    return dataclasses.replace(line, holds=reason.holds, has=", ".join(filter(None, has)), hidden=reason.hidden)


def _shown(pairs: Sequence[tuple[str, str]], value: Any) -> str:
    """A value in the reader's manner."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return str(gettext("Yes") if value else gettext("No"))
    if isinstance(value, Money):
        return money(value)
    if isinstance(value, (dt.date, dt.datetime)):
        return day(value)
    label = next((label for key, label in pairs if key == str(value)), None)
    if label is not None:
        return str(gettext(str(label)))
    return number(value) if isinstance(value, (int, float, Decimal)) else str(value)
