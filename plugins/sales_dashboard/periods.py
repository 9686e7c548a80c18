"""Periods of a report, what they are compared with, and the days, weeks, months, quarters or years that they are cut into.

Days are days of one zone, both ends belong to what they bound. Free of Flask and of the database.
"""

from __future__ import annotations

import bisect
import calendar
import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Literal

from babel.dates import format_date, format_interval

from crmhost.api import Invalid, Message

Span = tuple[dt.date, dt.date]
Against = Literal["before", "year", ""]

KINDS = ("today", "7", "30", "90", "month", "quarter", "year", "custom")
GRAINS = ("day", "week", "month", "quarter", "year")
#: What a period can be compared with, as an address says it.
AGAINST = ("before", "year", "none")
#: Parts that a chart can hold.
MOST = 190
#: Days that a period can have: fifty years.
LONGEST = 18_300
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
#: Days up to which a grain is the usual one.
_USUAL = ((31, "day"), (130, "week"), (3 * 366, "month"), (8 * 366, "quarter"))
_EARLIEST, _LATEST = dt.date(1900, 1, 1), dt.date(2200, 1, 1)


@dataclasses.dataclass(frozen=True)
class Period:
    """A period with what it is compared with.

    :param kind: one of :data:`KINDS`; the number of days for those that are counted back.
    :param whole: the last day that it would have, were it over: of a running month its last one.
    :param past: what it is compared with; ``None`` for nothing.
    :param buckets: its parts, oldest first.
    :param past_buckets: those of ``past`` that stand beside them, ``None`` where none does.
    :param date: the day that it was asked for by; empty for today.
    """

    kind: str
    first: dt.date
    last: dt.date
    whole: dt.date
    grain: str
    against: Against
    past: Span | None
    buckets: tuple[Span, ...]
    past_buckets: tuple[Span | None, ...]
    date: str = ""

    @property
    def span(self) -> Span:
        """Its first and last day."""
        return self.first, self.last

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def grains(self) -> list[str]:
        """What it can be cut into."""
        return [grain for grain in GRAINS if fits(self.span, grain)]

    def running(self, today: dt.date) -> bool:
        """Whether its last part is not over yet."""
        return self.last >= today

    def query(self) -> dict[str, str]:
        """It as an address says it."""
        given = {"period": self.kind, "grain": self.grain, "compare": self.against or "none"}
        if self.kind == "custom":
            given |= {"from": self.first.isoformat(), "to": self.last.isoformat()}
        elif self.date:
            given["date"] = self.date
        return given


def read(given: Mapping[str, str], today: dt.date, usual: Mapping[str, str]) -> Period:
    """The period that an address asks for.

    :param given: ``period``, ``grain``, ``compare``, ``from`` and ``to`` of a custom one, ``date``: a day in the month, quarter
        or year that is meant, or the last one of those counted back.
    :param usual: the same for what is not given.
    :raises Invalid: by name, when one can't be understood.
    """
    errors: dict[str, list[str]] = {}
    kind = given.get("period") or ("custom" if given.get("from") or given.get("to") else usual.get("period") or "30")
    grain = given.get("grain") or usual.get("grain") or ""
    compare = given.get("compare") or usual.get("compare") or "before"
    for name, value, known in (("period", kind, KINDS), ("grain", grain, ("", *GRAINS)), ("compare", compare, AGAINST)):
        if value not in known:
            said = Message("“%(value)s” is none of: %(known)s.", value=value[:40], known=", ".join(filter(None, known)))
            errors[name] = [said]
    days = {name: day_of(name, given.get(name, ""), errors) for name in ("date", "from", "to")}
    if errors:
        raise Invalid(errors)
    first, last, whole = _bounds(kind, days, today)
    if not fits((first, last), grain):
        grain = usual_grain((first, last))
    against: Against = "" if compare == "none" else "year" if compare == "year" else "before"
    past = compared(kind, (first, last), whole, against) if against else None
    buckets = cut((first, last), grain)
    past_buckets = beside((first, last), past, grain, buckets)
    date = days["date"].isoformat() if days["date"] and kind != "custom" and last < today else ""
    return Period(kind, first, last, whole, grain, against, past, buckets, past_buckets, date)


