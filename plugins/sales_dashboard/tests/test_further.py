"""The further pages and the REST API, on a small shop."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import re
from collections.abc import Callable
from typing import Any

import pytest

from crmhost.api import users
from crmhost.testing import Browser, Host
from plugins.sales_dashboard import subscriptions
from plugins.syncs import applying
from plugins.syncs.api import Incoming, connections
from plugins.transactions import services
from plugins.woo_sync.reader import incoming

MakeHost = Callable[..., Host]
API = "/api/v1/sales-dashboard"
NOON = dt.datetime(2093, 4, 20, 12, tzinfo=dt.UTC)


def sell(made: Host, day: str, total: int, contact: int, *, at: str = "12:00:00Z", **fields: Any) -> None:
    """Adds a sale in euros, or what the fields say."""
    ref = f"R{day}-{at}-{contact}-{total}"
    amount = {"amount": total, "currency": "EUR"}
    given = {
        "ref": ref,
        "name": "Order",
        "status": "Completed",
        "date": f"{day}T{at}",
        "contact_id": contact,
        "total": amount,
    }
    with made.work() as work, work.begin():
        services.create(work, given | fields)


@pytest.fixture
def shop(host: MakeHost) -> Host:
    """Three customers over four months, one of whom somebody else takes care of."""
    made = host("sales_dashboard", "rest_api", "woo_sync", "companies")
    made.clock.freeze(NOON)
    ada, bob = (made.make.contact(first_name=name) for name in ("Ada", "=Bob"))
    sell(made, "2093-01-31", 10000, ada, at="23:30:00Z", tags=["Defender 90"])
    sell(made, "2093-02-10", 5000, ada, discount={"amount": 500, "currency": "EUR"}, tags=["Defender 90", "Parts"])
    sell(made, "2093-02-12", 3000, bob)
    sell(made, "2093-03-05", 2000, bob, type="Refund", tags=["Parts"])
    sell(made, "2093-04-02", 700, ada)
    sell(made, "2093-04-03", 90, ada, status="Failed")
    return made


def rows_of(client: Browser, address: str) -> list[list[str]]:
    """A file that spreadsheets read as UTF-8."""
    text = client.get(f"/sales-dashboard/{address}").text
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))


def euros(amount: int) -> dict[str, Any]:
    """Money of the API."""
    return {"amount": amount, "currency": "EUR"}


@pytest.mark.database("sqlite")
def test_the_api_and_the_pages(shop: Host) -> None:
    """Figures with what they were before, cut by days of any zone; cohorts, best customers, tags, as pages and files."""
    api, client = shop.api(), shop.client()
    told = api.get(f"{API}?from=2093-02-01&to=2093-03-31&grain=month").json
    assert (told["currency"], told["from"], told["to"], told["tz"]) == ("EUR", "2093-02-01", "2093-03-31", "UTC")
    assert told["metrics"] == {
        "gross_revenue": {"value": euros(8500), "previous": euros(10000)},
        "net_revenue": {"value": euros(6000), "previous": euros(10000)},
        "discounts": {"value": euros(500), "previous": euros(0)},
        "fees": {"value": euros(0), "previous": euros(0)},
        "average_revenue_per_customer": {"value": euros(4250), "previous": euros(10000)},
        "new_customers": {"value": 1, "previous": 1},
        "total_customers": {"value": 2, "previous": 1},
    }
    assert told["previous"] == {"from": "2092-12-01", "to": "2093-01-31"}
    assert [(part["from"], part["to"], part["gross_revenue"]["amount"]) for part in told["series"]] == [
        ("2093-02-01", "2093-02-28", 8500), ("2093-03-01", "2093-03-31", 0),
    ]  # fmt: skip
    east = api.get(f"{API}?from=2093-02-01&to=2093-02-28&tz=Pacific/Auckland&grain=month").json
    assert (east["metrics"]["gross_revenue"]["value"], east["tz"]) == (euros(18500), "Pacific/Auckland")
    assert api.get(f"{API}?currency=all").json["series"][-1]["to"] == "2093-04-20"
    assert api.get(f"{API}?to=2093-04-20&from=2093-04-01").json["left_out"] == 1
    for query, field in (
        ("from=2093-02-30", "from"), ("to=soon", "to"), ("from=2093-03-01&to=2093-02-01", "to"), ("from=1500-01-01", "from"),
        ("from=2050-01-01&to=2093-01-01&grain=day", "grain"), ("grain=hour", "grain"), ("tz=../etc", "tz"),
        ("tz=Mars/Base", "tz"), ("currency=EURO", "currency"), ("colour=red", "colour"),
    ):  # fmt: skip
        refused = api.get(f"{API}?{query}")
        assert (refused.status_code, list(refused.json["errors"])) == (422, [field]), query
    assert "/api/v1/sales-dashboard" in api.get("/api/v1/openapi.json").json["paths"]

    page = client.get("/sales-dashboard/cohorts?measure=value").text
    assert "Jan 2093" in page
    assert "€155.00" in page
    lines = rows_of(client, "cohorts.csv?measure=retention")
    assert lines == [
        ["month", "customers", "1", "2", "3"],
        ["2093-01", "1", "1.0", "0.0", "1.0"],
        ["2093-02", "1", "0.0", "0.0"],
    ]
    assert rows_of(client, "cohorts.csv?measure=revenue")[1] == ["2093-01", "1", "100.00", "55.00", "0.00", "7.00"]
    query = "period=custom&from=2093-01-01&to=2093-03-31"
    best = rows_of(client, f"customers.csv?{query}")
    assert best[1:] == [["Ada", "EUR", "155.00", "2", "0.00"], ["'=Bob", "EUR", "30.00", "1", "20.00"]]
    customers = client.get(f"/sales-dashboard/customers?{query}").text
    # What somebody spent opens the transactions that count.
    behind = re.search(r'href="([^"]+)">€155\.00</a>', customers)
    assert behind
    assert "2 match" in client.get(html.unescape(behind[1]) + "&count=1").text
    # Net of all time, 162 + 30 − 5 − 20, by two customers.
    assert "€83.50" in customers
    assert "83.8%" in customers
    assert rows_of(client, f"tags.csv?{query}")[1:] == [
        ["Defender 90", "EUR", "2", "155.00", "0", "0.00", "150.00"],
        ["Parts", "EUR", "1", "55.00", "1", "20.00", "30.00"],
    ]
    found = client.get(f"/sales-dashboard/tags?{query}&q=defender").text
    assert "Defender 90" in found
    assert ">Parts<" not in found
    for name in ("tags", "tags.csv", "customers.csv", "figures.csv"):
        assert client.get(f"/sales-dashboard/{name}?period=custom&from=x").status_code == 422, name

    with shop.work() as work, work.begin():
        users.save_role(work, users.find_role(work, "Read only").id, "Read only", ["contacts.view"])
    assert shop.api("Read only").get(API).status_code == 403
    assert shop.client("Read only").get("/sales-dashboard/cohorts").status_code == 403


@pytest.mark.database("sqlite")
def test_subscriptions(shop: Host) -> None:
    """What a shop tells of its subscriptions becomes recurring revenue, with its movements and what is to come."""
    client = shop.client()
    assert "No subscriptions are known" in client.get("/sales-dashboard/subscriptions").text

    def contract(number: int, buyer: str, total: str, **fields: Any) -> Any:
        at = "2093-01-15T10:00:00"
        row = {
            "id": number, "status": "active", "currency": "EUR", "total": total, "billing_period": "month",
            "billing_interval": "1", "start_date_gmt": at, "date_created_gmt": at, "date_modified_gmt": at, "customer_id": 0,
            "line_items": [], "billing": {"email": buyer},
        }  # fmt: skip
        return incoming("subscription", row | fields)

    ended = {"status": "cancelled", "end_date_gmt": "2093-03-15T10:00:00", "date_modified_gmt": "2093-03-01T10:00:00"}
    later = {
        "status": "pending-cancel",
        "end_date_gmt": "2093-05-15T10:00:00",
        "date_modified_gmt": "2093-04-01T10:00:00",
    }
    with shop.work() as work, work.begin():
        source = connections.source_of(work, "woo")
        given = {"name": "Shop", "url": "https://shop.example.com", "key": "k", "secret": "s", "webhook_secret": "w"}
        one = connections.save(work, source, given)
        first = [
            contract(1, "carl@example.com", "30.00"), contract(2, "carl@example.com", "240.00", billing_period="year"),
            contract(3, "dora@example.com", "10.00", **ended), contract(4, "emil@example.com", "15.00", **later),
        ]  # fmt: skip
        applying.apply(work, source, one, first)
    with shop.work() as work, work.begin():
        raised = contract(1, "carl@example.com", "45.00", date_modified_gmt="2093-04-10T10:00:00")
        applying.apply(work, connections.source_of(work, "woo"), connections.get(work, one.id), [raised])
    page = client.get("/sales-dashboard/subscriptions?month=2093-04").text
    plain = " ".join(page.split())
    # 45 + 240 / 12 + 15 a month, by two customers; 240.00 a year is 20.00 a month.
    assert "€80.00" in plain
    assert "€960.00" in plain
    for said in ("Movements in April 2093", "+€15.00", "-€10.00", "-€15.00", "15 May 2093", "33.3%"):
        assert said in plain, said
    assert "Churn" in plain
    with shop.work("Read only", only_assigned=True) as work:
        assert subscriptions.known(work) == []
    with shop.work() as work, work.begin():
        users.save_role(work, None, "Counts", ["sales_dashboard.view"])
    blind = shop.client("Counts").get("/sales-dashboard/subscriptions?month=2093-04").text
    assert ("carl@example.com" in page, "carl@example.com" in blind, "€80.00" in blind) == (True, False, True)
    with shop.work() as work, work.begin():
        gone = [Incoming(kind="subscription", external_id="4", gone=True)]
        applying.apply(work, connections.source_of(work, "woo"), connections.get(work, one.id), gone)
    assert "€65.00" in client.get("/sales-dashboard/subscriptions").text
