"""The kinds of custom fields: how each reads a value, what it stores, and how a stored value reads as text or JSON."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlsplit

from ... import money
from ...messages import Message
from ..contacts.emails import check_email
from ..text import clean_line, clean_text, fold, nearest, shorten, unknown
from .models import INDEXED_LENGTH

Kind = Literal[
    "text", "long_text", "number", "money", "date", "yes_no", "choice", "choices", "url", "email", "encrypted"
]
#: Kinds with their English names, in the order in which they are offered.
KINDS: dict[Kind, str] = {
    "text": Message("Text"),
    "long_text": Message("Long text"),
    "number": Message("Number"),
    "money": Message("Money"),
    "date": Message("Date"),
    "yes_no": Message("Yes or no"),
    "choice": Message("Choice"),
    "choices": Message("Several choices"),
    "url": Message("Web address"),
    "email": Message("E-mail address"),
    "encrypted": Message("Encrypted text"),
}
#: What else programs call them.
_ALIASES: dict[str, Kind] = {
    "textarea": "long_text", "integer": "number", "decimal": "number", "boolean": "yes_no", "bool": "yes_no",
    "checkbox": "yes_no", "select": "choice", "dropdown": "choice", "radio": "choice", "multichoice": "choices",
    "multiselect": "choices", "link": "url", "mail": "email", "secret": "encrypted",
}  # fmt: skip
#: Kinds that lists can filter by; sorted by too, except several choices.
FILTERABLE = frozenset(KINDS) - {"long_text", "encrypted"}
SORTABLE = FILTERABLE - {"choices"}
#: Kinds whose values are one of a list.
CHOOSING = frozenset({"choice", "choices"})
#: Kinds whose values are found by parts of their text.
SEARCHED = frozenset({"text", "url", "email"})
#: Kinds that need nothing but a name.
SIMPLE_KINDS: dict[str, str] = {kind: label for kind, label in KINDS.items() if kind not in CHOOSING}
LONGEST_TEXT = 20_000
LONGEST_SECRET = 2_000
MASK = "••••••"
_LARGEST = 10**15
_YES = {"yes", "y", "true", "t", "1", "on", "x", "oui", "o", "vrai", "ja", "si"}
_NO = {"no", "n", "false", "f", "0", "off", "non", "faux", "nein"}


class Stored(dict[str, Any]):
    """Custom fields as they were stored, to be put back as they are."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of a list; ``retired`` is kept by records that have it and no longer offered."""

    key: str
    label: str
    retired: bool = False


@dataclasses.dataclass(frozen=True)
class Definition:
    """A custom field, as it is read.

    :param ready: whether lists can filter and sort by it now; a job may still be writing its index.
    :param revision: grows when the index has to be written anew.
    """

    id: int
    object: str
    key: str
    label: str
    kind: Kind
    choices: tuple[Choice, ...] = ()
    currency: str = ""
    help: str = ""
    section: str = ""
    required: bool = False
    filterable: bool = False
    ready: bool = False
    revision: int = 1

    @property
    def name(self) -> str:
        """The name of the field among those of its record, such as ``custom.shoe_size``."""
        return f"custom.{self.key}"

    @property
    def offered(self) -> tuple[Choice, ...]:
        """The choices that can be chosen."""
        return tuple(choice for choice in self.choices if not choice.retired)

    def label_of(self, key: str) -> str:
        """What a choice is called."""
        return next((choice.label for choice in self.choices if choice.key == key), key)


def kind_of(text: str) -> Kind | None:
    """The kind that a text names, in any usual writing: “Several choices”, “multi-choice”."""
    key = "".join(letter for letter in fold(text) if letter.isalnum())
    for kind, label in KINDS.items():
        if key in (kind.replace("_", ""), "".join(letter for letter in fold(label) if letter.isalnum())):
            return kind
    return _ALIASES.get(key)


# --- from outside to what is stored ----------------------------------------------------------------------------------


def clean(field: Definition, raw: Any) -> Any:
    """The value to store for what a form, the API or a file gives; ``None`` for nothing. Of encrypted text it is the text.

    :raises ValueError: with a sentence, when it can't be taken.
    """
    if raw is None or raw == "" or (isinstance(raw, (list, tuple, dict)) and not raw):
        return None
    return _CLEANERS[field.kind](field, raw)


def _as_text(raw: Any) -> str:
    if isinstance(raw, str):
        return raw
    if isinstance(raw, (int, float, Decimal)) and not isinstance(raw, bool):
        return str(raw)
    raise ValueError("This must be text.")


def _line(_field: Definition, raw: Any) -> str | None:
    text = clean_line(_as_text(raw))
    if len(text) > INDEXED_LENGTH:
        raise ValueError(_too_long(INDEXED_LENGTH, text))
    return text or None


def _long(longest: int) -> Callable[[Definition, Any], str | None]:
    def read(_field: Definition, raw: Any) -> str | None:
        text = clean_text(_as_text(raw))
        if len(text) > longest:
            raise ValueError(_too_long(longest, text))
        return text or None

    return read


def _too_long(longest: int, text: str) -> Message:
    return Message(
        "This is too long: at most %(longest)s characters, this has %(length)s.", longest=longest, length=len(text)
    )


def _decimal(raw: Any, wrong: str) -> Decimal | None:
    number = money.read_decimal(clean_line(raw) if isinstance(raw, str) else raw, wrong)
    if number is not None and abs(number) >= _LARGEST:
        raise ValueError("This number is too large: at most 15 digits before the point.")
    return number


def _number(_field: Definition, raw: Any) -> int | float | None:
    number = _decimal(raw, Message("This must be a number."))
    if number is None:
        return None
    # Fifteen digits are what both databases and JSON hold exactly.
    value = float(number)
    return int(value) if value.is_integer() else float(f"{value:.15g}")


