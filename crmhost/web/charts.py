"""Charts: figures with the question that they answer, how they were computed, and the same values as a table.

A chart is data; ``crmhost/charts.html`` shows it in a card or in a box with its picture. The bundle's ``charts.js`` takes its
place once somebody points at it.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Sequence
from typing import Any, Literal

from flask import render_template
from flask_babel import gettext as _
from markupsafe import Markup

from ..money import digits_of
from .i18n import money, number, percent, short
from .pictures import Picture, axis_of, breadth, picture

Kind = Literal["line", "bar", "rows", "pie"]
Style = Literal["main", "past", "soft", "2", "3", "4"]
Unit = Literal["count", "percent", "money"]

_KINDS = ("line", "bar", "rows", "pie")
_STYLES = ("main", "past", "soft", "2", "3", "4")
_UNITS = ("count", "percent", "money")
_ID = re.compile(r"[a-z][a-z0-9-]{0,60}\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
#: How a question ends, in the scripts that the web knows.
_ASKS = ("?", "？", "؟", "՞", ";")
#: Parts of a pie that can be told apart; the smallest of more are drawn as one.
SLICES = 6


@dataclasses.dataclass(frozen=True)
class ChartSeries:
    """One line, or one bar of each group.

    :param values: one for each label; ``None`` is a gap. Counts, shares from 0 to 1, or money in minor units.
    :param style: ``main`` for what is asked about, ``past`` for what it is compared with (dashed), ``soft`` for the lesser part
        of a bar, ``2`` to ``4`` for further ones.
    """

    name: str
    values: Sequence[float | None]
    style: Style = "main"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChartReceipt:
    """How the figures come about, for whoever doubts them.

    :param formula: a sentence: what is counted or added up.
    :param filters: pairs of what was narrowed down and to what, in words; empty when nothing was.
    :param zone: time zone in which periods begin and end; empty when none do.
    :param counted: records that the figures are made of.
    :param left_out: pairs of why records were left out and how many; empty when none were.
    """

    formula: str
    counted: int
    filters: Sequence[tuple[str, str]] = ()
    zone: str = ""
    left_out: Sequence[tuple[str, int]] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart with what belongs to it.

    :param id: unique on the page: small letters, digits, dashes.
    :param title: the question that it answers; it ends with a question mark.
    :param kind: ``line`` for what changes over time, ``bar`` for periods or few things, ``rows`` for things with long names,
        ``pie`` for parts of a whole.
    :param summary: what a person sees in it, in a sentence, for those who don't see it.
    :param heading: what the labels are, such as “Week”: heads their column in the table and in the CSV.
    :param labels: short, along the axis; empty when there is nothing to show.
    :param titles: the labels in full, for table, CSV and on pointing; ``labels`` when empty.
    :param unit: what the values are: ``count``, ``percent`` or ``money``.
    :param currency: ISO 4217, for money.
    :param running: words such as “so far” when the last label is a period that is not over.
    :param stacked: the series of a bar stand on one another.
    :param sub: a line under the title: what, since when.
    :param figure: the one number that sums it up, as text.
    :param delta: by which share it changed, 0.123 being 12.3 % more; ``against`` says compared with what.
    :param note: a remark below, such as a link to the setting that says what counts.
    :param empty: said in place of the chart when there is nothing to show: what will stand here, and what to do for it.
    :raises ValueError: when something does not fit together.
    """

    id: str
    title: str
    kind: Kind
    summary: str
    heading: str
    labels: Sequence[str]
    series: Sequence[ChartSeries]
    receipt: ChartReceipt
    titles: Sequence[str] = ()
    unit: Unit = "count"
    currency: str = ""
    running: str = ""
    stacked: bool = False
    sub: str = ""
    figure: str = ""
    delta: float | None = None
    against: str = ""
    note: str | Markup = ""
    empty: str = ""

    def __post_init__(self) -> None:
        for problem, wrong in (
            ("its id has small letters, digits and dashes only", not _ID.match(self.id)),
            ("its title asks a question: end it with a question mark", not self.title.rstrip().endswith(_ASKS)),
            ("it needs a summary, for those who don't see it", not self.summary.strip()),
            ("it needs a heading for the column of its labels", not self.heading.strip()),
            (f"its kind is one of {', '.join(_KINDS)}", self.kind not in _KINDS),
            (f"its unit is one of {', '.join(_UNITS)}", self.unit not in _UNITS),
            ("money needs the three letters of its currency", self.unit == "money" and not _CURRENCY.match(self.currency)),
            ("it needs a series", not self.series),
            ("a pie has one series", self.kind == "pie" and len(self.series) != 1),
            ("only bars can be stacked", self.stacked and self.kind not in ("bar", "rows")),
            ("there is a title for each label, or none", len(self.titles) not in (0, len(self.labels))),
            ("its series have styles that differ", len({one.style for one in self.series}) != len(self.series)),
            (f"the style of a series is one of {', '.join(_STYLES)}", any(one.style not in _STYLES for one in self.series)),
            ("each series has a value for each label", any(len(one.values) != len(self.labels) for one in self.series)),
            ("values are finite numbers", any(not _is_number(value) for one in self.series for value in one.values)),
            ("parts of a pie are not below zero", self.kind == "pie" and any((value or 0) < 0 for value in self._values)),
        ):  # fmt: skip
            if wrong:
                raise ValueError(f"The chart “{self.id}” can't be drawn: {problem}.")

    @property
    def _values(self) -> list[float | None]:
        return [value for one in self.series for value in one.values]

    @property
    def hollow(self) -> bool:
        """Whether there is nothing to show: no value at all, or a pie of nothing."""
        values = [value for value in self._values if value is not None]
        return not (any(values) if self.kind == "pie" else values)

    @property
    def legend(self) -> list[tuple[str, str, str]]:
        """What tells the series apart: (style, name, value as text) each; values only for a pie, nothing for one series."""
        if self.kind == "pie":
            labels, values = self.slices()
            whole = sum(values)
            return [
                (str(place + 1), label, f"{self.text(value)} · {percent(value / whole)}")
                for place, (label, value) in enumerate(zip(labels, values, strict=True))
                if whole
            ]
        return [(one.style, one.name, "") for one in self.series] if len(self.series) > 1 else []

    @property
    def table(self) -> list[tuple[str, list[str]]]:
        """The values in full: (label, value of each series as text) each."""
        rows = zip(self.titles or self.labels, *(one.values for one in self.series), strict=True)
        return [(label, [self.text(value) for value in values]) for label, *values in rows]

    @property
    def spec(self) -> str:
        """What ``data-chart`` holds, as JSON."""
        labels, values = self.slices() if self.kind == "pie" else (self.labels, None)
        told: dict[str, Any] = {
            "kind": self.kind,
            "labels": list(labels),
            "heading": self.heading,
            "series": [
                {"name": one.name, "values": list(one.values) if values is None else values, "style": one.style}
                for one in self.series
            ],
            "format": {"kind": self.unit},
        }
        if self.titles and self.kind != "pie":
            told["titles"] = list(self.titles)
        if self.unit == "money":
            told["format"] |= {"currency": self.currency, "digits": digits_of(self.currency)}
        if self.running:
            told["running"] = self.running
        if self.stacked:
            told["stacked"] = True
        if self.kind != "pie" and not self.hollow:
            along = axis_of(self)
            told["axis"] = {
                "min": along.low,
                "max": along.high,
                "step": along.step,
                "texts": [self.short(value) for value in along.ticks],
                "breadth": breadth(self),
            }
        return json.dumps(told, ensure_ascii=False)

    @property
    def picture(self) -> Picture:
        """What stands on the page until the chart is pointed at; only of one that is not hollow."""
        return picture(self)

    def text(self, value: float | None) -> str:
        """A value in full, in the reader's manner."""
        if value is None:
            return "–"
        if self.unit == "money":
            return money(round(value), self.currency)
        return percent(value) if self.unit == "percent" else number(value)

    def short(self, value: float) -> str:
        """A value as it stands along an axis: “1.5K”."""
        if self.unit == "percent":
            return percent(value, 0 if math.isclose(value * 100, round(value * 100), abs_tol=1e-9) else 1)
        if self.unit == "money":
            return short(value / 10 ** digits_of(self.currency), self.currency)
        return short(value)

    def slices(self) -> tuple[list[str], list[float]]:
        """The parts of a pie, the smallest of many as one."""
        parts = [(label, value or 0) for label, value in zip(self.labels, self.series[0].values, strict=True)]
        if len(parts) > SLICES:
            large = sorted(parts, key=lambda part: part[1], reverse=True)[: SLICES - 1]
            rest = sum(value for _label, value in parts) - sum(value for _label, value in large)
            parts = [*large, (_("%(number)s others", number=len(parts) - len(large)), rest)]
        return [label for label, _value in parts], [value for _label, value in parts]


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value))


def chart_box(chart: Chart, tools: str | Markup = "") -> Markup:
    """The chart for a box that has a title of its own: a widget of the dashboard, a box of a contact.

    :param tools: markup to stand beside its tools, such as a choice of periods.
    """
    html = render_template("crmhost/chart.html", chart=chart, tools=tools)
    return Markup(html)  # noqa: S704  # a template's own markup
