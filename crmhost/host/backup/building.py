"""Making the tables that a dump needs, by the migrations, and filling them: what restoring and copying share."""

from __future__ import annotations

import dataclasses
import datetime as dt
import graphlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, TableClause, insert, select, text, update
from sqlalchemy import column as named_column
from sqlalchemy import table as named

from ... import __version__
from ...errors import Conflict, CrmError, PluginError
from ...work.tables import AuditEntry
from ...work.unit import SYSTEM
from .. import migrate
from ..tables import HostState
from . import layout, load
from .held import quote
from .load import Loaded
from .manifest import Manifest
from .snapshot import Progress, Source

if TYPE_CHECKING:
    from ...site import Site


@dataclasses.dataclass(frozen=True)
class Plan:
    """How the tables of a dump are made here.

    :param steps: (owner, folder of its migrations, revision) in the order to run them.
    :param left_out: plugins whose tables can't be made.
    :param known: ids of all plugins that the site or the dump know.
    :param versions: owner -> folder of the migrations that the code here has.
    """

    steps: Sequence[tuple[str, Path, str]]
    left_out: tuple[str, ...]
    known: frozenset[str]
    versions: Mapping[str, Path]


def plan(site: Site, manifest: Manifest, *, without_missing: bool = False) -> Plan:
    """Which migrations make the tables of a dump.

    :raises CrmError: naming what the code here lacks.
    """
    found = site.discover().found
    lacking = _lacking(site, manifest)
    core = lacking.pop(migrate.CORE, "")
    if core:
        raise CrmError(core)
    if lacking and not without_missing:
        more = " or leave its tables out with --without-missing" if len(lacking) == 1 else ""
        raise CrmError(f"{next(iter(lacking.values()))} Install it first{more}.")
    versions = {migrate.CORE: migrate.CORE_VERSIONS}
    versions |= {name: plugin.folder / "migrations" / "versions" for name, plugin in found.items()}
    order = [migrate.CORE, *_in_order(site, manifest, lacking)]
    steps = [(owner, versions[owner], manifest.revisions[owner]) for owner in order if owner in manifest.revisions]
    return Plan(steps, tuple(sorted(lacking)), frozenset({*found, *manifest.plugins, *manifest.revisions}), versions)


def missing(site: Site, manifest: Manifest) -> list[str]:
    """Sentences saying what the code here lacks to restore a dump."""
    return list(_lacking(site, manifest).values())


def _lacking(site: Site, manifest: Manifest) -> dict[str, str]:
    """Owner -> a sentence saying why its tables can't be made."""
    discovery = site.discover()
    broken = {item.id: item.reason for item in discovery.broken}
    lacking: dict[str, str] = {}
    owners = {*manifest.revisions, *(entry.owner for entry in manifest.tables)}
    for owner in sorted(owners, key=lambda owner: (owner != migrate.CORE, owner)):
        revision = manifest.revisions.get(owner)
        if owner == migrate.CORE:
            have = migrate.revisions(owner, migrate.CORE_VERSIONS)
            if revision not in have:
                lacking[owner] = (
                    f"The backup was written by crmhost {manifest.crmhost} and has the tables of revision {revision},"
                    f" which this crmhost {__version__} does not know: install a newer one."
                )
        elif owner not in discovery.found:
            why = f" can't be used: {broken[owner]}" if owner in broken else " is not here."
            lacking[owner] = f"The backup holds tables of the plugin “{owner}”, which{why}"
        elif revision not in migrate.revisions(owner, discovery.found[owner].folder / "migrations" / "versions"):
            version = manifest.plugins.get(owner, "")
            lacking[owner] = (
                f"The backup holds tables of “{owner}” {version} in revision {revision}, which the version here does not know."
            )
    return lacking


def _in_order(site: Site, manifest: Manifest, lacking: Mapping[str, str]) -> list[str]:
    """The plugins of a dump, those that are needed before those that need them."""
    found = site.discover().found
    chosen = sorted(owner for owner in manifest.revisions if owner in found and owner not in lacking)
    needs = {
        name: {*found[name].manifest.needs, *found[name].manifest.optional, *found[name].manifest.after} & set(chosen)
        for name in chosen
    }
    try:
        return list(graphlib.TopologicalSorter(needs).static_order())
    except graphlib.CycleError as error:
        raise CrmError(f"The plugins {', '.join(map(str, error.args[1]))} need each other in a circle.") from error


