"""Names of files as people and programs give them, made fit to be shown and to be saved under on any system."""

from __future__ import annotations

import re
import unicodedata

from ..text import clean_line

#: Longest name in bytes of UTF-8; file systems take 255, and browsers add to a name that is there already.
LONGEST = 200
_LONGEST_ENDING = 20

#: Slashes, also those that become one when a program normalises the name.
_SLASHES = re.compile("[/\\\\\u2044\u2215\u29f5\u29f8\u29f9\uff0f\uff3c]")
#: What Windows takes in no name.
_FORBIDDEN = re.compile('[<>:"|?*]')
#: Devices of Windows, with any ending.
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|\Z)", re.IGNORECASE)
#: Invisible, but needed to write Persian and Hindi, and inside emoji.
_JOINERS = "\u200c\u200d"


def clean_name(name: str) -> str:
    """The name without path, control and invisible characters, reserved names and signs, at most 200 bytes long.

    It is for people: bytes are never stored under it.
    """
    text = _SLASHES.split(clean_line(name))[-1]
    text = "".join(sign for sign in text if sign in _JOINERS or unicodedata.category(sign) not in ("Cf", "Co", "Cn"))
    text = " ".join(_FORBIDDEN.sub("_", text).split()).strip(". " + _JOINERS)
    if _DEVICES.match(text):
        text = f"_{text}"
    return _shortened(text) or "file"


def _shortened(text: str) -> str:
    """Cut in the middle: the ending tells people what a file is."""
    if len(text.encode()) <= LONGEST:
        return text
    stem, dot, ending = text.rpartition(".")
    if not dot or not stem or len(ending.encode()) > _LONGEST_ENDING:
        stem, dot, ending = text, "", ""
    room = LONGEST - len((dot + ending).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + dot + ending
