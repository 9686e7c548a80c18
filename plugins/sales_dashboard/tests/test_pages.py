"""The pages of the sales dashboard."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from crmhost.api import rates, settings, users
from crmhost.testing import Host
from plugins.sales_dashboard import asked, fees, figures, goals
from plugins.transactions import api as transactions

Hosts = Callable[..., Host]
pytestmark = pytest.mark.database("sqlite")
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def sell(host: Host, *rows: dict[str, Any]) -> None:
    """Adds transactions; each is a sale of today that succeeded unless it says otherwise."""
    usual = {"type": "Sale", "status": "Succeeded", "currency": "EUR", "date": NOW, "name": "Order"}
    with host.work() as work, work.begin():
        for number, row in enumerate(rows):
            transactions.create(work, {**usual, "ref": f"S-{row['total']}-{number}", **row})


def words(page: str) -> str:
    """A page without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


@contextmanager
def counted(host: Host) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    event.listen(host.site.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(host.site.engine, "before_cursor_execute", note)


def test_story(host: Hosts) -> None:
    """From nothing to figures that say what they are, open their transactions, and are the same in every place."""
    made = host("sales_dashboard", "transactions")
    made.clock.freeze(NOW)
    client = made.client()
    hollow = client.get("/sales-dashboard/").text
    assert "No sales yet" in hollow
    assert 'href="/sales-dashboard/"' in client.get("/contacts/").text

    ann, bob = (made.make.contact(first_name=name) for name in ("Ann", "Bob"))
    sell(
        made,
        {"total": "100.00", "tax": "20.00", "fee": "3.00", "contact_id": ann, "tags": ["Course"]},
        {"total": "50.01", "discount": "10.00", "contact_id": bob, "source": "shop"},
        {"total": "30.00", "type": "Refund", "contact_id": ann},
        {"total": "40.00", "status": "Pending", "contact_id": ann},
        {"total": "80.00", "contact_id": ann, "date": NOW - dt.timedelta(days=31)},
    )
    with made.work() as work, work.begin():
        fees.save(work, None, {"name": "Rent", "amount": "5", "day": "2026-11-01", "every": "month"})
        goals.save(work, None, {"metric": "gross_revenue", "every": "month", "target": "320.02"})
        goals.save(work, None, {"metric": "fees", "every": "month", "target": "4"})
    page = client.get("/sales-dashboard/?period=30&compare=before&grain=week").text
    told = words(page)
    for said in (
        "Gross revenue €160.01", "+100.0% from €80.00", "Net revenue €92.01", "Discounts €10.00", "Fees €8.00",
        "Average revenue per customer €80.01", "New customers 1", "Total customers 2", "Refunds −€30.00", "Taxes −€20.00",
        "24 Oct – 22 Nov 2026", "Sum of total and discount of the sales that count",
    ):  # fmt: skip
        assert said in told.replace("\u2009", " ").replace("-€", "−€"), said
    below = re.search(r'hx-get="(/sales-dashboard/below[^"]+)"', page)
    assert below
    told = words(client.get(html.unescape(below[1])).text)
    for said in (
        "Rent 1 Nov 2026 €5.00", "Gross revenue this month Behind time €160.01 of €320.02",
        "Fees this month Over the limit €8.00 of €4.00",
    ):  # fmt: skip
        assert said in told, said
    assert 'style="' not in page

    # A figure opens exactly the transactions that it is made of.
    behind = re.search(r'class="value" href="([^"]+)"', page)
    assert behind
    listed = client.get(html.unescape(behind[1]) + "&count=1").text
    assert "2" in re.findall(r"\d+", words(listed))

    # Its own page, the breakdowns and the file say the same.
    query = "period=30&compare=before&grain=week"
    metric = client.get(f"/sales-dashboard/metrics/gross_revenue?{query}").text
    assert "€160.01" in words(metric)
    assert "hx-get=" in metric
    by_tag = words(client.get(f"/sales-dashboard/breakdown?metric=gross_revenue&by=tag&{query}").text)
    assert "Course" in by_tag
    assert "62.5%" in by_tag
    by_source = client.get(f"/sales-dashboard/breakdown?metric=net_revenue&by=source&{query}").text
    for by in figures.DIMENSIONS:
        shown = client.get(f"/sales-dashboard/breakdown?metric=gross_revenue&by={by}&{query}").text
        rows = re.findall(r'only-wide">([\d,]+)</td>.*?href="(/transactions/[^"]+)"', shown, re.DOTALL)
        assert rows, by
        for number, address in rows:
            listed = words(client.get(html.unescape(address) + "&count=1").text)
            assert number == "0" or f"{number} match" in listed, (by, listed)
    for metric, by in (("new_customers", "tag"), ("total_customers", "product"), ("new_customers", "country")):
        shown = client.get(f"/sales-dashboard/breakdown?metric={metric}&by={by}&{query}").text
        rows = re.findall(r'<td class="num"><a href="(/transactions/[^"]+)">(\d+)</a>', shown)
        assert rows, shown
        for address, number in rows:
            listed = words(client.get(html.unescape(address) + "&count=1").text)
            assert f"{number} match" in listed, (metric, by, address, listed)
    average = client.get(f"/sales-dashboard/breakdown?metric=average_revenue_per_customer&by=type&{query}").text
    assert "€80.01" in average
    narrowed = re.search(r'href="([^"]*metrics/net_revenue\?[^"]*key=shop[^"]*)"', by_source)
    assert narrowed
    assert "€50.01" in words(client.get(html.unescape(narrowed[1])).text)
    rows = list(csv.DictReader(io.StringIO(client.get(f"/sales-dashboard/figures.csv?{query}").text.lstrip("\ufeff"))))
    last = rows[-1]
    assert (last["from"], last["to"], last["gross_revenue"], last["net_revenue"]) == (
        "2026-10-24", "2026-11-22", "160.01", "92.01",
    )  # fmt: skip
    assert sum(int(row["sales"]) for row in rows[:-1]) == int(last["sales"]) == 2

    # Nonsense is said and changes nothing; nothing is written by looking.
    wrong = client.get("/sales-dashboard/?period=decade")
    assert (wrong.status_code, "is none of" in wrong.text) == (422, True)
    assert client.get("/sales-dashboard/metrics/happiness").status_code == 404
    assert client.get("/sales-dashboard/breakdown?by=mood").status_code == 404
    for key in ("abc", "9" * 30, "-1"):
        assert client.get(f"/sales-dashboard/metrics/fees?by=tag&key={key}").status_code == 422, key
    # What can't be narrowed shows all.
    assert "€160.01" in words(client.get(f"/sales-dashboard/?{query}&by=source&key=shop").text)
    hollow = words(client.get("/sales-dashboard/?from=1990-01-01&to=1990-01-31").text)
    assert "Nothing to draw in this period" in hollow
    assert "Average revenue per customer –" in hollow
    assert "4" in words(client.get("/dashboard/box/sales_dashboard.sales").text)


def test_what_one_looks_at_is_remembered(host: Hosts) -> None:
    """The page comes back as one left it; another user has their own, and the setting says what is shown at first."""
    made = host("sales_dashboard", "transactions")
    made.clock.freeze(NOW)
    sell(made, {"total": "10.00"})
    with made.work() as work, work.begin():
        settings.set_many(work, {"sales_dashboard.period": "year", "sales_dashboard.compare": "none"})
    client, other = made.client(), made.client("Read only")
    assert "1 Jan – 22 Nov 2026" in words(client.get("/sales-dashboard/").text).replace("\u2009", " ")
    page = client.get("/sales-dashboard/?period=7&compare=year&chart=fees").text
    sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page[page.index("/remember") :]))
    sent.pop("csrf_token", None)
    assert client.post("/sales-dashboard/remember", data=sent).status_code == 204
    again = client.get("/sales-dashboard/").text
    assert "compared with 16–22 Nov 2025" in words(again).replace("\u2009", " ")
    assert "/remember" not in again
    assert "1 Jan – 22 Nov 2026" in words(other.get("/sales-dashboard/").text).replace("\u2009", " ")
    with made.work("Admin") as work:
        assert (
            asked.read(work, {"period": "custom", "from": "2026-01-01", "to": "2026-01-31"}).kept.get("period") is None
        )


