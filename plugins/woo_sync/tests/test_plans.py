"""What pages, segments and batches ask of orders is served by indexes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text

from crmhost.api import Work, conditions, insert_rows
from crmhost.testing import Host, plans
from plugins.syncs import applying, connections, reconciling
from plugins.syncs.models import Record
from plugins.syncs.shapes import Incoming
from plugins.woo_sync import parts
from plugins.woo_sync.models import Bought

ROWS = 3_000


def _scans(work: Work, action: Callable[[], Any]) -> list[str]:
    """Plans of the queries that an action makes which read all records."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            seen.append((statement, parameters))

    work.session.rollback()
    engine = work.session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        action()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    found = []
    for statement, parameters in seen:
        plan = "\n".join(plans(work.session.connection(), statement, parameters))
        if re.search(r"SCAN (syncs_record|woo_sync_bought)\b(?! USING)", plan):
            found.append(f"{statement}\n{plan}")
    return found


@pytest.mark.database("sqlite")
def test_plans(host: Callable[..., Host]) -> None:
    """Neither conditions nor tabs nor batches read all records."""
    site = host("woo_sync")
    people = [site.make.contact() for _person in range(5)]
    with site.work() as work, work.begin():
        given = {"name": "Shop", "url": "https://shop.example.com", "key": "k", "secret": "s"}
        one = connections.save(work, connections.source_of(work, "woo"), given)
        about: dict[str, Any] = {
            "connection_id": one.id, "kind": "order", "parent": "", "version": 1, "digest": "", "status": "completed",
            "paid": True, "counts": True, "gone": False, "object_type": "", "object_id": None, "currency": "EUR",
            "amount": 100, "label": "", "url": "", "written": {}, "kept": [],
        }  # fmt: skip
        rows = [
            about | {"external_id": str(place), "contact_id": people[place % 5] if place % 50 == 0 else None,
                     "at": work.now - dt.timedelta(days=place)}
            for place in range(ROWS)
        ]  # fmt: skip
        insert_rows(work.session, Record, rows)
        bought = {"product": "1", "at": work.now}
        insert_rows(
            work.session,
            Bought,
            [
                bought
                | {"record_id": place, "contact_id": people[place % 5], "name": f"P {place}", "name_key": f"p {place}"}
                for place in range(ROWS)
            ],
        )
        work.session.execute(text("ANALYZE"))
        number = one.id

    def asked(work: Work, kind: str, operator: str, value: object) -> Callable[[], Any]:
        group = conditions.read(work, {"conditions": [{"type": kind, "operator": operator, "value": value}]})
        return lambda: list(work.session.scalars(conditions.question(work, group).ids()))

    with site.work("Admin") as work:
        one = connections.get(work, number)
        person = site.contact(people[0])
        for action in (
            asked(work, "woo_sync.product", "equals", "p 7"),
            asked(work, "woo_sync.ordered", "in_last_days", 30),
            lambda: parts.contact_number(work, person),
            lambda: applying.changed(work, one, [Incoming(kind="order", external_id="5")]),
            lambda: reconciling._refund_dates(work, one, ["5"]),
        ):
            assert _scans(work, action) == []
