"""Whose turn it is to write on SQLite, which has one writer at a time.

Left to itself, SQLite lets those who wait look again after pauses of up to 100 ms. Whoever ends one transaction and begins the
next at once, as an import does, leaves a gap of microseconds between them, which nobody finds. So whoever wants to write holds a
lock on a file beside the database until the transaction has begun: the import, too, has to wait for it then.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from typing import Any

from sqlalchemy.engine import Connection

#: Milliseconds for which anything else waits that finds the database locked, and seconds for which those who want to write do.
BUSY = 10_000
WAIT = BUSY / 1000
_PAUSE = 0.001
_KEY = "crmhost_turn"


def prepare(connection: sqlite3.Connection, record: Any) -> None:
    """Opens the file of a new connection; a database in memory has none."""
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    record.info[_KEY] = os.open(f"{path}-turn", os.O_RDWR | os.O_CREAT, 0o600) if path else None


def close(_connection: Any, record: Any) -> None:
    """Closes the file of a connection that ends."""
    file = record.info.pop(_KEY, None)
    if file is not None:
        os.close(file)


def begin(connection: Connection) -> None:
    """Begins a transaction that writes, once it is our turn.

    :raises sqlalchemy.exc.OperationalError: when others wrote for ten seconds on end.
    """
    driver: Any = connection.connection.driver_connection
    file: int | None = connection.info.get(_KEY)
    until, ours = time.monotonic() + WAIT, False
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            ours = ours or _taken(file)
            if ours and _begun(connection, driver):
                return
            if time.monotonic() > until:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return
            time.sleep(_PAUSE)
    finally:
        if ours and file is not None:
            _give_back(file)
        driver.execute(f"PRAGMA busy_timeout={BUSY}")


def awaited(connection: Connection) -> bool:
    """Whether somebody waits for the transaction that is open to end: they hold the turn meanwhile."""
    file: int | None = connection.info.get(_KEY)
    if file is None:
        return False
    free = _taken(file)
    if free:
        _give_back(file)
    return not free


def _taken(file: int | None) -> bool:
    if file is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # Some file systems of networks know no such locks: there it goes as SQLite does it.
        return True
    return True


def _give_back(file: int) -> None:
    with contextlib.suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_UN)


def _begun(connection: Connection, driver: sqlite3.Connection) -> bool:
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if busy(error):
            return False
        # As SQLAlchemy tells what is wrong.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    return True


def busy(error: BaseException) -> bool:
    """Whether somebody else writes just now, or wrote since we began to read."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
