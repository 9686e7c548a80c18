"""Statements of account: balances as an exact model of what happened has them, and how they are read."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmhost.api import Invalid, NotFound
from crmhost.testing import Host
from plugins.invoices import crediting, paying, services, statements
from plugins.transactions import api as transactions

from .conftest import Write, pay, transact

Hosts = Callable[..., Host]
START = dt.date(2026, 1, 1)
DAYS = st.integers(0, 150).map(lambda days: START + dt.timedelta(days=days))
#: What happens: one invoice with what becomes of it.
STORIES = st.lists(
    st.fixed_dictionaries(
        {
            "day": DAYS,
            "days": st.integers(0, 40),
            "amount": st.integers(1, 90_000),
            "currency": st.sampled_from(("EUR", "EUR", "JPY")),
            "draft": st.booleans(),
            "credit": st.none() | st.integers(1, 99),
            "payments": st.lists(
                st.tuples(DAYS, st.integers(1, 99_000), st.sampled_from(("Sale", "Refund"))), max_size=3
            ),
            "failed": st.booleans(),
            "marked": st.booleans(),
            "void": st.booleans(),
        }
    ),
    max_size=4,
)


class Model:
    """Sums of what happened, by invoice: day, amount."""

    def __init__(self) -> None:
        self.moves: list[tuple[str, int, dt.date, dt.date, int]] = []

    def balance(self, until: dt.date) -> dict[str, int]:
        """What is owed at the end of a day."""
        found: dict[str, int] = defaultdict(int)
        for currency, _invoice, _due, day, amount in self.moves:
            found[currency] += amount if day <= until else 0
        return {currency: amount for currency, amount in found.items() if amount}

    def aging(self, until: dt.date) -> dict[str, list[int]]:
        """What is open by age, and last what was paid too much."""
        each: dict[tuple[str, int, dt.date], int] = defaultdict(int)
        for currency, invoice, due, day, amount in self.moves:
            each[currency, invoice, due] += amount if day <= until else 0
        found: dict[str, list[int]] = defaultdict(lambda: [0] * 6)
        for (currency, _invoice, due), amount in each.items():
            late = (until - due).days
            place = 5 if amount < 0 else 0 if late <= 0 else 1 + min(3, (late - 1) // 30)
            found[currency][place] += amount
        return found


def live(site: Host, contact: int, stories: list[dict[str, Any]]) -> Model:
    """Has it all happen through the services, and in the model."""
    model = Model()
    for story in stories:
        money = {"currency": story["currency"]}
        due = story["day"] + dt.timedelta(days=story["days"])
        with site.work() as work, work.begin():
            made = services.create(
                work,
                {
                    "contact_id": contact, "date": story["day"], "due_date": due, "currency": story["currency"],
                    "lines": [{"title": "x", "unit_price": {"amount": story["amount"], **money}}],
                    "status": "Draft" if story["draft"] else "Unpaid",
                },
            ).id  # fmt: skip
        if story["draft"]:
            continue
        moves = [(story["day"], story["amount"])]
        left = story["amount"]
        credited = story["amount"] * (story["credit"] or 0) // 100
        if credited:
            with site.work() as work, work.begin():
                note = crediting.credit(
                    work, made, {"lines": [{"title": "y", "unit_price": {"amount": credited, **money}}]}
                )
                services.issue(work, note.id)
                moves.append((note.date, -credited))
            left -= credited
        for day, amount, kind in story["payments"]:
            with site.work() as work, work.begin():
                given = {"amount": {"amount": amount, **money}, "date": day.isoformat(), "type": kind}
                paying.record_payment(work, made, given)
            moves.append((day, amount if kind == "Refund" else -amount))
            left += amount if kind == "Refund" else -amount
        if story["failed"]:
            with site.work() as work, work.begin():
                paying.record_payment(work, made, {"amount": {"amount": 77, **money}, "status": "Failed"})
        if story["void"] and not credited:
            with site.work() as work, work.begin():
                services.void(work, made)
            moves = moves[1:]
        elif story["marked"] and left > 0:
            with site.work() as work, work.begin():
                paying.mark_paid(work, made)
            moves.append((site.clock().date(), -left))
        model.moves += [(story["currency"], made, due, day, amount) for day, amount in moves]
    return model


@pytest.fixture
def site(host: Hosts) -> Host:
    """A site with invoices on a day in May."""
    made = host("invoices")
    made.clock.freeze(dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC))
    return made


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stories=STORIES, start=DAYS, length=st.integers(0, 150))
def test_balances_are_those_of_an_exact_model(
    site: Host, stories: list[dict[str, Any]], start: dt.date, length: int
) -> None:
    """Whatever is invoiced, credited, paid, refunded, marked and voided, in two currencies, over any days."""
    end = start + dt.timedelta(days=length)
    contact = site.make.contact()
    model = live(site, contact, stories)
    with site.work() as work:
        found = statements.of(work, "contact", contact, start, end)
    before, after, ages = model.balance(start - dt.timedelta(days=1)), model.balance(end), model.aging(end)
    known = {one.currency: one for one in found.accounts}
    assert set(before) | set(after) <= set(known)
    assert list(known) == sorted(known, key=lambda code: code != "EUR")
    for currency, one in known.items():
        assert (one.opening.amount, one.closing.amount) == (before.get(currency, 0), after.get(currency, 0))
        assert one.opening + one.invoiced + one.credited + one.paid == one.closing
        assert [part.amount for part in (*one.aging, one.credit)] == ages[currency]
        assert [entry.day for entry in one.entries] == sorted(entry.day for entry in one.entries)
        moved = sorted(day for code, _, _, day, _ in model.moves if code == currency and start <= day <= end)
        assert [entry.day for entry in one.entries] == moved
        running = one.opening
        for entry in one.entries:
            running += entry.amount
            assert entry.balance == running


def test_paid_and_failed_payments_stand_as_they_count(site: Host, write: Write) -> None:
    """One invoice paid, one in part, one whose payment was cancelled: 0, 30 and 30 are open, 60 in all; a draft is not there."""
    ada = site.make.contact()
    pay(site, write(site, 10_000, ada))
    pay(site, write(site, 5_000, ada), 2_000)
    pay(site, write(site, 3_000, ada), 3_000, status="Cancelled")
    write(site, 900, ada, status="Draft")
    transact(site, 700, ada)
    with site.work() as work:
        found = statements.of(work, "contact", ada, *statements.period(work, None, None))
        assert [one.closing.amount for one in found.accounts] == [6_000]
        assert (found.start, found.end) == (dt.date(2025, 6, 1), dt.date(2026, 5, 20))
        assert [entry.kind for entry in found.accounts[0].entries] == ["invoice"] * 3 + ["payment"] * 2
        assert statements.as_json(found)["accounts"][0]["aging"]["not_due"] == {"amount": 6_000, "currency": "EUR"}
        with pytest.raises(Invalid):
            statements.period(work, dt.date(2026, 2, 1), dt.date(2026, 1, 1))
        with pytest.raises(NotFound):
            statements.of(work, "contact", 999_999, START, START)


def test_a_payment_of_a_void_invoice_is_the_customers(site: Host, write: Write) -> None:
    """The invoice leaves the statement, what was paid of it stands to the customer's credit until it is detached."""
    ada = site.make.contact()
    invoice = write(site, 10_000, ada, date="2026-03-01")
    paid = pay(site, invoice, 4_000, date="2026-03-05")
    with site.work() as work, work.begin():
        services.void(work, invoice)
    with site.work() as work:
        one = statements.of(work, "contact", ada, START, dt.date(2026, 5, 1)).accounts[0]
        assert (one.closing.amount, one.credit.amount, len(one.entries)) == (-4_000, -4_000, 1)
    with site.work() as work, work.begin():
        transactions.detach(work, paid)
    with site.work() as work:
        assert statements.of(work, "contact", ada, START, dt.date(2026, 5, 1)).accounts == []


