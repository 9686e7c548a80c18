"""Consecutive numbers: given in the transaction of the document that bears them.

The row of the sequence is locked until that transaction ends. So two that save at once get two numbers, and one that is rolled
back gives its number to the next: many countries ask for that of invoices (in the Union by article 226 of directive 2006/112/EC).
"""

from __future__ import annotations

import datetime as dt
import re

from sqlalchemy import select, update

from ...db import upsert
from ...errors import Invalid
from ...messages import Message
from ...work.unit import Work
from .models import Sequence

__all__ = ["check_pattern", "following", "next_number", "set_next"]

LONGEST = 40
MOST_DIGITS = 12
_HOLE = re.compile(r"\{(number(?::0?(\d{1,2}))?|year|month)\}")


def check_pattern(pattern: str) -> str:
    """A pattern of numbers, such as ``INV-{number:04}`` or ``{year}/{number}``.

    :raises Invalid: when it can't tell two documents apart, or has what is no part of a pattern.
    """
    text = pattern.strip()
    holes = [match[0] for match in _HOLE.finditer(text)]
    digits = [int(match[2]) for match in _HOLE.finditer(text) if match[2]]
    if len(text) > LONGEST or any(mark in _HOLE.sub("", text) for mark in "{}"):
        known = "{number}, {number:04}, {year}, {month}"
        raise Invalid(Message("Give at most %(longest)s characters, with %(known)s.", longest=LONGEST, known=known))
    if sum(hole.startswith("{number") for hole in holes) != 1 or any(number > MOST_DIGITS for number in digits):
        raise Invalid("Write {number} once: it stands for the number, {number:04} for one of at least four digits.")
    if "{month}" in holes and "{year}" not in holes:
        raise Invalid("Write {year} beside {month}: numbers begin anew each month, and would come again a year later.")
    return text


def next_number(work: Work, name: str, pattern: str, date: dt.date) -> str:
    """The next number of a sequence, as its pattern writes it.

    :param name: of the sequence: a plugin's id, or ``ID.something``.
    :param date: of the document: with ``{year}`` in the pattern numbers begin anew each year, with ``{month}`` each month.
    """
    period = _period(pattern, date)
    given = upsert(work.session, Sequence).values(name=name, period=period, last=1)
    counted = given.on_conflict_do_update(index_elements=["name", "period"], set_={"last": Sequence.last + 1})
    number = work.session.scalar(counted.returning(Sequence.last), execution_options={"synchronize_session": False})
    return _written(pattern, int(number), date)


def following(work: Work, name: str, pattern: str, date: dt.date) -> tuple[int, str]:
    """The number that comes next, and how it will be written; another document may take it."""
    number = (_last(work, name, _period(pattern, date)) or 0) + 1
    return number, _written(pattern, number, date)


def set_next(work: Work, name: str, pattern: str, date: dt.date, number: object) -> None:
    """Has a sequence go on with this number.

    :raises Invalid: when it is not beyond those that were given: they would come again.
    """
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number < 10**MOST_DIGITS:
        raise Invalid("Give a whole number above zero.")
    period = _period(pattern, date)
    mine = upsert(work.session, Sequence).values(name=name, period=period, last=0)
    # Locks the row, made when there is none, so that nobody takes a number in between.
    last = work.session.scalar(
        mine.on_conflict_do_update(index_elements=["name", "period"], set_={"last": Sequence.last}).returning(
            Sequence.last
        )
    )
    if number <= (last or 0):
        raise Invalid(Message("Numbers up to %(last)s were given already: give a higher one.", last=last or 0))
    if number == (last or 0) + 1:
        return
    work.audit("numbering.set", "numbering", name, before={"next": (last or 0) + 1}, after={"next": number})
    changed = update(Sequence).where(Sequence.name == name, Sequence.period == period).values(last=number - 1)
    work.session.execute(changed, execution_options={"synchronize_session": False})


def _last(work: Work, name: str, period: str) -> int | None:
    return work.session.scalar(select(Sequence.last).where(Sequence.name == name, Sequence.period == period))


def _period(pattern: str, date: dt.date) -> str:
    if "{year}" not in pattern:
        return ""
    return f"{date:%Y-%m}" if "{month}" in pattern else f"{date:%Y}"


def _written(pattern: str, number: int, date: dt.date) -> str:
    def filled(match: re.Match[str]) -> str:
        if match[1] == "year":
            return f"{date:%Y}"
        return f"{date:%m}" if match[1] == "month" else f"{number:0{int(match[2] or 1)}}"

    return _HOLE.sub(filled, pattern)
