"""What admins see and do of themes: all that are there, whether one works, which is active."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from jinja2 import Environment

from ...contributions import Health
from ...core.settings import services as settings
from ...errors import NotFound
from ...messages import Message
from ...work.unit import Work
from . import contrast, tokens
from .files import DEFAULT, STYLE, Theme, ThemeError, choose, look_around, usable
from .looks import PERMISSION
from .tokens import Pair

__all__ = ["PERMISSION", "Listed", "activate", "active", "catalogue", "check", "health"]

_ELSEWHERE = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])\s*(?:https?:)?//""", re.IGNORECASE)
_INLINE = re.compile(
    r"""\sstyle\s*=\s*["']|<style[\s>]|\son[a-z]+\s*=\s*["']|<script(?![^>]*\bsrc=)[\s>]""", re.IGNORECASE
)


@dataclasses.dataclass(frozen=True)
class Listed:
    """A theme as the Themes page shows it.

    :param parents: names of its parents, nearest first.
    :param tokens: its colours, those of its parents and of the bundle.
    :param fault: why it can't be used; empty when it can.
    """

    id: str
    title: str
    theme: Theme | None
    parents: tuple[str, ...] = ()
    tokens: Mapping[str, Pair] = dataclasses.field(default_factory=dict)
    fault: str = ""

    @property
    def picture(self) -> str:
        """Name of the picture of it among its static files; empty when it has none."""
        for name in ("picture.webp", "picture.png", "picture.svg"):
            if self.theme is not None and (self.theme.static / name).is_file():
                return name
        return ""

    @property
    def drawn(self) -> Drawn:
        """Its measures for a page in little."""
        size = {name: _pixels(self.tokens[name][0]) for name in tokens.SIZES if name in self.tokens}
        side = 37 * size.get("side-width", 0) / 232
        return Drawn(
            side=side,
            band=0 if side else 16,
            card=size.get("r-md", 0) / 2,
            control=size.get("r-sm", 0) / 2,
            pill=min(size.get("r-full", 0), 3.5),
            row=min(size.get("row", 42) / 3, 17),
            heading=self.tokens.get("font-heading", self.tokens.get("font", ("inherit",)))[0],
        )


@dataclasses.dataclass(frozen=True)
class Drawn:
    """Measures of a theme for a drawing that is 160 wide and 150 high.

    :param side: width of its menu; 0 when that is a band at the top.
    :param band: height of the band at the top.
    :param card: radius of a card; ``control`` that of a button, ``pill`` that of a status.
    :param row: height of a row of a list.
    :param heading: its typefaces for headings.
    """

    side: float
    band: float
    card: float
    control: float
    pill: float
    row: float
    heading: str


def _pixels(size: str) -> float:
    return float(size.removesuffix("px")) if size.endswith("px") else 16 * float(size.rstrip("rem") or 0)


def active(work: Work) -> str:
    """Id of the theme that the site chose."""
    return str(work.settings.get("site.theme") or DEFAULT)


def catalogue(work: Work, environment: Environment) -> list[Listed]:
    """All themes that were found, also those that can't be used; the default one first, then by name.

    :param environment: knows the tags that templates may use.
    :raises Forbidden: when the actor does not manage themes.
    """
    work.require(PERMISSION)
    themes, broken = look_around(work.theme_folders)
    listed = [Listed(fault.id, fault.id, None, fault=fault.reason) for fault in broken]
    for theme in themes.values():
        chain, fault = choose(work.theme_folders, theme.id, environment)
        parents = () if fault else tuple(parent.title for parent in chain[1:])
        listed.append(Listed(theme.id, theme.title, theme, parents, colours(chain if not fault else [theme]), fault))
    return sorted(listed, key=lambda one: (one.id != DEFAULT, one.title.casefold()))


def colours(chain: Iterable[Theme]) -> dict[str, Pair]:
    """The tokens in force of a theme: its own, else its parents', else the bundle's.

    :param chain: the theme and its parents, nearest first.
    """
    found = tokens.defaults()
    for theme in reversed(tuple(chain)):
        found |= theme.tokens
    return found


def find(work: Work, name: str) -> None:
    """Looks whether there is a theme, be it one that can't be used.

    :raises NotFound: when there is none.
    :raises Forbidden: when the actor does not manage themes.
    """
    work.require(PERMISSION)
    themes, broken = look_around(work.theme_folders)
    if name not in themes and name not in {fault.id for fault in broken}:
        raise NotFound("theme", name)


def activate(work: Work, name: str, environment: Environment) -> str:
    """Makes a theme the site's, at once and in every process; gives the id of the one before.

    :raises NotFound: when there is no such theme.
    :raises ThemeError: when it can't be used; nothing is changed then.
    """
    find(work, name)
    usable(work.theme_folders, name, environment)
    before = active(work)
    settings.store(work, {"site.theme": name})
    return before


def health(work: Work) -> Health:
    """Whether the theme that the site chose can be used."""
    from ..templating import plain

    name = active(work)
    chain, fault = choose(work.theme_folders, name, plain)
    if fault:
        advice = "Mend the theme, or activate another one under Themes; the default one stands in until then."
        return Health(level="warning", message=fault, advice=advice)
    return Health(level="ok", message=Message("“%(name)s” is used.", name=chain[0].title))


# --- what the author of a theme asks ---------------------------------------------------------------------------------


def check(
    folders: Sequence[Path], name: str, environment: Environment, known: Mapping[str, Path]
) -> tuple[list[str], list[str]]:
    """What is wrong with a theme: errors, with which it can't be used, and warnings.

    :param known: owner of templates -> folder in which they stand, to see whether a template stands in for one.
    """
    try:
        chain = usable(folders, name, environment)
    except ThemeError as error:
        return [error.message], []
    theme = chain[0]
    warnings = [str(pair) for pair in contrast.faint(colours(chain))]
    for path in sorted(theme.templates.rglob("*.html")):
        relative = path.relative_to(theme.templates)
        owner = known.get(relative.parts[0])
        own = any(path.name in text for text in _sources(theme, path))
        if owner is not None and not (owner / relative).is_file() and not own:
            warnings.append(
                f"{relative} stands in for no template of “{relative.parts[0]}”, and no other template names it."
            )
        if _INLINE.search(path.read_text("utf-8")):
            warnings.append(
                f"{relative} has a style or a script in the page, which the content security policy refuses."
            )
    sheet = theme.static / STYLE
    if sheet.is_file() and _ELSEWHERE.search(sheet.read_text("utf-8")):
        warnings.append(f"{STYLE} fetches something from another server, which the content security policy refuses.")
    return [], warnings


@functools.lru_cache(maxsize=64)
def _texts(folder: Path, _stamp: float) -> dict[Path, str]:
    return {path: path.read_text("utf-8") for path in folder.rglob("*.html")}


def _sources(theme: Theme, without: Path) -> list[str]:
    stamp = max((path.stat().st_mtime for path in theme.templates.rglob("*.html")), default=0.0)
    return [text for path, text in _texts(theme.templates, stamp).items() if path != without]
