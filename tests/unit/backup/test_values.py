"""Every value of every type of column goes from database to database unchanged."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Double,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    Time,
    Uuid,
    insert,
    select,
)

from crmhost.db import WRITES, UTCDateTime, make_engine
from crmhost.errors import CrmError
from crmhost.host import migrate
from crmhost.host.backup import layout, load, snapshot, values
from crmhost.host.backup.manifest import Entry

from .conftest import FOLDERS, KINDS

VALUES = Table(
    "gamut_value",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("whole", BigInteger),
    Column("ratio", Double),
    Column("amount", Numeric(20, 4)),
    Column("flag", Boolean),
    Column("body", Text),
    Column("raw", LargeBinary),
    Column("at", UTCDateTime),
    Column("local", DateTime),
    Column("day", Date),
    Column("hour", Time),
    Column("data", JSON),
    Column("code", Uuid),
)
INTEGERS = some.integers(-(2**63), 2**63 - 1)
JSON_VALUES = some.recursive(
    some.none() | some.booleans() | INTEGERS | some.floats(allow_nan=False, allow_infinity=False) | some.text(),
    lambda below: some.lists(below, max_size=3) | some.dictionaries(some.text(), below, max_size=3),
    max_leaves=6,
)
ROW = some.fixed_dictionaries(
    {
        "whole": some.none() | INTEGERS,
        "ratio": some.none() | some.floats(allow_nan=False),
        "amount": some.none() | some.decimals(-(10**10), 10**10, places=4),
        "flag": some.none() | some.booleans(),
        "body": some.none() | some.text(),
        "raw": some.none() | some.binary(),
        "at": some.none() | some.datetimes(timezones=some.just(dt.UTC)),
        "local": some.none() | some.datetimes(),
        "day": some.none() | some.dates(),
        "hour": some.none() | some.times(),
        "data": JSON_VALUES,
        "code": some.none() | some.uuids(),
    }
)


@dataclasses.dataclass(frozen=True)
class Place:
    """A database with the tables of the plugin gamut."""

    engine: Engine
    table: layout.Table


@pytest.fixture
def places(empty: Callable[[str], str]) -> Iterator[dict[str, Place]]:
    """One of each kind."""
    made = {}
    for kind in KINDS:
        engine = make_engine(empty(kind)).execution_options(**{WRITES: True})
        with migrate.schema_transaction(engine) as connection:
            migrate.migrate(connection, "gamut", FOLDERS[1][1] / "gamut" / "migrations" / "versions")
            made[kind] = Place(engine, layout.read(connection, {"gamut"}).tables["gamut_value"])
    yield made
    for place in made.values():
        place.engine.dispose()


def dumped(connection: Connection, table: layout.Table) -> list[Any]:
    """The rows as a backup writes them and reads them again."""
    return [json.loads(json.dumps(list(batch))) for batch in snapshot.rows(connection, table)]


def held(connection: Connection) -> list[dict[str, Any]]:
    """The rows as the database gives them."""
    return [dict(row._mapping) for row in connection.execute(select(VALUES).order_by(VALUES.c.id))]


@pytest.mark.filterwarnings("ignore:Dialect sqlite")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(found=some.lists(ROW, min_size=1, max_size=4))
def test_values_arrive_as_they_left(places: dict[str, Place], found: list[dict[str, Any]]) -> None:
    """Between all pairs of databases; only zero bytes in texts, which PostgreSQL can't hold, are replaced there."""
    for source, target in itertools.product(KINDS, repeat=2):
        rows = [{**row, "id": number, "body": _kept(row["body"], source)} for number, row in enumerate(found, 1)]
        table = places[source].table
        with places[source].engine.connect() as connection:
            connection.execute(insert(VALUES), rows)
            batches, before = dumped(connection, table), held(connection)
        entry = Entry(table.name, table.owner, tuple((column.name, column.kind) for column in table.columns))
        with places[target].engine.connect() as connection:
            load.pour(connection, entry, places[target].table, batches, values.ZeroBytes())
            after = held(connection)
        assert after == [{**row, "body": _kept(row["body"], target)} for row in before]


def _kept(text: str | None, kind: str) -> str | None:
    return text if text is None or kind == "sqlite" else text.replace("\x00", "\ufffd")


@pytest.mark.parametrize(
    ("column", "wrong"),
    [("whole", "'many'"), ("flag", "7"), ("at", "'yesterday'"), ("data", "x'00'"), ("body", "x'00'"), ("day", "12")],
)
def test_a_spoilt_value_is_named(places: dict[str, Place], column: str, wrong: str) -> None:
    """SQLite holds anything anywhere; what is not of the column's type is told with its place, not carried on."""
    place = places["sqlite"]
    with place.engine.connect() as connection:
        connection.exec_driver_sql(f"INSERT INTO gamut_value (id, {column}) VALUES (41, {wrong})")
        with pytest.raises(CrmError, match=rf"gamut_value\.{column} holds .* row with id 41"):
            dumped(connection, place.table)


def test_a_wrong_value_of_a_backup_is_named(places: dict[str, Place]) -> None:
    """Each database takes values of the column's type alone; the refusal names the column and leaves nothing behind."""
    wrong: tuple[tuple[str, Any, str], ...] = (
        ("whole", "1", r"gamut_value\.whole holds '1'"),
        ("whole", 2**63, r"gamut_value\.whole holds"),
        ("whole", True, r"gamut_value\.whole holds True"),
        ("flag", 1, r"gamut_value\.flag holds 1"),
        ("body", ["x"], r"gamut_value\.body holds"),
        ("body", "\ud800", "gamut_value can't be filled"),
        ("raw", "§", r"gamut_value\.raw holds"),
        ("at", "2026-13-01 00:00:00", r"gamut_value\.at holds"),
        ("day", "2026-02-30", r"gamut_value\.day holds"),
        ("amount", "1; DROP", r"gamut_value\.amount holds"),
        ("data", "{", r"gamut_value(\.data holds| can't be filled: .*column data)"),
        ("code", 5, r"gamut_value\.code holds"),
    )
    for place in places.values():
        columns = tuple((column.name, column.kind) for column in place.table.columns)
        entry = Entry(place.table.name, place.table.owner, columns)
        for name, value, reason in wrong:
            row = [1 if column == "id" else value if column == name else None for column, _ in columns]
            with pytest.raises(CrmError, match=reason), place.engine.begin() as connection:
                load.pour(connection, entry, place.table, [[row]], values.ZeroBytes())
        with place.engine.connect() as connection:
            assert held(connection) == []
