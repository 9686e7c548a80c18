"""Engine, metadata, column types and sessions. Pure SQLAlchemy: knows nothing of Flask, plugins or services."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import JSON, DateTime, Engine, MetaData, String, Text, create_engine, event, exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from . import turns, written
from .errors import Overtaken, PluginError
from .messages import keep, kept

#: One metadata for the core and all plugins, so that a plugin's foreign key finds the core's table.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: Execution option of a connection whose transaction will write; SQLite then begins IMMEDIATE.
WRITES = "crmhost_writes"
#: Value of that option where SQLite is to begin as for reading, and to lock the database with the first write.
LATE = "late"
#: Entries of each index that SQLite looks at when it is told to ANALYZE, see :mod:`crmhost.statistics`.
SAMPLE = 1_000

#: Seconds of rest after which a connection to PostgreSQL is asked whether it still stands, before it is used.
PING_AFTER = 1.0


class Base(DeclarativeBase):
    """Declarative base of the core's models."""

    metadata = metadata


def plugin_base(plugin_id: str) -> type[DeclarativeBase]:
    """A declarative base for one plugin's models.

    It has a registry of its own (a broken relationship then harms nobody else's queries) on the shared metadata.
    Call it once, in the plugin's ``models.py``.

    :param plugin_id: the id in ``plugin.toml``; every table must be named ``ID_something``.
    :raises PluginError: when a model's table has another name.
    """

    class PluginBase(DeclarativeBase):
        metadata = globals()["metadata"]

        def __init_subclass__(cls, **kwargs: Any) -> None:
            table = cls.__dict__.get("__tablename__")
            if table is not None and not str(table).startswith(f"{plugin_id}_"):
                raise PluginError(plugin_id, f"The table “{table}” must be called “{plugin_id}_…”.")
            super().__init_subclass__(**kwargs)

    return PluginBase


class UTCDateTime(TypeDecorator[dt.datetime]):
    """An instant. Takes aware datetimes of any zone, gives aware ones in UTC, on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[dt.datetime]:
        """What cursors of lists ask for."""
        return dt.datetime

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone: give an aware datetime")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, _dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class MessageText(TypeDecorator[str]):
    """Column type of a text that may be a message."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """The text as it is stored."""
        return None if value is None else keep(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> str | None:
        """The text or message that was stored."""
        return None if value is None else kept(value)


class MessageLine(TypeDecorator[str]):
    """Column type of a short text that may be a message; one that is too long with what it is made of is kept in English.

    :param length: characters.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """The text as it is stored."""
        if value is None:
            return None
        stored = keep(value)
        return stored if len(stored) <= self.length else value[: self.length]

    def process_result_value(self, value: str | None, _dialect: Dialect) -> str | None:
        """The text or message that was stored."""
        return None if value is None else kept(value)


class MessageJSON(TypeDecorator[Any]):
    """Column type of a JSON value in which texts may be messages."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> Any:
        """The value as it is stored."""
        return _walk(value, keep)

    def process_result_value(self, value: Any, _dialect: Dialect) -> Any:
        """The value that was stored, messages again messages."""
        return _walk(value, kept)


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    match value:
        case str():
            return change(value)
        case Mapping():
            return {key: _walk(item, change) for key, item in value.items()}
        case list() | tuple():
            return [_walk(item, change) for item in value]
    return value


def utcnow() -> dt.datetime:
    """The instant now, aware, in UTC."""
    return dt.datetime.now(dt.UTC)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def make_engine(url: str, *, search_path: str = "") -> Engine:
    """The engine of this process.

    SQLite: write-ahead log, foreign keys on, 10 s busy timeout; transactions begin deferred to read, and to write
    IMMEDIATE and in turn (see :mod:`crmhost.turns`).

    :param url: SQLAlchemy URL (``sqlite:///…`` or ``postgresql://…``).
    :param search_path: PostgreSQL only: schemas to look in, first one receives new tables (used by trials).
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        memory = parsed.database in (None, "", ":memory:")
        engine = create_engine(
            parsed,
            json_serializer=_dumps,
            connect_args={"isolation_level": None, "check_same_thread": False, "timeout": 10},
            **({} if memory else {"pool_size": 20, "max_overflow": 40}),
        )
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "close", turns.close)
        event.listen(engine, "begin", _sqlite_begin)
        event.listen(engine, "handle_error", _sqlite_overtaken)
        event.listen(engine, "after_cursor_execute", written.note)
        return engine
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    connect_args: dict[str, Any] = {"connect_timeout": 10}
    options = ["-c timezone=utc"]
    if search_path:
        options.append(f"-c search_path={search_path}")
    connect_args["options"] = " ".join(options)
    engine = create_engine(parsed, json_serializer=_dumps, pool_size=20, max_overflow=20, connect_args=connect_args)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _ping_after_rest)
    event.listen(engine, "after_cursor_execute", written.note)
    return engine


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _ping_after_rest(connection: Any, record: Any, _proxy: Any) -> None:
    # Asked each time, as pool_pre_ping does, it would be one message more for every page and job.
    if time.monotonic() - record.info.get("used", time.monotonic()) > PING_AFTER:
        import psycopg  # not needed by sites on SQLite

        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            connection.rollback()
        except psycopg.Error as error:
            raise exc.InvalidatePoolError("the database was away") from error


