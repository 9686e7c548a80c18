"""Header fields as they stand in a mail: ASCII, folded, and nothing that a value could break out of."""

from __future__ import annotations

import re
from email.header import Header

from ..core.text import clean_line

#: A word this long without a blank is written as encoded words, since a line can't be folded inside it.
_LONGEST_WORD = 60
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
#: What neither a mail nor HTML can carry.
UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NAME = re.compile(r"[!-9;-~]{1,60}")


def unstructured(name: str, text: str) -> str:
    """A value of free text, such as a subject: plain where it can be, else encoded words of UTF-8 (RFC 2047), folded at 76."""
    text = clean_line(text)
    if text.isascii() and "=?" not in text and all(len(word) <= _LONGEST_WORD for word in text.split(" ")):
        return "\r\n ".join(_wrapped(text, 76 - len(name) - 2))
    return Header(text, "utf-8", maxlinelen=74, header_name=name).encode(linesep="\r\n")


def mailbox(name: str, address: str) -> str:
    """A person and an address: ``Ada <ada@example.org>``; the name is quoted or encoded where it has to be.

    :param address: as it goes into the header, already checked.
    """
    name = clean_line(name)
    if not name:
        return address
    if name.isascii() and "=?" not in name and len(name) <= _LONGEST_WORD:
        phrase = name if _ATOMS.fullmatch(name) else '"' + name.replace("\\", r"\\").replace('"', r"\"") + '"'
    else:
        phrase = Header(name, "utf-8", maxlinelen=70, header_name="Reply-To").encode(linesep="\r\n")
    return f"{phrase}\r\n <{address}>" if len(phrase) + len(address) > 70 else f"{phrase} <{address}>"


def listed(items: list[str]) -> str:
    """Several values with commas, each on a line of its own."""
    return ",\r\n ".join(items)


def own_name(name: str) -> str:
    """The name of a further header field, checked (RFC 5322, 2.2).

    :raises ValueError: it is no name of a field.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"“{clean_line(name)[:60]}” can't be the name of a header field.")
    return name


def _wrapped(text: str, first: int) -> list[str]:
    """The text in lines: the first of that width, further ones of 75; broken at blanks."""
    lines = [""]
    for word in text.split(" "):
        width = first if len(lines) == 1 else 75
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines
