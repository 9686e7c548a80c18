"""The figures are what the definitions say, by currency, zone, part and reader."""

from __future__ import annotations

import datetime as dt

from crmhost.api import contacts, rates
from plugins.sales_dashboard import figures
from plugins.sales_dashboard.figures import Narrowed
from plugins.sales_dashboard.tests.shops import Shop

MARCH, APRIL = ((dt.date(2026, month, 1), dt.date(2026, month, last)) for month, last in ((3, 31), (4, 30)))


def test_the_figures_follow_the_definitions(shop: Shop) -> None:
    """Gross, net, discounts, fees, taxes, refunds, customers: by hand, in one currency and in the base currency, and by part."""
    ada, bob = shop.crm.make.contact(first_name="Ada"), shop.crm.make.contact(first_name="Bob")
    with shop.crm.work() as work, work.begin():
        contacts.update(work, ada, {"address1": {"country": "FR"}})
    lines = [{"title": "Tea", "quantity": "1.5", "total": {"amount": 9_000, "currency": "EUR"}}]
    shop.sell("2026-03-05", 10_000, ada, fee=300, tax=1_500, discount=1_000, lines=lines, tags=["blue", "red"])
    shop.sell("2026-03-31T23:30:00Z", 5_001, bob, source="api")
    shop.sell("2026-04-02", 2_000, ada, type="Refund", tax=100, fee=10)
    shop.sell("2026-04-02", 7_000, ada, tags=["red"])
    shop.sell("2026-04-03", 900, ada, status="Pending")
    shop.sell("2026-04-04", 8_001, None, "USD")
    march, april, both = shop.ask(MARCH, APRIL, (MARCH[0], APRIL[1]))
    assert (march.gross, march.discounts, march.fees, march.taxes, march.net) == (16_001, 1_000, 300, 1_500, 13_201)
    assert (march.customers, march.new_customers, march.total_customers, march.average) == (2, 2, 2, 8_001)
    assert (april.gross, april.refunds, april.taxes, april.fees, april.net) == (7_000, 2_000, 0, 0, 5_000)
    assert (april.customers, april.new_customers, april.total_customers, april.left_out) == (1, 0, 2, 1)
    assert (both.gross, both.sales, both.refunds_number, both.customers) == (23_001, 3, 1, 2)
    assert [one.gross for one in shop.ask(MARCH, APRIL, zone="Europe/Paris")] == [11_000, 12_001]
    assert [one.customers for one in shop.ask(MARCH, APRIL, zone="Europe/Paris")] == [1, 2]
    assert (shop.ask(APRIL, currency="")[0].gross, shop.ask(APRIL, currency="")[0].left_out) == (7_000, 2)
    assert shop.ask(APRIL, where=Narrowed("tag", "1"))[0].gross == 0
    with shop.crm.work() as work, work.begin():
        rates.put(work, [("USD", "2026-04-01", "0.5")])
    assert shop.ask(APRIL, currency="")[0].gross == 11_001
    with shop.crm.work() as work:
        assert figures.currencies(work) == ["EUR", "USD"]
        for dimension, expected in {
            "tag": {"red": 18_000, "blue": 11_000, "": 5_001},
            "product": {"": 14_001, "Tea": 9_000},
            "source": {"manual": 18_000, "api": 5_001},
            "type": {"Sale": 23_001, "Refund": 0},
            "country": {"France": 18_000, "": 5_001},
            "owner": {"": 23_001},
        }.items():
            found = figures.parts(work, dimension, (MARCH[0], APRIL[1]), "EUR")
            assert {part.label: part.totals.gross for part in found} == expected, dimension
            for part in found:
                where = Narrowed(dimension, part.key)
                again = figures.totals(work, [MARCH, (MARCH[0], APRIL[1])], "EUR", where=where)
                assert again[1].gross == part.totals.gross, (dimension, part)
        assert [part.quantity for part in figures.parts(work, "product", MARCH, "EUR")] == ["1.5", ""]
        best = figures.best_customers(work, (MARCH[0], APRIL[1]), "EUR")
        assert best == [("contact", ada, "Ada", 18_000, 2, 2_000), ("contact", bob, "Bob", 5_001, 1, 0)]
        months = figures.cohorts(work, "EUR", [MARCH[0]])
        assert months == {MARCH[0]: {0: (2, 16_001), 1: (1, 7_000)}}
        assert figures.restated(work, MARCH, "EUR") == (0, 0)
    client = shop.crm.client()
    for metric, number in (
        ("gross_revenue", 1), ("net_revenue", 2), ("average_revenue_per_customer", 1), ("new_customers", 0),
        ("total_customers", 2),
    ):  # fmt: skip
        with shop.crm.work() as work:
            address = figures.behind(work, metric, APRIL, "EUR")
        assert client.get(address).text.count("<tr data-") == number, address
    assert "is neither a currency" in client.get("/transactions/?first_sale=nothing+at+all").text
    assert client.get("/transactions/?first_sale=EUR+0001-01-01+country+FR").text.count("<tr data-") == 1
    assert shop.crm.faults() == []
