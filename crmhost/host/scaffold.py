"""``crmhost plugin new``: a plugin that works, with tests that pass, to begin one's own from."""

from __future__ import annotations

import re
import shutil
import string
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from ..errors import PluginError
from .manifest import id_problem, read_manifest

#: Files of a new plugin; ``ID`` in a path stands for the id, and ``.txt`` keeps tools from taking them for code.
FILES = Path(__file__).resolve().parent / "scaffold_files"


def new_plugin(target_dir: Path, name: str, taken: Collection[str] = ()) -> Path:
    """Makes a plugin in a folder of its own below ``target_dir`` and gives that folder.

    :param name: an id such as ``my_loans``, or a name such as ``My loans``, from which the id is made.
    :param taken: ids of the plugins that are there already, wherever they lie.
    :raises PluginError: when the name can't be used, or something is there already.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*([ _-][A-Za-z0-9]+)*", name):
        raise PluginError("", f"“{name[:60]}” can't be a name; take letters, digits and spaces, such as “My loans”.")
    plugin_id = re.sub(r"[ -]", "_", name).lower()
    if problem := id_problem(plugin_id):
        raise PluginError(plugin_id, problem)
    folder = target_dir / plugin_id
    if folder.exists():
        raise PluginError(plugin_id, f"{folder} is there already; choose another name, or remove it.")
    if plugin_id in taken:
        raise PluginError(plugin_id, f"There is a plugin “{plugin_id}” already; choose another name.")
    shown = name if name != plugin_id else plugin_id.replace("_", " ").capitalize()
    values = {"id": plugin_id, "name": shown, "url": f"/{plugin_id.replace('_', '-')}"}
    try:
        target_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=target_dir) as unfinished:
            made = Path(unfinished) / plugin_id
            for file, template in _files():
                path = made / file.replace("ID", plugin_id)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(string.Template(template).substitute(values), "utf-8")
            read_manifest(made)
            shutil.move(made, folder)
    except OSError as error:
        raise PluginError(plugin_id, f"{folder} can't be written: {error.strerror}.") from error
    return folder


def _files() -> Iterator[tuple[str, str]]:
    for path in sorted(FILES.rglob("*.txt")):
        yield path.relative_to(FILES).as_posix().removesuffix(".txt"), path.read_text("utf-8")
