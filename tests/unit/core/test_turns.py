"""Who waits to write on SQLite gets the turn before one who wrote just now."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from crmhost import turns
from crmhost.db import WRITES, make_engine


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An SQLite database with one table."""
    made = make_engine(f"sqlite:///{tmp_path / 'one.sqlite'}")
    with made.connect() as connection:
        connection.execute(text("CREATE TABLE note (who TEXT)"))
        connection.commit()
    return made


def wrote(engine: Engine, who: str) -> None:
    """One transaction."""
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        connection.execute(text("INSERT INTO note VALUES (:who)"), {"who": who})


def test_nobody_overtakes_who_waits(engine: Engine, tmp_path: Path) -> None:
    """One that ends its transaction and begins the next at once lets those in that wait."""
    waiting = threading.Thread(target=wrote, args=(engine, "webhook"))
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        connection.execute(text("INSERT INTO note VALUES ('import')"))
        waiting.start()
        with (tmp_path / "one.sqlite-turn").open() as file:
            while waiting.is_alive():
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    break
                fcntl.flock(file, fcntl.LOCK_UN)
    wrote(engine, "import, later")
    waiting.join()
    with engine.connect() as connection:
        assert list(connection.scalars(text("SELECT who FROM note ORDER BY rowid"))) == [
            "import", "webhook", "import, later"
        ]  # fmt: skip
    engine.dispose()


def test_waiting_has_an_end(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time, it is told that the database is locked, and the turn is given back."""
    monkeypatch.setattr(turns, "WAIT", 0.01)
    with engine.execution_options(**{WRITES: True}).begin(), pytest.raises(OperationalError, match="locked"):
        wrote(engine, "late")
    wrote(engine, "again")
    engine.dispose()


def test_who_writes_sees_that_somebody_waits(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction is told that another one waits for its end, but not of one that does not."""
    waiting = threading.Thread(target=wrote, args=(engine, "webhook"))
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        assert not turns.awaited(connection)
        waiting.start()
        while waiting.is_alive() and not turns.awaited(connection):
            pass
        assert waiting.is_alive()
    waiting.join()

    def unknown(*_: object) -> None:
        raise OSError("no such locks")

    monkeypatch.setattr(fcntl, "flock", unknown)
    wrote(engine, "where the file system knows no locks")
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        assert not turns.awaited(connection)
        assert connection.scalar(text("SELECT count(*) FROM note")) == 2
    engine.dispose()
