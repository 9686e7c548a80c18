"""Checks of templates: nothing that the content security policy stops, and every file where it is found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from .rules import Finding, finding
from .source import Source, read_text

_JINJA_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_JINJA_TAG = re.compile(r"\{%.*?%\}", re.DOTALL)
_JINJA_VALUE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_ADDRESSES = frozenset({"action", "formaction", "href", "src"})
_LOADING = frozenset({"audio", "embed", "iframe", "img", "link", "object", "script", "source", "video"})
#: Folders below templates/ID/ with what is not a page: mail clients and PDF take inline styles only.
_NO_PAGES = frozenset({"mail", "pdf"})


def templates(source: Source) -> Iterator[Finding]:
    """CRM060 to CRM064."""
    for file in source.files:
        parts = file.split("/")
        if parts[0] != "templates" or len(parts) < 2:
            continue
        if parts[1] != source.id or len(parts) < 3:
            yield finding("CRM060", file, 0, f"It must stand in templates/{source.id}/.")
        if file.endswith((".html", ".svg")) and not _NO_PAGES.intersection(parts[2:-1]):
            text = read_text(source.folder, file)
            if text is not None:
                yield from _page(file, text)


def _page(file: str, text: str) -> Iterator[Finding]:
    reader = _Reader(file)
    reader.feed(_without_jinja(text))
    reader.close()
    yield from reader.findings


def _without_jinja(text: str) -> str:
    """The page with its placeholders blanked and every line kept in its place."""
    text = _JINJA_COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)
    text = _JINJA_TAG.sub(lambda match: " " + "\n" * match[0].count("\n"), text)
    return _JINJA_VALUE.sub(lambda match: "x" + "\n" * match[0].count("\n"), text)


class _Reader(HTMLParser):
    def __init__(self, file: str) -> None:
        super().__init__()
        self.file = file
        self.findings: list[Finding] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Looks at one tag."""
        values = {name: (value or "").strip() for name, value in attrs}
        if tag == "script" and "src" not in values and values.get("type") != "application/json":
            self._note("CRM061", "There is a script within the page.")
        if tag == "style" or "style" in values:
            self._note("CRM062", f"There is a style in <{tag}>.")
        for name, value in values.items():
            if name.startswith(("on", "hx-on")) and len(name) > 2:
                self._note("CRM063", f"The attribute {name} holds code.")
            if re.match(r"\s*(javascript|vbscript):", value, re.IGNORECASE) and name in _ADDRESSES:
                self._note("CRM063", f"The address in {name} holds code.")
        for name in ("src", "data", "href" if tag == "link" else "src"):
            if tag in _LOADING and re.match(r"(https?:)?//", values.get(name, ""), re.IGNORECASE):
                self._note("CRM064", f"<{tag}> loads from another site.")
                break

    def _note(self, code: str, message: str) -> None:
        self.findings.append(finding(code, self.file, self.getpos()[0], message))
