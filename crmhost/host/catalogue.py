"""Catalogues: ``translations/LOCALE/LC_MESSAGES/messages.po``, brought up to date with the code and checked.

A plugin's or theme's catalogue leaves out what the core's catalogue of the same language says already.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from ..errors import CrmError
from .extract import Texts, texts_of

CORE = Path(__file__).resolve().parents[1]
#: What only operators and authors of extensions read, on the command line and in logs: it stays English.
_NOT_SHOWN = (
    "api.py", "messages.py", "cli.py", "config.py", "db.py", "demo.py", "hooks.py", "working_hooks.py", "testing.py",
    "contributions", "host/backup", "host/checks", "host/scaffold_files",
    *(f"host/{name}.py" for name in (
        "builder", "catalogue", "check", "described", "extract", "generation", "hookcall", "install", "isolation", "manifest",
        "manifest_table", "migrate", "offered", "pack", "proxies", "reference", "registry", "scaffold", "schema", "trial",
    )),
    "storage/__init__.py", "web/gallery",
)  # fmt: skip
_HOLE = re.compile(r"%(?:\(\w+\)[sd]|%)|\{\w+\}")
_VOLATILE = re.compile(
    rb'^"(?:Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By)'
    rb":.*\n",
    re.MULTILINE,
)
_Key: TypeAlias = "str | tuple[str, str]"


@dataclasses.dataclass(frozen=True)
class Updated:
    """What became of a catalogue.

    :param missing: texts that have no translation.
    """

    locale: str
    path: Path
    texts: int
    missing: int


def texts(folder: Path) -> Texts:
    """The texts of the core, a plugin or a theme."""
    return texts_of(folder, _NOT_SHOWN if folder.resolve() == CORE else ())


def path_of(folder: Path, locale: str) -> Path:
    """Where a catalogue stands."""
    return folder / "translations" / locale / "LC_MESSAGES" / "messages.po"


def locales(folder: Path) -> list[str]:
    """The languages that a folder has catalogues of."""
    return sorted(path.parents[1].name for path in folder.glob("translations/*/LC_MESSAGES/messages.po"))


def update(folder: Path, locale: str) -> Updated:
    """Brings a catalogue up to date, or begins it: new texts wait for their translation, those that are gone are dropped.

    :raises CrmError: when there is no such language.
    """
    path = path_of(folder, locale)
    catalogue = _wanted(folder, locale)
    old = _read(path, locale)
    for message in catalogue:
        known = old.get(message.id) if message.id else None
        if known is not None and not known.fuzzy:
            message.string = known.string
    written = io.BytesIO()
    write_po(written, catalogue, width=120, sort_by_file=True, include_lineno=False)
    # Nothing that changes when no text did.
    lines = _VOLATILE.sub(b"", written.getvalue())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lines)
    said = [message for message in catalogue if message.id]
    return Updated(locale, path, len(said), sum(not _done(message) for message in said))


def problems(folder: Path, locale: str) -> list[str]:
    """What keeps a catalogue from being complete, a line each: texts that it lacks, marks as fuzzy or translates with other
    places for values, texts that are gone, and sentences in the code that no catalogue can hold."""
    found = texts(folder)
    told = [f"{lost.file}:{lost.line}: values are put in before the text is translated" for lost in found.lost]
    have = _read(path_of(folder, locale), locale)
    wanted = _wanted(folder, locale, found)
    for message in wanted:
        if not message.id:
            continue
        known = have.get(message.id)
        if known is None or not _done(known):
            told.append(f"{_files(message)}: not translated: {_first(message)}")
        elif known.fuzzy:
            told.append(f"{_files(message)}: marked as fuzzy: {_first(message)}")
        else:
            told += [f"{_files(message)}: other places for values: {text}" for text in _wrong(known)]
    ids = {message.id for message in wanted}
    told += [f"no longer in the code: {_first(message)}" for message in have if message.id and message.id not in ids]
    return told


def _wanted(folder: Path, locale: str, found: Texts | None = None) -> Catalog:
    try:
        catalogue = Catalog(Locale.parse(locale), fuzzy=False, header_comment="", project="", version="")
    except (ValueError, UnknownLocaleError) as error:
        raise CrmError(f"“{locale}” is not a language; give a code such as fr or pt_BR.") from error
    core = _core(locale) if folder.resolve() != CORE else Catalog()
    for each in (found or texts(folder)).found:
        key: _Key = (each.text.text, each.text.many) if each.text.many else each.text.text
        said = core.get(key)
        if said is None or not _done(said):
            catalogue.add(key, locations=[(each.file, 0)])
    return catalogue


def _core(locale: str) -> Catalog:
    """The core's catalogue, which is looked into for each plugin and theme; not to be changed."""
    path = path_of(CORE, locale)
    return _core_as_of(locale, path.stat().st_mtime_ns if path.is_file() else 0)


@functools.lru_cache(maxsize=4)
def _core_as_of(locale: str, _changed: int) -> Catalog:
    return _read(path_of(CORE, locale), locale)


def _read(path: Path, locale: str) -> Catalog:
    if not path.is_file():
        return Catalog(Locale.parse(locale))
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def _done(message: Message) -> bool:
    strings = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    return bool(strings) and all(strings)


def _first(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, (list, tuple)) else message.id)


def _files(message: Message) -> str:
    return ", ".join(sorted({name for name, _line in message.locations})) or "-"


def _wrong(message: Message) -> Iterator[str]:
    """Translations whose places for values differ; each form of a text that counts may leave out the number."""
    if isinstance(message.id, str):
        if _holes(message.id) != _holes(str(message.string)):
            yield str(message.string)
        return
    one, many = map(_holes, message.id)
    for string in message.string or ():
        have = _holes(string)
        if (one & many) - have - {"%(num)s", "%(num)d"} or have - (one | many):
            yield string


def _holes(text: str) -> set[str]:
    return set(_HOLE.findall(text)) if "%(" in text or "{" in text else set()