# --- making and filling ----------------------------------------------------------------------------------------------


def require_room(engine: Engine, *, replace: bool) -> None:
    """:raises Conflict: when the database holds tables that are not to be replaced."""
    with engine.connect() as connection:
        names = layout.table_names(connection)
    if names and not replace:
        more = "" if len(names) == 1 else f" and {len(names) - 1} more"
        raise Conflict(
            f"The database is not empty (it has the table {names[0]}{more}): give an empty one, or --replace what is there."
        )


def build(connection: Connection, source: Source, chosen: Plan, *, replace: bool = False, progress: Progress) -> Loaded:
    """Makes the tables by the migrations and fills them, in the caller's transaction.

    :raises CrmError: when the dump does not fit the tables, or its rows are not what they must be.
    """
    if replace:
        _drop_all(connection, chosen)
    elif layout.table_names(connection):
        raise Conflict("Somebody else has just set this database up.")
    for owner, versions, revision in chosen.steps:
        migrate.migrate(connection, owner, versions, revision)
    made = layout.read(connection, chosen.known)
    entries = load.check(source.manifest, made, chosen.left_out)
    loaded = load.load(connection, source, made, entries, progress)
    _make_due(connection, made)
    return loaded


def _drop_all(connection: Connection, chosen: Plan) -> None:
    have = layout.read(connection, chosen.known)
    last = [owner for owner, _, _ in reversed(chosen.steps)]
    for owner in sorted(set(have.revisions) & set(chosen.versions) - {migrate.CORE}, key=_place(last)):
        # Its own way down takes along what is no table, such as a function of a trigger.
        savepoint = connection.begin_nested()
        try:
            migrate.migrate(connection, owner, chosen.versions[owner], "base")
            savepoint.commit()
        except PluginError:
            savepoint.rollback()
    names = [*have.tables, *(migrate.version_table(owner) for owner in have.revisions)]
    if connection.dialect.name == "sqlite":
        # As PostgreSQL does by CASCADE: a view without its table would be in the way of every later change.
        for view in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'view'")).all():
            connection.exec_driver_sql(f"DROP VIEW {quote(connection, view)}")
        searched = text("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual'")
        names = [*connection.scalars(searched), *names]
    cascade = " CASCADE" if connection.dialect.name == "postgresql" else ""
    for name in names:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {quote(connection, name)}{cascade}")


def _place(order: Sequence[str]) -> Callable[[str], tuple[int, str]]:
    """Sorts by an order; what is not in it comes first."""
    return lambda name: (order.index(name) + 1 if name in order else 0, name)


def _make_due(connection: Connection, made: layout.Layout) -> None:
    """Lets go of what a process of the dumped site held: jobs that were running become due, leases end."""
    for name in ("work_job", "work_subscriber"):
        columns = {column.name for column in made.tables[name].columns} if name in made.tables else set()
        held = columns & {"worker", "lease_until"}
        if held:
            connection.execute(update(_named(name, held)).values(dict.fromkeys(held)))
    job = _named("work_job", {"id", "kind", "dedupe_key", "state"})
    other = job.alias()
    waiting = select(other.c.id).where(
        other.c.kind == job.c.kind, other.c.dedupe_key == job.c.dedupe_key, other.c.state.in_(["due", "parked"])
    )
    running = job.c.state == "running"
    # One that waits beside the running one has its key; both are done.
    connection.execute(update(job).where(running, waiting.exists()).values(dedupe_key=None))
    connection.execute(update(job).where(running).values(state="due"))


def _named(name: str, columns: set[str]) -> TableClause:
    return named(name, *(named_column(column) for column in columns))


def after(connection: Connection, now: dt.datetime, file: str, manifest: Manifest) -> None:
    """Notes the restoring in the audit log; processes that come find a generation that they have not seen."""
    connection.execute(update(HostState).values(generation=HostState.generation + 1))
    # Not through a unit of work: it would need the plugins put together, of which one may be the reason for restoring.
    connection.execute(
        insert(AuditEntry).values(
            at=now,
            actor_kind=SYSTEM.kind,
            actor_label=SYSTEM.label,
            action="site.restored",
            object_type="site",
            after={"file": file, "taken_at": manifest.taken_at.isoformat()},
        )
    )
