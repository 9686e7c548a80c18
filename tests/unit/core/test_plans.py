"""Every list, filter, search and figure is served by an index on both databases."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event, text

from crmhost.core.contacts import bulk, queries, search
from crmhost.core.contacts.queries import ListQuery
from crmhost.core.contacts.records import owners_of_emails, owners_of_ids
from crmhost.core.contacts.sorts import SORTS
from crmhost.core.journal import activity, reading
from crmhost.core.journal import services as journal
from crmhost.core.notifications import services as notifications
from crmhost.core.statuses import services as statuses
from crmhost.core.users import audit
from crmhost.db import KNOWN
from crmhost.testing import Host, plans
from crmhost.work.unit import Work

FILTERS: list[dict[str, str]] = [
    {},
    {"status": "Lead"},
    {"status": "Lead,Customer"},
    {"tag": "even"},
    {"assigned_to": "me"},
    {"assigned_to": "nobody"},
    {"source": "import"},
    {"not_contacted": "30"},
    {"created_from": "2020-01-01", "created_to": "2030-01-01"},
    {"status": "Lead", "tag": "even", "source": "import"},
]
BIG = (
    "contacts_contact",
    "contacts_email",
    "contacts_external_id",
    "search_document",
    "journal_entry",
    "audit_entry",
    "statuses_history",
    "notifications_notification",
    "merging_key",
    "merging_group",
)


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    made = host()
    rows = [
        {
            "first_name": f"Ann {n}",
            "email": f"ann{n}@example.com",
            "tags": ["even"] if n % 2 else [],
            "external_ids": [("shop", "", str(n))],
        }
        for n in range(200)
    ]
    with made.work("Admin") as work, work.begin():
        bulk.save_many(work, rows)
    with made.site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return made


class Plans:
    """The plans of the queries made inside, one text each."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.sqlite = work.session.get_bind().dialect.name == "sqlite"

    @contextlib.contextmanager
    def good(self, what: object, allowed: str = "") -> Iterator[None]:
        """Fails when a query inside reads a large table from end to end or sorts it.

        :param allowed: a table that may be read whole here.
        """
        seen: list[tuple[str, Any]] = []

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                seen.append((statement, parameters))

        # What was read before is not read again within a transaction.
        self.work.session.info.pop(KNOWN, None)
        engine = self.work.session.get_bind()
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield
        finally:
            event.remove(engine, "before_cursor_execute", note)
        assert seen, what
        for statement, parameters in seen:
            if not any(table in statement for table in BIG):
                continue
            for line in self.plan(statement, parameters):
                assert not self.bad(line, allowed), (what, line, statement)

    def plan(self, statement: str, parameters: Any) -> list[str]:
        connection = self.work.session.connection()
        if not self.sqlite:
            # So few rows would be read whole; where an index can serve, it is then taken.
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            connection.execute(text("SET LOCAL enable_sort = off"))
        return "\n".join(plans(connection, statement, parameters)).split("\n")

    def bad(self, line: str, allowed: str) -> bool:
        tables = [table for table in BIG if table != allowed]
        if self.sqlite:
            whole = any(line.startswith(f"SCAN {table}") and "INDEX" not in line for table in tables)
            return whole or "TEMP B-TREE FOR ORDER BY" in line or "AUTOMATIC" in line
        return any(f"Seq Scan on {table} " in line for table in tables) or line.strip().startswith(
            ("Sort  (", "->  Sort  (")
        )


