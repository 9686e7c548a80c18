"""``crmhost plugin pack``: a ZIP of a plugin, byte for byte the same whenever the same files are packed."""

from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path

from ..errors import PluginError
from .check import check, errors_of
from .checks.source import walk
from .manifest import read_manifest

#: Time of every entry: the earliest that a ZIP can say.
_TIME = (1980, 1, 1, 0, 0, 0)


def pack(path: Path, out: Path) -> Path:
    """Writes ``ID-VERSION.zip``, which holds one folder called like the id, and gives its path.

    Caches, hidden files and what npm installs are left out.

    :param out: folder to write to, or the file to write when it ends in ``.zip``.
    :raises PluginError: when the plugin has errors (see :mod:`crmhost.host.check`), or the file can't be written.
    """
    folder = path.resolve()
    findings = errors_of(check(folder))
    if findings:
        lines = "\n".join(f"- {found}" for found in findings)
        raise PluginError(folder.name, f"Mend this before packing “{folder.name}”:\n{lines}")
    manifest = read_manifest(folder)
    target = out if out.suffix == ".zip" else out / f"{manifest.id}-{manifest.version}.zip"
    unfinished = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for file in sorted(walk(folder)):
                if folder / file == target.absolute():
                    continue
                entry = zipfile.ZipInfo(f"{manifest.id}/{file}", _TIME)
                entry.create_system = 3
                entry.external_attr = 0o100644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, (folder / file).read_bytes())
        unfinished.replace(target)
    except OSError as error:
        raise PluginError(manifest.id, f"{target} can't be written: {error.strerror}.") from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()
    return target
