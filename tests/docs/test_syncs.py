"""The extension of the page on syncs works, beside a shop: one sale that both tell of counts once, whichever came first."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from crmhost.host import check
from crmhost.testing import Host
from plugins.syncs import applying, connections
from plugins.syncs.models import Aside
from plugins.syncs.shapes import Incoming
from plugins.transactions import api as transactions
from plugins.woo_sync.reader import incoming

PAGE = Path(__file__).resolve().parents[2] / "docs" / "authors" / "syncs.md"
BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
AT = "2026-03-01T09:00:00"


def receipt(number: int, charge: str, changed: int = 1, **more: Any) -> Incoming:
    """A receipt of a till."""
    row = {
        "id": number,
        "at": 1_772_355_600,
        "changed": changed,
        "status": "paid",
        "cents": 2_000,
        "email": "ada@example.com",
    }
    return Incoming(kind="receipt", external_id=str(number), version=changed, body={**row, "charge": charge, **more})


def order(number: int, charge: str, **more: Any) -> Incoming:
    """An order of a shop."""
    row = {
        "id": number, "number": str(number), "status": "completed", "currency": "EUR", "date_created_gmt": AT,
        "date_modified_gmt": AT, "date_paid_gmt": AT, "total": "20.00", "billing": {"email": "ada@example.com"},
        "line_items": [{"name": "Mug", "product_id": 1, "quantity": 1, "subtotal": "20.00"}], "transaction_id": charge,
    }  # fmt: skip
    return incoming("order", {**row, **more})


@pytest.mark.database("sqlite")
def test_tills_beside_a_shop(host: Callable[..., Host], tmp_path: Path) -> None:
    """What a till and a shop tell of one sale is one transaction; so is its refund; webhooks come once."""
    folder = tmp_path / "home" / "plugins" / "tills"
    for name, block in BLOCK.findall(PAGE.read_text("utf-8")):
        path = folder.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block, "utf-8")
    assert [str(finding) for finding in check.check(folder)] == []
    site = host("tills", "woo_sync")
    with site.work() as work, work.begin():
        address = {"url": "https://example.com", "name": "Till 1", "token": "t", "key": "k", "secret": "s"}
        till = connections.save(work, connections.source_of(work, "tills"), address).id
        shop = connections.save(work, connections.source_of(work, "woo"), address | {"name": "Shop"}).id

    def take(number: int, *items: Incoming) -> None:
        with site.work() as work, work.begin():
            one = connections.get(work, number)
            applying.apply(work, connections.source_of(work, one.source), one, applying.changed(work, one, items))
            assert [row.reason for row in work.session.scalars(select(Aside))] == []

    def rows() -> list[tuple[int, int]]:
        with site.work() as work:
            rule = transactions.rule(work)
            found = work.session.scalars(select(transactions.Transaction).order_by(transactions.Transaction.id))
            return [(row.total, rule.worth(row)) for row in found]

    take(till, receipt(1, "ch_1"))
    take(shop, order(5, "ch_1"))
    take(shop, order(6, "ch_2"))
    take(till, receipt(2, "ch_2"), receipt(1, "ch_1", changed=2))
    assert rows() == [(2_000, 2_000), (2_000, 2_000)]
    back = {"refunds": [{"id": 9, "total": "-20.00"}], "date_modified_gmt": "2026-03-02T09:00:00", "status": "refunded"}
    take(shop, order(5, "ch_1", **back))
    take(till, receipt(1, "ch_1", changed=3, back=2_000))
    assert rows() == [(2_000, 2_000), (2_000, 2_000), (2_000, -2_000)]
    with site.work() as work:
        first = work.session.scalars(select(transactions.Transaction).order_by(transactions.Transaction.id)).first()
        assert first is not None
        assert transactions.with_lines(work, [first.id]) == {first.id}
        assert len(work.session.scalars(select(transactions.Transaction.contact_id).distinct()).all()) == 1

    browser = site.client("")
    told = json.dumps({"event": "e1", "id": 1})
    assert browser.post("/hooks/tills/till-1", data=told, headers={"X-Token": "no"}).status_code == 401
    for _time in range(2):
        assert browser.post("/hooks/tills/till-1", data=told, headers={"X-Token": "t"}).status_code == 200
    assert len([job for job in site.jobs("syncs.receive") if job.state == "due"]) == 1
