"""Charts as the server draws them: everything stands where its value says, whatever the values are."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given
from hypothesis import strategies as st

from crmhost.web.charts import Chart, ChartReceipt, ChartSeries
from crmhost.web.pictures import WIDTHS, Bar, axis, axis_of, picture

AMOUNTS = st.integers(-(10**9), 10**9)
#: Amounts of which none is lost in the rounding of places beside another.
LARGE = st.just(0) | st.integers(10**6, 10**8) | st.integers(-(10**8), -(10**6))
VALUES = st.lists(st.none() | AMOUNTS, min_size=1, max_size=40).filter(
    lambda values: any(one is not None for one in values)
)
RECEIPT = ChartReceipt(formula="Made up.", counted=1)
APP = Flask(__name__)
Babel(APP)


@pytest.fixture(autouse=True, scope="module")
def _reader() -> object:
    with APP.test_request_context("/"):
        yield


def chart(kind: str, *series: list[float | None], stacked: bool = False, running: str = "") -> Chart:
    styles = ("main", "soft", "2")
    return Chart(
        id="one",
        title="Is it right?",
        kind=kind,  # type: ignore[arg-type]
        summary="Made up.",
        heading="Thing",
        labels=[f"thing {place}" for place in range(len(series[0]))],
        series=[ChartSeries(f"s{place}", values, styles[place]) for place, values in enumerate(series)],  # type: ignore[arg-type]
        receipt=RECEIPT,
        stacked=stacked,
        running=running,
    )


def near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-6, abs_tol=0.002)


@given(
    st.lists(st.floats(-1e9, 1e9).filter(lambda value: abs(value) > 1e-3 or not value)),
    st.sampled_from((3, 4)),
    st.sampled_from((1, 0.001)),
)
def test_an_axis_holds_all_values_in_few_equal_steps(values: list[float], steps: int, least: float) -> None:
    """Nought is a tick, every value lies between the ends, there are neither too few nor too many steps."""
    found = axis(values, steps=steps, least=least)
    assert found.low <= min((0, *values)) + 1e-6 * found.step
    assert found.high >= max((0, *values)) - 1e-6 * found.step
    assert any(near(tick / found.step, 0) for tick in found.ticks)
    assert 2 <= len(found.ticks) <= steps + 4
    assert near(found.step / least, round(found.step / least))


@given(VALUES)
def test_bars_are_as_long_as_their_values(values: list[float | None]) -> None:
    """Upright and lying: from nought, as far as the value says, on the side of its sign, each in its band."""
    for kind in ("bar", "rows"):
        one = chart(kind, values)
        along, bars = axis_of(one), list(picture(one).bars)
        span, zero = along.high - along.low, along.at(0)
        there = [(place, value) for place, value in enumerate(values) if value]
        assert len(bars) == len(there)
        for (place, value), bar in zip(there, bars, strict=True):
            x, length, start, thick = upright(bar) if kind == "bar" else (bar.y, bar.width, bar.x, bar.height)
            assert near(length, abs(value) / span * 100)
            assert near(start if value > 0 else start + length, zero)
            assert near(x + thick / 2, (place + 0.5) * 100 / len(values))


@given(st.lists(st.tuples(LARGE, LARGE, LARGE), min_size=1, max_size=12))
def test_parts_of_a_bar_stand_on_one_another(columns: list[tuple[int, int, int]]) -> None:
    """The parts above nought add up to their sum, as do those below; none covers another, none leaves the picture."""
    one = chart("bar", *(list(series) for series in zip(*columns, strict=True)), stacked=True)
    along, bars = axis_of(one), picture(one).bars
    for place, column in enumerate(columns):
        middle = (place + 0.5) * 100 / len(columns)
        parts = [upright(bar) for bar in bars if near(bar.x + bar.width / 2, middle)]
        for sign in (1, -1):
            own = sorted(
                (start, start + length)
                for _x, length, start, _t in parts
                if (start + length / 2 > along.at(0)) == (sign > 0)
            )
            total = sum(value for value in column if value * sign > 0)
            assert math.isclose(
                sum(end - start for start, end in own), abs(along.at(total) - along.at(0)), abs_tol=0.01
            )
            assert all(before[1] <= after[0] + 0.01 for before, after in itertools.pairwise(own))
        assert all(start >= -0.01 and start + length <= 100.01 for _x, length, start, _t in parts)


def test_groups_stand_side_by_side() -> None:
    """The bars of one label don't touch those of another, nor one another."""
    bars = sorted((bar.x, bar.x + bar.width) for bar in picture(chart("bar", [1, 2, 3], [3, 2, 1])).bars)
    assert len(bars) == 6
    assert all(before[1] < after[0] for before, after in itertools.pairwise(bars))