def _money(field: Definition, raw: Any) -> dict[str, Any] | None:
    found = money.read(raw, field.currency)
    if found is None:
        return None
    if found.currency != field.currency:
        raise ValueError(Message("This field holds amounts in %(currency)s.", currency=field.currency))
    return found.json()


def _date(_field: Definition, raw: Any) -> str | None:
    text = raw.isoformat() if isinstance(raw, (dt.date, dt.datetime)) else clean_line(_as_text(raw))
    if not text:
        return None
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[T ]\d\d:\d\d.*)?", text)
    try:
        day = dt.date.fromisoformat(match[1]) if match else None
    except ValueError:
        day = None
    if day is None or day.year < 1000:
        raise ValueError(Message("“%(text)s” is not a date such as 2026-03-31.", text=shorten(text, 40)))
    return day.isoformat()


def _yes_no(_field: Definition, raw: Any) -> bool | None:
    if isinstance(raw, bool):
        return raw
    word = fold(clean_line(_as_text(raw)))
    if word and word not in _YES | _NO:
        raise ValueError("This must be yes or no.")
    return word in _YES if word else None


def _key(field: Definition, raw: Any) -> str:
    text = clean_line(_as_text(raw))
    key = fold(text)
    for choice in (*field.offered, *field.choices):
        if fold(choice.label) == key:
            return choice.key
    if any(choice.key == text for choice in field.choices):
        return text
    labels = [choice.label for choice in field.offered]
    near = nearest(text, labels)
    said = Message("“%(text)s” is not one of the choices.", text=shorten(text, 60))
    raise ValueError(unknown(said, near, Message("There are: %(known)s.", known=labels[:20])))


def _choice(field: Definition, raw: Any) -> str | None:
    if isinstance(raw, (list, tuple)):
        if len(raw) > 1:
            raise ValueError("Choose one only.")
        raw = raw[0]
    return _key(field, raw) if raw is not None and clean_line(_as_text(raw)) else None


def _choices(field: Definition, raw: Any) -> list[str] | None:
    keys: dict[str, None] = {}
    for part in _parts(field, raw) if isinstance(raw, str) else raw if isinstance(raw, (list, tuple)) else [raw]:
        if clean_line(_as_text(part)):
            keys[_key(field, part)] = None
    # In the order of the list, so that the same choices are the same value.
    return [choice.key for choice in field.choices if choice.key in keys] or None


def _parts(field: Definition, text: str) -> Sequence[str]:
    """The choices in one text: separated by commas, semicolons or lines, quoted where one holds such a mark itself."""
    if any(fold(choice.label) == fold(text) for choice in field.choices):
        return [text]
    found: list[str] = []
    for line in text.replace("\r", "\n").replace("\0", "").split("\n"):
        delimiter = ";" if ";" in line and "," not in line else ","
        found += next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    return found


def _url(field: Definition, raw: Any) -> str | None:
    text = _line(field, raw)
    if text is None:
        return None
    if "://" not in text and re.match(r"[\w-]+(\.[\w-]+)+", text):
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in text
    except ValueError:
        good = False
    if not good:
        raise ValueError("This must be an address that begins with https:// or http://.")
    return text


def _email(field: Definition, raw: Any) -> str | None:
    text = _line(field, raw)
    return check_email(text) if text else None


_CLEANERS: Mapping[Kind, Callable[[Definition, Any], Any]] = {
    "text": _line,
    "long_text": _long(LONGEST_TEXT),
    "number": _number,
    "money": _money,
    "date": _date,
    "yes_no": _yes_no,
    "choice": _choice,
    "choices": _choices,
    "url": _url,
    "email": _email,
    "encrypted": _long(LONGEST_SECRET),
}


# --- what is stored --------------------------------------------------------------------------------------------------


def stored(field: Definition, custom: Mapping[str, Any] | None) -> Any:
    """The stored value of a field, ``None`` when there is none, or one that is not of the field's kind."""
    value = (custom or {}).get(field.key)
    return value if value is not None and _fits(field, value) else None


def _fits(field: Definition, value: Any) -> bool:
    match field.kind:
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        case "money":
            return isinstance(value, dict) and isinstance(value.get("amount"), int) and "currency" in value
        case "yes_no":
            return isinstance(value, bool)
        case "choices":
            return isinstance(value, list) and all(isinstance(key, str) for key in value)
        case "encrypted":
            return isinstance(value, dict) and isinstance(value.get("sealed"), str)
        case "date":
            return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None
        case _:
            return isinstance(value, str)


def as_json(field: Definition, value: Any) -> Any:
    """A stored value as the API gives it: choices by their names, encrypted text masked."""
    if value is None:
        return None
    match field.kind:
        case "choice":
            return field.label_of(value)
        case "choices":
            return [field.label_of(key) for key in value]
        case "encrypted":
            return MASK
        case _:
            return value


def amount(value: Mapping[str, Any]) -> Decimal:
    """Money in its main unit."""
    return Decimal(int(value["amount"])).scaleb(-money.digits_of(str(value["currency"])))


def as_text(field: Definition, value: Any) -> str:
    """A stored value as text that :func:`clean` takes again, the same in every language; encrypted text is masked."""
    if value is None:
        return ""
    match field.kind:
        case "money":
            return str(amount(value))
        case "yes_no":
            return "yes" if value else "no"
        case "choices":
            return _joined([field.label_of(key) for key in value])
        case _:
            return str(as_json(field, value))


def _joined(labels: Sequence[str]) -> str:
    """Choices as one line; those that hold a mark that separates them are quoted."""
    if not any(mark in label for label in labels for mark in ',;"\n'):
        return ", ".join(labels)
    return ", ".join('"' + label.replace('"', '""') + '"' for label in labels)
