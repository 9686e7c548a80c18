"""SQLite knows how large its tables are, and whoever serves plans by it without a restart."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, text

from crmhost import statistics
from crmhost.db import WRITES, make_engine
from crmhost.host import health
from crmhost.testing import Host
from crmhost.work.tables import OutboxEvent

#: A process that keeps its connection, and tells at each line how it would find the rows of a kind and a person.
_SERVES = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
for number, _line in enumerate(sys.stdin):
    # What only explains looks at no change of the tables, and what was explained once is kept.
    connection.execute("SELECT 1 FROM thing LIMIT 1").fetchall()
    plan = connection.execute(f"EXPLAIN QUERY PLAN SELECT {number} FROM thing WHERE kind = 1 AND person = 7")
    print(plan.fetchone()[3], flush=True)
"""


def _fill(engine: Engine, kinds: int, people: int, rows: int) -> None:
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        connection.exec_driver_sql("DELETE FROM thing")
        values = [
            (number % kinds, number % people, number % 3 or None, number // 2 if number % 20 == 1 else number)
            for number in range(rows)
        ]
        connection.exec_driver_sql("INSERT INTO thing (kind, person, part, near) VALUES (?, ?, ?, ?)", values)


def test_other_processes_learn_of_them(tmp_path: Path) -> None:
    """Of the first statistics and of changed ones, which are exact; where nothing changed, all is left alone."""
    engine = make_engine(f"sqlite:///{tmp_path / 'site.sqlite'}")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE thing (id INTEGER PRIMARY KEY, kind INTEGER, person INTEGER, part INTEGER, near INTEGER)"
        )
        connection.exec_driver_sql("CREATE INDEX ix_thing_person ON thing (person)")
        connection.exec_driver_sql("CREATE INDEX ix_thing_kind ON thing (kind)")
        connection.exec_driver_sql("CREATE INDEX ix_thing_part ON thing (part, kind) WHERE part IS NOT NULL")
        connection.exec_driver_sql("CREATE INDEX ix_thing_near ON thing (near, id)")
        connection.exec_driver_sql("CREATE INDEX ix_thing_none ON thing (part) WHERE part > 9")
    command = [sys.executable, "-P", "-c", _SERVES, str(tmp_path / "site.sqlite")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:  # our own
        assert other.stdin is not None
        assert other.stdout is not None

        def plan() -> str:
            print(file=other.stdin, flush=True)
            return str(other.stdout.readline())  # type: ignore[union-attr]

        _fill(engine, kinds=2, people=1_000, rows=3_000)
        plan()
        assert statistics.gather(engine) == ["thing"]
        assert "ix_thing_person" in plan()
        _fill(engine, kinds=1_000, people=2, rows=6_000)
        assert "ix_thing_person" in plan()
        statistics.gather(engine)
        assert "ix_thing_kind" in plan()
        with engine.begin() as connection:
            exact = dict(connection.exec_driver_sql("SELECT idx, stat FROM sqlite_stat1").all())
            connection.exec_driver_sql("PRAGMA analysis_limit=0")
            connection.exec_driver_sql("ANALYZE")
            assert exact == dict(connection.exec_driver_sql("SELECT idx, stat FROM sqlite_stat1").all())
        assert statistics.gather(engine) == []
    engine.dispose()


@pytest.mark.database("sqlite")
def test_missing_ones_are_told_and_gathered(host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a big table without any, and of one that grew; a worker mends both."""
    monkeypatch.setattr(statistics, "BIG", 20)
    monkeypatch.setattr(statistics, "LEAST", 10)
    site = host()

    def told() -> str:
        (finding,) = [one for one in health.examine(site.site) if one.id == "statistics"]
        return str(finding.message) if finding.level == "warning" else ""

    def grow(first: int, last: int) -> None:
        event = {"name": "a.b", "ids": [1], "data": {}, "actor": "", "at": site.clock(), "state": "done"}
        with site.site.engine.execution_options(**{WRITES: True}).begin() as connection:
            connection.execute(insert(OutboxEvent), [{**event, "id": number} for number in range(first, last)])

    def gather() -> None:
        with site.work() as work, work.begin():
            work.enqueue("health.statistics")
        site.run_jobs()

    gather()
    assert told() == ""
    grow(1_000, 1_030)
    assert "work_outbox" in told()
    gather()
    assert told() == ""
    grow(2_000, 2_300)
    assert "work_outbox" in told()
    with site.site.engine.execution_options(**{WRITES: True}).begin() as connection:
        # Numbers that are high say nothing where the rows are gone.
        connection.execute(text("DELETE FROM work_outbox WHERE id < 2295"))
    assert told() == ""
