"""Single values as people and programs give them, read by the kind of what is asked; ``ValueError`` holds a sentence for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ... import money
from ...messages import Message
from ...work.unit import Work
from ..contacts.emails import email_key
from ..text import clean_line, fold, nearest, shorten, unknown

LONGEST = 500
_MOST_DAYS = 36_500
_LARGEST = Decimal(10) ** 15


def number_of_days(value: Any) -> int:
    """A number of days, up to a hundred years."""
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) <= 5) or int(text) > _MOST_DAYS:
        raise ValueError(Message("“%(text)s” is not a number of days.", text=shorten(clean_line(text), 40)))
    return int(text)


def text_of(kind: str, value: Any) -> tuple[str, str]:
    """A text: what it is compared by, and how it is kept."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(Message("Give a text."))
    text = clean_line(str(value))
    if len(text) > LONGEST:
        raise ValueError(Message("This is too long: at most %(longest)s characters.", longest=LONGEST))
    key = email_key(text) if kind == "email" else fold(text)
    if not key:
        raise ValueError(Message("Give a text."))
    return key, text


def choice_of(value: Any, known: Sequence[tuple[str, str]]) -> str:
    """The value of one of the choices, given by its label or as it is kept."""
    if isinstance(value, bool):
        value = "yes" if value else "no"
    text = clean_line(str(value)) if isinstance(value, (str, int)) else ""
    for key, label in known:
        if fold(str(label)) == fold(text):
            return key
    for key, _ in known:
        if key == text or (text and fold(key) == fold(text)):
            return key
    near = nearest(text, [str(label) for _, label in known])
    raise ValueError(unknown(Message("There is no “%(text)s” to choose.", text=shorten(text, 60)), near))


def _number(_work: Work, value: Any, _currency: str) -> tuple[Any, Any]:
    wrong = Message("“%(text)s” is not a number.", text=shorten(clean_line(str(value)), 40))
    number = money.read_decimal(clean_line(value) if isinstance(value, str) else value, wrong)
    if number is None or abs(number) >= _LARGEST:
        raise ValueError(wrong)
    return number, int(number) if number == number.to_integral_value() else float(number)


def _money(work: Work, value: Any, currency: str) -> tuple[Any, Any]:
    found = money.read(value, currency or str(work.settings.get("site.currency") or ""))
    if found is None:
        raise ValueError(Message("Give an amount."))
    if currency and found.currency != currency:
        raise ValueError(Message("This field holds amounts in %(currency)s.", currency=currency))
    return found, found.json()


def _day(_work: Work, value: Any, _currency: str) -> tuple[Any, Any]:
    text = value.isoformat() if isinstance(value, dt.date) else clean_line(str(value))
    try:
        day = dt.date.fromisoformat(text)
        if not 1 < day.year < 9999:
            raise ValueError(text)
    except ValueError:
        raise ValueError(Message("“%(text)s” is not a day such as 2026-03-31.", text=shorten(text, 40))) from None
    return day, day.isoformat()


#: Kind -> what reads a value (work, value, currency of amounts): what it is compared by, and how it is kept.
READERS: Mapping[str, Callable[[Work, Any, str], tuple[Any, Any]]] = {
    "number": _number,
    "count": _number,
    "money": _money,
    "day": _day,
    "instant": _day,
}
