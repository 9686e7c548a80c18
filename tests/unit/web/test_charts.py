"""Charts on the side of the server: what fits together, what stands on the page."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from crmhost.testing import Host
from crmhost.web.charts import Chart, ChartReceipt, ChartSeries, chart_box

pytestmark = pytest.mark.database("sqlite")

RECEIPT = ChartReceipt(
    formula="Contacts by the week in which they were added.",
    counted=1234,
    filters=[("Tag", "VIP")],
    zone="Europe/Berlin",
    left_out=[("no date", 3)],
)
CHART = Chart(
    id="new-contacts",
    title="How many contacts came in?",
    kind="line",
    summary="New contacts per week, 9 in all.",
    heading="Week",
    labels=["2 Nov", "9 Nov"],
    series=[ChartSeries("This period", [4, 5]), ChartSeries("Period before", [None, 2], "past")],
    receipt=RECEIPT,
)


def shown(site: Host, chart: Chart) -> str:
    """The markup of a chart in a box, as somebody reads it."""
    app = site.generation.app
    assert app is not None
    with app.test_request_context("/"):
        return str(chart_box(chart))


def test_a_chart_says_its_values_and_how_they_were_computed(site: Host) -> None:
    """Table, receipt, legend and the words for screen readers stand on the page, whatever the scripts do."""
    text = shown(site, CHART)
    for words in (
        'aria-label="New contacts per week, 9 in all."',
        '<th scope="col">Week</th>',
        '<th scope="row">9 Nov</th><td class="num">5</td><td class="num">2</td>',
        '<td class="num">–</td>',
        "Contacts by the week in which they were added.",
        "Tag: VIP",
        "Europe/Berlin",
        "1,234 records",
        "3: no date",
        "Period before",
    ):
        assert words in text
    assert "style=" not in text


def test_names_are_never_markup(site: Host) -> None:
    """Labels that users wrote are escaped, in the table and in what scripts read."""
    text = shown(site, dataclasses.replace(CHART, labels=['<b>"1"</b>', "'2'"]))
    assert "<b>" not in text
    assert "&lt;b&gt;" in text


def test_a_chart_without_values_says_what_will_stand_there(site: Host) -> None:
    """No tools for a drawing that there is not, but how it is computed all the same."""
    for series in ([], [None, None]):
        labels = ["a", "b"][: len(series)]
        empty = dataclasses.replace(CHART, labels=labels, series=[ChartSeries("x", series)], empty="Add a contact.")
        text = shown(site, empty)
        assert "Add a contact." in text
        assert "data-chart=" not in text
        assert "Contacts by the week" in text
    nothing = dataclasses.replace(CHART, kind="pie", series=[ChartSeries("x", [0, 0])])
    assert nothing.hollow
    assert not dataclasses.replace(CHART, series=[ChartSeries("x", [0, 0])]).hollow


def test_the_smallest_of_many_parts_are_drawn_as_one(site: Host) -> None:
    """A pie has six parts at most; the table has them all."""
    labels = [f"part {number}" for number in range(9)]
    pie = dataclasses.replace(CHART, kind="pie", labels=labels, series=[ChartSeries("x", list(range(9)))])
    app = site.generation.app
    assert app is not None
    with app.test_request_context("/"):
        drawn = json.loads(pie.spec)
        assert drawn["labels"] == ["part 8", "part 7", "part 6", "part 5", "part 4", "4 others"]
        assert drawn["series"][0]["values"] == [8, 7, 6, 5, 4, 6]
        assert len(pie.table) == 9
        assert pie.legend[0] == ("1", "part 8", "8 · 22.2%")


def test_money_is_told_in_its_currency(site: Host) -> None:
    """Minor units inside, the reader's manner outside."""
    money = dataclasses.replace(CHART, unit="money", currency="EUR", series=[ChartSeries("x", [123456, -5])])
    app = site.generation.app
    assert app is not None
    with app.test_request_context("/"):
        assert [values for _label, values in money.table] == [["€1,234.56"], ["-€0.05"]]
        assert json.loads(money.spec)["format"] == {"kind": "money", "currency": "EUR", "digits": 2}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": "New contacts"}, "question"),
        ({"id": "a b"}, "id"),
        ({"summary": " "}, "summary"),
        ({"heading": ""}, "heading"),
        ({"kind": "radar"}, "kind"),
        ({"unit": "money"}, "currency"),
        ({"series": []}, "needs a series"),
        ({"labels": ["one"]}, "value for each label"),
        ({"titles": ["one"]}, "title for each label"),
        ({"series": [ChartSeries("a", [1, 2]), ChartSeries("b", [1, 2])]}, "styles that differ"),
        ({"series": [ChartSeries("a", [1, float("nan")])]}, "finite"),
        ({"kind": "pie"}, "one series"),
        ({"kind": "pie", "series": [ChartSeries("a", [1, -2])]}, "below zero"),
        ({"stacked": True}, "stacked"),
    ],
)
def test_what_does_not_fit_together_is_refused(wrong: dict[str, Any], said: str) -> None:
    """When it is made, with a sentence for its author."""
    with pytest.raises(ValueError, match=said):
        dataclasses.replace(CHART, **wrong)
