"""Charts as pictures: where bars, lines, parts and words stand, in percent of the room, so that one drawing fits every width.

``crmhost/picture.html`` writes a picture as SVG. It stands on the page from the start; ``charts.js`` draws the same along the
same axis once somebody touches it.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..money import digits_of

if TYPE_CHECKING:
    from .charts import Chart

#: How many steps an axis has, about.
STEPS, STEPS_OF_ROWS = 4, 3
#: The share of its band that a group of bars takes; a single one is no broader than so many pixels in a usual card.
GROUP, BETWEEN = 0.6, 0.3
BROADEST, USUAL_WIDTH = 40, 560
BROADEST_OF_ROWS, USUAL_HEIGHT = 24, 200
#: Widths of a chart, in rem, from which on more labels are shown; app.css has a rule for each.
WIDTHS = (0, 16, 18, 20, 24, 28, 32, 40, 52, 64)
#: Pixels of a letter, between two labels, and of what stands beside the plot.
LETTER, GAP, BESIDE = 6.8, 12, 64
_NICE = (1, 2, 2.5, 5, 10)


@dataclasses.dataclass(frozen=True)
class Axis:
    """The axis of values: from its lowest to its highest tick in equal steps; nought is always on it."""

    low: float
    high: float
    step: float

    @property
    def ticks(self) -> list[float]:
        """The values at its ticks, from the lowest."""
        return [self.low + self.step * place for place in range(round((self.high - self.low) / self.step) + 1)]

    def at(self, value: float) -> float:
        """Where a value stands, in percent from the lowest tick."""
        return _rounded((value - self.low) / (self.high - self.low) * 100)


def axis(values: Sequence[float], *, steps: int = STEPS, least: float = 1, empty: float = STEPS) -> Axis:
    """An axis on which these values find room.

    :param least: what its steps are a multiple of.
    :param empty: how far it goes where all values are nought.
    """
    low, high = min((0, *values)), max((0, *values))
    span = (high - low) or empty
    magnitude = 10.0 ** math.floor(math.log10(span / steps * 0.8))
    steps_of = (nice * magnitude * ten for ten in (1, 10, 100, 1000) for nice in _NICE)
    wanted = max(span / steps * 0.8, least)
    step = next(one for one in steps_of if one >= wanted * (1 - 1e-9) and _whole(one / least))
    # Tiny remainders of division must not add a step.
    below, above = (math.ceil(-low / step - 1e-9), math.ceil((high or (0 if low else span)) / step - 1e-9))
    return Axis(-below * step, above * step, step)


@dataclasses.dataclass(frozen=True)
class Word:
    """A word at a place; ``side`` is where it stands from there, ``width`` the width of the chart in rem that it needs."""

    x: float
    y: float
    text: str
    side: str = "middle"
    width: int = 0


@dataclasses.dataclass(frozen=True)
class Bar:
    """A bar, or the part of a stacked one. ``end`` is its round end: top, bottom, left, right or none; ``is_open`` one that is
    still growing."""

    x: float
    y: float
    width: float
    height: float
    style: str
    end: str = ""
    is_open: bool = False


@dataclasses.dataclass(frozen=True)
class Line:
    """A line as the path of a square of 100; ``area`` lies between it and nought, ``dots`` are values without neighbours."""

    style: str
    path: str
    area: str = ""
    dots: Sequence[tuple[float, float]] = ()


@dataclasses.dataclass(frozen=True)
class Part:
    """A part of a pie: its share and where it starts, in percent of the whole, clockwise from above."""

    style: str
    start: float
    share: float


@dataclasses.dataclass(frozen=True)
class Picture:
    """All that is drawn; ticks and names are words along the two axes, notes stand at bars."""

    ticks: Sequence[Word] = ()
    names: Sequence[Word] = ()
    bars: Sequence[Bar] = ()
    lines: Sequence[Line] = ()
    notes: Sequence[Word] = ()
    parts: Sequence[Part] = ()
    zero: float | None = None


def axis_of(chart: Chart) -> Axis:
    """The axis of a chart that is not a pie."""
    values = [value for one in chart.series for value in one.values if value is not None]
    if chart.stacked:
        columns = [
            [value or 0 for value in column] for column in zip(*(one.values for one in chart.series), strict=True)
        ]
        values = [sum(part(value, 0) for value in column) for column in columns for part in (min, max)]
    least, empty = {"percent": (0.001, 1), "money": (1, STEPS * 10 ** digits_of(chart.currency))}.get(
        chart.unit, (1, STEPS)
    )
    return axis(values, steps=STEPS_OF_ROWS if chart.kind == "rows" else STEPS, least=least, empty=empty)


def breadth(chart: Chart) -> float:
    """The share of its band that each bar takes."""
    broadest, usual = (BROADEST_OF_ROWS, USUAL_HEIGHT) if chart.kind == "rows" else (BROADEST, USUAL_WIDTH)
    beside = 1 if chart.stacked else len(chart.series)
    fitting = GROUP / (beside + (beside - 1) * BETWEEN)
    return round(min(fitting, broadest * max(len(chart.labels), 1) / usual), 4)


def picture(chart: Chart) -> Picture:
    """The picture of a chart that is not hollow."""
    if chart.kind == "pie":
        return Picture(parts=_parts(chart.slices()[1]))
    along = axis_of(chart)
    rows, lines = chart.kind == "rows", chart.kind == "line"
    places = [(along.at(value), chart.short(value)) for value in along.ticks]
    ticks = [Word(at, 0, text) if rows else Word(0, _rounded(100 - at), text) for at, text in places]
    zero = along.at(0) if rows else _rounded(100 - along.at(0))
    return Picture(
        ticks=ticks,
        names=[] if rows else list(_names(chart.labels, ends=lines and len(chart.labels) > 1)),
        bars=[] if lines else list(_bars(chart, along)),
        lines=[_line(one.values, one.style, along) for one in chart.series] if lines else [],
        notes=[] if lines or chart.stacked or len(chart.series) > 1 else list(_notes(chart, along)),
        zero=zero if along.low < 0 else None,
    )


def _bars(chart: Chart, along: Axis) -> Iterator[Bar]:
    """The bars of all series, side by side or on one another."""
    band, thick = 100 / len(chart.labels), breadth(chart) * 100 / len(chart.labels)
    beside = 1 if chart.stacked else len(chart.series)
    group = thick * (beside + (beside - 1) * BETWEEN)
    piled: dict[tuple[int, bool], float] = {}
    for order, one in enumerate(chart.series):
        shift = 0 if chart.stacked else order * thick * (1 + BETWEEN)
        for place, value in enumerate(one.values):
            if not value:
                continue
            base = piled.get((place, value < 0), 0) if chart.stacked else 0
            piled[place, value < 0] = base + value
            start, end = sorted((along.at(base), along.at(base + value)))
            across, length = _rounded(band * place + (band - group) / 2 + shift), _rounded(end - start)
            last = place == len(one.values) - 1
            is_open = bool(chart.running) and last and not chart.stacked and one.style != "past"
            style = (
                "2"
                if value < 0 and len(chart.series) == 1
                else "soft"
                if is_open and one.style == "main"
                else one.style
            )
            grows = is_open and value > 0
            if chart.kind == "rows":
                tip = "" if chart.stacked else "left" if value < 0 else "right"
                yield Bar(start, across, length, _rounded(thick), style, tip, grows)
            else:
                tip = "" if chart.stacked else "bottom" if value < 0 else "top"
                yield Bar(across, _rounded(100 - end), _rounded(thick), length, style, tip, grows)


def _notes(chart: Chart, along: Axis) -> Iterator[Word]:
    """What bars say without being pointed at: how long rows are, what is below nought, what is still running."""
    band = 100 / len(chart.labels)
    for place, value in enumerate(chart.series[0].values):
        if value is None:
            continue
        middle, end = _rounded(band * (place + 0.5)), along.at(value)
        if chart.kind == "rows":
            yield Word(end, middle, chart.short(value), "left" if value < 0 else "right")
        elif value < 0:
            yield Word(middle, _rounded(100 - end), chart.short(value), "below")
        elif chart.running and place == len(chart.labels) - 1:
            yield Word(middle, _rounded(100 - end), chart.running, "above")


def _line(values: Sequence[float | None], style: str, along: Axis) -> Line:
    """One line; where a value is missing it has a gap."""
    far = max(len(values) - 1, 1)
    points = [
        None
        if value is None
        else (_rounded(place * 100 / far) if len(values) > 1 else 50.0, _rounded(100 - along.at(value)))
        for place, value in enumerate(values)
    ]
    runs = [[one for one in run if one] for there, run in itertools.groupby(points, key=bool) if there]
    zero = _rounded(100 - along.at(0))
    path = "".join("M" + "L".join(f"{x:g} {y:g}" for x, y in run) for run in runs if len(run) > 1)
    area = "".join(
        f"M{run[0][0]:g} {zero:g}" + "".join(f"L{x:g} {y:g}" for x, y in run) + f"L{run[-1][0]:g} {zero:g}Z"
        for run in runs
        if len(run) > 1
    )
    return Line(style, path, area if style == "main" else "", [run[0] for run in runs if len(run) == 1])


def _names(labels: Sequence[str], *, ends: bool) -> Iterator[Word]:
    """The labels along the axis, the last one always and as many of the others as a width has room for.

    :param ends: the first and the last stand at the very ends, as those of a line do.
    """
    last, longest = len(labels) - 1, max(map(len, labels)) * LETTER
    # One at an end reaches with its whole length towards its neighbour.
    needed = max(longest + GAP, 1.5 * longest) if ends else longest + GAP
    every = [2 ** max(math.ceil(math.log2(len(labels) * needed / max(width * 16 - BESIDE, 80))), 0) for width in WIDTHS]
    for place, label in enumerate(labels):
        width = next((width for width, step in zip(WIDTHS, every, strict=True) if (last - place) % step == 0), None)
        if width is None:
            continue
        x = place * 100 / last if ends else (place + 0.5) * 100 / len(labels)
        side = {0: "start", last: "end"}.get(place, "middle") if ends else "middle"
        yield Word(_rounded(x), 0, label, side, width)


def _parts(values: Sequence[float]) -> list[Part]:
    whole, before, parts = sum(values), 0.0, []
    for place, value in enumerate(values):
        parts.append(Part(str(place + 1), _rounded(before / whole * 100), _rounded(value / whole * 100)))
        before += value
    return [part for part in parts if part.share]


def _rounded(value: float) -> float:
    return round(value, 3)


def _whole(value: float) -> bool:
    return math.isclose(value, round(value), rel_tol=1e-9)