def test_a_statement_that_is_too_long_says_so(site: Host, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """More entries than one statement takes are refused at the first day, and what stands before them is one sum."""
    ada = site.make.contact()
    for day in ("2026-01-10", "2026-02-10", "2026-03-10"):
        write(site, 1_000, ada, date=day)
    monkeypatch.setattr(statements, "MOST", 2)
    with site.work() as work:
        with pytest.raises(Invalid) as refused:
            statements.of(work, "contact", ada, START, dt.date(2026, 5, 1))
        assert "date_from" in refused.value.errors
        one = statements.of(work, "contact", ada, dt.date(2026, 2, 1), dt.date(2026, 5, 1)).accounts[0]
        assert (one.opening.amount, len(one.entries), one.closing.amount) == (1_000, 2, 3_000)


def test_statements_read_indexes(site: Host, write: Write) -> None:
    """Each of the three questions is answered from the customer's rows, never by a walk over a table."""
    pay(site, write(site))
    if site.site.engine.dialect.name != "sqlite":
        # PostgreSQL chooses by the size of tables, which are small here; that it answers is what the other tests try.
        return
    with site.work() as work:
        told = statements.movements(work, "contact", 1)
        connection = work.session.connection()
        for statement in (
            statements._before(told, START), statements._within(told, START, START), statements._ages(told, START),
        ):  # fmt: skip
            text = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
            plans = [str(row[3]) for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + text)]
            assert any("ix_invoices_invoice_contact" in plan for plan in plans), plans
            assert any("ix_transactions_transaction_invoice" in plan for plan in plans), plans
            assert any("ix_invoices_invoice_credits" in plan for plan in plans), plans
            assert not [plan for plan in plans if plan.startswith("SCAN") and "invoices_" in plan], plans


def test_companies_and_limits(host: Hosts, write: Write) -> None:
    """A company has its statement too; who sees only their contacts gets no other's, and of a company only what they see."""
    site = host("invoices", "companies")
    limited = site.actor("Invoices manager", only_assigned=True)
    own, other = site.make.contact(first_name="Own", assigned_to=limited.user_id), site.make.contact()
    with site.work() as work, work.begin():
        company = work.service("companies").create({"name": "Works"}, source="test").id
    write(site, 1_000, own, company_id=company)
    write(site, 2_000, other, company_id=company)
    with site.work() as work:
        days = statements.period(work, None, None)
        assert statements.of(work, "company", company, *days).accounts[0].closing.amount == 3_000
    with site.work("Invoices manager", only_assigned=True) as work:
        assert statements.of(work, "contact", own, *days).accounts[0].closing.amount == 1_000
        with pytest.raises(NotFound):
            statements.of(work, "contact", other, *days)
