"""The page of one figure: its chart, the table below it, what it is made of, and all of it as CSV."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from urllib.parse import urlencode

from crmhost.api import Invalid, Work
from crmhost.api import money as units
from crmhost.web.api import Chart, gettext, number, percent

from . import asked as asking
from . import drawing, figures, gathered, labels, overview, periods
from .asked import Asked
from .drawing import Delta
from .figures import DIMENSIONS, Part, Totals
from .metrics import LABELS

#: Parts that a breakdown shows.
MOST = 50


@dataclasses.dataclass(frozen=True)
class Line:
    """A part of the period in the table. ``behind``: its transactions; ``zoom``: the same page for it alone."""

    title: str
    value: str
    behind: str
    before: str
    delta: Delta | None
    zoom: str


@dataclasses.dataclass(frozen=True)
class Shown:
    """All that the page of a figure shows.

    :param bridge: from gross to net, on the pages of money that is a part of it.
    """

    asked: Asked
    label: str
    chart: Chart
    lines: Sequence[Line]
    total: Line
    bridge: Sequence[tuple[str, str, str, bool]]
    narrowed: str


def page(work: Work, metric: str, args: Mapping[str, str]) -> Shown:
    """The page of a figure.

    :param metric: one of :data:`METRICS`.
    """
    asked = asking.read(work, args, metric)
    found = gathered.gather(asked)
    return Shown(
        asked=asked,
        label=gettext(LABELS[metric]),
        chart=drawing.chart(asked, metric, found.whole, found.now, found.past, found.before),
        lines=list(_lines(asked, metric, found)),
        total=_line(asked, metric, gettext("Whole period"), asked.period.span, found.whole, found.past, ""),
        bridge=overview.bridge(asked, found.whole) if metric in ("gross_revenue", "net_revenue", "fees") else [],
        narrowed=part_name(work, asked),
    )


def part_name(work: Work, asked: Asked) -> str:
    """What the figures are narrowed to, in words; empty for nothing."""
    if asked.where is None:
        return ""
    name = _label(work, asked.where.dimension, asked.where.key) or asked.where.key
    name = name or without(asked.where.dimension)
    return str(gettext("%(what)s: %(name)s", what=dimension_words(asked.where.dimension), name=name))


def _label(work: Work, dimension: str, key: str) -> str:
    """What a part is called; empty when nobody knows."""
    return work.once(("sales_dashboard.part", dimension, key), lambda: labels.of(work, dimension, [key]).get(key, ""))


def _lines(asked: Asked, metric: str, found: gathered.Gathered) -> Sequence[Line]:
    period = asked.period
    before = found.before or [None] * len(found.now)
    rows = []
    for part, now, past in zip(period.buckets, found.now, before, strict=True):
        zoom = "" if period.grain == "day" else _zoom(asked, metric, part)
        title = periods.title(part, period.grain, asked.work.locale)
        rows.append(_line(asked, metric, title, part, now, past, zoom))
    return rows


def _zoom(asked: Asked, metric: str, part: periods.Span) -> str:
    """The same page for a part of the period alone."""
    span = {"from": part[0].isoformat(), "to": part[1].isoformat(), "date": None, "grain": None}
    return asked.url("metric", metric=metric, chart=None, period="custom", **span)


def _line(
    asked: Asked, metric: str, title: str, span: periods.Span, now: Totals, past: Totals | None, zoom: str
) -> Line:
    value = now.metric(metric)
    before = past.metric(metric) if past is not None else None
    return Line(
        title=title,
        value=drawing.text(metric, value, asked.shown),
        behind=behind(asked, metric, span),
        before=drawing.text(metric, before, asked.shown) if before is not None else "",
        delta=drawing.delta(metric, value, before) if before is not None else None,
        zoom=zoom,
    )


def behind(asked: Asked, metric: str, span: periods.Span) -> str:
    """The list of the transactions behind a figure; empty where the list can't be narrowed like that."""
    if asked.where is not None:
        return _narrowed(asked, metric, span, asked.where.dimension, asked.where.key, "")
    return figures.behind(asked.work, metric, span, asked.currency)


def _narrowed(asked: Asked, metric: str, span: periods.Span, dimension: str, key: str, label: str) -> str:
    if dimension == "product" and not key:
        # What no line holds: a remainder of all of them.
        return figures.behind(asked.work, metric, span, asked.currency)
    name, value = dimension, key or "none"
    if dimension == "tag":
        # The list knows tags by their names.
        name = "tag" if key else "tagged"
        value = (label or _label(asked.work, dimension, key)) if key else "0"
    if not value:
        return ""
    address = figures.behind(asked.work, metric, span, asked.currency)
    if dimension == "type":
        # The list takes any of several types: only this one.
        base, _mark, query = address.partition("?")
        kept = [pair for pair in query.split("&") if not pair.startswith("type=")]
        return f"{base}?{'&'.join(kept)}&{urlencode({name: value})}"
    return f"{address}&{urlencode({name: value})}"


