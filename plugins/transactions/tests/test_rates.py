"""Values, revenue and sums in the base currency, at the rate stored for the day of each transaction."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal

from sqlalchemy import select

from crmhost.api import Money, contacts, money, rates
from crmhost.testing import Host
from plugins.transactions.models import Day
from plugins.transactions.tests.conftest import Books

FIRST = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=30)


def _later(days: int) -> str:
    return (FIRST + dt.timedelta(days=days)).isoformat()


def _put(books: Books, *some: tuple[str, dt.date, str]) -> None:
    with books.crm.work() as work, work.begin():
        rates.put(work, some)
    books.crm.run_jobs()


def _days(books: Books) -> dict[str, int]:
    with books.crm.work() as work:
        found: dict[str, int] = {}
        for row in work.session.scalars(select(Day)):
            found[row.currency] = found.get(row.currency, 0) + row.amount
        return {currency: amount for currency, amount in found.items() if amount}


def test_values_follow_rates(books: Books) -> None:
    """Each counts at the rate of its day, apart without one; a rate that is stored, changed or removed moves what it concerns."""
    ada = books.crm.make.contact(first_name="Ada")
    books.add(10_000, contact_id=ada, date=_later(0))
    for days in (0, 1, 10):
        books.add(10_001, "USD", contact_id=ada, date=_later(days))
    refund = books.add(4_000, "USD", contact_id=ada, date=_later(1), type="Refund")
    books.add(500, "JPY", contact_id=ada, date=_later(0))
    apart = {"EUR": 10_000, "USD": 26_003, "JPY": 500}
    assert (books.total(ada), _days(books)) == (apart, apart)
    _put(books, ("USD", FIRST, "0.5"))
    # 50.005 is 50.01 for each of the two sales; the third is older than a week after the rate.
    assert books.total(ada) == {"EUR": 10_000 + 5_001 + 5_001 - 2_000, "USD": 10_001, "JPY": 500}
    assert _days(books) == books.total(ada)
    _put(books, ("USD", FIRST + dt.timedelta(days=1), "2"))
    assert books.total(ada)["EUR"] == 10_000 + 5_001 + 20_002 - 8_000
    page = books.crm.client().get(f"/transactions/{refund}").text
    assert "€80.00" in page
    assert "1 USD = 2 EUR" in page
    client = books.crm.client()
    for query in ("", "&contact_id=" + str(ada)):
        assert "€270.03" in client.get(f"/transactions/?count=1{query}").text, query
    widget = client.get("/dashboard/box/transactions.revenue").text
    assert "at the rate stored for their day" in widget
    assert client.post("/settings/currencies/use", data={"holds": "7"}).status_code == 303
    assert (books.total(ada), _days(books)) == (apart, apart)
    assert books.crm.faults() == []


def test_any_rates_give_what_a_plain_model_gives(books: Books) -> None:
    """Whatever is stored when, in whatever order, values and days are what adding up each transaction by hand gives."""
    chance = random.Random(7)
    people = [books.crm.make.contact() for _ in range(3)]
    known: dict[tuple[str, dt.date], Decimal] = {}
    sold: list[tuple[int, Money, dt.date, int]] = []
    for _step in range(14):
        day = FIRST + dt.timedelta(days=chance.randrange(12))
        currency = chance.choice(("EUR", "USD", "JPY", "KWD"))
        if chance.random() < 0.5 or currency == "EUR":
            owner, sign = chance.choice(people), chance.choice((1, 1, -1))
            amount = Money(chance.randrange(1, 10**6), currency)
            books.add(
                amount.amount, currency, contact_id=owner, date=day.isoformat(), type="Refund" if sign < 0 else "Sale"
            )
            sold.append((owner, amount, day, sign))
        else:
            rate = Decimal(chance.randrange(1, 10**7)) / 10**6
            known[currency, day] = rate
            _put(books, (currency, day, f"{rate:f}"))
    wanted: dict[int, dict[str, int]] = {}
    for owner, amount, day, sign in sold:
        fits = [when for code, when in known if code == amount.currency and 0 <= (day - when).days < 7]
        into, worth = amount.currency, amount.amount
        if fits:
            exact = amount.decimal * known[amount.currency, max(fits)]
            into, worth = "EUR", money.round_half_up(exact * 100)
        mine = wanted.setdefault(owner, {})
        mine[into] = mine.get(into, 0) + sign * worth
    assert {owner: books.total(owner) for owner in wanted} == wanted
    assert sum(_days(books).values()) == sum(sum(some.values()) for some in wanted.values())


def test_companies_invoices_and_limited_readers_count_alike(host: Callable[..., Host]) -> None:
    """What was paid of invoices stands at the rate of their date; who sees own contacts only gets the same sums of theirs."""
    books = Books(host("transactions", "companies", "invoices"))
    ada = books.crm.make.contact(first_name="Ada")
    me = books.crm.actor("CRM manager", only_assigned=True).user_id
    with books.crm.work() as work, work.begin():
        contacts.update(work, ada, {"assigned_to": me})
        lines = [{"title": "Work", "quantity": "1", "unit_price": "100"}]
        fields = {"contact_id": ada, "currency": "USD", "date": FIRST, "lines": lines, "status": "Paid"}
        work.service("invoices").create(fields)
    books.add(1_000, "USD", contact_id=ada, date=_later(1))
    assert books.total(ada) == {"USD": 11_000}
    _put(books, ("USD", FIRST, "0.9"))
    assert books.total(ada) == {"EUR": 9_900}
    assert "€90.00, at 0.9 of" in books.crm.client().get("/invoices/1").text
    limited = books.crm.client("CRM manager", only_assigned=True)
    assert "€9.00" in limited.get("/dashboard/box/transactions.revenue").text
    assert books.crm.faults() == []
