"""Orders, filters and figures of quotes are served by indexes on both databases; pages take few queries, however many rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text

from crmhost.api import Work, keyset
from crmhost.db import KNOWN
from crmhost.testing import Host, plans
from plugins.quotes import parts, queries, services, states
from plugins.quotes.models import Quote

from .conftest import sent

FILTERS: list[dict[str, list[str]]] = [
    {},
    {"status": ["sent"]},
    {"contact_id": ["1"]},
    {"owner_id": ["1"]},
    {"tag": ["even"]},
]


def _grow(site: Host, number: int) -> None:
    contact = site.make.contact(first_name="Ann")
    with site.work() as work, work.begin():
        for place in range(number):
            given = {"title": f"Quote {place}", "value": place, "tags": ["even"] if place % 20 == 0 else []}
            services.create(
                work, {**given, "contact_id": contact, "status": "sent" if place % 9 == 0 else "draft"}, source="import"
            )


def _scans(work: Work, action: Callable[[], Any]) -> list[str]:
    """Plans of the queries that an action makes which read all quotes."""
    scan = r"SCAN quotes_quote(?! USING)|Seq Scan on quotes_quote"
    return [plan for plan in _plans(work, action) if re.search(scan, plan)]


def _plans(work: Work, action: Callable[[], Any]) -> list[str]:
    """The queries that an action makes, each with its plan."""
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
    found = []
    for statement, parameters in seen:
        plan = "\n".join(plans(connection, statement, parameters))
        found.append(f"{statement}\n{plan}")
    assert seen
    return found


def test_every_order_filter_and_figure_has_its_index(site: Host) -> None:
    """Each order with each filter, a contact's tab, the figure of the dashboard, what is to expire."""
    _grow(site, 120)
    with site.site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    with site.work("Admin") as work:
        for sort in queries.ORDERS:
            for filters in FILTERS:

                def page(sort: str = sort, filters: dict[str, list[str]] = filters) -> None:
                    chosen = queries.matching(work, "", filters)
                    keyset.page(work.session, chosen, queries.ORDERS, f"-{sort}", limit=20)

                assert _scans(work, page) == [], (sort, filters)
        assert "ix_quotes_quote_state_value" in "".join(_plans(work, lambda: parts.total_figure(work)))
        for action in (
            lambda: queries.counts(work, "contact_id", [1, 2]),
            lambda: queries.counts(work, "company_id", [1, 2]),
            lambda: parts.total_figure(work),
            lambda: states.has_late(work),
            lambda: services.empty_bin(work),
            lambda: work.session.scalars(
                work.visible(Quote).where(Quote.contact_id == 1).order_by(Quote.date.desc()).limit(5)
            ),
        ):
            assert _scans(work, action) == []


PAGES = ("/quotes/?rows=200", "/quotes/{quote}", "/quotes/{quote}/preview", "/quotes/new", "/quotes/templates")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_takes_few_queries_however_many_rows(site: Host, path: str) -> None:
    """At most twelve, and as many for sixty quotes as for five."""
    path = path.format(quote=sent(site)[0])
    client, counted = site.client(), []
    for number in (5, 55):
        _grow(site, number)
        client.get(path)
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any, seen: list[str] = seen) -> None:
            if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                seen.append(statement)

        event.listen(site.site.engine, "before_cursor_execute", note)
        try:
            assert client.get(path).status_code == 200
        finally:
            event.remove(site.site.engine, "before_cursor_execute", note)
        counted.append(len(seen))
    assert counted[0] == counted[1] <= 12, "\n".join(" ".join(one.split())[-150:] for one in seen)
