"""Rows of jobs as tests want them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from crmhost.testing import Host
from crmhost.work.tables import JobRow


def add(host: Host, *rows: dict[str, Any]) -> list[int]:
    """Writes jobs as they are given, by default done ones of the errand plugin; gives their numbers."""
    now = host.clock()
    plain = {"plugin": "errand", "kind": "errand.do", "arguments": {}, "state": "done", "due_at": now}
    plain |= {"created_at": now, "actor": "", "attempts": 1, "failures": 0}
    with host.site.engine.begin() as connection:
        made = insert(JobRow).returning(JobRow.id)
        return [int(connection.scalar(made.values(**{**plain, **row})) or 0) for row in rows]
