"""The page of one figure: its chart, the table below it, what it is made of, and all of it as CSV."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from urllib.parse import urlencode

from crmhost.api import Invalid, Work
from crmhost.web.api import Chart, gettext, number, percent

from . import asked as asking
from . import csv_files, drawing, figures, gathered, labels, overview, periods
from .asked import Asked
from .dimensions import OF_PEOPLE
from .drawing import Delta
from .figures import DIMENSIONS, Narrowed, Part, Totals
from .metrics import COUNTS, LABELS, OF_CUSTOMERS

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
    asked = asking.read(work, args, metric, narrowed=True)
    found = gathered.gather(asked, customers=metric in OF_CUSTOMERS)
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
        value=drawing.told(metric, now, asked.shown),
        behind=behind(asked, metric, span),
        before=drawing.told(metric, past, asked.shown) if past is not None else "",
        delta=drawing.delta(metric, value, before) if before is not None and (value or before) else None,
        zoom=zoom,
    )


def behind(asked: Asked, metric: str, span: periods.Span) -> str:
    """The list of the transactions behind a figure; empty where the list can't be narrowed like that."""
    if asked.where is not None:
        return behind_part(asked, metric, span, asked.where.dimension, asked.where.key, "")
    return figures.behind(asked.work, metric, span, asked.currency)


def behind_part(asked: Asked, metric: str, span: periods.Span, dimension: str, key: str, label: str) -> str:
    """The list of the transactions behind the figure of a part; empty where the list can't be narrowed like that.

    :param label: of the part, where it is known.
    """
    if dimension == "product" and not key and metric not in COUNTS:
        # What no line holds: a remainder of all of them.
        return figures.behind(asked.work, metric, span, asked.currency)
    where = Narrowed(dimension, key)
    name, value = dimension, key or "none"
    if dimension == "tag":
        # The list knows tags by their names.
        name = "tag" if key else "tagged"
        value = (label or _label(asked.work, dimension, key)) if key else "0"
    if not value:
        return ""
    address = figures.behind(asked.work, metric, span, asked.currency, where)
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
    :param too_many: the figure itself would take reading too many sales.
    :param notes: what to know of the numbers.
    """

    asked: Asked
    by: str
    figure: str
    label: str
    parts: Sequence[ShownPart]
    more: bool
    choices: Sequence[tuple[str, str, str]]
    too_many: bool
    notes: Sequence[str]


def breakdown(work: Work, metric: str, by: str, args: Mapping[str, str]) -> Breakdown:
    """What a figure is made of.

    :raises Invalid: when there is no such breakdown.
    """
    if by not in DIMENSIONS:
        raise Invalid("Choose one of the breakdowns.")
    asked = asking.read(work, args, metric)
    span, figure, of_people = asked.period.span, metric, metric in OF_CUSTOMERS
    counted = figures.customer_parts(work, by, span, asked.currency, metric, MOST + 1) if of_people else None
    if counted is None:
        figure = "gross_revenue" if of_people else metric
        counted = figures.parts(work, by, span, asked.currency, limit=MOST + 1)
    found = counted
    ranked = sorted(found[:MOST], key=lambda part: -part.totals.metric(figure))
    whole = figures.totals(work, [span], asked.currency, customers=figure in COUNTS)[0].metric(figure)
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
        too_many=figure != metric,
        notes=_notes(figure, by),
    )


def _notes(figure: str, by: str) -> list[str]:
    if figure in OF_CUSTOMERS:
        if by in OF_PEOPLE:
            return []
        several = gettext(
            "A customer counts in each part where they bought, so the parts may add up to more than the whole."
        )
        return [
            several,
            *([gettext("New are those who bought there for the first time.")] if figure == "new_customers" else []),
        ]
    if by != "tag":
        return []
    return [
        gettext("A sale with several tags stands under each of them, so the shares may add up to more than the whole.")
    ]


def _part(asked: Asked, metric: str, figure: str, by: str, part: Part, largest: int, whole: int) -> ShownPart:
    value = part.totals.metric(figure)
    return ShownPart(
        label=part.label or without(by),
        value=drawing.told(figure, part.totals, asked.shown),
        behind=behind_part(asked, figure, asked.period.span, by, part.key, part.label),
        url=asked.url("metric", metric=metric, chart=None, by=by, key=part.key),
        share=f"{max(100 * value / largest, 0):.2f}%" if largest else "0",
        of_all=percent(value / whole) if whole > 0 and figure != "average_revenue_per_customer" else "–",
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


def as_rows(work: Work, args: Mapping[str, str]) -> list[list[object]]:
    """The parts of the period and the whole of it with all figures, amounts in the main unit; what they are stands first.

    :raises Invalid: when the period can't be understood.
    """
    asked = asking.read(work, args, narrowed=True)
    if asked.problem:
        raise Invalid(asked.problem)
    rows: list[list[object]] = [["from", "to", "currency", *_COLUMNS, *_COUNTS]]
    found = figures.totals(work, [*asked.period.buckets, asked.period.span], asked.currency, where=asked.where)
    for (first, last), one in zip([*asked.period.buckets, asked.period.span], found, strict=True):
        amounts = {
            "gross_revenue": one.gross, "net_revenue": one.net, "average_revenue_per_customer": one.average,
            "fees": one.fees + one.other_fees,
            **{name: getattr(one, name) for name in ("discounts", "refunds", "other_fees", "taxes")},
        }  # fmt: skip
        exact = [csv_files.amount(amounts[name], asked.shown) for name in _COLUMNS]
        rows.append([first, last, asked.shown, *exact, *(getattr(one, name) for name in _COUNTS)])
    return rows
