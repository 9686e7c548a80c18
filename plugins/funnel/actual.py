"""The actual view: who really entered each step in a period, and what became of them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, and_, func, or_, select

from crmhost.api import Contact, Invalid, Message, Status, Work, contacts_list, statuses

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

    The numbers are read from one index, in which each stay of a contact in a status is an entry.

    :param filters: of the contact list, by name (``tag``, ``assigned_to`` …).
    :raises Invalid: when a filter is unknown.
    """
    work.require(PERMISSION)
    work.require("contacts.view")
    passed, _ = steps(work)
    names = {status.id: status.name for status in statuses.all_statuses(work)}
    places = {status.id: place for place, status in enumerate(passed)}
    who = whose(work, filters)
    found: list[Step] = []
    for place, status in enumerate(passed):
        entered = _entered(work, status.id, chosen, who)
        left: dict[str, int] = defaultdict(int)
        current = on = back = 0
        spans: dict[int, int] = defaultdict(int)
        for next_id, span, number in work.session.execute(
            select(Stay.next_id, Stay.span, func.count()).where(entered).group_by(Stay.next_id, Stay.span)
        ):
            if next_id is None:
                current += number
            elif places.get(next_id, -1) > place:
                on += number
                spans[span or 0] += number
            elif next_id in places:
                back += number
            else:
                left[names.get(next_id, "")] += number
        count = current + on + back + sum(left.values())
        before = found[-1] if found else None
        found.append(
            Step(
                status, count, current, on, back, tuple(sorted(left.items(), key=lambda pair: (-pair[1], pair[0]))),
                _share(count, found[0].count if found else count),
                _share(before.on, before.count) if before else None,
                _median(work, entered, [later.id for later in passed[place + 1 :]], spans),
            )
        )  # fmt: skip
    return Actual(chosen, tuple(found), bool(work.settings.get(COUNTED)))


def whose(work: Work, filters: Mapping[str, str] | None) -> ColumnElement[bool] | None:
    """Whose stays count, for an actor who sees only their own contacts and for filters; ``None`` for everybody's."""
    given = {name: text for name, text in (filters or {}).items() if text}
    if not given and not work.actor.only_assigned:
        return None
    return Stay.contact_id.in_(contacts_list.matching(work, given))


def _entered(work: Work, status_id: int, chosen: Period, who: ColumnElement[bool] | None) -> ColumnElement[bool]:
    """The last stays in a status that began in the period, one of each contact."""
    start, end = chosen.bounds(work)
    found = and_(
        Stay.live,
        Stay.status_id == status_id,
        Stay.entered_at >= start,
        Stay.entered_at < end,
        or_(Stay.again_at.is_(None), Stay.again_at >= end),
    )
    return found if who is None else and_(found, who)


def _median(work: Work, entered: ColumnElement[bool], later: Sequence[int], spans: Mapping[int, int]) -> float | None:
    """The middle one of the times that lie in these spans (span -> number); of two the mean."""
    total = sum(spans.values())
    if not total:
        return None
    middle = (total - 1) // 2, total // 2
    times = [_at(work, entered, later, spans, place) for place in sorted(set(middle))]
    return sum(times) / len(times)


def _at(work: Work, entered: ColumnElement[bool], later: Sequence[int], spans: Mapping[int, int], place: int) -> int:
    """The time at a place in their order: only those in its span are read."""
    for span in sorted(spans):
        if place < spans[span]:
            wanted = select(Stay.seconds).where(entered, Stay.next_id.in_(later), Stay.span == span)
            return int(work.session.scalar(wanted.order_by(Stay.seconds).offset(place).limit(1)) or 0)
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
    return Contact.id.in_(select(Stay.contact_id).where(_entered(work, status.id, period(work, first, last), None)))
