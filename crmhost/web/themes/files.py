"""Themes: a folder with ``theme.toml``, templates that stand in for the core's and the plugins', and static files."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import TemplateSyntaxError

from ...errors import CrmError
from ...messages import Message
from . import tokens
from .tokens import Pair

if TYPE_CHECKING:
    from jinja2 import Environment

DEFAULT = "default"
_ID = re.compile(r"[a-z][a-z0-9_]*\Z")
_TEXTS = ("id", "name", "version", "parent", "author", "summary")
_KEYS = (*_TEXTS, "tokens")
STYLE = "theme.css"
#: Static files of a theme are served under this and its id.
OWNER = "theme-"


class ThemeError(CrmError):
    """A theme can't be used as it is."""


@dataclasses.dataclass(frozen=True)
class Theme:
    """A theme.

    :param title: what it is called, ``name`` in the file.
    :param parent: id of the theme that is asked for what this one lacks; empty for none.
    :param folder: holds ``templates/`` and ``static/``, both optional; ``static/theme.css`` is loaded by each page.
    :param tokens: colours, sizes and typefaces that it sets, each for light and for dark.
    """

    id: str
    title: str
    folder: Path
    version: str = ""
    parent: str = ""
    author: str = ""
    summary: str = ""
    tokens: Mapping[str, Pair] = dataclasses.field(default_factory=dict)

    @property
    def templates(self) -> Path:
        """Folder of its templates."""
        return self.folder / "templates"

    @property
    def static(self) -> Path:
        """Folder of its static files."""
        return self.folder / "static"

    @property
    def made(self) -> dict[str, bytes]:
        """What is served beside its static files: the style sheet, which begins with the tokens; empty when it has neither."""
        own = self.static / STYLE
        sheet = tokens.style_sheet(self.tokens).encode() + (own.read_bytes() if own.is_file() else b"")
        return {STYLE: sheet} if sheet else {}


def read_theme(folder: Path) -> Theme:
    """The theme in a folder.

    :raises ThemeError: when ``theme.toml`` is missing or wrong.
    """
    path = folder / "theme.toml"
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        said = "The theme in %(folder)s has no readable theme.toml: %(reason)s."
        raise ThemeError(Message(said, folder=folder, reason=error)) from error
    unknown = sorted(set(table) - set(_KEYS))
    if unknown:
        raise ThemeError(Message("%(path)s has “%(key)s”; it takes %(keys)s.", path=path, key=unknown[0], keys=_KEYS))
    for key in _TEXTS:
        if not isinstance(table.get(key, ""), str):
            raise ThemeError(Message("“%(key)s” in %(path)s must be a text.", key=key, path=path))
    if not table.get("name"):
        raise ThemeError(Message("%(path)s needs a “name”: what the theme is called.", path=path))
    name = table.get("id", folder.name)
    if not _ID.match(name) or name != folder.name:
        said = "The theme in %(folder)s must have its folder's name as id, in lower case."
        raise ThemeError(Message(said, folder=folder))
    table["title"] = table.pop("name")
    values = table.get("tokens", {})
    if not isinstance(values, dict):
        raise ThemeError(Message("“%(key)s” in %(path)s must be a table.", key="tokens", path=path))
    try:
        table["tokens"] = tokens.read(values)
    except tokens.TokenError as error:
        raise ThemeError(Message("%(path)s: %(reason)s", path=path, reason=error.message)) from error
    return Theme(**{**table, "id": name, "folder": folder})


@dataclasses.dataclass(frozen=True)
class Broken:
    """A theme that can't be read."""

    id: str
    folder: Path
    reason: str


def find_themes(folders: Sequence[Path]) -> dict[str, Theme]:
    """The themes that can be read, by id; the first folder that has one wins."""
    return look_around(folders)[0]


def look_around(folders: Sequence[Path]) -> tuple[dict[str, Theme], list[Broken]]:
    """The themes that can be read, by id, and those that can't; the first folder that has one wins."""
    found: dict[str, Theme] = {}
    broken: dict[str, Broken] = {}
    for root in folders:
        for path in sorted(root.glob("*/theme.toml")):
            folder = path.parent
            if folder.name in found or folder.name in broken:
                continue
            try:
                found[folder.name] = read_theme(folder)
            except ThemeError as error:
                broken[folder.name] = Broken(folder.name, folder, error.message)
    return found, list(broken.values())


def theme_chain(themes: Mapping[str, Theme], wanted: str) -> tuple[Theme, ...]:
    """The theme and its parents, nearest first.

    :raises ThemeError: when one of them is missing or they go round in circles.
    """
    chain: list[Theme] = []
    name = wanted
    while name:
        if name not in themes and chain:
            said = "The theme “%(id)s” needs the theme “%(name)s”, which is not there or broken."
            raise ThemeError(Message(said, id=chain[-1].id, name=name))
        if name not in themes:
            raise ThemeError(Message("There is no theme “%(name)s”. Choose another one.", name=name))
        theme = themes[name]
        if theme in chain:
            raise ThemeError(Message("The theme “%(wanted)s” is its own parent.", wanted=wanted))
        chain.append(theme)
        name = theme.parent
    return tuple(chain)


def check_templates(theme: Theme, environment: Environment) -> None:
    """:raises ThemeError: when a template of the theme can't be read."""
    for path in sorted(theme.templates.rglob("*.html")):
        try:
            environment.compile(path.read_text("utf-8"), filename=str(path))
        except (TemplateSyntaxError, UnicodeDecodeError, OSError) as error:
            name = path.relative_to(theme.templates)
            raise ThemeError(
                Message(
                    "The template “%(name)s” of the theme “%(id)s” can't be read: %(reason)s.",
                    name=name,
                    id=theme.id,
                    reason=error,
                )
            ) from error


def usable(folders: Sequence[Path], wanted: str, environment: Environment) -> tuple[Theme, ...]:
    """The theme and its parents, nearest first, after a look at all their templates.

    :param environment: with the tags that templates may use; one that does not compile makes the theme unusable.
    :raises ThemeError: when it can't be used; the sentence says why.
    """
    themes, broken = look_around(folders)
    for fault in broken:
        if fault.id == wanted:
            raise ThemeError(fault.reason)
    chain = theme_chain(themes, wanted)
    for theme in chain:
        check_templates(theme, environment)
    return chain


def choose(folders: Sequence[Path], wanted: str, environment: Environment) -> tuple[tuple[Theme, ...], str]:
    """The chain of a theme, and why the default one stands in for it (empty when it does not)."""
    try:
        return usable(folders, wanted, environment), ""
    except ThemeError as error:
        themes = find_themes(folders)
        return (theme_chain(themes, DEFAULT) if DEFAULT in themes else ()), error.message
