"""Whether people can read a theme: contrast of its colours by WCAG 2.2 (1.4.3 text, 1.4.11 parts of controls and charts)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

from .tokens import Pair

TEXT, PART = 4.5, 3.0

_READ_ON = ("page", "side", "sunken", "card", "raised", "hover", "selected")
#: Foreground, background, least contrast.
PAIRS: tuple[tuple[str, str, float], ...] = (
    *((ink, back, TEXT) for ink in ("ink", "ink-2", "ink-3") for back in _READ_ON),
    *((ink, "press", TEXT) for ink in ("ink", "ink-2")),
    ("ink", "current", TEXT),
    *(("accent-ink", back, TEXT) for back in ("page", "side", "card", "raised", "accent-soft")),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-hover", TEXT),
    ("on-accent", "bad-fill", TEXT),
    *((f"{tone}-ink", back, TEXT) for tone in ("ok", "warn", "bad") for back in (f"{tone}-soft", "page", "card")),
    *(("ink-2", f"{tone}-soft", TEXT) for tone in ("accent", "ok", "warn", "bad")),
    ("on-float", "float", TEXT),
    ("float-accent", "float", TEXT),
    *(("line-field", back, PART) for back in ("page", "card")),
    *(("focus", back, PART) for back in ("page", "side", "card", "raised", "sunken")),
    *((part, "card", PART) for part in ("accent", "series-1", "series-2", "series-3", "series-4", "series-past")),
)


@dataclasses.dataclass(frozen=True)
class Faint:
    """Two colours that are too much alike.

    :param scheme: light or dark.
    :param ratio: their contrast, 1 to 21.
    """

    scheme: str
    ink: str
    back: str
    ratio: float
    least: float

    def __str__(self) -> str:
        ratio = int(self.ratio * 100) / 100
        return f"{self.ink} on {self.back} has a contrast of {ratio:g} in {self.scheme}; at least {self.least:g} is asked for."


def faint(tokens: Mapping[str, Pair]) -> Iterator[Faint]:
    """The pairs of colours that a person may not tell apart, in light and in dark."""
    for place, scheme in enumerate(("light", "dark")):
        for ink, back, least in PAIRS:
            if ink in tokens and back in tokens:
                found = ratio(tokens[ink][place], tokens[back][place])
                if found < least:
                    yield Faint(scheme, ink, back, found, least)


def ratio(one: str, other: str) -> float:
    """The contrast of two colours (``#rgb`` or ``#rrggbb``) by WCAG 2.2."""
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2, 0 to 1."""
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    red, green, blue = (_linear(int(digits[at : at + 2], 16) / 255) for at in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
