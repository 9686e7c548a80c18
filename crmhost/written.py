"""Which tables a transaction has written so far: what was read of others holds to its end, and need not be read again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy.engine import Connection

_KEY = "crmhost_written"
_WRITES = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM|COPY) \"?(\w+)", re.ASCII)
_READS = ("SELECT", "SAVEPOINT", "RELEASE")
#: Stands for all tables, where a statement does not begin with the one that it writes.
_ANY = "*"


def begin(connection: Connection) -> Counter[str]:
    """Counts from now on how often the transaction of a connection writes each table."""
    found: Counter[str] = Counter()
    connection.info[_KEY] = found
    return found


def note(connection: Connection, _cursor: Any, statement: str, *_more: Any) -> None:
    """Counts a statement."""
    found: Counter[str] | None = connection.info.get(_KEY)
    if found is not None and not statement.startswith(_READS):
        named = _WRITES.match(statement)
        found[named[1] if named else _ANY] += 1


def so_far(found: Counter[str], tables: Iterable[str]) -> tuple[int, ...]:
    """How often some tables were written: while that stays the same, so do they."""
    return tuple(found[name] for name in (*tables, _ANY))
