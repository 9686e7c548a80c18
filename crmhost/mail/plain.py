"""The text part of a mail, made from its HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

import nh3

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "figure",
        "footer",
        "form",
        "header",
        "main",
        "nav",
        "section",
    ]
)
_SPACED = frozenset(["blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"])
_VOID = frozenset(["br", "hr", "img", "wbr"])
_KEPT = (
    _BLOCKS
    | _SPACED
    | _VOID
    | frozenset(
        ["a", "li", "tr", "td", "th", "tbody", "thead", "tfoot", "caption", "span", "b", "i", "strong", "em", "font"]
    )
)
# Parsed and written again first, so that what follows sees well-formed HTML only.
_CLEANER = nh3.Cleaner(
    tags=set(_KEPT),
    clean_content_tags={"script", "style", "title", "template"},
    attributes={"*": {"style", "role"}, "a": {"href"}, "img": {"alt"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto", "tel", "sms", "cid"},
    link_rel=None,
    strip_comments=False,
)
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_LAYOUT_ROLES = frozenset({"presentation", "none"})
_BLANKS = re.compile(r"[ \t\r\n\f\u200b\u200c\u00ad\ufeff]+")


@dataclass
class _List:
    ordered: bool
    number: int


def plain_text(html: str) -> str:
    """Readable text of a piece of HTML or a document.

    Paragraphs are apart by an empty line; links are “text (address)”; list items begin with “- ” or their number; cells of a
    table are apart by “ | ”, save in tables that only make the layout (``role="presentation"``); an image gives its
    alternative text; what is not displayed is left out.
    """
    reader = _Reader()
    reader.feed(_CLEANER.clean(html))
    reader.close()
    return reader.result()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self.line = ""
        self.gap = 0
        self.lists: list[_List] = []
        self.links: list[tuple[str, int, int]] = []
        self.tables: list[bool] = []
        self.quotes = 0
        self.verbatim = 0
        self.open: list[tuple[str, bool]] = []
        self.hidden = 0
        self.pending_cell = False
        self.lead = ""

    def result(self) -> str:
        self._end_line()
        return "\n".join(self.lines).strip("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag not in _VOID:
            hidden = bool(_HIDDEN.search(values.get("style", "")))
            self.open.append((tag, hidden))
            self.hidden += hidden
        if self.hidden:
            return
        if tag in _SPACED and not (tag in {"ul", "ol"} and self.lists) and tag != "table":
            self._break(1)
        elif tag in _BLOCKS or tag == "caption":
            self._break(0)
        if tag == "br":
            self._break(0, force=True)
        elif tag == "hr":
            self._break(1)
            self._write("-" * 20)
            self._break(1)
        elif tag == "img":
            self._write(values.get("alt", ""))
        elif tag == "a":
            self.links.append((values.get("href", ""), len(self.lines), len(self.line)))
        elif tag in {"ul", "ol"}:
            start = values.get("start", "")
            self._break(0)
            self.lists.append(
                _List(tag == "ol", int(start) if start.isascii() and start.isdigit() and len(start) < 9 else 1)
            )
        elif tag == "li":
            self._begin_item()
        elif tag == "table":
            layout = values.get("role", "").lower() in _LAYOUT_ROLES
            self.tables.append(layout)
            self._break(0 if layout else 1)
        elif tag == "tr":
            self._break(0)
            self.pending_cell = False
        elif tag in {"td", "th"}:
            self._begin_cell()
        elif tag == "blockquote":
            self.quotes += 1
        elif tag == "pre":
            self.verbatim += 1

    def handle_endtag(self, tag: str) -> None:
        if not self.open or tag in _VOID:
            return
        hidden_before = self.hidden
        _, hidden = self.open.pop()
        self.hidden -= hidden
        if hidden_before:
            return
        if tag == "a" and self.links:
            self._end_link(*self.links.pop())
        elif tag in {"ul", "ol"} and self.lists:
            self.lists.pop()
            self._break(0 if self.lists else 1)
        elif tag == "li":
            self.lead = ""
            self._break(0)
        elif tag == "table" and self.tables:
            self._break(0 if self.tables.pop() else 1)
            self.pending_cell = False
        elif tag in {"td", "th"} and not self._layout():
            self.pending_cell = True
        elif tag in _SPACED:
            self._break(1)
            self.quotes -= tag == "blockquote"
            self.verbatim -= tag == "pre"
        elif tag in _BLOCKS or tag in {"tr", "td", "th", "caption"}:
            self._break(0)

    def handle_data(self, data: str) -> None:
        if self.hidden:
            return
        if self.verbatim:
            first, *rest = data.split("\n")
            self._write(first, verbatim=True)
            for line in rest:
                self._break(0, force=True)
                self._write(line, verbatim=True)
        else:
            self._write(_BLANKS.sub(" ", data).replace("\xa0", " "))

    def handle_comment(self, data: str) -> None:
        # The places of placeholders are held by comments.
        if data.startswith("lq:") and not self.hidden:
            self._write(f"<!--{data}-->", verbatim=True)

    def _write(self, text: str, *, verbatim: bool = False) -> None:
        if not self.line.strip() and not verbatim:
            text = text.lstrip(" ")
        if not text:
            return
        if not self.line:
            self.line = self._margin()
        if not verbatim and self.line.endswith(" ") and text.startswith(" "):
            text = text[1:]
        self.line += text

    def _margin(self) -> str:
        """What the line that begins here begins with: signs of quoting, the indent of its list, its bullet."""
        indent = "  " * max(0, len(self.lists) - 1)
        lead, self.lead = self.lead, " " * len(self.lead) if self.lead.strip() else self.lead
        return "> " * self.quotes + indent + lead

    def _begin_item(self) -> None:
        self._break(0)
        current = self.lists[-1] if self.lists else _List(ordered=False, number=1)
        self.lead = f"{current.number}. " if current.ordered else "- "
        current.number += 1

    def _begin_cell(self) -> None:
        if self._layout():
            self._break(0)
        elif self.pending_cell:
            self._write(" | " if self.line else "| ")
            self.pending_cell = False

    def _layout(self) -> bool:
        return self.tables[-1] if self.tables else True

    def _end_link(self, href: str, lines: int, start: int) -> None:
        if not href or href.startswith("#"):
            return
        shown = self.line[start:].strip() if lines == len(self.lines) else "…"
        address = href.removeprefix("mailto:").removeprefix("tel:")
        if shown == address or shown == address.rstrip("/").removeprefix("https://").removeprefix("http://"):
            return
        self._write(f" ({address})" if shown else address)

    def _break(self, gap: int, *, force: bool = False) -> None:
        """Ends the line; ``gap`` empty lines before the next one that has text."""
        if (
            self.tables
            and not self.tables[-1]
            and self.open
            and self.open[-1][0] in {"p", "div", "br", "td", "th"}
            and not force
        ):
            # Inside a cell of a table with data, blocks don't end the row.
            if self.line.strip():
                self._write(" ")
            return
        self._end_line(keep=force)
        self.gap = max(self.gap, gap)

    def _end_line(self, *, keep: bool = False) -> None:
        text = self.line.rstrip()
        self.line = ""
        if text or (keep and self.lines and self.lines[-1]):
            if self.gap and self.lines and self.lines[-1]:
                self.lines.append("")
            self.gap = 0
            self.lines.append(text)