# --- what it is made of -----------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class ShownPart:
    """A part in a breakdown. ``share`` is that of the largest, in percent, for its bar."""

    label: str
    value: str
    behind: str
    url: str
    share: str
    of_all: str
    sales: str
    quantity: str


@dataclasses.dataclass(frozen=True)
class Breakdown:
    """A figure by tag, product, source, type, country or owner.

    :param figure: what is broken down: gross revenue where the figure itself can't be.
    """

    asked: Asked
    by: str
    figure: str
    label: str
    parts: Sequence[ShownPart]
    more: bool
    choices: Sequence[tuple[str, str, str]]
    overlaps: bool


def breakdown(work: Work, metric: str, by: str, args: Mapping[str, str]) -> Breakdown:
    """What a figure is made of.

    :raises Invalid: when there is no such breakdown.
    """
    if by not in DIMENSIONS:
        raise Invalid("Choose one of the breakdowns.")
    asked = dataclasses.replace(asking.read(work, args, metric), where=None)
    found = figures.parts(work, by, asked.period.span, asked.currency, limit=MOST + 1)
    figure = metric if metric in ("gross_revenue", "net_revenue", "discounts", "fees") else "gross_revenue"
    ranked = sorted(found[:MOST], key=lambda part: -part.totals.metric(figure))
    whole = figures.totals(work, [asked.period.span], asked.currency, customers=False)[0].metric(figure)
    largest = max((abs(part.totals.metric(figure)) for part in ranked), default=0)
    choices = [
        (name, dimension_words(name), asked.url("breakdown", metric=metric, by=name, chart=None)) for name in DIMENSIONS
    ]
    return Breakdown(
        asked=asked,
        by=by,
        figure=figure,
        label=gettext(LABELS[figure]),
        parts=[_part(asked, metric, figure, by, part, largest, whole) for part in ranked],
        more=len(found) > MOST,
        choices=choices,
        overlaps=by == "tag",
    )


def _part(asked: Asked, metric: str, figure: str, by: str, part: Part, largest: int, whole: int) -> ShownPart:
    value = part.totals.metric(figure)
    return ShownPart(
        label=part.label or without(by),
        value=drawing.text(figure, value, asked.shown),
        behind=_narrowed(asked, figure, asked.period.span, by, part.key, part.label),
        url=asked.url("metric", metric=metric, chart=None, by=by, key=part.key),
        share=f"{max(100 * value / largest, 0):.2f}%" if largest else "0",
        of_all=percent(value / whole) if whole > 0 else "–",
        sales=number(part.totals.sales),
        quantity=number(Decimal(part.quantity)) if part.quantity else "",
    )


def dimension_words(name: str) -> str:
    """A dimension in words."""
    words = {
        "tag": gettext("Tag"),
        "product": gettext("Product"),
        "source": gettext("Source"),
        "type": gettext("Type"),
        "country": gettext("Country"),
        "owner": gettext("Owner"),
    }
    return str(words[name])


def without(dimension: str) -> str:
    """What is said of that which has no part of a dimension."""
    words = {
        "tag": gettext("without a tag"),
        "product": gettext("no product named"),
        "source": gettext("unknown"),
        "type": gettext("unknown"),
        "country": gettext("unknown"),
        "owner": gettext("nobody"),
    }
    return str(words[dimension])


# --- CSV --------------------------------------------------------------------------------------------------------------

_COLUMNS = (
    "gross_revenue", "discounts", "refunds", "fees", "other_fees", "taxes", "net_revenue", "average_revenue_per_customer",
)  # fmt: skip
_COUNTS = ("customers", "new_customers", "total_customers", "sales", "refunds_number", "left_out")


def as_csv(work: Work, args: Mapping[str, str]) -> str:
    """The parts of the period with all figures, exact, amounts with a decimal point.

    :raises Invalid: when the period can't be understood.
    """
    asked = asking.read(work, args)
    if asked.problem:
        raise Invalid(asked.problem)
    rows = [["from", "to", "currency", *_COLUMNS, *_COUNTS]]
    found = figures.totals(work, [*asked.period.buckets, asked.period.span], asked.currency, where=asked.where)
    for (first, last), one in zip([*asked.period.buckets, asked.period.span], found, strict=True):
        amounts = {
            "gross_revenue": one.gross, "net_revenue": one.net, "average_revenue_per_customer": one.average,
            "fees": one.fees + one.other_fees,
            **{name: getattr(one, name) for name in ("discounts", "refunds", "other_fees", "taxes")},
        }  # fmt: skip
        exact = [f"{units.Money(amounts[name], asked.shown).decimal:f}" for name in _COLUMNS]
        counts = [str(getattr(one, name)) for name in _COUNTS]
        rows.append([first.isoformat(), last.isoformat(), asked.shown, *exact, *counts])
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerows(rows)
    return file.getvalue()