def test_currencies_stay_apart(host: Hosts) -> None:
    """Each currency has its figures; all together stand at the stored daily rates, and the page says so."""
    made = host("sales_dashboard", "transactions")
    made.clock.freeze(NOW)
    sell(made, {"total": "10.00"}, {"total": "1500", "currency": "JPY"}, {"total": "7.00", "currency": "USD"})
    with made.work() as work, work.begin():
        rates.put(work, [("JPY", "2026-11-22", "0.006")])
        fees.save(work, None, {"name": "Stall", "amount": "200", "currency": "jpy", "day": "2026-11-22"})
    client = made.client()
    euro = words(client.get("/sales-dashboard/?currency=EUR").text)
    assert "Gross revenue €10.00" in euro
    assert "Currencies are never added" in euro
    yen = words(client.get("/sales-dashboard/?currency=jpy").text)
    assert "Gross revenue ¥1,500" in yen
    assert "Fees ¥200" in yen
    every = words(client.get("/sales-dashboard/?currency=all").text)
    assert "Gross revenue €19.00" in every
    assert "Fees €1.20" in every
    assert "What has no rate on its day is left out" in every
    assert client.get("/sales-dashboard/?currency=GBP").status_code == 422


def test_who_may(host: Hosts) -> None:
    """Without the permission there is no page; to look is not to change fees and goals; limited users see their own."""
    made = host("sales_dashboard", "transactions")
    made.clock.freeze(NOW)
    mine = made.make.contact(first_name="Mine")
    sell(
        made,
        {"total": "10.00", "contact_id": mine},
        {"total": "90.00", "contact_id": made.make.contact(first_name="Other")},
    )
    with made.work() as work, work.begin():
        fees.save(work, None, {"name": "Rent", "amount": "5", "day": "2026-11-22"})
        for day in ("2026-11-22", "2026-11-23"):
            fees.save(work, None, {"name": "Rent", "amount": "5", "day": day, "every": "month"})
        users.save_role(
            work, users.find_role(work, "Read only").id, "Read only", ["contacts.view", "sales_dashboard.view"]
        )
        users.save_role(work, None, "Nobody", ["contacts.view"])
    reader, nobody = made.client("Read only"), made.client("Nobody")
    assert reader.get("/sales-dashboard/").status_code == 200
    for address in ("fees/", "fees/1", "goals/new"):
        assert reader.get(f"/sales-dashboard/{address}").status_code == 403
    assert nobody.get("/sales-dashboard/").status_code == 403
    assert 'href="/sales-dashboard/"' not in nobody.get("/contacts/").text
    limited = made.client("Read only", only_assigned=True)
    assert "No sales to your contacts yet" in limited.get("/sales-dashboard/").text
    # What has not begun can't end today.
    shown = [made.client().get(f"/sales-dashboard/fees/{number}").text for number in (2, 3)]
    assert ["End today" in one for one in shown] == [True, False]


