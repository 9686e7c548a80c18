"""Imports that were begun when their files lay in a table of their own."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import text

from crmhost.config import checkout
from crmhost.host import migrate
from crmhost.testing import Host

VERSIONS = checkout() / "plugins" / "csv_tools" / "migrations" / "versions"
STATES = ("uploading", "draft", "running", "stopped", "done")
RUN = (
    "INSERT INTO csv_tools_run (kind, file_name, digest, size, kept, state, file_format, columns, mapping, dates, signature,"
    " match_by, mode, rehearsal, total, position, added, updated, skipped, refused, remarked, left_alone, actor_label,"
    " created_at) VALUES ('contacts', :name, '', 1, :kept, :state, '{}', '[]', '[]', '{}', '', 'email', 'update', '{}',"
    " 9, 3, 3, 0, 0, 0, 0, 0, '', '2026-01-01 00:00:00')"
)


def test_unfinished_imports_end_cleanly(host: Callable[..., Host]) -> None:
    """What was only uploaded is gone, what was begun is stopped and can be undone, what came from the command line goes on."""
    site = host().site
    with migrate.schema_transaction(site.engine) as connection:
        migrate.migrate(connection, "csv_tools", VERSIONS, "0001")
        for state in STATES:
            for kept in (True, False):
                connection.execute(text(RUN), {"name": f"{state}-{kept}", "kept": kept, "state": state})
        connection.execute(
            text("INSERT INTO csv_tools_piece SELECT id, 0, :data FROM csv_tools_run WHERE kept"), {"data": b"x"}
        )
    with migrate.schema_transaction(site.engine) as connection:
        migrate.migrate(connection, "csv_tools", VERSIONS)
        rows = connection.execute(text("SELECT file_name, state, file_id FROM csv_tools_run ORDER BY id")).all()
    kept = {name: state for name, state, _ in rows if name.endswith("True")}
    assert kept == {"running-True": "stopped", "stopped-True": "stopped", "done-True": "done"}
    assert {name.partition("-")[0]: state for name, state, _ in rows if name.endswith("False")} == dict(
        zip(STATES, STATES, strict=True)
    )
    assert {file_id for _, _, file_id in rows} == {None}
