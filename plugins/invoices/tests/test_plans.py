"""Each order of the list is read from an index, and a page asks the same few questions at any number of rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event, select

from crmhost.api import Contact, Invalid, custom_fields, keyset
from crmhost.testing import Host
from plugins.invoices import owing, parts, queries, recurring, sending

from .conftest import Write, pay

MOST = 12
PAGES = (
    "/invoices/", "/invoices/?count=1", "/invoices/1", "/invoices/1/edit", "/invoices/1/send", "/contacts/1?tab=invoices",
    "/companies/1?tab=invoices", "/transactions/1", "/invoices/statement/contact/1",
)  # fmt: skip


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
    """At most twelve, as many for eighteen invoices with all that they can have as for three."""
    site = host("invoices", "companies")
    client, ada = site.client(), site.make.contact()
    with site.work() as work, work.begin():
        company = work.service("companies").create({"name": "Works"}, source="test").id
        custom_fields.add(work, {"object": "invoice", "label": "Project", "kind": "text"})
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
            given = {"tags": ["one"], "company_id": company, "custom": {"project": "Bridge"}}
            made = write(site, 1_000, ada, **given)
            pay(site, made, 100)
            with site.work() as work, work.begin():
                sending.link(work, made)
                recurring.set_up(work, made, {"every": 1, "unit": "month"})

    more(3)
    few = asked()
    more(15)
    assert asked() == few
    assert {page: number for page, number in few.items() if number > MOST} == {}


def test_the_sums_of_many_are_not_added_up(
    host: Callable[..., Host], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above a bound the list says that it won't add them, and filtered below it, it does."""
    site = host("invoices")
    ada = site.make.contact()
    for _ in range(3):
        write(site, 1_000, ada)
    write(site, 700, ada, status="Draft")
    client = site.client()
    assert "€37.00" in client.get("/invoices/?count=1").text
    monkeypatch.setattr(queries.money_sums, "__kwdefaults__", {"most": 3})
    whole = client.get("/invoices/?count=1").text
    assert "Too many to add up" in whole
    assert "€37.00" not in whole
    assert "€30.00" in client.get("/invoices/?count=1&status=unpaid").text


def test_contacts_are_found_by_what_they_owe(host: Callable[..., Host], write: Write) -> None:
    """A column and a figure say what is outstanding; filters find who owes, who is late and who owes nothing, from an index."""
    site = host("invoices", "companies")
    late, open_, paid = (site.make.contact(first_name=name) for name in ("Late", "Open", "Done"))
    write(site, 1_000, late, date="2020-01-01", due_date="2020-02-01")
    pay(site, write(site, 2_500, open_), 500)
    write(site, 700, paid, status="Paid")
    client = site.client()
    assert [client.get(f"/contacts/{key}").text.count("Outstanding") for key in (open_, paid)] == [2, 1]
    for value, names in (("open", {"Late", "Open"}), ("overdue", {"Late"}), ("none", {"Done"})):
        page = client.get(f"/contacts/?invoices_open={value}").text
        assert {name for name in ("Late", "Open", "Done") if f">{name}<" in page} == names, value
    assert "is not known here" in client.get("/contacts/?invoices_open=x").text
    with site.work() as work:
        assert owing.column("contact")(work, [late, open_, paid]) == {late: "€10.00", open_: "€20.00"}
        found = select(Contact.id).where(owing.owes(work, "overdue"))
        if site.site.engine.dialect.name == "sqlite":
            connection = work.session.connection()
            text = str(found.compile(connection, compile_kwargs={"literal_binds": True}))
            plan = " / ".join(str(row[3]) for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + text))
            assert "COVERING INDEX ix_invoices_invoice_state_contact" in plan, plan
        with pytest.raises(Invalid):
            owing.owes(work, "all")
