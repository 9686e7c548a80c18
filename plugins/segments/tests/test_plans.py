"""Conditions on what a million contacts have are answered by indexes on both databases, and pages cost few queries."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text

from crmhost.api import Work, conditions, contacts_bulk, custom_fields
from crmhost.testing import Host, plans
from plugins.segments import services

_BIG = ("contacts_contact", "contacts_tagging", "contacts_email", "transactions_value", "fields_value", "journal_entry")
ASKED: list[dict[str, Any]] = [
    {"type": "status", "operator": "equals", "value": "Lead"},
    {"type": "tag", "operator": "has", "value": "even"},
    {"type": "email", "operator": "equals", "value": "ann7@example.com"},
    {"type": "created_at", "operator": "in_last_days", "value": 3},
    {"type": "last_contacted_at", "operator": "after", "value": "2026-01-01"},
    {"type": "journal_at", "operator": "in_last_days", "value": 3},
    {"type": "transaction_count", "operator": "gte", "value": 2},
    {"type": "total_value", "operator": "gt", "value": 100},
    {"type": "custom.tier", "operator": "equals", "value": "Gold"},
]


@pytest.fixture
def crm(host: Callable[..., Host]) -> Host:
    made = host("segments", "transactions")
    with made.work() as work, work.begin():
        custom_fields.add(work, {"label": "Tier", "kind": "choice", "choices": ["Gold", "Silver"]})
        rows: list[dict[str, Any]] = []
        for number in range(200):
            tier = "Gold" if number % 20 == 0 else "Silver"
            fields = {"first_name": f"Ann {number}", "email": f"ann{number}@example.com", "custom": {"tier": tier}}
            rows.append({**fields, "tags": ["even"] if number % 20 == 0 else []})
        contacts_bulk.save_many(work, rows)
    with made.site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return made


def _plans(work: Work, action: Callable[[], Any]) -> list[str]:
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append((statement, parameters))

    engine = work.session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    connection = work.session.connection()
    sqlite = engine.dialect.name == "sqlite"
    if not sqlite:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    return ["\n".join(plans(connection, one, given)) for one, given in seen]


def test_conditions_are_answered_by_indexes(crm: Host) -> None:
    """Alone, with another one, all or any: no table that grows with the contacts is read from end to end."""
    both = [{"match": match, "conditions": [ASKED[0], ASKED[1], ASKED[6], ASKED[8]]} for match in ("all", "any")]
    with crm.work("Admin") as work:
        for document in [*({"match": "all", "conditions": [one]} for one in ASKED), *both]:

            def ask(document: dict[str, Any] = document) -> None:
                asked = conditions.question(work, conditions.read(work, document))
                asked.first(5, asked.count())
                asked.holds(7)

            for plan in _plans(work, ask):
                bad = [name for name in _BIG if re.search(rf"SCAN {name}(?! USING)|Seq Scan on {name}\b", plan)]
                assert not bad, (document, plan)


def test_pages_cost_few_queries(crm: Host) -> None:
    """The list, a segment and its editor: as many for many segments as for one, at most twelve."""
    browser = crm.client()
    found: list[list[int]] = []
    for number in range(8):
        with crm.work("Admin") as work, work.begin():
            key = services.save(work, {"name": f"S{number}", "match": "all", "conditions": [ASKED[number]]}).id
        if number in (0, 7):
            found.append(
                [_queries(crm, browser, url) for url in ("/segments/", f"/segments/{key}", f"/segments/{key}/edit")]
            )
    assert found[0][0] + 2 >= found[1][0]
    assert max(max(some) for some in found) <= 12, found


def _queries(crm: Host, browser: Any, address: str) -> int:
    browser.get(address)
    seen: list[str] = []

    def note(*told: Any) -> None:
        if str(told[2]).startswith(("SELECT", "WITH")):
            seen.append(str(told[2]))

    event.listen(crm.site.engine, "before_cursor_execute", note)
    assert browser.get(address).status_code == 200
    event.remove(crm.site.engine, "before_cursor_execute", note)
    return len(seen)
