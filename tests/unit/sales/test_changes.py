"""What is kept follows everything that moves sales from one customer, day, tag or country to another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from crmhost.api import contacts, merging, tags
from crmhost.testing import Host
from plugins.companies import mass as companies
from plugins.companies import services as company_services
from plugins.invoices import services as invoices
from plugins.sales_dashboard import figures, kept, summing, verifying
from plugins.sales_dashboard.days import Calendar
from plugins.sales_dashboard.kept import Kept
from plugins.sales_dashboard.plain import Plain
from plugins.sales_dashboard.tests.shops import Shop
from plugins.transactions import api as transactions
from plugins.transactions import mass, services

BEGIN, END = dt.date(2026, 1, 20), dt.date(2026, 5, 20)


def test_whatever_moves_sales_moves_what_is_kept(host: Callable[..., Host]) -> None:
    """Merge and its undo, a company erased, a tag deleted and back, an invoice attached, given away and let go, bin and restore:
    after each step all that is kept is what plain SQL gives, before the job that sums up and after it.
    """
    crm = host("sales_dashboard", "companies", "invoices")
    shop, client = Shop(crm), crm.client()

    def done(name: str, *arguments: Any) -> Any:
        with crm.work() as work, work.begin():
            return STEPS[name](work, *arguments)

    def does(name: str, *arguments: Any) -> Any:
        """A step, and the comparison: before the days that it changed are summed up, and after."""
        found = done(name, *arguments)
        compare()
        return found

    def compare() -> None:
        with crm.work() as work:
            assert kept.usable(work, Calendar())
            ours, theirs = (way(work, "EUR", Calendar()) for way in (Kept, Plain))
            assert ours.sums([(BEGIN, END)]) == theirs.sums([(BEGIN, END)])
            assert ours.customers([(BEGIN, END)]) == theirs.customers([(BEGIN, END)])
            for dimension in ("tag", "country"):
                assert ours.parts(dimension, (BEGIN, END)) == theirs.parts(dimension, (BEGIN, END)), dimension
        with crm.work() as work, work.begin():
            while summing.clean(work):
                pass
            assert list(verifying.differences(work)) == []

    def customers() -> tuple[int, dict[str, int]]:
        with crm.work() as work:
            (all_of_it,) = figures.totals(work, [(BEGIN, END)], "EUR")
            found = figures.parts(work, "country", (BEGIN, END), "EUR")
            return all_of_it.customers, {part.key: part.totals.gross for part in found}

    ada, bob = (done("person", name, country) for name, country in (("Ada", "FR"), ("Bob", "DE")))
    firm = done("company")
    first = shop.sell("2026-02-03", 1_000, ada, tags=["red"])
    shop.sell("2026-03-04", 2_000, bob)
    shop.sell("2026-03-05", 4_000, None, company_id=firm)
    alone = shop.sell("2026-04-06", 8_000, None)
    compare()
    assert customers() == (3, {"": 8_000, "FR": 1_000, "DE": 2_000, "NL": 4_000})
    joined = does("merge", ada, bob)
    assert customers() == (2, {"": 8_000, "FR": 3_000, "NL": 4_000})
    does("unmerge", joined.id)
    assert customers() == (3, {"": 8_000, "FR": 1_000, "DE": 2_000, "NL": 4_000})
    invoice = done("bill", ada)
    does("attach", alone, invoice)
    assert customers() == (3, {"FR": 9_000, "DE": 2_000, "NL": 4_000})
    does("give", invoice, bob)
    assert customers() == (3, {"FR": 1_000, "DE": 10_000, "NL": 4_000})
    does("detach", alone)
    assert customers() == (3, {"": 8_000, "FR": 1_000, "DE": 2_000, "NL": 4_000})
    red = done("tag")
    _number, gone = does("untag", red)
    client.post(f"/settings/field-options/tags/bring-back/{gone}")
    compare()
    with crm.work() as work:
        assert [part.label for part in figures.parts(work, "tag", (BEGIN, END), "EUR") if part.key] == ["red"]
    does("bin", [first])
    assert customers() == (2, {"": 8_000, "DE": 2_000, "NL": 4_000})
    does("restore", [first])
    done("close", firm)
    does("erase", firm)
    # A customer who is gone was one all the same; where from, nobody knows.
    assert customers() == (3, {"": 12_000, "FR": 1_000, "DE": 2_000})
    shop.check(BEGIN, END)
    assert crm.faults() == []


STEPS: dict[str, Callable[..., Any]] = {
    "person": lambda work, name, country: (
        contacts.create(
            work, {"first_name": name, "email": f"{name}@example.com".lower(), "address1": {"country": country}}
        ).id
    ),
    "company": lambda work: company_services.create(work, {"name": "Firm", "address1": {"country": "NL"}}).id,
    "merge": lambda work, winner, loser: merging.merge(work, winner, [loser]),
    "unmerge": merging.undo,
    "bill": lambda work, contact: (
        invoices.create(
            work,
            {
                "contact_id": contact,
                "status": "Unpaid",
                "lines": [{"title": "Work", "quantity": "1", "unit_price": {"amount": 8_000, "currency": "EUR"}}],
            },
        ).id
    ),
    "attach": transactions.attach,
    "detach": services.detach,
    "give": lambda work, invoice, contact: invoices.update(work, invoice, {"contact_id": contact}),
    "tag": lambda work: next(tag.id for tag in tags.all_tags(work) if tag.name == "red"),
    "untag": tags.remove,
    "bin": mass.to_bin,
    "restore": mass.restore,
    "close": lambda work, company: companies.to_bin(work, [company]),
    "erase": companies.erase,
}
