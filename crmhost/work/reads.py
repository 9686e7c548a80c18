"""Short questions to the database that several parts of a page have, asked together in one statement."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, Select, String, literal, null, select, union_all
from sqlalchemy import cast as sql_cast
from sqlalchemy.exc import SQLAlchemyError

from ..db import KNOWN, GuardedSession


@dataclasses.dataclass(frozen=True)
class Read:
    """A short question, such as for the number beside a tab: ``work.rows(read)`` gives the answer.

    A contribution that tells its reads beforehand (``reads``) shares one statement with all others of the page.

    :param key: names what is read, with all that it depends on, the actor too: ``("crates.number", contact.id)``.
    :param statement: gives few rows, in any order; its columns are texts and whole numbers.
    """

    key: tuple[Any, ...]
    statement: Select[*tuple[Any, ...]]


def rows(session: GuardedSession, read: Read, *, fresh: bool) -> list[tuple[Any, ...]]:
    """The answer to one; ``fresh``: also when it is known already."""
    known = session.info.setdefault(KNOWN, {})
    key = ("read", *read.key)
    if fresh or key not in known:
        known[key] = _asked(session, [read])[0]
    found: list[tuple[Any, ...]] = known[key]
    return found


def gather(session: GuardedSession, reads: Sequence[Read]) -> None:
    """Asks them all in one statement, those that are known already left out. After it, each is answered from memory.

    When the statement fails, nothing is known: each is then asked alone, and fails alone.
    """
    known = session.info.setdefault(KNOWN, {})
    wanted = {("read", *read.key): read for read in reads if ("read", *read.key) not in known}
    if not wanted:
        return
    try:
        answers = _asked(session, list(wanted.values()))
    except (SQLAlchemyError, TypeError):
        session.rollback()
        return
    known.update(zip(wanted, answers, strict=True))


def _asked(session: GuardedSession, reads: Sequence[Read]) -> list[list[tuple[Any, ...]]]:
    parts = [read.statement.subquery() for read in reads]
    width = max(len(part.c) for part in parts)
    kinds = [[_kind(column.type.python_type) for column in part.c] for part in parts]
    selects = []
    for place, part in enumerate(parts):
        columns: list[Any] = [sql_cast(column, String) for column in part.c]
        columns += [sql_cast(null(), String)] * (width - len(columns))
        selects.append(select(literal(place, Integer), *columns).select_from(part))
    found: list[list[tuple[Any, ...]]] = [[] for _ in reads]
    for place, *values in session.execute(union_all(*selects) if len(selects) > 1 else selects[0]):
        told = zip(kinds[place], values, strict=False)
        found[place].append(tuple(None if value is None else kind(value) for kind, value in told))
    return found


def _kind(given: type[Any]) -> type[Any]:
    if not issubclass(given, int | str) or given is bool:
        raise TypeError(f"a read gives texts and whole numbers, not {given.__name__}")
    return int if issubclass(given, int) else str
