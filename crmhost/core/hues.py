"""The twelve colours that a status, a tag or an avatar may have; the style sheet gives each its shades."""

from __future__ import annotations

import zlib

HUES = ("grey", "red", "orange", "amber", "lime", "green", "teal", "sky", "blue", "violet", "pink", "brown")


def hue_for(name: str) -> str:
    """A colour for a name, the same each time; never grey."""
    return HUES[1 + zlib.crc32(name.encode("utf-8", "replace")) % (len(HUES) - 1)]
