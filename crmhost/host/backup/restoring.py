"""Restoring a backup: checked first, then all or nothing."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

from ... import statistics
from ...core.settings.secrets import Cipher
from ...errors import Conflict, CrmError
from .. import beats, migrate, secrets, setup
from . import building, load
from .archive import Archive
from .manifest import Manifest
from .snapshot import Progress, Unseen

if TYPE_CHECKING:
    from ...site import Site


@dataclasses.dataclass(frozen=True)
class Restored:
    """What was restored.

    :param counts: table -> rows; all as the backup says, or nothing would have been kept.
    :param zero_bytes: texts whose zero bytes were replaced, because PostgreSQL takes none.
    :param lost_files: how many files the backup names but does not hold.
    :param left_out: plugins whose tables were left out, because their code is not here.
    :param to_enter: secrets that were stored under another key and must be entered anew.
    :param key_restored: whether the backup brought the secret key.
    :param suspended: plugin id -> why it could not be brought up to date.
    """

    manifest: Manifest
    counts: Mapping[str, int]
    zero_bytes: int
    files: int
    lost_files: int
    left_out: tuple[str, ...]
    to_enter: tuple[str, ...]
    key_restored: bool
    suspended: Mapping[str, str]


def check_file(site: Site, path: Path, *, progress: Progress | None = None) -> tuple[Manifest, list[str]]:
    """Reads a whole backup and compares it with its manifest; changes nothing.

    :returns: the manifest, and what would stand in the way of restoring it here.
    :raises CrmError: when it is no backup, or damaged.
    """
    with Archive(path) as archive:
        archive.verify(progress or Unseen())
        return archive.manifest, building.missing(site, archive.manifest)


def restore(
    site: Site, path: Path, *, replace: bool = False, without_missing: bool = False, progress: Progress | None = None
) -> Restored:
    """Restores a backup into an empty site.

    :param replace: drop what the site has first, in the same transaction.
    :param without_missing: leave out the tables of plugins whose code is not here.
    :raises CrmError: when it can't be restored; the site is then as it was.
    """
    progress = progress or Unseen()
    with Archive(path) as archive:
        manifest = archive.manifest
        plan = building.plan(site, manifest, without_missing=without_missing)
        require_stopped(site)
        building.require_room(site.engine, replace=replace)
        _require_space(site, manifest)
        archive.verify(progress)
        files = _restore_files(site, archive, progress)
        with migrate.schema_transaction(site.engine) as connection:
            loaded = building.build(connection, archive, plan, replace=replace, progress=progress)
            _compare(manifest, loaded)
            building.after(connection, site.clock(), archive.path.name, manifest)
        key = archive.secret_key()
    key_restored = bool(key) and _keep_key(site, key)
    suspended = setup.bring_up_to_date(site)
    statistics.gather(site.engine)
    with site.engine.connect() as connection:
        to_enter = tuple(secrets.unreadable(connection, site.cipher))
    return Restored(
        manifest,
        loaded.counts,
        loaded.zero_bytes,
        files,
        archive.lost_files,
        plan.left_out,
        to_enter,
        key_restored,
        suspended,
    )


def require_stopped(site: Site) -> None:
    """:raises Conflict: while processes of the site are running."""
    if not site.ready:
        return
    with site.engine.connect() as connection:
        living = [row.id for row in beats.living(connection, site.clock())]
    if living:
        count = "A process" if len(living) == 1 else f"{len(living)} processes"
        raise Conflict(f"{count} of this site still run ({', '.join(living)}): stop the site first.")


def _require_space(site: Site, manifest: Manifest) -> None:
    """A backup that unpacks to more than the disk holds is refused before it fills it."""
    url = make_url(site.config.database_url)
    needed = manifest.files.size if not site.config.storage_url else 0
    if url.get_backend_name() == "sqlite":
        needed += sum(entry.size for entry in manifest.tables)
    free = shutil.disk_usage(site.config.home).free
    if needed > free:
        raise CrmError(
            f"The backup needs about {needed / 1024**3:,.1f} GiB, and {site.config.home} has {free / 1024**3:,.1f} left."
        )


def _restore_files(site: Site, archive: Archive, progress: Progress) -> int:
    """Puts the stored files back; they lie there unnamed until the tables are restored. Gives how many there were."""
    progress.start("Files", archive.manifest.files.count)
    count = 0
    for key, pieces in archive.files():
        site.storage.put(key, pieces)
        count += 1
        progress.advance(1)
    return count


def _compare(manifest: Manifest, loaded: load.Loaded) -> None:
    for entry in manifest.tables:
        have = loaded.counts.get(entry.name, entry.rows)
        if have != entry.rows:
            raise CrmError(f"{entry.name} has {have:,} rows instead of {entry.rows:,}; nothing was restored.")


def _keep_key(site: Site, key: str) -> bool:
    """Makes the backup's secret key the site's own, unless the operator gives another; says whether it holds now."""
    path = site.config.home / "secret_key"
    if key == site.config.secret_key:
        return True
    if not path.is_file() or path.read_text("utf-8").strip() != site.config.secret_key:
        return False
    temporary = path.with_name(f".secret_key.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(key)
        file.flush()
        os.fsync(handle)
    temporary.replace(path)
    site.cipher = Cipher(key)
    return True
