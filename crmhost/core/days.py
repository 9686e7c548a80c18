"""Days of the site's calendar as instants."""

from __future__ import annotations

import datetime as dt

from ..errors import Invalid
from ..messages import Message
from ..work.unit import Work
from .text import clean_line


def day_start(work: Work, text: str, later: int = 0) -> dt.datetime:
    """The beginning, in the site's zone, of a day written as 2026-03-31.

    :param later: so many days after it: 1 for the end of the day.
    :raises Invalid: when it is no day.
    """
    text = clean_line(text)
    try:
        day = dt.date.fromisoformat(text) + dt.timedelta(days=later)
        return dt.datetime.combine(day, dt.time(), work.timezone).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(Message("“%(text)s” is not a day such as 2026-03-31.", text=text[:80])) from error


def day_bound(work: Work, text: str, later: int = 0) -> dt.datetime | None:
    """The same for a filter that is left out when its text is no day."""
    try:
        return day_start(work, text, later)
    except Invalid:
        return None
