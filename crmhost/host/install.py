"""Installing a plugin from a folder or a ZIP into the home's ``plugins/``. What comes from outside is checked before it is
written, and written beside its place before it takes it."""

from __future__ import annotations

import shutil
import stat
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..errors import CrmError
from .manifest import FILE_NAME, Manifest, read_manifest

if TYPE_CHECKING:
    from ..site import Site

#: Bounds on what a ZIP may unpack to.
MAX_FILES = 5_000
MAX_BYTES = 64 * 1024 * 1024
_LEFT_OUT = frozenset({"__pycache__", ".git", "node_modules", ".venv"})


def install(site: Site, source: Path) -> Manifest:
    """Puts a plugin into the home; one of the same id that is off is replaced.

    :param source: a folder with ``plugin.toml``, or a ZIP of one.
    :raises CrmError: when the archive is unsafe or too large, or the plugin is bundled or enabled.
    :raises PluginError: when the manifest is wrong.
    """
    target = site.config.home / "plugins"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target, prefix=".installing-") as place:
        folder = _unpack(source, Path(place)) if source.is_file() else _copy(source, Path(place))
        manifest = read_manifest(folder)
        _check_free(site, manifest)
        final = target / manifest.id
        old = Path(place) / ".old"
        if final.exists():
            final.rename(old)
        folder.rename(final)
    return manifest


def _check_free(site: Site, manifest: Manifest) -> None:
    known = site.discover().found.get(manifest.id)
    if known is not None and known.origin != "home":
        raise CrmError(f"“{manifest.id}” comes with crmhost or from pip; a plugin in the home can't replace it.")
    if site.ready and manifest.id in site.wanted().enabled:
        raise CrmError(f"“{manifest.id}” is enabled; disable it before you install another version.")


def _copy(source: Path, place: Path) -> Path:
    if not (source / FILE_NAME).is_file():
        raise CrmError(f"{source} holds no {FILE_NAME}.")
    for path in source.rglob("*"):
        if path.is_symlink() and not _LEFT_OUT & set(path.relative_to(source).parts):
            raise CrmError(f"{path} is a link; a plugin must hold plain files.")
    return Path(shutil.copytree(source, place / "plugin", ignore=shutil.ignore_patterns(*_LEFT_OUT)))


def _unpack(source: Path, place: Path) -> Path:
    folder = place / "unpacked"
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_BYTES:
                raise CrmError(f"{source.name} is too large for a plugin.")
            for entry in entries:
                _check_entry(entry)
            for entry in entries:
                _write_entry(archive, entry, folder)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise CrmError(f"{source.name} is no readable ZIP: {error}.") from error
    if (folder / FILE_NAME).is_file():
        return folder
    inside = [child for child in folder.iterdir() if (child / FILE_NAME).is_file()] if folder.is_dir() else []
    if len(inside) != 1:
        raise CrmError(f"{source.name} holds no {FILE_NAME} at its top or in its only folder.")
    return inside[0]


def _check_entry(entry: zipfile.ZipInfo) -> None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    link = stat.S_ISLNK(entry.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or link or ":" in entry.filename or "\x00" in entry.filename:
        raise CrmError(f"The archive holds an unsafe entry: {entry.filename!r}.")


def _write_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    target = folder / entry.filename.replace("\\", "/")
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    left = entry.file_size
    with archive.open(entry) as packed, target.open("wb") as plain:
        # The size in the header may lie: never write more than it says.
        while chunk := packed.read(min(65536, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise CrmError(f"The archive lies about the size of {entry.filename!r}.")
            plain.write(chunk)
