"""Every order, filter and search of companies is served by an index on both databases, and pages have no gaps."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text

from crmhost.api import Work, custom_fields
from crmhost.db import KNOWN
from crmhost.testing import Host, plans
from plugins.companies import members, queries, services
from plugins.companies.models import KIND
from plugins.companies.queries import SORTS, CompanyQuery, Page

FILTERS: list[dict[str, str]] = [
    {},
    {"status": "Lead"},
    {"status": "Lead,Vendor"},
    {"tag": "even"},
    {"assigned_to": "nobody"},
    {"source": "import"},
    {"contact_id": "1"},
    {"status": "Lead", "tag": "even"},
    {"custom.size.from": "20"},
]
ORDERS = (*SORTS, "custom.size")
_BIG = ("fields_value", "companies_company", "companies_member", "search_document", "contacts_contact")


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    """A site with a hundred companies."""
    crm = host("companies")
    contact = crm.make.contact(first_name="Ann")
    with crm.work() as work, work.begin():
        custom_fields.add(work, {"object": KIND, "label": "Size", "kind": "number"})
        for number in range(100):
            fields: dict[str, Any] = {"name": f"Ann {number % 7} {number}", "email": f"ann{number}@example.com"}
            if number % 5:
                fields["custom"] = {"size": number * 37 % 101}
            made = services.create(work, {**fields, "tags": ["even"] if number % 20 == 0 else []})
            if number % 50 == 0:
                members.join(work, made.id, contact)
    with crm.site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return crm


def _bad_plans(work: Work, action: Callable[[], Any]) -> list[str]:
    """Plans of the queries that an action makes which read a large table from end to end, or sort it."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            seen.append((statement, parameters))

    work.session.info.pop(KNOWN, None)
    engine = work.session.get_bind()
    sqlite = engine.dialect.name == "sqlite"
    event.listen(engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    connection = work.session.connection()
    if not sqlite:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        connection.exec_driver_sql("SET LOCAL enable_sort = off")
    found = []
    for statement, parameters in seen:
        plan = "\n".join(plans(connection, statement, parameters))
        scans = [name for name in _BIG if re.search(rf"SCAN {name}(?! USING)|Seq Scan on {name}", plan)]
        sorts = "USE TEMP B-TREE FOR ORDER BY" in plan and "LIMIT" in statement.upper() and "companies_company" in plan
        if scans or sorts:
            found.append(f"{statement}\n{plan}")
    return found


def test_every_order_and_filter_has_its_index(site: Host) -> None:
    """Each order with each filter, forwards and backwards, counting, searching and the bin."""
    with site.work("Admin") as work:
        for sort in ORDERS:
            for filters in FILTERS:
                for sign in ("", "-"):
                    query = CompanyQuery(filters=filters, sort=sign + sort, limit=20)
                    pages: list[Page] = []

                    def turn(query: CompanyQuery, pages: list[Page] = pages) -> None:
                        pages.append(queries.page(work, query))

                    assert _bad_plans(work, lambda query=query, turn=turn: turn(query)) == []
                    further = dataclasses.replace(query, after=pages[0].next)
                    assert _bad_plans(work, lambda query=further, turn=turn: turn(query)) == []
        for query in (CompanyQuery(q="ann 3"), CompanyQuery(q="an"), CompanyQuery(filters={"in_bin": "1"})):
            assert _bad_plans(work, lambda query=query: queries.page(work, query)) == []
        assert _bad_plans(work, lambda: members.people_of(work, 1)) == []
        assert _bad_plans(work, lambda: members.count_of(work, [1, 2, 3])) == []
        assert _bad_plans(work, lambda: members.companies_of(work, [1])) == []
        chosen = work.service("companies")
        for named in ([("tag", "even")], [("status", "Lead")], [("tag", "even"), ("status", "Lead")]):
            for rest in ((), [("tag", "even")]):
                asked = functools.partial(chosen.addressed, named, rest, after=20, limit=2)
                assert _bad_plans(work, asked) == []
                assert _bad_plans(work, functools.partial(chosen.count_addressed, named, rest)) == []


def test_pages_have_no_gaps(site: Host) -> None:
    """Forwards and backwards, each page follows the other, for whoever sees all and for whoever sees some."""
    me = site.actor("CRM manager", only_assigned=True).user_id
    with site.work() as work, work.begin():
        for number in range(1, 100, 3):
            services.update(work, number, {"assigned_to": me})
    reach: tuple[tuple[dict[str, Any], int], ...] = (({}, 100), ({"only_assigned": True}, 33))
    for role, number in reach:
        with site.work("CRM manager", **role) as work:
            for sort in (
                "name",
                "-name",
                "-created_at",
                "updated_at",
                "email",
                "-status",
                "custom.size",
                "-custom.size",
            ):
                expected = [row.id for row in queries.page(work, CompanyQuery(sort=sort, limit=500)).rows]
                assert len(expected) == number
                if sort.endswith("custom.size"):
                    rows = queries.page(work, CompanyQuery(sort=sort, limit=500)).rows
                    sizes = [row.custom.get("size") for row in rows]
                    valued = [size for size in sizes if size is not None]
                    assert valued == sorted(valued, reverse=sort.startswith("-"))
                    assert sizes == valued + [None] * (number - len(valued))
                walked, page = [], queries.page(work, CompanyQuery(sort=sort, limit=17))
                while True:
                    walked += [row.id for row in page.rows]
                    if page.next is None:
                        break
                    page = queries.page(work, CompanyQuery(sort=sort, limit=17, after=page.next))
                assert walked == expected
                back = [row.id for row in page.rows]
                while page.previous is not None:
                    page = queries.page(work, CompanyQuery(sort=sort, limit=17, before=page.previous))
                    back = [row.id for row in page.rows] + back
                assert back == expected
