"""Whether HTML of a mail is passive: nothing in it runs, loads a frame or sends a form."""

from __future__ import annotations

import re
from html import unescape

from ..errors import Invalid
from ..messages import Message

_ACTIVE = re.compile(r"<\s*(script|iframe|object|embed|form|base)\b", re.IGNORECASE)
_HANDLER = re.compile(r"""[\s"'/](on[a-z]+)\s*=|\b(javascript|vbscript):""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\s([^\s"'<>/=]+)(?:="([^"]*)")?""")
_ADDRESSES = frozenset({"href", "src", "action", "formaction", "background", "xlink:href"})
_VALUE = re.compile(r'"[^"]*"')
_RUNS = re.compile(r"[\s\x00-\x20]*(?:j\s*a\s*v\s*a|v\s*b)\s*s\s*c\s*r\s*i\s*p\s*t\s*:", re.IGNORECASE)


def check_passive(html: str) -> None:
    """Refuses what would run or frame something, in HTML that isn't cleaned because it is a whole document."""
    found = _ACTIVE.search(html)
    if found:
        raise Invalid(Message("Mail can't hold “%(found)s”. Remove it from the MJML.", found=found[1]))
    for start, end in tag_spans(html):
        active = _HANDLER.search(html, start, end)
        if active:
            raise Invalid(
                Message("Mail can't hold “%(active)s”. Remove it from the MJML.", active=active[1] or active[2])
            )


def check_attributes(html: str) -> None:
    """As :func:`check_passive`, for HTML that a parser has written: what stands between quotes is text."""
    for start, end in tag_spans(html):
        if found := _ACTIVE.match(html, start):
            raise Invalid(Message("Mail can't hold “%(found)s”. Remove it.", found=found[1]))
        for name, value in _ATTRIBUTE.findall(html, start, end):
            runs = name.lower() in _ADDRESSES and _RUNS.match(unescape(value))
            if runs or name.lower().startswith("on"):
                raise Invalid(Message("Mail can't hold “%(found)s”. Remove it.", found=name))


def quoted(html: str) -> str:
    """The HTML without brackets inside attributes, which some programs that read mail take for tags."""
    parts, place = list[str](), 0
    for start, end in tag_spans(html):
        tag = html[start:end]
        if "<" in tag[1:] or ">" in tag[:-1]:
            tag = _VALUE.sub(lambda match: match[0].replace("<", "&lt;").replace(">", "&gt;"), tag)
        parts += (html[place:start], tag)
        place = end
    return "".join((*parts, html[place:]))


def tag_spans(html: str) -> list[tuple[int, int]]:
    """Where the tags are: (start, end) of each, by quotes and brackets alone; linear in time."""
    spans = []
    place = 0
    while (start := html.find("<", place)) >= 0:
        place = start + 1
        if not html[place : place + 1].isalpha():
            continue
        quote = ""
        for match in _TAG_PART.finditer(html, place):
            sign = match[0]
            if quote:
                quote = "" if sign == quote else quote
            elif sign == ">":
                place = match.end()
                break
            else:
                quote = sign
        else:
            place = len(html)
        spans.append((start, place))
    return spans


_TAG_PART = re.compile("[\"'>]")
