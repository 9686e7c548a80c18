"""The actual view: who really entered each step in a period, and what became of them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, literal, select, union_all

from crmhost.api import Contact, Invalid, Message, Status, Work, contacts_list, statuses

from . import flows
from .models import Stay
from .services import PERMISSION
from .settings import steps
from .stays import COUNTED

#: Days of a period that nobody chose, to today.
USUAL = 365


@dataclasses.dataclass(frozen=True)
class Period:
    """Days of the site's time zone, both of them part of it."""

    first: dt.date
    last: dt.date

    def bounds(self, work: Work) -> tuple[dt.datetime, dt.datetime]:
        """From the one instant to before the other."""
        ends = (self.first, self.last + dt.timedelta(days=1))
        start, end = (dt.datetime.combine(day, dt.time(), work.timezone).astimezone(dt.UTC) for day in ends)
        return start, end


def period(work: Work, first: str = "", last: str = "") -> Period:
    """The period between two days; what is left out is a year ago and today.

    :raises Invalid: when a text is no day, or the first comes after the last; sentences by field.
    """
    errors: dict[str, list[str]] = {}
    found: dict[str, dt.date] = {}
    for name, text in (("from", first), ("to", last)):
        try:
            if text.strip():
                found[name] = dt.date.fromisoformat(text.strip())
        except ValueError:
            errors[name] = [Message("“%(text)s” is not a day such as 2026-03-31.", text=text[:40])]
    end = found.get("to", work.today)
    try:
        start = found.get("from") or min(end, work.today) - dt.timedelta(days=USUAL - 1)
        dt.datetime.combine(end + dt.timedelta(days=2), dt.time())
        dt.datetime.combine(start - dt.timedelta(days=2), dt.time())
    except OverflowError:
        errors.setdefault("from", ["Choose days between the years 2 and 9998."])
        start = end
    if not errors and start > end:
        errors["from"] = ["The period begins after it ends: choose an earlier day."]
    if errors:
        raise Invalid(errors)
    return Period(start, end)


@dataclasses.dataclass(frozen=True)
class Step:
    """A step as it really was.

    :param count: contacts that entered it in the period; whoever entered it twice counts once, with what came last.
    :param current: those who are still there.
    :param on: those who went on to a later step next.
    :param back: those who went back to an earlier step next.
    :param left: where the others went, most first: name of the status and number.
    :param share: ``count`` as a share of the first step's; ``None`` when nobody entered that.
    :param conversion: share of those in the step before who went on to this step or a later one next; ``None`` at the top.
    :param median: seconds that those who went on had been here, the middle one; ``None`` when nobody went on.
    """

    status: Status
    count: int
    current: int
    on: int
    back: int
    left: tuple[tuple[str, int], ...]
    share: float | None
    conversion: float | None
    median: float | None

    @property
    def gone(self) -> int:
        """Those who left the funnel."""
        return sum(number for _, number in self.left)


@dataclasses.dataclass(frozen=True)
class Actual:
    """The funnel as it really was, from the top.

    :param counted: whether the history of all contacts has been read; until then the numbers are too small.
    """

    period: Period
    steps: tuple[Step, ...]
    counted: bool
    view: str = "actual"

    @property
    def top(self) -> int:
        """The largest number of contacts at a step."""
        return max((step.count for step in self.steps), default=0)


def actual(work: Work, chosen: Period, filters: Mapping[str, str] | None = None) -> Actual:
    """The funnel as it really was in a period.

    Without filters the numbers come from kept sums, see :mod:`.flows`; with filters from one index, in which each stay of a
    contact in a status is an entry.

    :param filters: of the contact list, by name (``tag``, ``assigned_to`` …).
    :raises Invalid: when a filter is unknown.
    """
    work.require(PERMISSION)
    work.require("contacts.view")
    passed, _ = steps(work)
    names = {status.id: status.name for status in statuses.all_statuses(work)}
    places = {status.id: place for place, status in enumerate(passed)}
    who = whose(work, filters)
    led: dict[int, list[tuple[int | None, int, int]]] = defaultdict(list)
    for status_id, next_id, span, number in flows.sums(work, list(places), *chosen.bounds(work), who):
        led[status_id].append((next_id, span or 0, number))
    figures = [_figures(led[status.id], place, places) for place, status in enumerate(passed)]
    medians = _medians(work, chosen, who, passed, [figure.spans for figure in figures])
    found: list[Step] = []
    for status, figure, median in zip(passed, figures, medians, strict=True):
        left: dict[str, int] = defaultdict(int)
        for status_id, number in figure.left.items():
            left[names.get(status_id, "")] += number
        count = figure.current + figure.on + figure.back + sum(left.values())
        before = found[-1] if found else None
        found.append(
            Step(
                status, count, figure.current, figure.on, figure.back,
                tuple(sorted(left.items(), key=lambda pair: (-pair[1], pair[0]))),
                _share(count, found[0].count if found else count),
                _share(before.on, before.count) if before else None,
                median,
            )
        )  # fmt: skip
    return Actual(chosen, tuple(found), bool(work.settings.get(COUNTED)))


