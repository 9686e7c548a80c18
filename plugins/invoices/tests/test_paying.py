"""What is owed and what a customer is worth, sum by sum."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from crmhost.api import Invalid, merging, settings
from crmhost.testing import Host
from plugins.invoices import crediting, hints, paying, services
from plugins.transactions import api as transactions

from .conftest import Write, line, pay, seen, transact, worth

Hosts = Callable[..., Host]


@pytest.fixture
def site(host: Hosts) -> Host:
    """A site with invoices and nothing on them."""
    return host("invoices")


def test_value_of_unpaid_and_attached(site: Host, write: Write) -> None:
    """An unpaid invoice adds nothing; a payment counts once, whether attached or not, and as it was paid."""
    contact = site.make.contact()
    invoice = write(site, 10_000, contact)
    assert worth(site, contact) == 0
    paid = transact(site, 10_000, contact)
    assert worth(site, contact) == 10_000
    with site.work() as work, work.begin():
        transactions.attach(work, paid, invoice)
    assert worth(site, contact) == 10_000
    assert seen(site, invoice).state == "paid"
    for amount in (4_000, 15_000):
        other = site.make.contact()
        pay(site, write(site, 10_000, other), amount)
        assert worth(site, other) == amount
    draft = site.make.contact()
    write(site, 10_000, draft, status="Draft")
    assert worth(site, draft) == 0


def test_an_attached_transaction_is_the_contacts(site: Host, write: Write) -> None:
    """One that names nobody counts to whom the invoice belongs, and moves with it; voiding the invoice leaves it received."""
    first, second = site.make.contact(), site.make.contact()
    invoice = write(site, 10_000, first)
    transact(site, 10_000, None, invoice_id=invoice)
    assert (worth(site, first), worth(site, second)) == (10_000, 0)
    with site.work() as work, work.begin():
        services.update(work, invoice, {"contact_id": second})
    assert (worth(site, first), worth(site, second)) == (0, 10_000)
    with site.work() as work, work.begin():
        services.void(work, invoice, "written twice")
    assert worth(site, second) == 10_000
    assert seen(site, invoice).state == "void"


def test_marked_as_paid_counts_until_a_transaction_says_so(site: Host, write: Write) -> None:
    """What was marked as paid counts; a payment that is attached takes its place, and never adds to it."""
    contact = site.make.contact()
    invoice = write(site, 10_000, contact, status="Paid")
    assert (seen(site, invoice).state, worth(site, contact)) == ("paid", 10_000)
    paid = transact(site, 10_000, contact)
    assert worth(site, contact) == 20_000
    with site.work() as work:
        assert [found.id for found in hints.payments(work, services.get(work, invoice))] == [paid]
    with site.work() as work, work.begin():
        transactions.attach(work, paid, invoice)
    assert (seen(site, invoice).paid_apart, worth(site, contact)) == (0, 10_000)
    part = write(site, 10_000, contact, status="Paid")
    pay(site, part, 4_000)
    assert (seen(site, part).paid, seen(site, part).paid_apart, worth(site, contact)) == (10_000, 6_000, 20_000)


def test_states_follow_payments(site: Host, write: Write) -> None:
    """Part-paid, paid, overpaid with what is too much as a credit; a payment that failed is none; a refund opens it again."""
    invoice = write(site, 10_000)
    pay(site, invoice, 6_000)
    assert (seen(site, invoice).state, seen(site, invoice).due) == ("part_paid", 4_000)
    last = pay(site, invoice, 4_000)
    assert (seen(site, invoice).state, seen(site, invoice).due) == ("paid", 0)
    with site.work() as work, work.begin():
        transactions.change(work, last, {"status": "Failed"})
    assert (seen(site, invoice).state, seen(site, invoice).due) == ("part_paid", 4_000)
    transact(site, 6_000, None, type="Refund", invoice_id=invoice)
    assert (seen(site, invoice).state, seen(site, invoice).due) == ("unpaid", 10_000)
    over = write(site, 10_000)
    pay(site, over, 12_000)
    assert (seen(site, over).state, seen(site, over).due) == ("paid", -2_000)
    taxed = write(site, 10_000)
    with site.work() as work, work.begin():
        settings.set_many(work, {"transactions.count_taxes": False})
    transact(site, 10_000, None, invoice_id=taxed, tax={"amount": 1_667, "currency": "EUR"})
    assert (seen(site, taxed).state, seen(site, taxed).due) == ("paid", 0)
    free = write(site, 0)
    assert seen(site, free).state == "paid"


def test_a_payment_told_twice_counts_once(site: Host, write: Write) -> None:
    """With the same key it is one transaction."""
    invoice = write(site, 10_000)
    assert pay(site, invoice, 4_000, key="evt_1") == pay(site, invoice, 4_000, key="evt_1")
    assert seen(site, invoice).due == 6_000
    assert pay(site, invoice, 4_000, key="evt_2") != pay(site, invoice, 1_000, key="evt_3")
    assert seen(site, invoice).due == 1_000


def test_overdue_by_the_clock_and_back(site: Host, write: Write) -> None:
    """The day after the due date it is overdue by itself; a later due date makes it unpaid again; what is paid never is."""
    site.clock.freeze(dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC))
    late = write(site, 10_000, date="2026-02-01", due_date="2026-03-01")
    paid = write(site, 10_000, date="2026-02-01", due_date="2026-03-01", status="Paid")
    site.run_jobs()
    assert seen(site, late).state == "unpaid"
    site.clock.move(days=1)
    with site.work() as work:
        assert paying.has_work(work)
    with site.work() as work, work.begin():
        assert paying.overdue(work) == 1
    assert (seen(site, late).state, seen(site, paid).state) == ("overdue", "paid")
    with site.work() as work, work.begin():
        services.update(work, late, {"due_date": "2026-04-01"})
    assert seen(site, late).state == "unpaid"
    old = write(site, 10_000, date="2026-01-01", due_date="2026-01-31")
    assert seen(site, old).state == "overdue"


def test_credit_notes_take_off(site: Host, write: Write) -> None:
    """Part of an invoice is credited, then the rest; never more; voiding a note opens the invoice again."""
    contact = site.make.contact()
    invoice = write(site, 10_000, contact)
    with site.work() as work, work.begin():
        part = crediting.credit(work, invoice, {"lines": [line(3_000)]})
        assert services.issue(work, part.id).number == "CN-0001"
        part_id = part.id
    assert (seen(site, invoice).state, seen(site, invoice).due, seen(site, part_id).total) == ("unpaid", 7_000, -3_000)
    with site.work() as work, work.begin(), pytest.raises(Invalid, match=r"At most 70\.00 EUR"):
        crediting.credit(work, invoice)
    with site.work() as work, work.begin():
        services.issue(work, crediting.credit(work, invoice, {"lines": [line(7_000)]}).id)
    assert (seen(site, invoice).state, seen(site, invoice).due) == ("paid", 0)
    assert worth(site, contact) == 0
    with site.work() as work, work.begin():
        services.void(work, part_id)
    assert (seen(site, invoice).state, seen(site, invoice).due) == ("unpaid", 3_000)


def test_settings_and_merges_are_followed(site: Host, write: Write) -> None:
    """When other statuses count, invoices are settled anew; the winner of a merge gets the invoices and what they are worth."""
    first, second = site.make.contact(), site.make.contact()
    invoice = write(site, 10_000, first)
    pay(site, invoice, status="Pending")
    assert seen(site, invoice).state == "unpaid"
    with site.work() as work, work.begin():
        settings.set_many(work, {"transactions.included_statuses": ["Pending"]})
    site.run_jobs()
    assert (seen(site, invoice).state, worth(site, first)) == ("paid", 10_000)
    with site.work() as work, work.begin():
        merging.merge(work, second, [first])
    assert seen(site, invoice).contact_id == second
    assert worth(site, second) == 10_000
