"""Tables of plugins of any shape: references that clash, personal columns that can't be empty, rows that lead to a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from crmhost.core.merging import services as merging
from crmhost.core.privacy import services as privacy
from crmhost.host.manifest import Data
from crmhost.testing import Host
from crmhost.work.unit import Work

CONTACT = "INTEGER REFERENCES contacts_contact (id) ON DELETE"
TABLES = (
    f"shop_order (id INTEGER PRIMARY KEY, contact_id {CONTACT} SET NULL, note TEXT NOT NULL, total NUMERIC NOT NULL)",
    "shop_line (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES shop_order (id) ON DELETE CASCADE, engraving TEXT)",
    f"shop_login (name VARCHAR(20) NOT NULL UNIQUE, id INTEGER PRIMARY KEY, contact_id {CONTACT} SET NULL)",
    f"shop_visit (id INTEGER PRIMARY KEY, contact_id {CONTACT} SET NULL, at DATE NOT NULL)",
    f"shop_member (list INTEGER NOT NULL, contact_id {CONTACT} CASCADE, id INTEGER PRIMARY KEY, UNIQUE (list, contact_id))",
    f"shop_keyless (contact_id {CONTACT} CASCADE, note TEXT)",
)
DATA = Data(
    contact_refs=(
        "shop_order.contact_id",
        "shop_login.contact_id",
        "shop_visit.contact_id",
        "shop_member.contact_id",
        "shop_keyless.contact_id",
        "shop_gone.contact_id",
        "shop_order.no_such_column",
    ),
    personal=("shop_order.note", "shop_order.total", "shop_line.engraving", "shop_login.name", "shop_visit.at"),
)


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    """Tables as a plugin that is off left them."""
    made = host()
    with made.site.engine.begin() as connection:
        for table in TABLES:
            connection.execute(text(f"CREATE TABLE {table}"))
    return made


def run(site: Host, function: Callable[[Work], Any]) -> Any:
    with site.work("Admin") as work, work.begin():
        work.plugin_data = lambda: {"shop": DATA}
        return function(work)


def rows(site: Host, query: str) -> list[tuple[Any, ...]]:
    with site.site.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def fill(site: Host, statement: str, values: list[dict[str, Any]]) -> None:
    with site.site.engine.begin() as connection:
        connection.execute(text(statement), values)


def test_a_few_of_many_rows_clash(site: Host) -> None:
    """Of three hundred rows those that the contact that stays has already stay behind; undone, all is as it was."""
    one, two, three = (site.make.contact() for _ in range(3))
    member = "INSERT INTO shop_member (id, list, contact_id) VALUES (:id, :list, :contact)"
    fill(site, member, [{"id": n, "list": n, "contact": two} for n in range(1, 301)])
    fill(site, member, [{"id": 1000 + n, "list": n, "contact": one} for n in (1, 150, 300)])
    fill(site, member, [{"id": 2000 + n, "list": n, "contact": three} for n in (7, 301)])
    fill(site, "INSERT INTO shop_keyless VALUES (:contact, 'x')", [{"contact": two}])
    before = rows(site, "SELECT id, contact_id FROM shop_member ORDER BY id")
    number = run(site, lambda work: merging.merge(work, one, [two, three]).id)
    left = rows(
        site, "SELECT list, contact_id FROM shop_member WHERE contact_id <> (SELECT min(id) FROM contacts_contact)"
    )
    assert sorted(left) == [(1, two), (7, three), (150, two), (300, two)]
    assert rows(site, f"SELECT count(*) FROM shop_member WHERE contact_id = {one}") == [(301,)]
    assert run(site, lambda work: merging.undo(work, number).stayed) == []
    assert rows(site, "SELECT id, contact_id FROM shop_member ORDER BY id") == before


def test_personal_columns_of_every_kind_are_emptied(site: Host) -> None:
    """Text becomes empty and numbers nought where they must be there; a row that can't be without what it says goes."""
    ids = [site.make.contact(), site.make.contact()]
    values = [{"id": number, "contact": contact, "name": f"n{number}"} for number, contact in enumerate(ids, 1)]
    values.append({"id": 3, "contact": ids[0], "name": "n3"})
    fill(site, "INSERT INTO shop_order VALUES (:id, :contact, :name, 12)", values)
    fill(site, "INSERT INTO shop_line VALUES (:id, :id, :name)", values)
    fill(site, "INSERT INTO shop_login (id, contact_id, name) VALUES (:id, :contact, :name)", values)
    fill(site, "INSERT INTO shop_visit VALUES (:id, :contact, '2026-01-01')", values)
    held = run(site, lambda work: privacy.document(work, ids[0])["plugins"]["shop"]["tables"])
    assert [row["note"] for row in held["shop_order"]] == ["n1", "n3"]
    assert [row["engraving"] for row in held["shop_line"]] == ["n1", "n3"]
    counts = run(site, lambda work: privacy.erase(work, ids[0]).counts)
    assert {name: number for name, number in counts.items() if name.startswith("shop_")} == dict.fromkeys(
        ("shop_line", "shop_login", "shop_order", "shop_visit"), 2
    )
    orders = rows(site, "SELECT id, contact_id, note, total FROM shop_order ORDER BY id")
    assert [(row[0], row[1], row[2], int(row[3])) for row in orders] == [
        (1, None, "", 0),
        (2, ids[1], "n2", 12),
        (3, None, "", 0),
    ]
    assert rows(site, "SELECT engraving FROM shop_line ORDER BY id") == [(None,), ("n2",), (None,)]
    assert rows(site, "SELECT name FROM shop_login") == [("n2",)]
    assert rows(site, "SELECT contact_id FROM shop_visit") == [(ids[1],)]
