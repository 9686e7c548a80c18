"""What figures look like: amounts as text, changes, the small lines of cards, and the large charts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from crmhost.web.api import Chart, ChartReceipt, ChartSeries, gettext, money, number, percent

from . import periods
from .asked import Asked
from .figures import Totals
from .metrics import COUNTS, DEFINITIONS, LABELS, LOWER, QUESTIONS

#: From so many parts on, a line is easier to read than bars.
_BARS = 14
#: From that share on, a change is said as “12 times as much”.
_TIMES = 10


def text(metric: str, value: int, currency: str) -> str:
    """A figure as text."""
    return number(value) if metric in COUNTS else money(value, currency)


def told(metric: str, of: Totals, currency: str) -> str:
    """A figure of a span as text; there is no average without customers."""
    if metric == "average_revenue_per_customer" and not of.customers:
        return "–"
    return text(metric, of.metric(metric), currency)


@dataclasses.dataclass(frozen=True)
class Delta:
    """How a figure changed.

    :param share: 0.123 being 12.3 % more; ``None`` when there was nothing before.
    :param tone: ``ok`` for the better, ``bad`` for the worse, empty for neither.
    :param way: 1, 0 or -1.
    """

    share: float | None
    tone: str
    way: int
    words: str


def delta(metric: str, now: int, before: int) -> Delta:
    """The change of a figure from one period to another."""
    way = (now > before) - (now < before)
    better = -way if metric in LOWER else way
    tone = {1: "ok", -1: "bad", 0: ""}[better]
    if not before:
        words = {1: gettext("new"), 0: gettext("unchanged"), -1: gettext("below zero")}[way]
        return Delta(None, tone if way else "", way, words)
    share = (now - before) / abs(before)
    if not way:
        words = gettext("unchanged")
    elif abs(share) >= _TIMES:
        words = gettext("%(times)s times as much", times=number(round(now / before, 1))) if now / before > 0 else "–"
    else:
        words = f"{'+' if way > 0 else '−'}{percent(abs(share))}"
    return Delta(share, tone, way, words)


# --- small lines ------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Spark:
    """A small line in a square of 100 by 100: paths as SVG writes them; empty when there is nothing to draw."""

    line: str = ""
    area: str = ""
    past: str = ""


def spark(values: Sequence[int], past: Sequence[int | None] = ()) -> Spark:
    """The small line of a card, with that of the time it is compared with."""
    known = [value for value in (*values, *past) if value is not None]
    low, high = min((0, *known)), max((0, *known))
    if len(values) < 2 or low == high:
        return Spark()

    def path(points: Sequence[int | None]) -> str:
        placed = [
            f"{place * 100 / (len(values) - 1):.4g} {100 - (value - low) * 100 / (high - low):.4g}"
            for place, value in enumerate(points)
            if value is not None
        ]
        return "M" + "L".join(placed) if len(placed) > 1 else ""

    line, ground = path(values), 100 + low * 100 / (high - low)
    return Spark(line, f"{line}L100 {ground:.4g}L0 {ground:.4g}Z", path(past))


# --- large charts -----------------------------------------------------------------------------------------------------


def chart(
    asked: Asked,
    metric: str,
    whole: Totals,
    now: Sequence[Totals],
    past: Totals | None,
    before: Sequence[Totals | None],
) -> Chart:
    """A figure over the parts of the period, beside the time that it is compared with.

    :param whole: of the period; ``now`` of its parts; ``past`` and ``before`` of what it is compared with.
    """
    period, locale = asked.period, asked.work.locale
    years = period.first.year != period.last.year and period.grain != "day"
    series = [ChartSeries(asked.words, [one.metric(metric) for one in now])]
    if past is not None:
        values = [None if one is None else one.metric(metric) for one in before]
        series.append(ChartSeries(asked.past_words, values, "past"))
    value = whole.metric(metric)
    shown = told(metric, whole, asked.shown)
    known = [number for one in series for number in one.values]
    if not any(known):
        # An axis from 0 to 4 says nothing.
        series = [dataclasses.replace(one, values=[None] * len(one.values)) for one in series]
    changed = delta(metric, value, past.metric(metric)) if past is not None else None
    is_line = len(now) > _BARS or metric == "total_customers"
    return Chart(
        id=f"sales-{metric.replace('_', '-')}",
        title=gettext(QUESTIONS[metric]),
        sub=f"{gettext(LABELS[metric])} · {grain_words(period.grain)}",
        kind="line" if is_line and len(now) > 1 else "bar",
        summary=gettext(
            "%(figure)s from %(period)s: %(value)s.", figure=gettext(LABELS[metric]), period=asked.words, value=shown
        ),
        heading=heading(period.grain),
        labels=[periods.label(part, period.grain, locale, years=years) for part in period.buckets],
        titles=[periods.title(part, period.grain, locale) for part in period.buckets],
        series=series,
        unit="count" if metric in COUNTS else "money",
        currency="" if metric in COUNTS else asked.shown,
        running=gettext("so far") if period.running(asked.work.today) else "",
        figure=shown,
        delta=changed.share if changed is not None and not _said(metric, changed) else None,
        against=_against(asked, metric, past, changed),
        empty=gettext("Nothing to draw in this period: there was none of it. Choose another period above."),
        receipt=receipt(asked, metric, whole),
    )


def _against(asked: Asked, metric: str, past: Totals | None, changed: Delta | None) -> str:
    if past is None or changed is None:
        return ""
    said = gettext("%(value)s from %(period)s", value=told(metric, past, asked.shown), period=asked.past_words)
    return f"{changed.words} · {said}" if _said(metric, changed) else str(said)


def _said(metric: str, changed: Delta) -> bool:
    """Whether a change is said in words: the badge calls more better, and counts in percent."""
    return metric in LOWER or changed.share is None or abs(changed.share) >= _TIMES


def receipt(asked: Asked, metric: str, whole: Totals) -> ChartReceipt:
    """How a figure comes about."""
    filters = [(gettext("Period"), asked.words)]
    if asked.currency:
        filters.append((gettext("Currency"), asked.currency))
    else:
        filters.append(
            (gettext("Currency"), gettext("all, in %(currency)s at the rate stored for each day", currency=asked.shown))
        )
    if asked.work.actor.only_assigned:
        filters.append((gettext("Contacts"), gettext("only yours; other fees are not counted")))
    return ChartReceipt(
        formula=gettext(DEFINITIONS[metric]),
        filters=filters,
        zone=str(asked.work.timezone),
        counted=whole.sales + whole.refunds_number,
        left_out=[(gettext("other status or type, or no exchange rate"), whole.left_out)] if whole.left_out else [],
    )


def heading(grain: str) -> str:
    """What heads the column of a grain."""
    words = {
        "day": gettext("Day"),
        "week": gettext("Week"),
        "month": gettext("Month"),
        "quarter": gettext("Quarter"),
        "year": gettext("Year"),
    }
    return str(words[grain])


def grain_words(grain: str) -> str:
    """How a chart is cut, in words."""
    words = {
        "day": gettext("by day"),
        "week": gettext("by week"),
        "month": gettext("by month"),
        "quarter": gettext("by quarter"),
        "year": gettext("by year"),
    }
    return str(words[grain])
