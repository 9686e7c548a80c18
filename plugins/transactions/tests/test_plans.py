"""Each list and figure is served by an index, and pages ask few questions, however many rows there are."""

from __future__ import annotations

import pytest
from sqlalchemy import event, update

from crmhost.testing import Host
from plugins.transactions import api, parts, queries, values
from plugins.transactions.models import Transaction
from plugins.transactions.tests.conftest import Books

MOST = 12
PAGES = (
    "/transactions/",
    "/transactions/?count=1",
    "/transactions/1",
    "/transactions/1/edit",
    "/contacts/1?tab=transactions",
)


def _plans(crm: Host, ask: object) -> list[str]:
    """How SQLite would run what a function asks; PostgreSQL chooses by the size of tables, which are small here."""
    said: list[tuple[str, object]] = []
    with crm.work() as work:
        engine = crm.site.engine

        def note(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
            if "transactions_" in statement and statement.lstrip().upper().startswith("SELECT"):
                said.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
        try:
            ask(work)  # type: ignore[operator]
        finally:
            event.remove(engine, "before_cursor_execute", note)
        plans = []
        if engine.dialect.name == "sqlite":
            connection = work.session.connection()
            for statement, parameters in said:
                rows = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)
                plans.append(" / ".join(str(row[3]) for row in rows))
    return plans


def test_lists_and_values_read_indexes(books: Books) -> None:
    """Every order of the list, the transactions of a contact, values of contacts: all are read from an index, unsorted."""
    crm, ada = books.crm, books.crm.make.contact()
    books.add(contact_id=ada)

    def lists(work: object) -> None:
        from crmhost.api import keyset

        for name in queries.ORDERS:
            for sort in (name, f"-{name}"):
                chosen = queries.matching(work)  # type: ignore[arg-type]
                keyset.page(work.session, chosen, queries.ORDERS, sort, limit=50)  # type: ignore[attr-defined]

    for plan in _plans(crm, lists):
        assert "USING INDEX" in plan, plan
        assert "TEMP B-TREE" not in plan, plan
    for plan in _plans(crm, lambda work: parts.newest(work, "contact", ada)):
        assert "ix_transactions_transaction_contact" in plan, plan
        assert "TEMP B-TREE" not in plan, plan
    with crm.work() as work, work.begin():
        invoice = {"invoice_id": 7}
        work.session.execute(update(Transaction).values(invoice))
    for plan in _plans(crm, lambda work: api.attached(work, 7)):
        assert "ix_transactions_transaction_invoice" in plan, plan
    paid = [plan for plan in _plans(crm, lambda work: api.paid_of_invoices(work, [7])) if "transaction_" in plan]
    assert not paid or any("ix_transactions_transaction_invoice" in plan for plan in paid), paid
    for plan in _plans(crm, lambda work: values.values_of(work, "contact", [ada])):
        assert "SEARCH" in plan, plan
    with crm.work() as work, work.begin():
        # As whoever saves a transaction does; a site that grows has no statistics.
        sums = [
            plan
            for plan in _plans(crm, lambda _work: values.recompute(work, "contact", range(ada, ada + 20)))
            if "GROUP BY" in plan
        ]
    assert any("ix_transactions_transaction_contact" in plan for plan in sums) or crm.site.engine.name != "sqlite", sums
    assert not any("ix_transactions_transaction_status" in plan for plan in sums), sums


def test_pages_ask_few_questions(books: Books) -> None:
    """At most twelve, the same for many rows as for few."""
    crm, ada = books.crm, books.crm.make.contact()
    client = crm.client()
    seen: list[str] = []
    event.listen(crm.site.engine, "before_cursor_execute", lambda *told: seen.append(str(told[2])))

    def asked() -> dict[str, int]:
        found = {}
        for page in PAGES:
            client.get(page)
            seen.clear()
            assert client.get(page).status_code == 200, page
            found[page] = sum(text.startswith("SELECT") and "FROM host_state" not in text for text in seen)
        return found

    for _ in range(3):
        books.add(contact_id=ada, tags=["one"])
    few = asked()
    for number in range(30):
        books.add(contact_id=ada, tags=["one", f"tag {number}"])
    assert asked() == few
    assert {page: number for page, number in few.items() if number > MOST} == {}


def test_the_sums_of_many_come_from_kept_figures(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to a bound rows are added up one by one; of more, the list shows the kept sums, and filtered that it won't add them."""
    books.add(10_000)
    books.add(2_000, type="Refund")
    client = books.crm.client()
    whole = client.get("/transactions/?count=1").text
    assert "€80.00" in whole
    assert "Total</dt>" in whole
    monkeypatch.setattr(queries, "MOST_COUNTED", 1)

    said: list[str] = []
    event.listen(books.crm.site.engine, "before_cursor_execute", lambda *told: said.append(str(told[2])))
    kept = client.get("/transactions/?count=1").text
    assert not any("sum(" in text and "FROM transactions_transaction" in text for text in said), said
    assert "€80.00" in kept
    assert "In total value</dt>" in kept
    assert "Total</dt>" not in kept
    assert "Too many to add up" in client.get("/transactions/?count=1&currency=EUR").text
    with books.crm.work() as work:
        assert queries.sums(work, queries.matching(work)) is None
    for plan in _plans(books.crm, queries.kept_sums):
        assert "transactions_day" in plan, plan
