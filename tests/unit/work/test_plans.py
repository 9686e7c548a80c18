"""What a worker asks five times a second is answered by an index, however much is queued or done."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import event, insert, text

from crmhost.testing import plans
from crmhost.work import events, jobs
from crmhost.work.looking import Looker, Seen
from crmhost.work.tables import Delivery, JobRow, OutboxEvent

from .errands import MakeHost, errand_host

ROWS = 3_000


@contextlib.contextmanager
def statements(engine: Any) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are run inside."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_queues_are_read_by_index(host: MakeHost) -> None:
    """Claiming, looking for new events and for due deliveries reads no table from end to end."""
    made = errand_host(host)
    now = made.clock()
    done = {"plugin": "errand", "kind": "errand.do", "arguments": {}, "due_at": now, "created_at": now, "actor": ""}
    with made.site.engine.begin() as connection:
        events.enlist(connection, made.generation, ())
        (name,) = connection.scalars(text("SELECT name FROM work_subscriber WHERE plugin = 'errand'")).all()
        connection.execute(insert(JobRow), [{**done, "state": "done"} for _ in range(ROWS)])
        connection.execute(insert(JobRow), [{**done, "state": "due"} for _ in range(20)])
        told = {"name": "errand.told", "ids": [1], "data": {}, "actor": "", "at": now}
        connection.execute(insert(OutboxEvent), [{**told, "id": n, "state": "done"} for n in range(1, ROWS)])
        sent = {"subscriber": name, "plugin": "errand", "due_at": now}
        connection.execute(
            insert(Delivery),
            [{**sent, "event_id": n, "state": "due" if n > ROWS - 20 else "done"} for n in range(1, ROWS)],
        )
    with made.site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    with made.site.engine.connect() as connection, statements(made.site.engine) as seen:
        looker = Looker(made.site)
        assert looker.look([name], ["errand"], now) == Seen(events=False, deliveries=True, jobs=True)
        assert looker.look([], [], now) == Seen(events=False, deliveries=False, jobs=False)
        looker.close()
        assert events.with_due(connection, [name], now) == [name]
        found, _held = events.due(connection, name, now)
        assert len(found) == 19
        assert not jobs.any_left(connection, now)
        assert len(jobs.claim(connection, "me", ["errand"], 10, now)) == 10
        connection.rollback()
        asked = list(seen)
        if connection.dialect.name == "postgresql":
            # Small tables are read from end to end whatever indexes there are: ask which one would serve.
            connection.execute(text("SET enable_seqscan = off"))
        for statement, parameters in asked:
            _check(connection, statement, parameters)


def _check(connection: Any, statement: str, parameters: Any) -> None:
    plan = "\n".join(plans(connection, statement, parameters)).split("\n")
    if connection.dialect.name == "sqlite":
        read = [line for line in plan if line.startswith("SCAN work_") and "USING" not in line]
    else:
        read = [line for line in plan if "Seq Scan on work_" in line and "work_subscriber" not in line]
    assert not [line for line in read if "work_subscriber" not in line], "\n".join([statement, *plan])
