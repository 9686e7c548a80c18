"""Finds plugins in the bundled folder, the home's ``plugins/`` and among installed packages, importing none."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import importlib.machinery
import importlib.metadata
import os
import sys
import types
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from ..errors import PluginError
from .manifest import FILE_NAME, Manifest, read_manifest

#: Entry point group of plugins that pip installs; the name of the entry point is the plugin's id.
GROUP = "crmhost.plugins"
#: Namespace package of folder plugins: the plugin ``funnel`` is the module ``plugins.funnel``.
NAMESPACE = "plugins"

Origin = Literal["builtin", "bundled", "home", "pip", "test"]

#: Folders that say nothing of the code that runs.
_IGNORED = frozenset({"__pycache__", "node_modules", "tests"})

#: Folder -> (path, size and time of change of each file, digest).
_digests: dict[Path, tuple[tuple[tuple[str, int, int], ...], str]] = {}


@dataclasses.dataclass(frozen=True)
class Found:
    """A plugin that is there.

    :param folder: where its files are.
    :param module: what to import to get its ``Plugin`` class.
    """

    manifest: Manifest
    folder: Path
    origin: Origin
    module: str

    @property
    def id(self) -> str:
        """Id in the manifest."""
        return self.manifest.id

    @property
    def digest(self) -> str:
        """SHA-256 of its files as they are on disk now."""
        return digest(self.folder)


@dataclasses.dataclass(frozen=True)
class Broken:
    """Something that looks like a plugin and can't be used; ``reason`` says why and what to do."""

    id: str
    folder: Path
    origin: Origin
    reason: str


@dataclasses.dataclass(frozen=True)
class Discovery:
    """What was found: usable plugins by id, and the others."""

    found: dict[str, Found]
    broken: list[Broken]


def discover(folders: Sequence[tuple[Origin, Path]], *, entry_points: bool = True) -> Discovery:
    """All plugins, without importing one.

    When two have the same id, the one of the earlier folder stands, and any folder comes before installed packages.

    :param folders: pairs of origin and folder with plugins in it; a missing folder holds none.
    :param entry_points: whether to look among installed packages too.
    """
    found: dict[str, Found] = {}
    broken: list[Broken] = []
    taken: dict[str, Path] = {}
    candidates = [
        (folder.name, folder, origin, f"{NAMESPACE}.{folder.name}")
        for origin, parent in folders
        for folder in _plugin_folders(parent)
    ]
    if entry_points:
        candidates += _installed(broken)
    for name, folder, origin, module in candidates:
        try:
            if name in taken:
                raise PluginError(name, f"“{name}” is in {taken[name]} already, which stands; remove one of the two.")
            taken[name] = folder
            found[name] = Found(_manifest(name, folder, origin), folder, origin, module)
        except PluginError as error:
            broken.append(Broken(name, folder, origin, error.message))
    return Discovery(found, broken)


def open_namespace(folders: Iterable[Path]) -> None:
    """Makes ``import plugins.ID`` look into these folders, first one first, and notice folders added since.

    :raises PluginError: when another package called ``plugins`` is in the way.
    """
    importlib.invalidate_caches()
    try:
        package = importlib.import_module(NAMESPACE)
    except ModuleNotFoundError:
        package = sys.modules[NAMESPACE] = types.ModuleType(NAMESPACE)
        package.__path__ = []
    if getattr(package, "__file__", None):
        raise PluginError("", f"{package.__file__} hides the plugins; remove it, “{NAMESPACE}” must not have one.")
    # A plain list: the path object of a namespace package forgets what was appended when sys.path changes.
    package.__path__ = list(dict.fromkeys([*map(str, folders), *package.__path__]))


def digest(folder: Path) -> str:
    """SHA-256 over the names and contents of a plugin's files, without tests, caches and what npm installs.

    Files are read again only when one of them has changed its size or time. A link counts by where it points.

    :raises PluginError: when a file can't be read.
    """
    try:
        files = sorted(_files(folder, ""))
        marks = tuple((name, status.st_size, status.st_mtime_ns) for name, status in files)
        known = _digests.get(folder)
        if known is not None and known[0] == marks:
            return known[1]
        total = hashlib.sha256()
        for name, _status in files:
            path = folder / name
            content = bytes(path.readlink()) if path.is_symlink() else path.read_bytes()
            total.update(os.fsencode(f"{name}\0{len(content)}\0"))
            total.update(content)
    except OSError as error:
        raise PluginError(folder.name, f"Its files can't be read ({error}); check their rights.") from error
    _digests[folder] = (marks, total.hexdigest())
    return total.hexdigest()


def _plugin_folders(parent: Path) -> Iterator[Path]:
    try:
        names = sorted(entry.name for entry in os.scandir(parent) if entry.is_dir())
    except OSError:
        return
    for name in names:
        folder = parent / name
        if name[0] not in "._" and any((folder / file).is_file() for file in (FILE_NAME, "__init__.py")):
            yield folder


def _manifest(name: str, folder: Path, origin: Origin) -> Manifest:
    manifest = read_manifest(folder)
    if manifest.id != name:
        holder = "entry point" if origin == "pip" else "folder"
        raise PluginError(name, f"The id is “{manifest.id}”, the {holder} is called “{name}”: make the two the same.")
    if not (folder / "__init__.py").is_file():
        raise PluginError(name, "The file __init__.py with the class “Plugin” is missing.")
    return manifest


def _installed(broken: list[Broken]) -> list[tuple[str, Path, Origin, str]]:
    """Plugins among installed packages, by name; those whose package is gone are added to ``broken``."""
    points = _entry_points()
    candidates: list[tuple[str, Path, Origin, str]] = []
    for name, point in sorted(points.items()):
        folder = _package_folder(point.module)
        if folder is None:
            reason = f"Its package “{point.module}” can't be found; install it again."
            broken.append(Broken(name, Path(point.module), "pip", reason))
        else:
            candidates.append((name, folder, "pip", point.module))
    return candidates


_points: tuple[tuple[tuple[str, int], ...], dict[str, importlib.metadata.EntryPoint]] = ((), {})


def _entry_points() -> dict[str, importlib.metadata.EntryPoint]:
    """Name -> entry point of the group; read again when something was installed or removed.

    Reading them opens several files of every installed package: while requests keep the interpreter busy, each of those waits
    for its turn, and following a switch would take a second longer.
    """
    global _points
    marks = tuple((path, _changed_at(path)) for path in sys.path)
    if _points[0] != marks:
        _points = (marks, {point.name: point for point in importlib.metadata.entry_points(group=GROUP)})
    return _points[1]


def _changed_at(path: str) -> int:
    try:
        return Path(path or ".").stat().st_mtime_ns
    except OSError:
        return 0


def _package_folder(module: str) -> Path | None:
    """Folder of an installed package, found without importing it or its parents."""
    path: Sequence[str] | None = None
    parts = module.split(".")
    spec: importlib.machinery.ModuleSpec | None = None
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        spec = next((spec for finder in sys.meta_path if (spec := finder.find_spec(name, path, None))), None)
        if spec is None or spec.submodule_search_locations is None:
            return None
        path = list(spec.submodule_search_locations)
    return Path(path[0]) if path else None


def _files(folder: Path, below: str) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder / below) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _IGNORED or entry.name.endswith(".pyc"):
                continue
            name = below + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _files(folder, f"{name}/")
            elif entry.is_symlink() or entry.is_file():
                yield name, entry.stat(follow_symlinks=False)