def day_of(name: str, text: str, errors: dict[str, list[str]]) -> dt.date | None:
    """The day that a parameter names, ``None`` for none; what can't be understood is noted among ``errors``."""
    text = text.strip()
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
        if not _EARLIEST <= day < _LATEST:
            raise ValueError(text)
    except ValueError:
        errors[name] = [Message("“%(text)s” is not a day such as 2026-03-31.", text=text[:60])]
        return None
    return day


def _bounds(kind: str, days: Mapping[str, dt.date | None], today: dt.date) -> tuple[dt.date, dt.date, dt.date]:
    if kind == "custom":
        last = days["to"] or today
        first = days["from"] or last.replace(day=1)
        if first > last:
            raise Invalid({"to": ["The last day lies before the first."]})
        if (last - first).days >= LONGEST:
            raise Invalid({"from": ["That is too long: choose at most fifty years."]})
        return first, last, last
    day = days["date"] or today
    if kind in _MONTHS:
        first = _part_start(day, kind)
        whole = _part_end(day, kind)
        return first, whole if whole < today or first > today else today, whole
    many = 1 if kind == "today" else int(kind)
    return day - dt.timedelta(days=many - 1), day, day


# --- parts -----------------------------------------------------------------------------------------------------------


def fits(span: Span, grain: str) -> bool:
    """Whether a chart has room for a span cut like that."""
    if not grain:
        return False
    days = (span[1] - span[0]).days + 1
    at_least = {"day": 1, "week": 8, "month": 32, "quarter": 93, "year": 367}[grain]
    each = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}[grain]
    return days >= at_least and days <= MOST * each


def usual_grain(span: Span) -> str:
    """What a span is cut into when nobody says."""
    days = (span[1] - span[0]).days + 1
    return next((grain for most, grain in _USUAL if days <= most), "year")


def cut(span: Span, grain: str) -> tuple[Span, ...]:
    """A span in parts, the first and the last one cut off where it begins and ends. Weeks begin on Monday (ISO 8601)."""
    parts: list[Span] = []
    start = span[0]
    while start <= span[1]:
        end = min(_part_end(start, grain), span[1])
        parts.append((start, end))
        start = end + dt.timedelta(days=1)
    return tuple(parts)


def place(parts: tuple[Span, ...], day: dt.date) -> int | None:
    """Which part a day lies in."""
    at = bisect.bisect_right([start for start, _end in parts], day) - 1
    return at if at >= 0 and day <= parts[at][1] else None


def _part_start(day: dt.date, grain: str) -> dt.date:
    if grain == "week":
        return day - dt.timedelta(days=day.weekday())
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1) if grain == "year" else day


