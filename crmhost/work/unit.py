"""The unit of work: what a service function gets as its first argument.

It carries the session, the actor with its permissions, the clock, the locale and the hooks of the generation in force.
Services never commit; the edge (page, API, command, job) does, with ``with work.begin():``.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Select, bindparam, insert, select, text, true

from .. import turns, written
from ..core.rows import insert_rows
from ..db import KNOWN, LATE, WRITES, GuardedSession, upsert, utcnow
from ..errors import Forbidden
from . import reads
from .actors import SYSTEM as SYSTEM
from .actors import Actor as Actor
from .actors import ActorKind as ActorKind
from .reads import Read
from .tables import WAITING, AuditEntry, JobRow, OutboxEvent

if TYPE_CHECKING:
    from pathlib import Path

    from ..host.generation import Generation
    from ..host.manifest import Data
    from ..storage import Storage

T = TypeVar("T")

#: The table of contacts, which a client is one of.
CONTACTS = "contacts_contact"
#: Key under which the session knows what it wrote in this transaction.
WRITTEN = "written"
#: Ids that one outbox row may hold.
EVENT_IDS = 1000
#: The job of a kind and key that waits.
_WAITS = select(JobRow.id).where(
    JobRow.kind == bindparam("job_kind"), JobRow.dedupe_key == bindparam("job_key"), text(WAITING)
).limit(1)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Change:
    """One change of one record, as ``within`` handlers get it.

    :param name: event name, ``object.verb`` in the past: ``contact.created``.
    :param before: changed fields with their old values; empty for a new record.
    :param after: changed fields with their new values.
    """

    name: str
    object_type: str
    object_id: int
    before: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    after: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class SettingsReader(Protocol):
    """Reads settings by key."""

    def get(self, key: str) -> Any:
        """The value, or the declared default."""

    def is_set(self, key: str) -> bool:
        """Whether a value is stored."""


class Work:
    """One unit of work. See the module's text."""

    def __init__(
        self,
        session: GuardedSession,
        actor: Actor,
        generation: Generation,
        *,
        settings: SettingsReader,
        storage: Storage,
        locale: str = "en",
        timezone: ZoneInfo | None = None,
        clock: Callable[[], dt.datetime] = utcnow,
        wake: Callable[[Collection[str]], None] | None = None,
        base_url: str = "",
        theme_folders: Sequence[Path] = (),
        private_hosts: Collection[str] = (),
        plugin_data: Callable[[], Mapping[str, Data]] = dict,
    ) -> None:
        self.session = session
        self.actor = actor
        self.generation = generation
        self.hooks = generation.hooks
        self.settings = settings
        self.storage = storage
        self.locale = locale
        self._timezone = timezone
        self._clock = clock
        self._changes: list[Change] = []
        self._events: list[tuple[str, list[int], dict[str, Any]]] = []
        self._after: list[Callable[[], None]] = []
        self._wake = wake
        #: The site's public address without a slash at its end, for links in mails; empty when nobody knows it.
        self.base_url = base_url
        #: Folders in which themes lie, the first that has one wins.
        self.theme_folders = theme_folders
        #: ``host:port`` that outgoing calls may reach although private.
        self.private_hosts = private_hosts
        #: Plugin id -> what the core does with its tables, for every plugin that was found, on or off.
        self.plugin_data = plugin_data
        self._wanted: set[str] = set()

    @property
    def now(self) -> dt.datetime:
        """The instant now, in UTC."""
        return self._clock()

    @property
    def timezone(self) -> ZoneInfo:
        """The site's time zone, in which days, weeks and months are cut."""
        if self._timezone is None:
            try:
                self._timezone = ZoneInfo(str(self.settings.get("site.timezone") or "UTC"))
            except (ZoneInfoNotFoundError, ValueError):
                self._timezone = ZoneInfo("UTC")
        return self._timezone

    @property
    def today(self) -> dt.date:
        """The day now, in the site's time zone."""
        return self.now.astimezone(self.timezone).date()

    def as_actor(self, actor: Actor) -> Work:
        """This same unit for another actor: what that one may see and do, in the same session and transaction."""
        other = copy.copy(self)
        other.actor = actor
        return other

    def once(self, key: tuple[Any, ...], read: Callable[[], T], *, of: Sequence[type[Any]] = ()) -> T:
        """What ``read`` gives; asked again in the same transaction, what it gave before.

        For short lists that several parts of a page or of an import ask for.

        :param key: names what is read, with all that it depends on, the actor's id too.
        :param of: models of all the tables that it is read from. While something is being written, it is read again once one of
            them was written; without this, each time.
        """
        if self.writing:
            return self._once_so_far(key, read, [model.__tablename__ for model in of]) if of else read()
        known = self.session.info.setdefault(KNOWN, {})
        if key not in known:
            known[key] = read()
        return cast("T", known[key])

    def _once_so_far(self, key: tuple[Any, ...], read: Callable[[], T], tables: Sequence[str]) -> T:
        # What waits to be written is written first, as it is before any question.
        self.session.flush()
        known = self.session.info.setdefault(KNOWN, {})
        so_far = written.so_far(self.session.info[WRITTEN], tables)
        kept = known.get((WRITTEN, key))
        if kept is None or kept[0] != so_far:
            kept = known[WRITTEN, key] = (so_far, read())
        return cast("T", kept[1])

    def rows(self, read: Read) -> list[tuple[Any, ...]]:
        """What a read gives: at once when it was asked ahead or before in the same reading transaction."""
        return reads.rows(self.session, read, fresh=self.writing)

    def ahead(self, wanted: Sequence[Read]) -> None:
        """Asks several reads in one statement; :meth:`rows` answers each then. While something is written, it does nothing."""
        if not self.writing:
            reads.gather(self.session, wanted)

    # --- permission ---------------------------------------------------------------------------------------------------

    def can(self, permission: str, record: Any = None) -> bool:
        """Whether the actor may do this, to this record if one is given."""
        if permission and not self.actor.may(permission):
            return False
        if record is None or not self.actor.only_assigned:
            return True
        if self.actor.contact_ids is not None:
            # A client reaches what says whose it is; the number of another kind of record may be that of a contact by chance.
            own = record.id if getattr(record, "__tablename__", "") == CONTACTS else getattr(record, "contact_id", None)
            return self.actor.reaches(own, None)
        return not hasattr(record, "assigned_to_id") or self.actor.reaches(record.id, record.assigned_to_id)

    def require(self, permission: str, record: Any = None) -> None:
        """:raises Forbidden: when the actor may not do this."""
        if not self.can(permission, record):
            raise Forbidden(permission)

    def visible(self, model: type[Any]) -> Select[Any]:
        """``select(model)`` narrowed to the rows that the actor may see.

        A model says how by a class method ``visible_to(actor) -> condition``; without one, all rows are visible.
        """
        rule = getattr(model, "visible_to", None)
        return select(model).where(rule(self.actor) if rule is not None else true())

    # --- writing ------------------------------------------------------------------------------------------------------

    @property
    def writing(self) -> bool:
        """Whether a transaction that may write is open."""
        return bool(self.session.info.get("writing"))

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for this unit to end before they can write: on SQLite alone, where one writes at a time.

        For batches, which then take less at once.
        """
        return self.writing and turns.awaited(self.session.connection())

    @contextlib.contextmanager
    def begin(self, *, late: bool = False) -> Iterator[Work]:
        """The transaction around a service call: commits at its end, rolls back on an exception.

        What was read before is expired, so that decisions are made on what is true inside the transaction. Never go over
        a network inside; stay within milliseconds, batches within 100 ms.

        :param late: on SQLite, others may write until this unit writes first; for batches that read much before.
        :raises Overtaken: when another unit wrote since a late one began to read: do it again, and not late.
        """
        if self.writing:
            raise RuntimeError("work.begin() is already open; services must not commit")
        if self.session.info.get("part_of_page"):
            raise RuntimeError("A part of a page is only read; write in a page, job or handler of the plugin's own.")
        self.session.rollback()
        self._changes.clear()
        self._events.clear()
        self._after.clear()
        self._wanted.clear()
        connection = self.session.connection(execution_options={WRITES: LATE if late else True})
        self.session.info[WRITTEN] = written.begin(connection)
        self.session.info["writing"] = True
        try:
            yield self
            self.session.flush()
            if self._changes:
                self.hooks.within(self, tuple(self._changes))
            self._write_events()
            self.session.info["writing"] = False
            self.session.commit()
        except BaseException:
            self.session.info["writing"] = False
            self.session.rollback()
            raise
        finally:
            self.session.info["writing"] = False
        for function in self._after:
            function()
        if self._wake is not None and (self._wanted or self._events):
            self._wake(frozenset(self._wanted))

    @contextlib.contextmanager
    def part(self) -> Iterator[Work]:
        """A part of the open transaction that may fail alone: what it wrote and told is then taken back with it."""
        changes, after = len(self._changes), len(self._after)
        events = [(name, list(ids), data) for name, ids, data in self._events]
        try:
            with self.session.begin_nested():
                yield self
        except BaseException:
            del self._changes[changes:], self._after[after:]
            self._events[:] = events
            raise

    def changed(self, change: Change, *, event: bool = True) -> None:
        """Notes a change, for ``within`` handlers and (unless ``event`` is false) as an event after the commit."""
        self._changes.append(change)
        if event:
            self.tell(change.name, [change.object_id])

    def tell(self, name: str, ids: Sequence[int], data: Mapping[str, Any] | None = None) -> None:
        """Tells an event after the commit; the same event for several ids in one unit becomes one outbox row."""
        if not data and self._events and self._events[-1][0] == name and not self._events[-1][2]:
            self._events[-1][1].extend(ids)
        else:
            self._events.append((name, list(ids), dict(data or {})))

    def after_commit(self, function: Callable[[], None]) -> None:
        """Calls the function once this unit is committed, in this process; lost in a crash, so only for caches."""
        self._after.append(function)

    def _write_events(self) -> None:
        rows = [
            {
                "name": name,
                "ids": ids[start : start + EVENT_IDS],
                "data": data,
                "actor": self.actor.label,
                "at": self.now,
            }
            for name, ids, data in self._events
            for start in range(0, len(ids) or 1, EVENT_IDS)
        ]
        if rows:
            insert_rows(self.session, OutboxEvent, rows)

    def audit(
        self, action: str, object_type: str, object_id: object = "", *, before: Any = None, after: Any = None
    ) -> None:
        """Writes a line of the audit log in this transaction."""
        self.audit_many([(action, object_type, object_id, before, after)])

    def audit_many(self, rows: Sequence[tuple[str, str, object, Any, Any]]) -> None:
        """Writes many lines at once: (action, object type, object id, before, after) each."""
        actor = self.actor
        insert_rows(
            self.session,
            AuditEntry,
            [
                {
                    "at": self.now,
                    "actor_kind": actor.kind,
                    "actor_label": actor.label,
                    "user_id": actor.user_id,
                    "action": action,
                    "object_type": object_type,
                    "object_id": str(object_id),
                    "before": before,
                    "after": after,
                    "address": actor.address,
                }
                for action, object_type, object_id, before, after in rows
            ],
        )

    def enqueue(
        self,
        kind: str,
        /,
        *,
        due: dt.datetime | None = None,
        dedupe: str | None = None,
        **arguments: Any,
    ) -> int:
        """Wants a job, in this transaction: none is lost, and none runs for a change that was rolled back.

        :param kind: as declared, ``ID.something``.
        :param due: not before this instant.
        :param dedupe: while a job of this kind and key waits, no second one is made.
        :param arguments: JSON-able; the handler gets them by name.
        :returns: the job's id; of the one that waits already, where ``dedupe`` found one.
        """
        if dedupe is not None:
            waiting: int | None = self.session.scalar(_WAITS, {"job_kind": kind, "job_key": dedupe})
            if waiting is not None:
                return waiting
        now = self.now
        values = {
            "plugin": kind.partition(".")[0],
            "kind": kind,
            "arguments": arguments,
            "dedupe_key": dedupe,
            "due_at": due or now,
            "created_at": now,
            "actor": self.actor.label,
            "user_id": self.actor.user_id,
        }
        if due is None or due <= now:
            self._wanted.add(kind)
        if dedupe is None:
            return int(self.session.scalar(insert(JobRow).values(values).returning(JobRow.id)) or 0)
        # Another unit may want the same just now: the later one must not fail for it.
        wanted = upsert(self.session, JobRow).values(values).on_conflict_do_nothing().returning(JobRow.id)
        made: int | None = self.session.scalar(wanted)
        return int(made or self.session.scalar(_WAITS, {"job_kind": kind, "job_key": dedupe}) or 0)

    # --- other plugins ------------------------------------------------------------------------------------------------

    def service(self, name: str) -> Any:
        """A service that a plugin declared, or ``None`` while that plugin is off.

        Annotate the result with the type from that plugin's ``api`` module.
        """
        declared = self.generation.services.get(name)
        return None if declared is None else declared.factory(self)
