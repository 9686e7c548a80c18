"""The box “How many contacts came in?”."""

from __future__ import annotations

import datetime as dt
import html
import itertools
import json
import re
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crmhost.core.contacts import bulk
from crmhost.testing import Host
from crmhost.web.dashboard.arrivals import FEWEST_YEARS, MOST_YEARS, spans

PERS = {"day": 30, "week": 12, "month": 12}


def drawn(page: str) -> dict[str, Any]:
    """What the chart on a page is told."""
    found = re.search(r"data-chart='([^']+)'|data-chart=\"([^\"]+)\"", page)
    assert found is not None, page[:2000]
    told: dict[str, Any] = json.loads(html.unescape(found[1] or found[2]))
    return told


@given(st.dates(dt.date(1990, 1, 1), dt.date(2090, 12, 31)), st.dates(dt.date(1980, 1, 1), dt.date(2090, 12, 31)))
def test_periods_follow_one_another(today: dt.date, first: dt.date) -> None:
    """Today is in the last period; nothing lies between two; those before are as many and end where the others begin."""
    for per, many in PERS.items():
        found = spans(per, today, first)
        assert len(found.bounds) == len(found.before) == many + 1
        assert found.bounds[-2] <= today < found.bounds[-1]
        assert found.before[-1] == found.bounds[0]
        assert all(one < other for one, other in itertools.pairwise([*found.before[:-1], *found.bounds]))
    years = spans("year", today, min(first, today)).bounds
    assert FEWEST_YEARS <= len(years) - 1 <= MOST_YEARS
    assert years[-2] <= today < years[-1]
    assert [bound.year for bound in years] == list(range(years[0].year, years[-1].year + 1))


def test_the_box_switches_without_a_reload(host: Callable[..., Host]) -> None:
    """It says day, week, month or year as asked, zeros included, of the contacts that the reader may see."""
    made = host()
    client = made.client()
    assert "Nobody is here yet" in client.get("/dashboard/arrived").text
    today = made.clock.freeze().date()
    ago = [(today - dt.timedelta(days=number)).isoformat() for number in (0, 0, 1, 8, 40, 400)]
    limited = made.actor("Contacts manager", only_assigned=True)
    with made.work() as work, work.begin():
        rows: list[dict[str, Any]] = [{"first_name": f"P{n}", "created_at": at} for n, at in enumerate(ago)]
        rows[2]["assigned_to"] = limited.user_id
        bulk.save_many(work, rows)
    assert "How many contacts came in?" in client.get("/").text
    for per, many in PERS.items():
        part = client.get(f"/dashboard/arrived?per={per}", headers={"HX-Request": "true"}).text
        assert "<html" not in part
        values = drawn(part)["series"][0]["values"]
        assert len(values) == many
        assert all(value is not None for value in values)
        assert values[-1] >= 2
    assert drawn(client.get("/dashboard/arrived?per=day").text)["series"][0]["values"][-10:] == [
        0,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        1,
        2,
    ]
    assert sum(drawn(client.get("/dashboard/arrived?per=year").text)["series"][0]["values"]) == 6
    assert len(drawn(client.get("/dashboard/arrived?per=nonsense").text)["labels"]) == 12
    own = made.client("Contacts manager", only_assigned=True).get("/dashboard/arrived?per=day").text
    assert sum(drawn(own)["series"][0]["values"]) == 1