@pytest.mark.parametrize("narrow", [5_000, 2], ids=["few", "many"])
def test_each_page_of_the_list_is_read_from_an_index(site: Host, narrow: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In each order with each filter, the first page and one in the middle."""
    monkeypatch.setattr(queries, "NARROW", narrow)
    with site.work("Admin") as work:
        plans = Plans(work)
        for sort in SORTS:
            for filters in FILTERS:
                for sign in ("", "-"):
                    query = {"sort": sign + sort, "filters": filters, "limit": 5}
                    if sort == "deleted_at":
                        query["filters"] = {**filters, "in_bin": "1"}
                    with plans.good(query):
                        page = queries.page(work, ListQuery(**query))  # type: ignore[arg-type]
                    if page.next:
                        with plans.good(("middle", query)):
                            queries.page(work, ListQuery(after=page.next, **query))  # type: ignore[arg-type]


def test_limited_users_read_from_indexes_too(site: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their own contacts in each order, counts, search and feed."""
    monkeypatch.setattr(reading, "FEW", -1)
    with site.work("CRM manager", only_assigned=True) as work:
        plans = Plans(work)
        for sort in SORTS:
            if sort != "deleted_at":
                with plans.good(sort):
                    queries.page(work, ListQuery(sort=sort))
        with plans.good("counts"):
            queries.count(work, ListQuery(q="ann"))
            statuses.counts(work)
        with plans.good("feed"):
            journal.feed(work)


def test_counts_are_read_from_an_index(site: Host) -> None:
    """Those of the list with each filter, and those of the statuses."""
    with site.work("Admin") as work:
        plans = Plans(work)
        for filters in FILTERS:
            with plans.good(filters):
                queries.count(work, ListQuery(filters=filters))
        with plans.good("counts"):
            statuses.counts(work)


def test_search_reads_its_index(site: Host) -> None:
    """By parts of words, by beginnings, and for records of plugins."""
    with site.work("Admin") as work:
        plans = Plans(work)
        for q in ("ann1", "example com", "a", "an x", "199"):
            for filters in ({}, {"tag": "even"}):
                with plans.good((q, filters)):
                    queries.page(work, ListQuery(q=q, filters=filters))
        with plans.good("find"):
            search.find(work, "contact", "ann199")


def test_matching_reads_unique_indexes(site: Host) -> None:
    """E-mail addresses and ids in other systems are looked up, not searched for."""
    with site.work("Admin") as work:
        plans = Plans(work)
        with plans.good("emails"):
            owners_of_emails(work, [f"ann{n}@example.com" for n in range(50)])
        with plans.good("ids"):
            owners_of_ids(work, [("shop", "", str(n)) for n in range(50)])


def test_journal_and_audit_log_are_read_from_indexes(site: Host) -> None:
    """Of one record, of the whole site, and with each filter."""
    with site.work("Admin") as work:
        plans = Plans(work)
        for by in ("all", "people", "system"):
            with plans.good(by):
                journal.entries(work, "contact", 7, by=by)  # type: ignore[arg-type]
            with plans.good(("feed", by)):
                journal.feed(work, by=by)  # type: ignore[arg-type]
        with plans.good("activity"):
            assert [item.number for item in activity.latest(work, 9) if isinstance(item, activity.Imported)] == [200]
        now = work.now
        for given in (
            {"type": "call"},
            {"user_id": 1},
            {"user_id": 1, "type": "call", "by": "people"},
            {"from_": now, "to": now},
        ):
            with plans.good(given):
                journal.feed(work, before=journal.feed(work, **given).next, **given)  # type: ignore[arg-type]
                journal.count(work, **given)  # type: ignore[arg-type]
        for given in (
            {},
            {"action": "contact."},
            {"object_type": "contact"},
            {"object_type": "contact", "object_id": 7},
            {"user_id": 1},
            {"user_id": 1, "action": "contact.updated"},
            {"from_": now},
        ):
            with plans.good(given):
                chosen = audit.Chosen(**given)  # type: ignore[arg-type]
                audit.page(work, chosen, before=audit.page(work, chosen).next)
                audit.count(work, chosen)


def test_the_bell_and_its_pages_are_read_from_indexes(site: Host) -> None:
    """Counting what is new, each page, and forgetting what is old."""
    site.clock.freeze()
    with site.work("Admin") as work:
        me = work.actor.user_id
        assert me is not None
        with work.begin():
            for number in range(60):
                notifications.tell(work, [me], f"Number {number}")
            notifications.read_all(work, 30)
        plans = Plans(work)
        with plans.good("bell"):
            assert notifications.unread(work) == 30
        for only_unread in (False, True):
            with plans.good("page"):
                page = notifications.page(work, only_unread=only_unread, limit=5)
            with plans.good("middle"):
                notifications.page(work, page.next, only_unread=only_unread, limit=5)
        site.clock.move(days=200)
        with work.begin(), plans.good("forgetting"):
            assert notifications.prune(work) == 60
