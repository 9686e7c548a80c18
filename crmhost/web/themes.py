"""Themes: a folder with ``theme.toml``, templates that stand in for the core's and the plugins', and static files."""

from __future__ import annotations

import dataclasses
import logging
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import TemplateSyntaxError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from ..core.settings.models import StoredSetting
from ..errors import CrmError
from ..messages import Message

if TYPE_CHECKING:
    from jinja2 import Environment

    from ..site import Site

log = logging.getLogger("crmhost.web")

DEFAULT = "default"
_ID = re.compile(r"[a-z][a-z0-9_]*\Z")
_KEYS = {"id", "name", "version", "parent", "author", "summary"}


class ThemeError(CrmError):
    """A theme can't be used as it is."""


@dataclasses.dataclass(frozen=True)
class Theme:
    """A theme.

    :param title: what it is called, ``name`` in the file.
    :param parent: id of the theme that is asked for what this one lacks; empty for none.
    :param folder: holds ``templates/`` and ``static/``, both optional; ``static/theme.css`` is loaded by each page.
    """

    id: str
    title: str
    folder: Path
    version: str = ""
    parent: str = ""
    author: str = ""
    summary: str = ""

    @property
    def templates(self) -> Path:
        """Folder of its templates."""
        return self.folder / "templates"

    @property
    def static(self) -> Path:
        """Folder of its static files."""
        return self.folder / "static"


def read_theme(folder: Path) -> Theme:
    """The theme in a folder.

    :raises ThemeError: when ``theme.toml`` is missing or wrong.
    """
    try:
        table = tomllib.loads((folder / "theme.toml").read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ThemeError(f"The theme in {folder} has no readable theme.toml: {error}.") from error
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        raise ThemeError(f"{folder / 'theme.toml'} has “{unknown[0]}”; it takes {', '.join(sorted(_KEYS))}.")
    wrong = [key for key, value in table.items() if not isinstance(value, str)]
    if wrong:
        raise ThemeError(f"“{wrong[0]}” in {folder / 'theme.toml'} must be a text.")
    name = table.get("id", folder.name)
    if not _ID.match(name) or name != folder.name:
        raise ThemeError(f"The theme in {folder} must have its folder's name as id, in lower case.")
    table["title"] = table.pop("name", name)
    return Theme(**{**table, "id": name, "folder": folder})


def find_themes(site: Site) -> dict[str, Theme]:
    """The themes that can be read, by id; the first folder that has one wins."""
    found: dict[str, Theme] = {}
    for root in site.config.theme_folders:
        for path in sorted(root.glob("*/theme.toml")):
            try:
                theme = read_theme(path.parent)
            except ThemeError:
                continue
            found.setdefault(theme.id, theme)
    return found


def theme_chain(themes: Mapping[str, Theme], wanted: str) -> tuple[Theme, ...]:
    """The theme and its parents, nearest first.

    :raises ThemeError: when one of them is missing or they go round in circles.
    """
    chain: list[Theme] = []
    name = wanted
    while name:
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


def choose_theme(site: Site, environment: Environment) -> tuple[tuple[Theme, ...], str]:
    """The chain of the theme that the site chose, and why another one stands in for it (empty when none does).

    :param environment: with the tags that templates may use; one that does not compile makes the theme unusable.
    """
    themes = find_themes(site)
    wanted = DEFAULT if site.config.safe_mode else _wanted(site)
    try:
        chain = theme_chain(themes, wanted)
        for theme in chain:
            check_templates(theme, environment)
    except ThemeError as error:
        log.warning("the default theme stands in: %s", error)
        return (theme_chain(themes, DEFAULT) if DEFAULT in themes else ()), error.message
    return chain, ""


def _wanted(site: Site) -> str:
    query = select(StoredSetting.value).where(StoredSetting.key == "site.theme")
    try:
        with site.engine.connect() as connection:
            return str(connection.scalar(query) or DEFAULT)
    except SQLAlchemyError:
        return DEFAULT
