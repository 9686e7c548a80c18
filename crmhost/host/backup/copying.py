"""Copying a site's database into another one: the dump of a backup, without a file between."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from ...db import make_engine
from ...errors import CrmError
from ...work.tables import AuditEntry, JobRow, OutboxEvent
from .. import migrate
from ..tables import HostState
from . import building, restoring
from .snapshot import Progress, Snapshot, Unseen, reading

if TYPE_CHECKING:
    from ...site import Site


@dataclasses.dataclass(frozen=True)
class Copied:
    """What was copied.

    :param counts: table -> rows in the source's snapshot, and in the copy.
    :param zero_bytes: texts whose zero bytes were replaced, because PostgreSQL takes none.
    :param changed: whether the source was written to after the snapshot; the copy lacks that.
    :param left_out: plugins whose tables were left out, because their code is not here.
    """

    counts: Mapping[str, tuple[int, int]]
    zero_bytes: int
    changed: bool
    left_out: tuple[str, ...]

    @property
    def differing(self) -> list[str]:
        """Tables whose numbers of rows differ."""
        return [name for name, (source, copy) in self.counts.items() if source != copy]


def copy(
    site: Site, url: str, *, live: bool = False, without_missing: bool = False, progress: Progress | None = None
) -> Copied:
    """Copies the database into an empty one; the stored files stay where they are.

    :param url: of the other database.
    :param live: copy although processes of the site run; what they write meanwhile is not in the copy.
    :raises CrmError: when it can't be copied; the other database is then as it was.
    """
    site.require_ready()
    progress = progress or Unseen()
    if not live:
        restoring.require_stopped(site)
    try:
        target = make_engine(_other(site, url))
    except (ArgumentError, SQLAlchemyError, ValueError) as error:
        raise CrmError("This is no database address; it looks like postgresql://user@host/name.") from error
    try:
        with reading(site.engine) as connection:
            before = _mark(connection)
            snapshot = Snapshot(site, connection)
            chosen = building.plan(site, snapshot.manifest, without_missing=without_missing)
            counted = [dataclasses.replace(entry, rows=snapshot.count(entry)) for entry in snapshot.manifest.tables]
            snapshot.manifest = dataclasses.replace(snapshot.manifest, tables=tuple(counted))
            building.require_room(target, replace=False)
            with migrate.schema_transaction(target) as into:
                loaded = building.build(into, snapshot, chosen, progress=progress)
        with site.engine.connect() as connection:
            changed = _mark(connection) != before
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", error)).split())[:300]
        raise CrmError(f"The other database refused: {reason}") from error
    finally:
        target.dispose()
    counts = {entry.name: (entry.rows, loaded.counts[entry.name]) for entry in counted if entry.name in loaded.counts}
    return Copied(counts, loaded.zero_bytes, changed, chosen.left_out)


def _other(site: Site, url: str) -> str:
    if make_url(url).get_backend_name() not in ("sqlite", "postgresql"):
        raise CrmError("The other database must be SQLite or PostgreSQL.")
    if make_url(url) == site.engine.url or make_url(url) == make_url(site.config.database_url):
        raise CrmError("This is the database of the site itself: give another one.")
    return url


def _mark(connection: Connection) -> tuple[object, ...]:
    """Something that every change through the site's services moves on."""
    return (
        *connection.execute(select(HostState.generation, HostState.settings_version)).all(),
        *(connection.scalar(select(func.max(model.id))) for model in (AuditEntry, OutboxEvent, JobRow)),
    )
