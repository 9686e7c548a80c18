"""Each order of the list is read from an index, and a page asks the same few questions at any number of rows."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import event

from crmhost.api import keyset
from crmhost.testing import Host
from plugins.invoices import parts, queries

from .conftest import Write, pay

PAGES = ("/invoices/", "/invoices/?count=1", "/invoices/1", "/invoices/1/edit", "/contacts/1?tab=invoices")


def test_lists_read_indexes(host: Callable[..., Host], write: Write) -> None:
    """Every order both ways, a status by date, the invoices of a contact, what is owed: no sorting, no walk over the table."""
    site = host("invoices")
    write(site)
    if site.site.engine.dialect.name != "sqlite":
        # PostgreSQL chooses by the size of tables, which are small here; that it answers is what is tried.
        with site.work() as work:
            assert all(
                keyset.page(work.session, queries.matching(work), queries.ORDERS, name).rows for name in queries.ORDERS
            )
        return
    with site.work() as work:
        wanted = [
            queries.matching(work).order_by(*(column.desc() for column in columns)).limit(50)
            for columns in queries.ORDERS.values()
        ]
        wanted.append(queries.matching(work, "", {"status": ["unpaid"]}).order_by(*queries.ORDERS["date"]).limit(50))
        wanted.append(parts.newest(work, "contact", 1))
        connection = work.session.connection()
        for statement in wanted:
            text = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
            plan = " / ".join(str(row[3]) for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + text))
            assert "USING INDEX" in plan, (plan, text)
            assert "TEMP B-TREE" not in plan, (plan, text)


def test_pages_ask_few_questions(host: Callable[..., Host], write: Write) -> None:
    """As many for fifteen invoices with tags and payments as for three."""
    site = host("invoices")
    client, ada = site.client(), site.make.contact()
    seen: list[str] = []
    event.listen(site.site.engine, "before_cursor_execute", lambda *told: seen.append(str(told[2])))

    def asked() -> dict[str, int]:
        found = {}
        for page in PAGES:
            client.get(page)
            seen.clear()
            assert client.get(page).status_code == 200, page
            found[page] = sum(text.startswith("SELECT") and "FROM host_state" not in text for text in seen)
        return found

    def more(number: int) -> None:
        for _ in range(number):
            pay(site, write(site, 1_000, ada, tags=["one"]), 100)

    more(3)
    few = asked()
    more(12)
    assert asked() == few
