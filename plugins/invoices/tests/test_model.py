"""Totals, payments, credit notes, refunds, status and the customer's value, compared with an exact model of their own."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmhost.api import documents
from crmhost.testing import Host
from plugins.invoices import crediting, paying, services
from plugins.transactions import api as transactions
from tests.unit.documents.exact import compute
from tests.unit.documents.test_totals import made

TODAY = dt.date(2026, 5, 20)
SHARES = st.integers(1, 130).map(lambda part: Fraction(part, 100))
STEPS = st.one_of(
    st.tuples(st.sampled_from(["pay", "refund", "fail"]), SHARES),
    st.tuples(st.just("credit"), st.integers(1, 100).map(lambda part: Fraction(part, 100))),
    st.tuples(st.sampled_from(["mark", "unmark", "void"]), st.none()),
    st.tuples(st.just("due"), st.integers(-20, 20)),
)


class Ledger:
    """One invoice as people reckon: what is asked for, what came, what was taken off."""

    def __init__(self, total: int) -> None:
        self.total = Fraction(total)
        self.came, self.off, self.marked = Fraction(0), Fraction(0), Fraction(0)
        self.due_date, self.void = TODAY + dt.timedelta(days=5), False

    @property
    def open(self) -> Fraction:
        """What is still asked for; below zero when too much came."""
        return self.total - self.off - self.came - self.marked

    def settle(self) -> None:
        """Lets what came take the place of what was said to have come."""
        self.marked = max(Fraction(0), min(self.marked, self.total - self.off - self.came))

    @property
    def status(self) -> str:
        """What people call it."""
        if self.void:
            return "void"
        if self.open <= 0:
            return "paid"
        if self.due_date < TODAY:
            return "overdue"
        return "part_paid" if self.came + self.marked > 0 else "unpaid"


@settings(max_examples=400)
@given(st.integers(-1_000, 100_000), st.lists(STEPS, max_size=8))
def test_what_is_due_and_the_status_follow_from_what_came(total: int, steps: list[tuple[str, Any]]) -> None:
    """After each of any payments, refunds, credit notes, marks and due dates: to the unit, and back again."""
    ledger, apart = Ledger(total), 0
    for step, part in steps:
        amount = int(abs(total) * part) if isinstance(part, Fraction) else 0
        match step:
            case "pay":
                ledger.came += amount
            case "refund":
                ledger.came -= amount
            case "credit":
                ledger.off += min(amount, max(0, total - int(ledger.off)))
            case "mark":
                apart += max(0, int(ledger.open))
                ledger.marked += max(0, ledger.open)
            case "unmark":
                apart, ledger.marked = 0, Fraction(0)
            case "due":
                ledger.due_date = TODAY + dt.timedelta(days=part)
        ledger.settle()
        found = paying.settled(total, int(ledger.off), int(ledger.came), apart, stands=True)
        apart = found.paid_apart
        assert (apart, found.paid, found.due) == (ledger.marked, ledger.came + ledger.marked, ledger.open)
        invoice = SimpleNamespace(
            state="unpaid", is_credit=False, due_date=ledger.due_date, due=found.due, paid=found.paid
        )
        assert paying.state_of(invoice, TODAY) == ledger.status  # type: ignore[arg-type]  # what it looks at is there


def test_a_void_or_credited_document_is_never_due() -> None:
    """Nothing is due of what does not stand, whatever was paid of it."""
    assert paying.settled(100, 0, 40, 60, stands=False) == paying.Settled(0, 40, 0)
    with pytest.raises(AttributeError):
        paying.settled(100, 0, 0, 0, stands=True).due = 1  # type: ignore[misc]


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    """A site with invoices, on one day."""
    made_site = host("invoices")
    made_site.clock.freeze(dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC))
    return made_site


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.tuples(made(), st.lists(STEPS, max_size=5)), min_size=1, max_size=3))
def test_stories_of_invoices(site: Host, stories: list[tuple[documents.Document, list[tuple[str, Any]]]]) -> None:
    """Through the services, with any lines, taxes, discounts and shipping: sums, status and the value of the customer."""
    contact, worth = site.make.contact(), defaultdict[str, Fraction](Fraction)
    for document, steps in stories:
        if not document.lines:
            continue
        total, money = compute(document).total, {"currency": document.currency}
        ledger = Ledger(total)
        given_ = {
            "contact_id": contact,
            "date": TODAY - dt.timedelta(days=30),
            "due_date": ledger.due_date,
            "status": "Unpaid",
        }
        with site.work() as work, work.begin():
            key = services.create(work, {**documents.to_json(document), **given_}).id
        for step, part in steps:
            amount = int(abs(total) * part) if isinstance(part, Fraction) else 0
            with site.work() as work, work.begin():
                if ledger.void or (step in ("pay", "refund", "fail", "credit") and not amount):
                    continue
                match step:
                    case "pay" | "refund" | "fail":
                        more = (
                            {"status": "Failed"}
                            if step == "fail"
                            else {"type": "Refund" if step == "refund" else "Sale"}
                        )
                        paying.record_payment(work, key, {"amount": {"amount": amount, **money}, **more})
                        ledger.came += {"pay": amount, "refund": -amount, "fail": 0}[step]
                    case "credit":
                        amount = min(amount, total - int(ledger.off))
                        if amount <= 0:
                            continue
                        line = {"title": "less", "unit_price": {"amount": amount, **money}}
                        services.issue(work, crediting.credit(work, key, {"lines": [line]}).id)
                        ledger.off += amount
                    case "mark":
                        paying.mark_paid(work, key)
                        ledger.marked += max(0, ledger.open)
                    case "unmark":
                        paying.unmark_paid(work, key)
                        ledger.marked = Fraction(0)
                    case "void" if not ledger.off:
                        services.void(work, key)
                        ledger.void, ledger.marked = True, Fraction(0)
                    case "due":
                        ledger.due_date = TODAY + dt.timedelta(days=part)
                        services.update(work, key, {"due_date": ledger.due_date})
                ledger.settle()
            with site.work() as work:
                one = services.get(work, key)
                assert (one.total, one.state, one.paid_apart) == (total, ledger.status, ledger.marked)
                assert one.due == (0 if ledger.void else ledger.open)
        worth[document.currency] += ledger.came + ledger.marked
    with site.work() as work:
        known = transactions.values_of(work, "contact", [contact]).get(contact, ())
        assert {one.currency: one.total for one in known if one.total} == {
            code: sum_ for code, sum_ in worth.items() if sum_
        }


def test_the_clock_makes_overdue_and_a_later_due_date_takes_it_back(site: Host) -> None:
    """The job of each hour has it become overdue the day after its due date; moved on, it is unpaid again by itself."""
    contact = site.make.contact()
    line = {"title": "x", "unit_price": "10"}
    with site.work() as work, work.begin():
        key = services.create(work, {"contact_id": contact, "lines": [line], "due_date": TODAY, "status": "Unpaid"}).id
    for days, wanted in ((0, "unpaid"), (1, "overdue")):
        site.clock.freeze(dt.datetime(2026, 5, 20 + days, 12, tzinfo=dt.UTC))
        with site.work() as work, work.begin():
            work.enqueue("invoices.days")
        site.run_jobs()
        with site.work() as work:
            assert services.get(work, key).state == wanted
    with site.work() as work, work.begin():
        assert services.update(work, key, {"due_date": "2026-06-01"}).state == "unpaid"
