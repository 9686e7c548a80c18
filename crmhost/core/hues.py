"""The twelve colours that a status, a tag or an avatar may have; the style sheet gives each its shades."""

from __future__ import annotations

import zlib

from ..messages import Message

HUES: tuple[str, ...] = (
    Message("grey"),
    Message("red"),
    Message("orange"),
    Message("amber"),
    Message("lime"),
    Message("green"),
    Message("teal"),
    Message("sky"),
    Message("blue"),
    Message("violet"),
    Message("pink"),
    Message("brown"),
)


def hue_for(name: str) -> str:
    """A colour for a name, the same each time; never grey."""
    return HUES[1 + zlib.crc32(name.encode("utf-8", "replace")) % (len(HUES) - 1)]
