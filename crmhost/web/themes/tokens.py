"""Design tokens: the values that a theme may set in ``[tokens]`` of ``theme.toml``, and the style sheet made of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import CrmError
from ...messages import Message
from ..static import BUNDLE_FOLDER

#: A value for light and one for dark.
Pair = tuple[str, str]

COLOURS = tuple(
    (  # noqa: SIM905  # a list of words reads better
        "page side sunken card raised hover press selected current page-dimmed float on-float float-accent line line-strong "
        "line-field ink ink-2 ink-3 ink-disabled accent accent-hover on-accent accent-ink accent-soft ok ok-ink ok-soft warn "
        "warn-ink warn-soft bad bad-ink bad-soft bad-fill series-1 series-2 series-3 series-4 series-soft series-past focus"
    ).split()
)
SIZES = tuple(
    (  # noqa: SIM905
        "text-xs text-sm text-md text-lg text-xl text-2xl gutter control row top side-width r-xs r-sm r-md r-lg r-full"
    ).split()
)
FONTS = ("font", "font-heading", "mono")
WEIGHTS = ("medium", "semi")

_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})\Z")
_SIZE = re.compile(r"(?:0|\d*\.?\d+(?:px|rem|em))\Z")
_FONT = re.compile(r"""[\w\s"',-]{1,300}\Z""")
_WEIGHT = re.compile(r"[1-9]\d{2}\Z")


class TokenError(CrmError):
    """A theme sets something that is no token, or not to what the token takes."""


def read(table: Mapping[str, Any]) -> dict[str, Pair]:
    """The tokens of a theme, each with its value for light and for dark.

    :raises TokenError: about the first one that can't be taken.
    """
    found: dict[str, Pair] = {}
    for name, value in table.items():
        pair = _pair(value)
        pattern, takes = _kind(name)
        if pattern is None:
            raise TokenError(Message("“%(name)s” is no token. See the list in docs/authors/themes.md.", name=name))
        one_value = pattern is not _COLOUR
        if pair is None or not all(pattern.match(part) for part in pair) or (one_value and pair[0] != pair[1]):
            raise TokenError(Message("The token “%(name)s” takes %(what)s.", name=name, what=Message(takes)))
        found[name] = pair
    return found


def _pair(value: object) -> Pair | None:
    if isinstance(value, list) and len(value) == 2 and all(isinstance(part, str) for part in value):
        return value[0], value[1]
    return (str(value), str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _kind(name: str) -> tuple[re.Pattern[str] | None, str]:
    if name in COLOURS:
        return _COLOUR, "a colour such as #3b4fd8, or one for light and one for dark: [“#3b4fd8”, “#8496ff”]"
    if name in SIZES:
        return _SIZE, "one size, such as 6px or .8125rem"
    if name in FONTS:
        return _FONT, "names of typefaces, separated by commas"
    return (_WEIGHT, "a weight from 100 to 900") if name in WEIGHTS else (None, "")


def style_sheet(tokens: Mapping[str, Pair]) -> str:
    """The tokens as CSS, to be loaded after the bundle's."""
    if not tokens:
        return ""
    lines = [
        f"--crm-{name}:{light if light == dark else f'light-dark({light},{dark})'}"
        for name, (light, dark) in tokens.items()
    ]
    return f':root,[data-bs-theme="light"],[data-bs-theme="dark"],.portal{{{";".join(lines)}}}\n'


def defaults(folder: Path = BUNDLE_FOLDER) -> dict[str, Pair]:
    """The tokens of the bundle that have plain values; empty while it is not built."""
    path = folder / "tokens.json"
    if not path.is_file():
        return {}
    table: dict[str, Any] = json.loads(path.read_text("utf-8"))
    pairs = {name: _pair(value) for name, value in table.items()}
    return {name: pair for name, pair in pairs.items() if pair is not None}
