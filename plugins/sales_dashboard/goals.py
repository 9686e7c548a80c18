"""Goals: what a figure shall come to in each month, quarter or year, and how far the running one got."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import Conflict, Invalid, Message, NotFound, Stale, Work, keyset, money, rates, texts

from . import buying
from .entered import Goal
from .metrics import COUNTS, METRICS
from .periods import Span, cut, months_later

PERMISSION = "sales_dashboard.goals"
EVERY = {"month": 1, "quarter": 3, "year": 12}
#: Figures that are better the lower they are: their goal is what they shall not exceed.
LIMITS = ("discounts", "fees")
_KIND = "sales_goal"
_MOST = 60
_LOCK = 7_204


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a goal is reached.

    :param span: the running month, quarter or year, whole.
    :param value: what the figure is by now.
    :param share: of the target, 0 for nothing; it may go beyond 1.
    :param passed: share of the days that are over, today among them.
    """

    goal: Goal
    span: Span
    value: int
    share: float
    passed: float

    @property
    def is_limit(self) -> bool:
        """The figure shall stay below it."""
        return self.goal.metric in LIMITS

    @property
    def state(self) -> str:
        """``reached``, ``ahead`` of time or ``behind``; of a limit ``within``, ``fast`` or ``over``."""
        if self.is_limit:
            return "over" if self.share > 1 else "fast" if self.share > self.passed else "within"
        if self.share >= 1:
            return "reached"
        # A count of all customers grows from what it was before; time says nothing about it.
        return "ahead" if self.share >= self.passed or self.goal.metric == "total_customers" else "behind"


def span_of(every: str, today: dt.date) -> Span:
    """The running month, quarter or year, to its end."""
    step = EVERY[every]
    start = today.replace(day=1, month=(today.month - 1) // step * step + 1)
    return cut((start, months_later(start, step) - dt.timedelta(days=1)), every)[0]


def all_goals(work: Work) -> list[Goal]:
    """All goals, in the order of the figures."""
    found = list(work.session.scalars(select(Goal).limit(_MOST * 2)))
    return sorted(found, key=lambda goal: (METRICS.index(goal.metric), list(EVERY).index(goal.every), goal.currency))


def progress(goal: Goal, value: int, today: dt.date) -> Progress:
    """How far a goal is reached.

    :param value: of the figure, from the beginning of the running month, quarter or year.
    """
    span = span_of(goal.every, today)
    passed = ((today - span[0]).days + 1) / ((span[1] - span[0]).days + 1)
    return Progress(goal, span, value, max(value, 0) / goal.target, passed)


def get(work: Work, goal_id: int, *, lock: bool = False) -> Goal:
    """:raises NotFound: when there is none."""
    work.require(PERMISSION)
    wanted = select(Goal).where(Goal.id == (keyset.valid_id(goal_id) or 0))
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found: Goal | None = work.session.scalar(wanted)
    if found is None:
        raise NotFound("goal", goal_id)
    return found


def save(work: Work, goal_id: int | None, given: Mapping[str, Any], *, version: int | None = None) -> Goal:
    """Adds a goal (``goal_id`` is ``None``) or changes one.

    :param given: ``metric``, ``every`` (month, quarter, year), ``target`` (a number above zero), ``currency`` of money.
    :raises Invalid: by field.
    :raises Conflict: when there is one for that figure, time and currency.
    :raises Stale: when somebody saved it since that version.
    """
    work.require(PERMISSION)
    # Two may set the same goal at once.
    buying.lock(work, [0], _LOCK)
    goal = get(work, goal_id, lock=True) if goal_id is not None else None
    if goal is not None and version is not None and version != goal.version:
        raise Stale("Somebody saved this goal meanwhile: look at their changes before you save yours.")
    values = _checked(work, given)
    goals = all_goals(work)
    keys = ("metric", "every", "currency")
    if any(one is not goal and all(getattr(one, key) == values[key] for key in keys) for one in goals):
        raise Conflict("There is a goal for this figure and time: change that one.", field="metric")
    before = snapshot(goal) if goal is not None else None
    if goal is None:
        if len(goals) >= _MOST:
            raise Invalid(Message("There can be at most %(most)s goals.", most=_MOST))
        goal = Goal(**values, version=1)
        work.session.add(goal)
    else:
        goal.version += any(getattr(goal, name) != value for name, value in values.items())
        for name, value in values.items():
            setattr(goal, name, value)
    work.session.flush()
    action = "sales_goal.updated" if before else "sales_goal.created"
    work.audit(action, _KIND, goal.id, before=before, after=snapshot(goal))
    return goal


def delete(work: Work, goal_id: int) -> dict[str, Any]:
    """Deletes a goal; gives what :func:`save` takes to bring it back."""
    goal = get(work, goal_id)
    before = snapshot(goal)
    work.session.delete(goal)
    work.session.flush()
    work.audit("sales_goal.deleted", _KIND, goal_id, before=before)
    return before


def snapshot(goal: Goal) -> dict[str, Any]:
    """What the audit log keeps of a goal, and what brings it back."""
    target = f"{money.Money(goal.target, goal.currency).decimal:f}" if goal.currency else str(goal.target)
    return {"metric": goal.metric, "every": goal.every, "currency": goal.currency, "target": target}


def _checked(work: Work, given: Mapping[str, Any]) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    metric, every = str(given.get("metric") or ""), str(given.get("every") or "")
    if metric not in METRICS:
        errors["metric"] = ["Choose one of the figures."]
    if every not in EVERY:
        errors["every"] = ["Choose a month, a quarter or a year."]
    base = rates.base_currency(work)
    currency = "" if metric in COUNTS else texts.clean_line(str(given.get("currency") or base)).upper()
    if currency and not money.known_currency(currency):
        said = "“%(value)s” is not a currency: give the three letters of ISO 4217, such as EUR."
        errors["currency"] = [Message(said, value=currency[:20])]
        currency = base
    digits = money.digits_of(currency) if currency else 0
    wrong = Message("Give a number above zero.")
    try:
        number = money.read_decimal(given.get("target"), wrong)
    except ValueError:
        number = None
    exact = number.scaleb(digits) if number is not None else None
    if exact is None or not 0 < exact < money.LARGEST or exact != exact.to_integral_value():
        errors["target"] = [wrong]
    if errors:
        raise Invalid(errors)
    assert exact is not None
    return {"metric": metric, "every": every, "currency": currency, "target": int(exact)}


def spans_of(found: Sequence[Goal], today: dt.date) -> dict[str, Span]:
    """The spans that the progress of goals is read from: from the beginning of each to today."""
    return {every: (span_of(every, today)[0], today) for every in sorted({goal.every for goal in found})}
