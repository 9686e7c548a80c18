"""A language made for tests: each text stands in ⟦ ⟧, so that what escaped translation can be seen.

It goes by the code of Georgian, whose script is not ours: months, countries and currencies, which the library names, can't be
mistaken for English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import available_timezones

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from crmhost.config import checkout
from crmhost.host import catalogue

LOCALE = "ka"
#: Attributes that people read or hear.
ATTRIBUTES = re.compile(
    r"title|alt|placeholder|aria-label|aria-description|label|data-(confirm|confirm-button|confirm-detail|one|many|key-label)"
)
_VOID = {"meta", "link", "input", "img", "br", "hr", "wbr"}
_INLINE = {"a", "abbr", "b", "bdi", "code", "em", "i", "kbd", "small", "span", "strong", "svg", "time", "use", "wbr"}
_WITHOUT_WORDS = {"script", "style", "code", "kbd", "pre", "svg", "samp"}
_WRAPPED = re.compile(r"⟦[^⟦⟧]*⟧")
#: A label is cut at its colon in some places, so that one bracket is missing.
_OPEN = re.compile(r"⟦[^⟦⟧]*$|^[^⟦⟧]*⟧")
_WORD = re.compile(r"[A-Za-z]{2,}")
#: Names of things, and what is written for programs: addresses, paths, names of settings, times, codes in capitals.
_NAMES = re.compile(
    r"\S+@\S+|https?://\S+|\S*[/_\\=<>{}]\S*|\S*[a-z0-9]\.[a-z0-9]\S*|\b[A-Z][A-Z0-9]+s?\b|\b\w*\d\w*\b"
    r"|\S*\.\*\S*|the crmhost authors"
    r"|crmhost|LinkedIn|Facebook|Flask|SQLAlchemy|alembic|pluggy|SQLite|PostgreSQL|Python|Linux|MIT|Ctrl|Esc|English|Mustache"
)
_ZONES = {name.replace("_", " ") for name in available_timezones()}


def folders() -> list[Path]:
    """The core, and all plugins and themes that come with it."""
    root = checkout()
    made = [
        path.parent for kind in ("plugins/*/plugin.toml", "themes/*/theme.toml") for path in sorted(root.glob(kind))
    ]
    return [catalogue.CORE, *made]


def write(folder: Path) -> Path:
    """Writes the catalogue of all texts into a folder as the core's translations lie; gives it."""
    made = Catalog(LOCALE, fuzzy=False)
    for place in folders():
        for each in catalogue.texts(place).found:
            text = each.text
            if text.many:
                made.add((text.text, text.many), (f"⟦{text.text}⟧", f"⟦{text.many}⟧"))
            else:
                # The title of a chart asks a question.
                made.add(text.text, f"⟦{text.text[:-1]}⟧?" if text.text.endswith("?") else f"⟦{text.text}⟧")
    path = folder / LOCALE / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_po(file, made)
    return folder


def escaped(text: str) -> str:
    """What of a text is neither wrapped nor a name; empty when nothing is."""
    before = ""
    while before != text:
        before, text = text, _WRAPPED.sub(" ", text)
    before = ""
    if text.strip() in _ZONES:
        return ""
    while before != text:
        before, text = text, _OPEN.sub(" ", text)
    text = _NAMES.sub(" ", text)
    return " ".join(text.split()) if _WORD.search(text) else ""


class _Words(HTMLParser):
    """Collects what people read of a page: element and text, those of one block together."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._open: list[tuple[str, bool]] = []
        self._block = ""

    @property
    def _hidden(self) -> bool:
        return any(without for _tag, without in self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes attributes."""
        given = dict(attrs)
        hidden = tag in _WITHOUT_WORDS or given.get("translate") == "no"
        if tag not in _VOID:
            self._open.append((tag, hidden))
        if tag not in _INLINE:
            self._end_block(tag)
        for name, value in attrs:
            if value and ATTRIBUTES.fullmatch(name) and not hidden:
                self.found.append((f"{tag}[{name}]", value))
        if tag == "input" and given.get("type") in ("submit", "button") and given.get("value"):
            self.found.append(("input[value]", str(given["value"])))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that closes itself has no words inside."""

    def handle_endtag(self, tag: str) -> None:
        """Closes the element."""
        if tag not in _INLINE:
            self._end_block(tag)
        if any(tag == name for name, _without in self._open):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Notes a text."""
        if not self._hidden:
            self._block += data
        elif "⟦" in self._block.rpartition("⟧")[2]:
            self._block += " "

    def close(self) -> None:
        """Ends the last block."""
        super().close()
        self._end_block("")

    def _end_block(self, tag: str) -> None:
        self.found.append((tag, self._block))
        self._block = ""


def english(html: str) -> Iterator[str]:
    """What of a page or fragment is not in the reader's language: element and text."""
    words = _Words()
    words.feed(html)
    words.close()
    for place, text in words.found:
        if left := escaped(text):
            yield f"{place}: {left}"
