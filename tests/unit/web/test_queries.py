"""Queries of pages: few, and as many for two hundred rows as for ten."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event

from crmhost.core.contacts import bulk
from crmhost.core.fields import services as fields
from crmhost.core.journal import services as journal
from crmhost.core.notifications import services as notifications
from crmhost.testing import Host
from tests.unit.web.conftest import Reader

#: Most queries of a page.
MOST = 12
FEW, MANY = 10, 200
CUSTOM = "custom.tier=Gold&custom.size.from=1"
#: Pages that look into the machine, the processes or the files of extensions, and not at rows that grow.
LOOKING = {"/extensions/", "/settings/health"}


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    return host("funnel", "csv_tools", "rest_api", "companies", "transactions", "invoices")


def grow(site: Host, start: int, end: int) -> None:
    """Makes contacts, each with all that its row and its page show."""
    owner = site.actor("Admin").user_id
    rows = [
        {
            "first_name": f"Ann {n}",
            "email": f"ann{n}@example.com",
            "emails": [f"ann{n}@example.com", f"ann{n}@example.net"],
            "tags": ["all", f"tag {n % 7}"],
            "assigned_to": owner if n % 2 else None,
            "status": ("Lead", "Customer")[n % 2],
            "external_ids": [("shop", "", str(n))],
            "custom": {"tier": "Gold", "size": n + 1},
        }
        for n in range(start, end)
    ]
    with site.work("Admin") as work, work.begin():
        for result in bulk.save_many(work, rows):
            assert result.id is not None
            journal.add(work, "contact", result.id, "call", summary="Spoke")
            journal.add(work, "contact", 1, "note", summary="About the first", pinned=result.id % 50 == 0)
            notifications.tell(work, [owner or 0], f"News {result.id}")


def pages(site: Host) -> list[str]:
    """All pages without arguments, and those of the first contact."""
    app = site.generation.app
    assert app is not None
    found = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments and not rule.rule.startswith(("/static/", "/api/"))
    }
    lists = ("?rows=200", "?rows=200&status=Lead&tag=all", "?rows=200&q=ann", "?rows=200&sort=name&count=1")
    lists += (f"?rows=200&status=Lead&{CUSTOM}&sort=custom.size", f"?rows=200&{CUSTOM}&count=1")
    more = [f"/contacts/{query}" for query in lists] + ["/contacts/1", "/contacts/1/edit", "/search?q=ann"]
    return sorted(found - LOOKING) + more


def is_query(statement: str) -> bool:
    """Whether a page asked for it: the host of a test looks for a new generation before each request, a server's watcher does."""
    return statement.startswith(("SELECT", "WITH")) and "FROM host_state" not in statement


def test_pages_take_few_queries_and_no_more_for_many_rows(site: Host) -> None:
    """At most twelve on each page, and not one more with two hundred rows than with ten."""
    reader = Reader(site)
    seen: list[str] = []
    event.listen(site.site.engine, "before_cursor_execute", lambda *told: seen.append(str(told[2])))

    def queries(*, first: bool) -> dict[str, int]:
        found = {}
        for page in pages(site):
            if first:
                # What is found out once in a process.
                reader.get(page)
            seen.clear()
            answer = reader.get(page)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                found[page] = sum(map(is_query, seen))
        return found

    with site.work("Admin") as work, work.begin():
        fields.add(work, {"label": "Tier", "kind": "choice", "choices": ["Gold", "Silver"]})
        fields.add(work, {"label": "Size", "kind": "number"})
    grow(site, 0, FEW)
    few = queries(first=True)
    grow(site, FEW, MANY)
    many = queries(first=False)
    assert {"/", "/contacts/", "/contacts/1", "/journal/", "/funnel/", "/settings/audit"} <= few.keys()
    assert {page: number for page, number in many.items() if number > MOST} == {}
    assert {page: (few[page], number) for page, number in many.items() if number > few[page]} == {}