def _sqlite_connect(connection: Any, record: Any) -> None:
    connection.create_function("crmhost_fold", 1, _fold, deterministic=True)
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={turns.BUSY}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-32000")
    cursor.execute("PRAGMA mmap_size=268435456")
    # 32 MB of log between checkpoints instead of 4: an import commits often, and each checkpoint waits for the disk.
    cursor.execute("PRAGMA wal_autocheckpoint=8000")
    # Whoever lets it look at its tables holds up other writers for a moment only, however large they are.
    cursor.execute(f"PRAGMA analysis_limit={SAMPLE}")
    cursor.close()
    turns.prepare(connection, record)


def _fold(text: str | None) -> str | None:
    from .core.text import fold  # which needs this module

    return fold(text) if isinstance(text, str) else text


def _sqlite_begin(connection: Connection) -> None:
    # A read followed by a write in one deferred transaction is "locked" at once, whatever the timeout.
    if connection.get_execution_options().get(WRITES) in (None, LATE):
        connection.exec_driver_sql("BEGIN")
    else:
        turns.begin(connection)


def _sqlite_overtaken(context: Any) -> BaseException | None:
    late = context.connection is not None and context.connection.get_execution_options().get(WRITES) == LATE
    return Overtaken() if late and turns.busy(context.original_exception) else None


def upsert(session: Session, model: Any) -> Any:
    """An ``INSERT`` that knows ``on_conflict_do_nothing()`` and ``on_conflict_do_update()``, in the session's dialect."""
    dialect = session.get_bind().dialect.name
    return (postgresql if dialect == "postgresql" else sqlite).insert(model)


#: Key of what was read already in this transaction, see :meth:`crmhost.work.unit.Work.once`.
KNOWN = "known"


class GuardedSession(Session):
    """A session that refuses to write outside ``Work.begin()``, and to end its transaction inside.

    Pages that are read then can't write by accident, and no service or plugin can tear a change in two.
    """

    def commit(self) -> None:
        self._refuse_end()
        self.info.pop(KNOWN, None)
        super().commit()

    def rollback(self) -> None:
        self._refuse_end()
        self.info.pop(KNOWN, None)
        super().rollback()

    def _refuse_end(self) -> None:
        if self.info.get("writing"):
            raise RuntimeError("Leave commit and rollback to `with work.begin():`; use `with work.part():` for a part.")


def make_sessions(engine: Engine) -> sessionmaker[GuardedSession]:
    """Factory of sessions on the process's engine; loaded objects stay usable after the commit."""
    return sessionmaker(engine, class_=GuardedSession, expire_on_commit=False)


@event.listens_for(GuardedSession, "before_flush")
def _refuse_flush(session: Session, _context: Any, _instances: Any) -> None:
    if not session.info.get("writing"):
        raise RuntimeError("Write inside `with work.begin():`; a page that is read must not change anything.")


@event.listens_for(GuardedSession, "do_orm_execute")
def _refuse_execute(state: ORMExecuteState) -> None:
    if (state.is_insert or state.is_update or state.is_delete) and not state.session.info.get("writing"):
        raise RuntimeError("Write inside `with work.begin():`; a page that is read must not change anything.")
