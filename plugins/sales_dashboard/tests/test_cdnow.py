"""The public CDNOW sample, imported as a file of transactions, gives exactly the known answers."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crmhost.testing import Host
from plugins.sales_dashboard import figures, summing, verifying
from plugins.sales_dashboard.days import month_spans

EVER = (dt.date(1997, 1, 1), dt.date(1998, 6, 30))


def _months(known: list[dict[str, Any]], found: list[figures.Totals]) -> None:
    for month, one in zip(known, found, strict=True):
        expected = [Decimal(month["gross_revenue"]), month["active_customers"], month["new_customers"]]
        expected += [month["total_customers_at_month_end"], Decimal(month["avg_revenue_per_active_customer"])]
        expected += [month["transactions"], month["returning_customers"]]
        mine = [Decimal(one.gross) / 100, one.customers, one.new_customers, one.total_customers]
        mine += [Decimal(one.average) / 100, one.sales, one.customers - one.new_customers]
        assert mine == expected, month["month"]


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.database("sqlite")
def test_the_sample_gives_the_known_answers(host: Callable[..., Host], shared_data: Path) -> None:
    """Months, new and returning customers, averages, cohorts, the best ten: by plain SQL, what is kept, the API and the CSV."""
    folder = shared_data / "sales"
    known, cohorts = (
        json.loads((folder / f"cdnow_sample.{name}.json").read_text("utf-8")) for name in ("expected", "cohorts")
    )
    crm = host("transactions", "csv_tools", "rest_api", "sales_dashboard")
    done = crm.cli("import", "transactions", str(folder / "cdnow_sample.transactions.csv"))
    assert done.exit_code == 0, done.output
    months = month_spans(*EVER)
    buyers: dict[str, Decimal] = {}
    for row in csv.DictReader(io.StringIO((folder / "cdnow_sample.transactions.csv").read_text("utf-8"))):
        buyers[row["email"]] = buyers.get(row["email"], Decimal(0)) + Decimal(row["total"])
    most = sorted(buyers.values(), reverse=True)[:10]
    for _kept in (False, True):
        with crm.work() as work:
            *found, ever = figures.totals(work, [*months, EVER], "USD")
            _months(known["monthly"], found)
            assert Decimal(ever.gross) / 100 == Decimal(known["totals"]["gross_revenue"])
            assert (ever.sales, ever.customers) == (known["totals"]["transactions"], known["totals"]["customers"])
            assert Decimal(ever.average) / 100 == Decimal(known["totals"]["avg_revenue_per_customer"])
            best = figures.best_customers(work, EVER, "USD")
            assert [Decimal(gross) / 100 for _kind, _id, _name, gross, *_rest in best] == most
            by_month = figures.cohorts(work, "USD", [dt.date.fromisoformat(f"{month}-01") for month in cohorts])
            assert {
                f"{month:%Y-%m}": {str(since): some[0] for since, some in row.items()}
                for month, row in by_month.items()
            } == cohorts
        with crm.work() as work:
            summing.make_anew(work)
            assert list(verifying.differences(work)) == []
    asked = f"from={EVER[0]}&to={EVER[1]}&grain=month&currency=USD"
    given = crm.api("CRM manager").get(f"/api/v1/sales-dashboard?{asked}").json
    assert given["metrics"]["gross_revenue"]["value"] == {"amount": 24_409_194, "currency": "USD"}
    for month, one in zip(known["monthly"], given["series"], strict=True):
        money = [month["gross_revenue"], month["avg_revenue_per_active_customer"]]
        names = ("gross_revenue", "average_revenue_per_customer")
        assert [Decimal(one[name]["amount"]) / 100 for name in names] == [Decimal(text) for text in money]
        numbers = month["new_customers"], month["total_customers_at_month_end"]
        assert (one["new_customers"], one["total_customers"]) == numbers
    text = crm.client("CRM manager").get(f"/sales-dashboard/figures.csv?{asked}").text
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    for month, row in zip(known["monthly"], rows[:-1], strict=True):
        money = [month["gross_revenue"], month["avg_revenue_per_active_customer"]]
        assert [row["gross_revenue"], row["average_revenue_per_customer"]] == money
        numbers = [month["active_customers"], month["new_customers"], month["transactions"]]
        assert [int(row[name]) for name in ("customers", "new_customers", "sales")] == numbers
    assert rows[-1]["gross_revenue"] == known["totals"]["gross_revenue"]
    assert crm.faults() == []