def test_two_people_and_one_goal(host: Hosts) -> None:
    """The second to save sees what the first one saved; a goal that was deleted comes back."""
    made = host("sales_dashboard", "transactions")
    with made.work() as work, work.begin():
        goal = goals.save(work, None, {"metric": "net_revenue", "every": "month", "target": "100"}).id
    client, address = made.client(), f"/sales-dashboard/goals/{goal}"
    page = client.get(address).text
    opened = {
        name: html.unescape(re.findall(f'name="{name}"[^>]*value="([^"]*)"', page)[0]) for name in ("version", "seen")
    }
    form = {"metric": "net_revenue", "every": "month", "currency": "EUR", **opened}
    assert client.post(address, data={**form, "target": "200"}).status_code == 303
    second = client.post(address, data={**form, "target": "300"})
    assert (second.status_code, "200.00" in second.text, "300" in second.text) == (409, True, True)
    gone = client.post(f"{address}/delete", headers={"HX-Request": "true"})
    with made.work() as work:
        assert goals.all_goals(work) == []
    undo = re.search(
        r"/sales-dashboard/goals/restore\?[^\"]+", str(gone.headers) + client.get("/sales-dashboard/goals/").text
    )
    assert undo
    client.post(html.unescape(undo[0]))
    with made.work() as work:
        assert [goals.snapshot(one)["target"] for one in goals.all_goals(work)] == ["200.00"]


def test_statements(host: Hosts) -> None:
    """A page takes few statements, the same with one sale and with many."""
    made = host("sales_dashboard", "transactions")
    made.clock.freeze(NOW)
    client = made.client()
    addresses = (
        "/sales-dashboard/?period=year", "/sales-dashboard/metrics/fees?period=90", "/sales-dashboard/fees/",
        "/sales-dashboard/breakdown?metric=fees&by=tag",
    )  # fmt: skip
    numbers = []
    for days in ([0], range(1, 25)):
        sell(
            made,
            *({"total": f"{10 + day}.00", "date": NOW - dt.timedelta(days=day), "tags": [f"T{day}"]} for day in days),
        )
        with made.work() as work, work.begin():
            for day in days:
                fees.save(work, None, {"name": f"Fee {day}", "amount": "1", "day": "2026-11-22", "every": "month"})
        found = []
        for address in addresses:
            client.get(address)
            with counted(made) as seen:
                assert client.get(address).status_code == 200
            found.append(
                len([one for one in seen if one.startswith(("SELECT", "WITH")) and "FROM host_state" not in one])
            )
        numbers.append(found)
    assert numbers[0] == numbers[1]
    assert max(numbers[1]) <= 12, numbers
