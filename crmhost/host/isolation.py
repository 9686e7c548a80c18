"""Keeps the session of a page or a change usable whatever a plugin's part of it did."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect
from sqlalchemy.orm.attributes import set_committed_value

from ..errors import PluginError
from .attribution import record_fault

if TYPE_CHECKING:
    from ..db import GuardedSession
    from ..work.unit import Work


@contextlib.contextmanager
def kept_usable(work: Work | None, plugin: str, place: str) -> Iterator[None]:
    """Around a plugin's part of something larger, which goes on afterwards.

    While a page is read, the part can't write, and what it changed in memory is undone. On PostgreSQL a failed query ends
    the transaction: a page gets a new one; a change can't be saved any more.

    :raises PluginError: naming the plugin, when it spoilt a transaction that writes.
    """
    if work is None:
        yield
        return
    session = work.session
    writing = work.writing
    if not writing:
        outer, session.info["part_of_page"] = session.info.get("part_of_page", False), True
    try:
        yield
    finally:
        if not writing:
            session.info["part_of_page"] = outer
            _undo_changes(session, plugin, place)
    if _spoilt(session):
        if writing:
            raise PluginError(plugin, f"The plugin “{plugin}” failed in a query, so nothing was changed.")
        _begin_anew(session)


def _undo_changes(session: GuardedSession, plugin: str, place: str) -> None:
    """Takes back what was changed in memory: the next query would try to write it, in somebody else's name."""
    changed = [*session.new, *session.deleted, *session.dirty]
    if not changed:
        return
    names = ", ".join(sorted({type(record).__name__ for record in changed}))
    record_fault(plugin, place, RuntimeError(f"It changed {names} while a page was read."))
    for record in [*session.new, *session.deleted]:
        session.expunge(record)
    for record in session.dirty:
        _restore(session, record)


def _restore(session: GuardedSession, record: object) -> None:
    """Gives a record the values that it was loaded with, and keeps what is loaded of it."""
    state: Any = inspect(record)
    unknown = []
    for attribute in state.attrs:
        history = attribute.history
        if not history.has_changes():
            continue
        if isinstance(state.dict.get(attribute.key), list) and attribute.key in state.mapper.relationships:
            set_committed_value(record, attribute.key, [*(history.unchanged or ()), *(history.deleted or ())])
        elif history.deleted:
            set_committed_value(record, attribute.key, history.deleted[0])
        else:
            unknown.append(attribute.key)
    # Expiring alone would leave the record marked as changed, and expiring all of it would lose what was loaded with it.
    state._commit_all(state.dict, session.identity_map)
    if unknown:
        session.expire(record, unknown)


def _driver(session: GuardedSession) -> Any:
    """The connection to PostgreSQL in use; ``None`` on SQLite, or while there is none."""
    if session.get_bind().dialect.name != "postgresql" or not session.in_transaction():
        return None
    return session.connection().connection.dbapi_connection


def _spoilt(session: GuardedSession) -> bool:
    driver = _driver(session)
    return driver is not None and driver.info.transaction_status.name == "INERROR"


def _begin_anew(session: GuardedSession) -> None:
    """Begins a new transaction beneath the session, whose records stay as they were loaded; nothing was written."""
    driver = _driver(session)
    if driver is not None:
        driver.rollback()
