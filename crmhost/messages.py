"""Sentences that are made in one place and read in another: they keep their values apart, so that each reader gets them in the
own language.

A service that refuses says ``Invalid(Message("“%(name)s” is taken: choose another name.", name=name))``. As a text it is that
sentence in English, for logs, commands and the API; a page puts it into the reader's language. :func:`keep` and :func:`kept`
store it in a column of text.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Protocol, Self, SupportsIndex

#: What is not taken as plain text.
_KINDS = (str, int, float, Decimal, dt.date, list, tuple)
_HOLE = re.compile(r"%(?:\((\w+)\)[sd]|%)")
#: Between the English text and what it is made of, in storage: the last one, as JSON has no control characters.
_MARK = "\x1f"


class Catalogue(Protocol):
    """A language's catalogue, as :mod:`gettext` has it."""

    def gettext(self, message: str) -> str:
        """The translation of a text."""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The translation of a text that counts."""


class Message(str):
    """An English text for people, with the values that stand in it.

    :param text: as for gettext, with ``%(name)s`` where a value stands; without values ``%`` is a plain sign.
    :param values: texts, which stay as they are; numbers, days and instants, shown in the reader's manner; other messages;
        lists of these, joined by commas. Of all else, such as an error, the text is taken.
    """

    text: str
    values: Mapping[str, Any]

    def __new__(cls, text: str, /, **values: object) -> Self:
        """Puts the values in, in English."""
        values = {name: value if isinstance(value, _KINDS) else str(value) for name, value in values.items()}
        made = super().__new__(cls, fill(text, values, _english))
        made.text, made.values = text, values
        return made

    def __str__(self) -> str:
        """Itself: handing it on as a text loses nothing."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """How copies are made."""
        return _made, (self.parts(),)

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        """A part of the English text; a cut that leaves all in gives the message itself."""
        part = super().__getitem__(key)
        return self if isinstance(key, slice) and len(part) == len(self) and part == str.__str__(self) else part

    def told(self, catalogue: Catalogue, show: Callable[[Any], str]) -> str:
        """The sentence in the catalogue's language.

        :param show: a value that is no message, as text.
        """
        return fill(self.translated(catalogue), self.values, lambda value: _shown(value, catalogue, show))

    def translated(self, catalogue: Catalogue) -> str:
        """The text in the catalogue's language, before values are put in."""
        return catalogue.gettext(self.text)

    def parts(self) -> dict[str, Any]:
        """What it is made of, JSON-able."""
        return {"text": self.text, "values": {name: _plain(value) for name, value in self.values.items()}}

    @staticmethod
    def joined(sentences: Iterable[str]) -> Message:
        """Several sentences as one text."""
        some = [sentence if isinstance(sentence, Message) else Message(sentence) for sentence in sentences]
        places = {f"part{number}": sentence for number, sentence in enumerate(some)}
        return some[0] if len(some) == 1 else Message(" ".join(f"%({name})s" for name in places), **places)


class Plural(Message):
    """A text that counts: ``Plural("%(num)s row", "%(num)s rows", 12408)``; ``num`` is the number."""

    many: str
    number: int

    def __new__(cls, text: str, many: str, number: int, /, **values: object) -> Self:
        """Chooses the form and puts the values in, in English."""
        values = {"num": number, **values}
        made = super().__new__(cls, text if number == 1 else many, **values)
        made.text, made.many, made.number = text, many, number
        return made

    def translated(self, catalogue: Catalogue) -> str:
        """The form that the number takes in the catalogue's language."""
        return catalogue.ngettext(self.text, self.many, self.number)

    def parts(self) -> dict[str, Any]:
        """What it is made of, JSON-able."""
        return {**super().parts(), "many": self.many, "number": self.number}


def fill(text: str, values: Mapping[str, Any], show: Callable[[Any], str]) -> str:
    """The text with its values put in; one that is missing leaves its place empty. Without values the text stays as it is."""
    if not values:
        return text
    return _HOLE.sub(lambda hole: show(values.get(hole[1], "")) if hole[1] else "%", text)


def _english(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return str(value)
        case int() | float() | Decimal():
            return f"{value:,}"
        case dt.datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case dt.date():
            return value.isoformat()
    return ", ".join(_english(part) for part in value)


def _shown(value: Any, catalogue: Catalogue, show: Callable[[Any], str]) -> str:
    if isinstance(value, Message):
        return value.told(catalogue, show)
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(_shown(part, catalogue, show) for part in value)
    return show(value)


# --- storing ---------------------------------------------------------------------------------------------------------


def keep(text: str) -> str:
    """The text as a column of text stores it; :func:`kept` reads it again."""
    return text + _MARK + json.dumps(text.parts(), ensure_ascii=False) if isinstance(text, Message) else text


def kept(stored: str) -> str:
    """What :func:`keep` stored: a message again when it was one."""
    text, mark, parts = stored.rpartition(_MARK)
    if not mark:
        return stored
    try:
        return _made(json.loads(parts))
    except (ValueError, KeyError, TypeError):
        return text


def _plain(value: Any) -> Any:
    match value:
        case Message():
            return {"message": value.parts()}
        case dt.datetime():
            return {"moment": value.isoformat()}
        case dt.date():
            return {"day": value.isoformat()}
        case Decimal():
            return {"decimal": str(value)}
        case str() | int() | float():
            return value
    return [_plain(part) for part in value]


def _value(stored: Any) -> Any:
    match stored:
        case {"message": parts}:
            return _made(parts)
        case {"moment": text}:
            return dt.datetime.fromisoformat(text)
        case {"day": text}:
            return dt.date.fromisoformat(text)
        case {"decimal": text}:
            return Decimal(text)
        case list():
            return [_value(part) for part in stored]
    return stored


def _made(parts: Mapping[str, Any]) -> Message:
    values = {name: _value(value) for name, value in parts["values"].items()}
    if "many" not in parts:
        return Message(parts["text"], **values)
    values.pop("num", None)
    return Plural(parts["text"], parts["many"], parts["number"], **values)