@given(VALUES)
def test_lines_go_through_their_values(values: list[float | None]) -> None:
    """Every value is a point of the line at its height, or a dot where it has no neighbours; nothing else is drawn."""
    one = chart("line", values)
    along = axis_of(one)
    [line] = picture(one).lines
    found = [(float(x), float(y)) for x, y in re.findall(r"([\d.e-]+) ([\d.e-]+)", line.path)]
    expected = [(place, value) for place, value in enumerate(values) if value is not None]
    points = sorted([*found, *line.dots])
    assert len(points) == len(expected)
    for (place, value), (x, y) in zip(expected, points, strict=True):
        assert math.isclose(x, place * 100 / (len(values) - 1) if len(values) > 1 else 50, abs_tol=0.01)
        assert math.isclose(100 - y, along.at(value), abs_tol=0.01)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(any))
def test_parts_of_a_pie_follow_one_another_and_make_it_whole(values: list[int]) -> None:
    """Each takes its share; one begins where the last ends."""
    one = chart("pie", list(values))
    parts, sums = picture(one).parts, one.slices()[1]
    assert math.isclose(sum(part.share for part in parts), 100, abs_tol=0.02)
    for part in parts:
        assert math.isclose(part.share, sums[int(part.style) - 1] / sum(sums) * 100, abs_tol=0.001)
    assert all(
        math.isclose(one.start + one.share, next_.start, abs_tol=0.01) for one, next_ in itertools.pairwise(parts)
    )


@given(st.integers(1, 60), st.integers(1, 30))
def test_labels_never_run_into_one_another(many: int, length: int) -> None:
    """The wider the chart the more of them it shows; the last one always; at no width more than there is room for."""
    one = chart("bar", [1.0] * many)
    names = picture(dataclasses.replace(one, labels=["m" * length] * many)).names
    assert names[-1].width == 0
    for rem in (20, 32, 64):
        shown = [name.x for name in names if name.width <= rem]
        room = (rem * 16 - 64) / 100
        assert all((after - before) * room >= length * 6.8 for before, after in itertools.pairwise(shown))


def test_the_styles_know_every_width_at_which_labels_appear() -> None:
    """Each has a rule, so that no label stands where it has no room."""
    styles = (Path(__file__).parents[3] / "frontend" / "src" / "css" / "app.css").read_text()
    for width in WIDTHS[1:]:
        assert (
            f"@container crm-chart (width < {width}rem) {{ .crm-picture .from-{width} {{ display: none; }} }}" in styles
        )


def test_what_needs_a_word_has_it() -> None:
    """What is below nought says how much, what still grows says so; a row says its value."""
    notes = [(note.text, note.side) for note in picture(chart("bar", [5, -1500, 3], running="so far")).notes]
    assert notes == [("-1.5K", "below"), ("so far", "above")]
    assert [note.text for note in picture(chart("rows", [5, 20_000])).notes] == ["5", "20K"]


def upright(bar: Bar) -> tuple[float, float, float, float]:
    """Place, length, start from below and breadth of an upright bar."""
    return bar.x, bar.height, 100 - bar.y - bar.height, bar.width
