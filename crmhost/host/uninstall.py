"""Uninstalling: drops what a plugin left in the database, once no process can still be using it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, func, select

from ..core.contacts.models import ExternalId, SearchDocument
from ..core.fields.models import Field, FieldValue
from ..core.files import services as files
from ..core.files.models import File
from ..core.settings.models import StoredSetting
from ..core.users.models import Role, User
from ..db import GuardedSession
from ..errors import Conflict, PluginError
from ..messages import Message
from ..storage import StorageError
from ..work.tables import Delivery, JobRow, ScheduleRow, Subscriber
from ..work.unit import SYSTEM, Actor
from . import beats, export, lifecycle, migrate, schema, turns
from .registry import Found
from .tables import Fault, HookCost, PluginState

if TYPE_CHECKING:
    from ..site import Site

#: Seconds to wait until requests that began before the switch have ended.
PATIENCE = 30.0


def preview(site: Site, name: str) -> list[schema.TableSize]:
    """What uninstalling would drop: the plugin's tables, and its rows among the host's files."""
    with site.engine.connect() as connection:
        sizes = schema.sizes(connection, name, site.discover().found)
        kept = connection.scalar(select(func.count()).where(File.owner == name)) or 0
    return [*sizes, schema.TableSize(File.__tablename__, kept)] if kept else sizes


def uninstall(site: Site, name: str, actor: Actor = SYSTEM, *, export_to: Path | None = None) -> list[str]:
    """Disables the plugin if it is on, then drops its tables and everything else it left; gives the names of the tables.

    :param export_to: file that first receives all its rows and files, as a ZIP (see :mod:`.export`).
    :raises Conflict: when a process still runs an older generation after half a minute.
    """
    return turns.again_when_overtaken(lambda: _uninstall(site, name, actor, export_to))


def _uninstall(site: Site, name: str, actor: Actor, export_to: Path | None) -> list[str]:
    if site.runtime.kind == "web" and name in site.wanted().enabled:
        # The request that asks would itself be one that began before the switch.
        raise Conflict(Message("Switch “%(name)s” off first; then it can be uninstalled.", name=name))
    switched = lifecycle.disable(site, [name], actor)
    _wait_for_old_requests(site, switched.generation)
    found = site.discover().found
    if export_to is not None:
        with export_to.open("wb") as file:
            export.write(site, name, file)
    code = found.get(name)
    keep = code is not None and code.manifest.data.purge == "keep"
    with migrate.schema_transaction(site.engine) as connection:
        # Somebody may have enabled it again while requests were waited for.
        turns.lock(connection, switched.generation)
        if code is not None:
            _farewell(site, connection, code, actor, keep=keep)
        dropped = [] if keep else _drop_tables(connection, name, code, found)
        with GuardedSession(connection, expire_on_commit=False) as session:
            work = site.make_work(session, actor, site.runtime.current())
            with work.begin():
                objects = [] if keep else files.forget_owner(work, name)
                _forget(session, name)
                work.audit("plugin.uninstalled", "plugin", name, before={"tables": dropped})
    # The sweep finds what is left when the storage can't be reached now.
    with contextlib.suppress(StorageError):
        site.storage.delete(objects)
    return dropped


def _wait_for_old_requests(site: Site, number: int) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        site.runtime.poke()
        with site.engine.connect() as connection:
            behind = [row.id for row in beats.living(connection, site.clock()) if row.oldest < number]
        if not behind:
            return
        if time.monotonic() > until:
            raise Conflict(
                Message(
                    "%(processes)s still serves requests from before the plugin was switched off: try again later.",
                    processes=behind,
                )
            )
        time.sleep(0.1)


def _farewell(site: Site, connection: Connection, code: Found, actor: Actor, *, keep: bool) -> None:
    """Calls the plugin's ``on_purge``, and forgets the custom fields of its records unless its data are kept.

    A failure is no reason to keep what the admin wants gone.
    """
    from .generation import assemble

    order, refused = site.plan_of(site.discover(), [*site.wanted(connection).enabled, code.id], {})
    generation = assemble(0, order, refused)
    if code.id not in generation.by_id:
        return
    savepoint = connection.begin_nested()
    try:
        with GuardedSession(connection, expire_on_commit=False) as session:
            work = site.make_work(session, actor, generation)
            with work.begin():
                generation.hooks.one(code.id, "on_purge", work=work)
                objects = generation.contributions("custom_field_objects")
                mine = [item.name for item in objects if item.plugin == code.id and not keep]
                fields = select(Field.id).where(Field.object.in_(mine))
                session.execute(delete(FieldValue).where(FieldValue.field_id.in_(fields)))
                session.execute(delete(Field).where(Field.object.in_(mine)))
        savepoint.commit()
    except Exception as error:
        savepoint.rollback()
        from .attribution import record_fault

        record_fault(code.id, "hook on_purge", error)


def _drop_tables(connection: Connection, name: str, code: Found | None, known: Any) -> list[str]:
    tables = schema.tables_of(connection, name, known)
    if code is not None:
        savepoint = connection.begin_nested()
        try:
            migrate.migrate(connection, name, code.folder / "migrations" / "versions", "base", known=known)
            savepoint.commit()
        except PluginError:
            # The tables go all the same, below.
            savepoint.rollback()
    schema.drop(connection, name, known)
    return tables


def _forget(session: GuardedSession, name: str) -> None:
    for statement in (
        delete(StoredSetting).where(StoredSetting.plugin == name),
        delete(JobRow).where(JobRow.plugin == name),
        delete(Delivery).where(Delivery.plugin == name),
        delete(Subscriber).where(Subscriber.plugin == name),
        delete(ScheduleRow).where(ScheduleRow.plugin == name),
        delete(SearchDocument).where(SearchDocument.owner == name),
        delete(ExternalId).where(ExternalId.source == name),
        delete(Fault).where(Fault.plugin == name),
        delete(HookCost).where(HookCost.plugin == name),
        delete(PluginState).where(PluginState.id == name),
    ):
        session.execute(statement)
    prefix = f"{name}."
    for role in session.scalars(select(Role)):
        role.permissions = [item for item in role.permissions if not item.startswith(prefix)]
    for user in session.scalars(select(User)):
        user.given = [item for item in user.given if not item.startswith(prefix)]
        user.taken = [item for item in user.taken if not item.startswith(prefix)]
