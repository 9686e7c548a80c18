"""The overview: seven figures as cards, a large chart of one, how gross becomes net, other fees, goals."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from crmhost.api import Work
from crmhost.web.api import Chart, gettext, money, percent
from plugins.transactions.api import Transaction

from . import asked as asking
from . import drawing, fees, figures, gathered, goals
from .asked import ALL, Asked
from .drawing import Delta, Spark
from .entered import Fee, Goal
from .figures import Totals
from .metrics import DEFINITIONS, LABELS, METRICS, OF_CUSTOMERS

#: Letters of a value from which on it is written smaller.
_LONG = 12


@dataclasses.dataclass(frozen=True)
class Card:
    """A figure as the overview shows it.

    :param url: its own page; ``behind`` the transactions that it is made of.
    :param before: what it was in the time that it is compared with.
    """

    metric: str
    label: str
    value: str
    url: str
    behind: str
    delta: Delta | None
    before: str
    spark: Spark

    @property
    def is_long(self) -> bool:
        """The value needs smaller letters."""
        return len(self.value) > _LONG


@dataclasses.dataclass(frozen=True)
class ShownGoal:
    """A goal as a page shows it. ``share`` is that of the bar, at most 100; ``reached`` the whole in words."""

    label: str
    value: str
    target: str
    state: str
    words: str
    share: int
    reached: str
    passed: int
    url: str


@dataclasses.dataclass(frozen=True)
class Overview:
    """All that the page shows.

    :param bridge: from gross to net: (label, amount as text, page, whether it is a sum) each.
    :param definitions: of each figure: (label, what it means).
    """

    asked: Asked
    cards: Sequence[Card]
    chart: Chart
    bridge: Sequence[tuple[str, str, str, bool]]
    is_empty: bool
    definitions: Sequence[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class Below:
    """What stands below the figures, and is fetched after the page.

    :param fees: other fees that fell in the period, the last first; ``fees_sum`` is what all of them come to.
    """

    goals: Sequence[ShownGoal]
    fees: Sequence[tuple[dt.date, Fee]]
    fees_sum: str


def overview(work: Work, args: Any) -> Overview:
    """The page for what an address asks for."""
    asked = asking.read(work, args)
    found = gathered.gather(asked)
    return Overview(
        asked=asked,
        cards=[card(asked, metric, found) for metric in METRICS],
        chart=drawing.chart(asked, asked.metric, found.whole, found.now, found.past, found.before),
        bridge=bridge(asked, found.whole),
        is_empty=_is_empty(work, found.whole),
        definitions=[(gettext(LABELS[name]), gettext(DEFINITIONS[name])) for name in METRICS],
    )


def below(work: Work, args: Any) -> Below:
    """The goals and the other fees of what an address asks for."""
    asked = asking.read(work, args)
    aims = [goal for goal in goals.all_goals(work) if _belongs(goal, asked)]
    spans = goals.spans_of(aims, work.today)
    values = dict(zip(spans, figures.totals(work, list(spans.values()), asked.currency), strict=True))
    whole = fees.by_span(work, [asked.period.span], asked.currency)[0]
    return Below(
        goals=[
            shown_goal(asked, goals.progress(goal, values[goal.every].metric(goal.metric), work.today)) for goal in aims
        ],
        fees=fees.newest(work, asked.period.span, asked.currency) if whole else [],
        fees_sum=money(whole, asked.shown),
    )


def restated(work: Work, args: Any, metric: str) -> tuple[int, str, str]:
    """What of the period came or was changed after it was over: how many transactions, what they come to, their list."""
    asked = asking.read(work, args, metric)
    number, amount = figures.restated(work, asked.period.span, asked.currency)
    behind = figures.behind(work, metric, asked.period.span, asked.currency)
    return number, money(amount, asked.shown), f"{behind}&sort=-updated_at"


def _belongs(goal: Goal, asked: Asked) -> bool:
    """Whether a goal is one of what the page shows: of its currency; of customers, where all of them are counted."""
    if len(asked.currencies) == 1:
        return goal.currency in ("", asked.shown)
    return bool(goal.currency == asked.currency)


def _is_empty(work: Work, sums: Totals) -> bool:
    """Whether there is no transaction at all, of no time."""
    if sums.total_customers or sums.sales or sums.left_out or sums.other_fees:
        return False
    return work.session.scalar(work.visible(Transaction).with_only_columns(Transaction.id).limit(1)) is None


def card(asked: Asked, metric: str, found: gathered.Gathered) -> Card:
    value = found.whole.metric(metric)
    before = found.past.metric(metric) if found.past is not None else None
    past = [None if one is None else one.metric(metric) for one in found.before]
    return Card(
        metric=metric,
        label=gettext(LABELS[metric]),
        value=drawing.told(metric, found.whole, asked.shown),
        url=asked.url("metric", metric=metric, chart=None),
        behind=figures.behind(asked.work, metric, asked.period.span, asked.currency),
        delta=drawing.delta(metric, value, before) if before is not None and (value or before) else None,
        before=drawing.told(metric, found.past, asked.shown) if found.past is not None else "",
        spark=drawing.spark([one.metric(metric) for one in found.now], past),
    )


def bridge(asked: Asked, sums: Totals) -> list[tuple[str, str, str, bool]]:
    """How gross revenue becomes net revenue: label, amount, the page behind it, whether it is a sum."""
    rows = [
        (gettext("Gross revenue"), sums.gross, "gross_revenue", True),
        (gettext("Discounts"), -sums.discounts, "discounts", False),
        (gettext("Refunds"), -sums.refunds, "", False),
        (gettext("Fees"), -sums.fees, "fees", False),
        (gettext("Other fees"), -sums.other_fees, "fees", False),
        (gettext("Taxes"), -sums.taxes, "", False),
        (gettext("Net revenue"), sums.net, "net_revenue", True),
    ]
    return [
        (label, money(amount, asked.shown), asked.url("metric", metric=name, chart=None) if name else "", is_sum)
        for label, amount, name, is_sum in rows
    ]


def shown_goal(asked: Asked, goal: goals.Progress) -> ShownGoal:
    """A goal in words."""
    metric, every = goal.goal.metric, goal.goal.every
    words = {
        "reached": gettext("Reached"),
        "ahead": gettext("On course"),
        "behind": gettext("Behind time"),
        "within": gettext("Within the limit"),
        "fast": gettext("Rising too fast"),
        "over": gettext("Over the limit"),
    }[goal.state]
    label = {
        "month": gettext("%(figure)s this month", figure=gettext(LABELS[metric])),
        "quarter": gettext("%(figure)s this quarter", figure=gettext(LABELS[metric])),
        "year": gettext("%(figure)s this year", figure=gettext(LABELS[metric])),
    }[every]
    currency = goal.goal.currency or asked.shown
    its_own: dict[str, str | None] = {"currency": goal.goal.currency or ALL} if len(asked.currencies) > 1 else {}
    if goal.goal.currency and goal.goal.currency not in asked.currencies:
        its_own = {"currency": None}
    return ShownGoal(
        label=label,
        value=drawing.text(metric, goal.value, currency),
        target=drawing.text(metric, goal.goal.target, currency),
        state=goal.state,
        words=words,
        share=min(100, round(goal.share * 100)),
        reached=percent(goal.share, 0),
        passed=round(goal.passed * 100),
        url=asked.url(
            "metric",
            metric=metric,
            chart=None,
            period=every,
            grain=None,
            date=None,
            **{"from": None, "to": None},
            **its_own,
        ),
    )


def all_shown_goals(work: Work) -> list[tuple[Goal, ShownGoal]]:
    """All goals with how far they got, each in its own currency."""
    aims = goals.all_goals(work)
    asked = asking.read(work, {})
    spans = goals.spans_of(aims, work.today)
    beside = list(spans.values())
    # What counts customers counts those of all currencies.
    found = {"": figures.totals(work, beside, "")} if any(not goal.currency for goal in aims) else {}
    coded = [goal for goal in aims if goal.currency]
    average = any(goal.metric in OF_CUSTOMERS for goal in coded)
    currencies = sorted({goal.currency for goal in coded})
    found |= figures.totals_by_currency(work, beside, currencies, customers=average)
    values = {(code, every): one for code, some in found.items() for every, one in zip(spans, some, strict=True)}
    return [
        (
            goal,
            shown_goal(asked, goals.progress(goal, values[goal.currency, goal.every].metric(goal.metric), work.today)),
        )
        for goal in aims
    ]
