"""What pages of the portal ask of the database."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence

from sqlalchemy import Table, event, insert, select, text

from crmhost.api import Contact, settings
from crmhost.testing import Host
from plugins.files.models import Entry
from plugins.invoices import services as invoices
from plugins.invoices.models import Invoice
from plugins.portal import entering
from plugins.quotes import services as quotes
from plugins.quotes import versions
from plugins.quotes.models import Quote
from plugins.transactions import services as transactions
from plugins.transactions.models import Transaction
from tests.clients import sign_in

MOST = 12
#: Tables with documents, columns that hold other values in each row, and states that they can have.
DOCUMENTS: dict[str, tuple[Table, tuple[str, ...], tuple[str, ...]]] = {
    model.__tablename__: (model.__table__, unique, states)
    for model, unique, states in (
        (Quote, (), ("sent", "viewed", "accepted", "declined", "expired")),
        (Invoice, ("number", "number_key"), ("unpaid", "part_paid", "overdue", "paid")),
        (Transaction, ("ref", "ref_key"), ()),
        (Entry, (), ()),
    )
}
OTHERS = 100
#: Indexes that lead to what is a client's or their company's, and a step of a plan.
_OWN = re.compile(r"ix_\w+_(contact|company|object)$")
_STEP = re.compile(r"(?:SCAN|SEARCH) (\w+)(?: USING (?:(?:COVERING )?INDEX (\w+)|INTEGER (PRIMARY KEY)))?")


def test_few_queries_read_from_indexes(host: Callable[..., Host]) -> None:
    """Each page takes at most twelve queries, however many documents; among those of others they are found by whose they are."""
    site = host("portal", "companies", "quotes", "invoices", "transactions", "files")
    site.make.contact(first_name="Bob")
    others = _others(site)
    ada = site.make.contact(first_name="Ada", email="ada@example.com")
    with site.work() as work, work.begin():
        company = work.service("companies").create({"name": "Acme"}, source="test").id
        work.service("companies").join_many([(ada, "Acme")])
        settings.set_many(work, {"portal.company_records": "everybody", "portal.upload_slots": "Plan"})
        line = {"title": "Work", "quantity": "1", "unit_price": "100"}
        given = {"title": "Quote", "content": "<p>Hello</p>", "contact_id": ada, "company_id": company, "lines": [line]}
        versions.send(work, quotes.create(work, given).id)
        invoices.issue(work, invoices.create(work, {"contact_id": ada, "company_id": company, "lines": [line]}).id)
        transactions.create(work, {"contact_id": ada, "total": 100, "name": "Paid", "ref": "R"})
        work.session.add(
            Entry(object_type="contact", object_id=ada, contact_id=ada, name="Plan", name_key="plan", size=1, portal=True,
                  media_type="text/plain", created_at=work.now, updated_at=work.now)
        )  # fmt: skip
    browser, said = sign_in(site, ada), list[tuple[str, object]]()
    event.listen(site.site.engine, "before_cursor_execute", lambda *told: said.append((str(told[2]), told[3])))

    def counted() -> dict[str, int]:
        menu = browser.get("/portal/").text.split("portal-nav", 1)[1].split("</nav>", 1)[0]
        found = {}
        for address in [*re.findall(r'href="([^"]+)"', menu), "/portal/account"]:
            before = len(said)
            assert browser.get(address).status_code == 200
            asked = [
                one for one, _ in said[before:] if one.startswith(("SELECT", "WITH")) and "FROM host_state" not in one
            ]
            found[address] = len(asked)
        return found

    _copy(site, [ada], 1)
    few = counted()
    _copy(site, [ada], 30)
    _copy(site, others, 10 * OTHERS)
    if site.site.engine.dialect.name != "sqlite":
        # SQLite plans without figures, as it does on sites.
        with site.site.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    said.clear()
    many = counted()
    assert len(few) >= 6
    assert {address: number for address, number in many.items() if number > MOST} == {}
    assert many == few
    slow = []
    for who in ("everybody", "nobody"):
        with site.work() as work, work.begin():
            settings.set_many(work, {"portal.company_records": who})
        for kind in ("quotes", "invoices", "transactions", "files"):
            page = browser.get(f"/portal/{kind}/").text
            more = re.findall(rf'href="((?:/portal/{kind}/)?\?[^"]+)"', page)
            assert more
            for address in more:
                full = address if address.startswith("/") else f"/portal/{kind}/{address}"
                assert browser.get(full.replace("&amp;", "&")).status_code == 200
        browser.get("/portal/")
        slow += _slow(site, said)
        said.clear()
    assert slow == []


def _copy(site: Host, contacts: Sequence[int], times: int) -> None:
    """Gives contacts in turn so many copies of the first document of each kind; each has a company of its own."""
    with site.work() as work, work.begin():
        for table, unique, states in DOCUMENTS.values():
            row = dict(work.session.execute(select(table).order_by(table.c.id).limit(1)).mappings().one())
            del row["id"]
            places = [(number, contacts[number % len(contacts)]) for number in range(times)]
            copies = [
                row
                | {name: contact for name in ("contact_id", "counted_contact_id", "object_id") if name in row}
                | {name: contact for name in ("company_id", "counted_company_id") if name in row}
                | {name: row[name] - dt.timedelta(days=number // 3) for name in ("date", "at") if name in row}
                | {name: states[number % len(states)] for name in ("state",) if states}
                | dict.fromkeys(unique, f"{contact} {times} {number}")
                for number, contact in places
            ]
            work.session.execute(insert(table), copies)


def _others(site: Host) -> list[int]:
    """Many contacts who have nothing to do with the client."""
    table = Contact.__table__
    with site.work() as work, work.begin():
        row = dict(work.session.execute(select(table).limit(1)).mappings().one())
        del row["id"]
        work.session.execute(insert(table), [row] * OTHERS)
        return list(work.session.scalars(select(Contact.id).order_by(Contact.id.desc()).limit(OTHERS)))


def _slow(site: Host, said: list[tuple[str, object]]) -> list[str]:
    """Queries on documents that would read those of others, with how the database would run them."""
    wanted = {str(given) + one: (one, given) for one, given in said if one.startswith("SELECT")}.values()
    asked = [(one, given) for one, given in wanted if any(f"FROM {name}" in one for name in DOCUMENTS)]
    assert len(asked) >= 10
    found = []
    with site.site.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if not sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        head = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
        for one, given in asked:
            plan = [str(row[-1]) for row in connection.exec_driver_sql(head + one, given)]  # type: ignore[arg-type]
            if not (_narrow if sqlite else _indexed)(plan):
                found.append("\n".join([one, *plan]))
    return found


def _narrow(plan: list[str]) -> bool:
    """Whether SQLite reads documents by whose they are, or by their numbers, and in no other way."""
    steps = [step for step in map(_STEP.match, plan) if step and step[1] in DOCUMENTS]
    return bool(steps) and all(step[3] or _OWN.match(step[2] or "") for step in steps)


def _indexed(plan: list[str]) -> bool:
    """Whether PostgreSQL finds documents by whose they are; it knows how rare a state is, and may look for that first."""
    said = "\n".join(plan)
    return bool(re.search(r"Index Cond: .*(contact|company|object)_id", said)) and not re.search(
        rf"Seq Scan on ({'|'.join(DOCUMENTS)})", said
    )


def test_plans(host: Callable[..., Host]) -> None:
    """Who signs in, their session and what waits for staff are found by indexes."""
    site = host("portal")
    seen: list[tuple[str, object]] = []
    event.listen(site.site.engine, "before_cursor_execute", lambda *told: seen.append((str(told[2]), told[3])))
    browser = sign_in(site, site.make.contact(email="ada@example.com"))
    with site.work("Admin") as work:
        seen.clear()
        entering.find(work, "ada@example.com")
    browser.get("/portal/")
    if not site.site.engine.url.drivername.startswith("sqlite"):
        return
    wanted = [(text, given) for text, given in seen if "portal_" in text and text.startswith("SELECT")]
    assert len(wanted) > 2
    with site.site.engine.connect() as connection:
        for text, given in wanted:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", given).all()
            slow = [row[3] for row in plan if row[3].startswith("SCAN portal_") and "portal_page" not in row[3]]
            assert slow == [], text
