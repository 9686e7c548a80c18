"""Placeholders that nothing has values for: each mail with one would fail, so the words are refused before they go out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from crmhost.api import Invalid, Message, Work, mail

from . import web
from .models import Campaign, Step

_MOST = 5
#: Placeholders as they are written, and tags.
_MARK = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|#{2,3}[A-Z][A-Z0-9_-]*#{2,3}")
_WORDS = re.compile(r"[\w.]+")


def problems(work: Work, one: Campaign | Step, source: Any) -> dict[str, list[str]]:
    """What is said of them, by field: subject, subjects, content, text; each with the line or the block in which it stands.

    :param source: the words, as they are composed.
    """
    more = {"campaign": {item.path.partition(".")[2]: "" for item in web.placeholders()}, "mail": {"token": ""}}
    others = one.subjects if isinstance(one, Campaign) else []
    lines = [mail.Source(subject) for subject in others]
    names = mail.unknown(work, source, more=more)
    found: dict[str, list[str]] = {}
    for name in names[:_MOST]:
        for field, place in _places(work, one, name):
            found.setdefault(field, []).append(_said(name, place))
    for line in lines:
        for name in mail.unknown(work, line, more=more)[:_MOST]:
            found.setdefault("subjects", []).append(_said(name, ""))
    return found


def _said(name: str, place: str) -> str:
    shown = f"{{{{ {name} }}}}"
    if not place:
        return Message("Nothing is known as %(name)s: choose a placeholder of the list.", name=shown)
    return Message(
        "%(place)s: nothing is known as %(name)s. Choose a placeholder of the list.", place=place, name=shown
    )


def _places(work: Work, one: Campaign | Step, name: str) -> list[tuple[str, str]]:
    """The fields in which it stands, with the line or block; the content when that is not seen."""
    found = [("subject", "")] if _names(one.subject, name) else []
    if one.content_kind == "blocks":
        found += [("content", place) for place in _blocks(work, one.content, name)]
    elif one.content_kind == "rich":
        found += [("content", "")] if _names(one.content, name) else []
    else:
        found += [("content", place) for place in _lines(one.content, name)]
    found += [("text", place) for place in _lines(one.text, name)]
    return found[:_MOST] or [("content", "")]


def _lines(text: str, name: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if _names(line, name):
            yield Message("Line %(number)s", number=number)


def _blocks(work: Work, content: str, name: str) -> Iterator[str]:
    for number, label, values in mail.blocks.told(work, content):
        if any(_names(value, name) for value in values):
            yield Message("Block %(number)s (%(type)s)", number=number, type=label)


def _names(text: str, name: str) -> bool:
    return any(_is(mark, name) for mark in _MARK.findall(text))


def _is(mark: str, name: str) -> bool:
    if mark.startswith("{%"):
        return name in _WORDS.findall(mark)
    try:
        return name in mail.placeholders_of(mail.Source("", "", mark))
    except Invalid:
        return False