def _part_end(day: dt.date, grain: str) -> dt.date:
    if grain == "week":
        return _part_start(day, grain) + dt.timedelta(days=6)
    if grain in _MONTHS:
        return months_later(_part_start(day, grain), _MONTHS[grain]) - dt.timedelta(days=1)
    return day


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day of a month so many later, the last one of a month that is too short."""
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


# --- comparison ------------------------------------------------------------------------------------------------------


def _is_last(day: dt.date) -> bool:
    return (day + dt.timedelta(days=1)).day == 1


def compared(kind: str, span: Span, whole: dt.date, against: Against) -> Span:
    """What a span is compared with.

    A month, quarter or year that runs is compared with the same part of the one before, one that is over with the whole one
    before; whole months with as many months before; other days with as many days before.

    :param whole: the last day that the span would have, were it over.
    """
    first, last = span
    if against == "year":
        return months_later(first, -12), _moved_end(last, -12)
    if kind in _MONTHS:
        months = -_MONTHS[kind]
        before = months_later(first, months)
        if last >= whole:
            return before, first - dt.timedelta(days=1)
        return before, min(before + (last - first), first - dt.timedelta(days=1))
    if first.day == 1 and _is_last(last):
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        return months_later(first, -months), first - dt.timedelta(days=1)
    length = last - first + dt.timedelta(days=1)
    return first - length, last - length


def _moved_end(last: dt.date, months: int) -> dt.date:
    """The end of a month stays one: of February too."""
    moved = months_later(last, months)
    return moved if not _is_last(last) else moved.replace(day=calendar.monthrange(moved.year, moved.month)[1])


def beside(span: Span, past: Span | None, grain: str, buckets: tuple[Span, ...]) -> tuple[Span | None, ...]:
    """The parts of what a span is compared with, each beside its counterpart.

    Months, quarters and years stand beside their own kind where both spans begin alike; days and weeks beside those as far from
    the beginning.
    """
    if past is None:
        return ()
    first, last = past
    gap = (span[0].year - first.year) * 12 + span[0].month - first.month
    if grain in _MONTHS and months_later(span[0], -gap) == first:
        parts = cut(past, grain)
        if len(parts) == len(buckets):
            return parts
    found: list[Span | None] = []
    for number, (start, end) in enumerate(buckets):
        begins = first + (start - span[0])
        ends = min(first + (end - span[0]), last)
        if number == len(buckets) - 1 and grain != "day":
            ends = last
        found.append((begins, ends) if begins <= ends else None)
    return tuple(found)


def step(period: Period, today: dt.date, way: int) -> dict[str, str]:
    """The address of the period after (``way`` 1) or before (-1) this one; empty when that lies wholly in the future."""
    given = period.query()
    given.pop("date", None)
    if period.kind in _MONTHS:
        start = months_later(period.first, way * _MONTHS[period.kind])
        end = _part_end(start, period.kind)
    elif period.kind != "custom":
        start, end = (day + dt.timedelta(days=way * period.days) for day in period.span)
    elif way < 0:
        start, end = compared("custom", period.span, period.last, "before")
    else:
        start = period.last + dt.timedelta(days=1)
        months = (start.year - period.first.year) * 12 + start.month - period.first.month
        whole = period.first.day == 1 and start.day == 1
        end = (months_later(start, months) if whole else start + (start - period.first)) - dt.timedelta(days=1)
    if start > today or start < _EARLIEST:
        return {}
    if period.kind == "custom":
        return given | {"from": start.isoformat(), "to": end.isoformat()}
    return given if end >= today else given | {"date": end.isoformat()}


# --- in words --------------------------------------------------------------------------------------------------------


def in_words(span: Span, locale: str) -> str:
    """A span as people write it: “24 Oct – 22 Nov 2026”."""
    first, last = span
    if first == last:
        return str(format_date(first, "d MMM y" if locale == "en" else "medium", locale=locale))
    if first.day == 1 and _is_last(last):
        if (first.year, first.month) == (last.year, last.month):
            return str(format_date(first, "LLLL y", locale=locale))
        if first.month == 1 and last.month == 12:
            return str(first.year) if first.year == last.year else f"{first.year}\u2009–\u2009{last.year}"
    if locale != "en":
        return str(format_interval(first, last, "yMMMd", locale=locale))
    # English without a country is that of the United States, whose intervals put the month first; “Sept” is British alone.
    return str(format_interval(first, last, "yMMMd", locale="en_GB")).replace("Sept", "Sep")


def label(part: Span, grain: str, locale: str, *, years: bool) -> str:
    """A part in short, for an axis. ``years``: the parts lie in several years."""
    start = part[0]
    if grain == "year":
        return str(start.year)
    if grain == "quarter":
        return str(format_date(start, "QQQ y" if years else "QQQ", locale=locale))
    if grain == "month":
        return str(format_date(start, "LLL yy" if years else "LLL", locale=locale))
    return str(format_date(start, "d MMM yy" if years else "d MMM", locale=locale))


def title(part: Span, grain: str, locale: str) -> str:
    """A part in full, for a table; with its days where it was cut off."""
    start, end = part
    full = start == _part_start(start, grain) and end == _part_end(start, grain)
    if grain == "day":
        return str(format_date(start, "EEE d MMM y", locale=locale))
    if grain == "quarter" and full:
        return str(format_date(start, "QQQ y", locale=locale))
    if grain in _MONTHS and full:
        return str(format_date(start, {"month": "LLLL y", "year": "y"}[grain], locale=locale))
    return in_words(part, locale)