@dataclasses.dataclass
class _Figures:
    """What became of those at a step; ``spans``: of those who went on, number by how long they had been there, roughly."""

    current: int = 0
    on: int = 0
    back: int = 0
    left: Counter[int] = dataclasses.field(default_factory=Counter)
    spans: Counter[int] = dataclasses.field(default_factory=Counter)


def _figures(rows: Iterable[tuple[int | None, int, int]], place: int, places: Mapping[int, int]) -> _Figures:
    found = _Figures()
    for next_id, span, number in rows:
        if next_id is None:
            found.current += number
        elif next_id not in places:
            found.left[next_id] += number
        elif places[next_id] > place:
            found.on += number
            found.spans[span] += number
        else:
            found.back += number
    return found


def whose(work: Work, filters: Mapping[str, str] | None) -> Select[int] | None:
    """Ids of those whose stays count, for an actor who sees only their own contacts and for filters; ``None`` for everybody."""
    given = {name: text for name, text in (filters or {}).items() if text}
    if not given and not work.actor.only_assigned:
        return None
    return contacts_list.matching(work, given)


def _entered(work: Work, status_id: int, chosen: Period) -> ColumnElement[bool]:
    """The last stays in a status that began in the period, one of each contact."""
    return and_(Stay.status_id == status_id, flows.last_ones(*chosen.bounds(work)))


def _medians(
    work: Work,
    chosen: Period,
    who: Select[int] | None,
    passed: Sequence[Status],
    spans: Sequence[Mapping[int, int]],
) -> list[float | None]:
    """For each step the middle one of the times that lie in its spans (span -> number); of two the mean.

    Only the times in the span in which it lies are read, for all steps at once.
    """
    middles = [_middles(counts) for counts in spans]
    near: list[Select[Any]] = []
    for place, wanted in enumerate(middles):
        later = [status.id for status in passed[place + 1 :]]
        entered = and_(_entered(work, passed[place].id, chosen), Stay.next_id.in_(later))
        for span, rests in wanted.items():
            times = select(Stay.seconds, Stay.contact_id).where(entered, Stay.span == span)
            if who is None:
                # Counted by the database: without a filter they may be very many.
                times = times.order_by(Stay.seconds).offset(rests[0]).limit(len(rests))
            some = times.subquery()
            near.append(select(literal(place).label("place"), literal(span).label("span"), *some.c))
    read: dict[tuple[int, int], list[int]] = defaultdict(list)
    if near:
        for place, span, seconds in work.session.execute(_read(union_all(*near), who)):
            read[place, span].append(seconds)
    found: list[float | None] = []
    for place, wanted in enumerate(middles):
        times_at: list[int] = []
        for span, rests in wanted.items():
            ordered = sorted(read[place, span])
            times_at += ordered if who is None else [ordered[rest] for rest in rests]
        found.append(sum(times_at) / len(times_at) if times_at else None)
    return found


def _read(near: CompoundSelect[Any], who: Select[int] | None) -> Select[Any]:
    """Step, span and seconds; whose they are is asked once of all of them."""
    some = near.cte("near")
    for dialect in ("sqlite", "postgresql"):
        some = some.prefix_with("MATERIALIZED", dialect=dialect)
    wanted = select(some.c.place, some.c.span, some.c.seconds)
    return wanted if who is None else wanted.where(some.c.contact_id.in_(who))


def _middles(spans: Mapping[int, int]) -> dict[int, list[int]]:
    """In which span the middle one lies, or the two, and at which places in the order of that span."""
    total = sum(spans.values())
    found: dict[int, list[int]] = {}
    for middle in sorted({(total - 1) // 2, total // 2}) if total else ():
        span, rest = _span_at(spans, middle)
        found.setdefault(span, []).append(rest)
    return found


def _span_at(spans: Mapping[int, int], place: int) -> tuple[int, int]:
    """The span in which the time at a place in their order lies, and its place in that."""
    for span in sorted(spans):
        if place < spans[span]:
            return span, place
        place -= spans[span]
    raise AssertionError("unreachable")


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


# --- the list behind a step ------------------------------------------------------------------------------------------


def as_filter(step: Step, chosen: Period) -> str:
    """The text of the contact filter ``funnel_entered`` that gives exactly those whom a step counts."""
    return f"{step.status.name}: {chosen.first.isoformat()} to {chosen.last.isoformat()}"


def entered_condition(work: Work, text: str) -> ColumnElement[bool]:
    """The contact filter: who entered a status in a period, such as ``Lead: 2026-01-01 to 2026-03-31``.

    :raises Invalid: when the text is none of these.
    """
    name, colon, days = text.rpartition(":")
    first, _, last = days.partition(" to ")
    if not colon:
        raise Invalid("Write a status and two days, such as “Lead: 2026-01-01 to 2026-03-31”.")
    status = statuses.find(work, name)
    return Contact.id.in_(select(Stay.contact_id).where(_entered(work, status.id, period(work, first, last))))
