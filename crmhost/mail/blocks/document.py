"""The document of a mail of blocks: read, checked, made clean."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from ...contributions.mail import BlockField, MailBlock
from ...core.text import clean_line, clean_text
from ...errors import Invalid
from ...messages import Message
from ..body import sanitise
from ..render import compile_template
from ..rich import harmless

#: Block types by name.
Types = Mapping[str, MailBlock]
Document = dict[str, Any]

#: The type that holds two columns of blocks.
COLUMNS = "columns"
#: How the width of the two is parted.
SHARES = ("1-1", "1-2", "2-1")
MOST_BLOCKS = 200
#: Characters of a document, as it is stored.
LONGEST = 400_000
LONGEST_LINE = 2_000
LOOK = {"accent": "#3b4fd8", "background": "#f2f4f7"}

_COLOUR = re.compile(r"#[0-9a-f]{6}\Z")
_PICTURE = re.compile(r"/storage/\d{1,18}\?show=1\Z")
_MARKED = re.compile(r"\{\{|\{%|#{2,3}[A-Z]")
#: An address that begins with a placeholder, which alone decides where it leads.
_PLACED = re.compile(r"\{\{[^{}]+\}\}|#{2,3}[A-Z][A-Z0-9_-]*#{2,3}")
_WEB, _OTHER = ("http", "https"), ("mailto", "tel", "sms")


def begin(*blocks: Mapping[str, Any]) -> Document:
    """A document of these blocks, in the usual look."""
    return {"blocks": [dict(block) for block in blocks], "look": dict(LOOK)}


def read(text: str) -> Document:
    """The document that a text is; nothing is checked but that it is an object with a list of blocks.

    :raises Invalid: when it is none.
    """
    if len(text) > LONGEST:
        raise Invalid(Message("This is too long: at most %(longest)s characters.", longest=LONGEST))
    try:
        found = json.loads(text) if text.strip() else begin()
    except (ValueError, RecursionError) as error:
        raise Invalid("This is no document of blocks: it can't be read as JSON.") from error
    if not isinstance(found, dict) or not isinstance(found.get("blocks", []), list):
        raise Invalid("This is no document of blocks: give {“blocks”: […]}.")
    return found


def clean(types: Types, text: str, *, kept: str = "", may: Callable[[str], bool] = lambda _permission: True) -> str:
    """The document as it is stored: known fields alone, texts clean, rich text and HTML harmless, addresses checked.

    Types with a dot that nobody knows belong to a plugin that is off: such blocks stay as they are.

    :param kept: the document as it was; blocks of it that take a permission may stay.
    :param may: whether who writes has a permission.
    :raises Invalid: saying which block, which field, and what to do.
    """
    document = read(text)
    before = _texts(kept)
    counted = iter(range(1, MOST_BLOCKS + 1))
    blocks = [_block(types, one, counted, before, may) for one in document.get("blocks", [])]
    found = json.dumps({"blocks": blocks, "look": _look(document.get("look"))}, ensure_ascii=False)
    if len(found) > LONGEST:
        raise Invalid(Message("This is too long: at most %(longest)s characters.", longest=LONGEST))
    return found


def each(document: Document) -> Iterator[dict[str, Any]]:
    """Its blocks in the order of reading, those in columns after what holds them."""
    for block in document["blocks"]:
        yield block
        for column in block.get("columns", ()):
            yield from column


def lacking(types: Types, document: Document) -> list[Message]:
    """What keeps a mail of this (clean) document from being sent: fields that are empty, types that nobody knows."""
    found = []
    for number, block in enumerate(each(document), 1):
        known = types.get(block["type"])
        if known is None:
            if block["type"] != COLUMNS:
                sentence = "Block %(number)s is of an extension that is off: switch it on, or delete the block."
                found.append(Message(sentence, number=number))
            continue
        found += [
            _at(number, known, field, "This is missing.")
            for field in known.fields
            if field.required and block.get(field.name, field.default) == ""
        ]
    return found


def outline(types: Types, text: str) -> str:
    """A document in words, a line for each block, for who compares two of them."""
    try:
        document = json.loads(clean(types, text))
    except Invalid:
        return text
    lines = []
    for block in each(document):
        known = types.get(block["type"])
        values = [str(block[field.name]) for field in (known.fields if known else ()) if field.name in block]
        said = clean_line(re.sub(r"<[^>]*>", " ", ", ".join(value for value in values if value)))
        lines.append(f"{known.label if known else block['type']}: {said}" if said else (known.label if known else "–"))
    return "\n".join(lines)


# --- a block ---------------------------------------------------------------------------------------------------------


def _block(
    types: Types,
    block: Any,
    counted: Iterator[int],
    before: Collection[str],
    may: Callable[[str], bool],
    *,
    inside: bool = False,
) -> dict[str, Any]:
    number = next(counted, 0)
    if not number:
        raise Invalid(Message("A mail holds at most %(most)s blocks: part it into several.", most=MOST_BLOCKS))
    name = block.get("type") if isinstance(block, dict) else None
    if not isinstance(name, str):
        raise Invalid(Message("Block %(number)s: give an object with its “type”.", number=number))
    if name == COLUMNS:
        if inside:
            raise Invalid(Message("Block %(number)s: columns can't stand in a column.", number=number))
        return _columns(types, block, number, counted, before, may)
    known = types.get(name)
    if known is None:
        if "." in name and len(name) < 120:
            return _unknown(block, number)
        raise Invalid(Message("Block %(number)s: there is no type “%(name)s”.", number=number, name=name[:60]))
    found: dict[str, Any] = {"type": name}
    for field in known.fields:
        value = block.get(field.name)
        if value is not None:
            try:
                found[field.name] = _value(field, value)
            except Invalid as error:
                raise Invalid(_at(number, known, field, error.message)) from error
    if known.permission and not may(known.permission) and _text(found) not in before:
        raise Invalid(
            Message(
                "Block %(number)s (%(type)s): you may not add or change it.", number=number, type=Message(known.label)
            )
        )
    return found


def _columns(
    types: Types,
    block: dict[str, Any],
    number: int,
    counted: Iterator[int],
    before: Collection[str],
    may: Callable[[str], bool],
) -> dict[str, Any]:
    columns = block.get("columns")
    if not isinstance(columns, list) or len(columns) != 2 or not all(isinstance(column, list) for column in columns):
        raise Invalid(Message("Block %(number)s: give two columns, each a list of blocks.", number=number))
    share = block.get("share", SHARES[0])
    if share not in SHARES:
        raise Invalid(Message("Block %(number)s: the columns are parted 1-1, 1-2 or 2-1.", number=number))
    inner = [[_block(types, one, counted, before, may, inside=True) for one in column] for column in columns]
    return {"type": COLUMNS, "share": share, "columns": inner}


def _unknown(block: dict[str, Any], number: int) -> dict[str, Any]:
    """A block of a plugin that is off; it is drawn by nobody, so its values only have to be storable."""
    found: dict[str, Any] = {}
    for key, value in block.items():
        if not isinstance(value, str | bool | int):
            raise Invalid(
                Message("Block %(number)s: its values are texts, whole numbers or yes and no.", number=number)
            )
        found[clean_line(str(key))[:60]] = clean_text(value) if isinstance(value, str) else value
    return found


def _at(number: int, known: MailBlock, field: BlockField, said: str) -> Message:
    return Message(
        "Block %(number)s (%(type)s), %(field)s: %(said)s",
        number=number,
        type=Message(known.label),
        field=Message(field.label),
        said=said if isinstance(said, Message) else Message(said),
    )


def _texts(kept: str) -> set[str]:
    """The blocks of a stored document, each as text."""
    try:
        return {_text(block) for block in each(read(kept))} if kept else set()
    except (Invalid, AttributeError, KeyError, TypeError):
        return set()


def _text(block: Mapping[str, Any]) -> str:
    return json.dumps(block, sort_keys=True)


# --- a value ---------------------------------------------------------------------------------------------------------


def _value(field: BlockField, value: Any) -> Any:
    if field.kind == "number":
        if isinstance(value, bool) or not isinstance(value, int) or not field.least <= value <= field.most:
            raise Invalid(
                Message("Give a whole number from %(least)s to %(most)s.", least=field.least, most=field.most)
            )
        return value
    if field.kind == "switch":
        if not isinstance(value, bool):
            raise Invalid("Say yes or no (true or false).")
        return value
    if not isinstance(value, str):
        raise Invalid("Give a text.")
    return _READERS.get(field.kind, _line)(field, value)


def _line(_field: BlockField, value: str) -> str:
    value = clean_line(value)
    if len(value) > LONGEST_LINE:
        raise Invalid(Message("This is too long: at most %(longest)s characters.", longest=LONGEST_LINE))
    return _filled(value)


def _filled(value: str) -> str:
    """:raises Invalid: when a placeholder in it can't be read by itself, so that none reaches over into another field."""
    if _MARKED.search(value):
        compile_template(value, "html")
    return value


def _rich(_field: BlockField, value: str) -> str:
    return _filled(harmless(clean_text(value)))


def _html(_field: BlockField, value: str) -> str:
    return _filled(sanitise(clean_text(value)))


def _address(field: BlockField, value: str) -> str:
    value = _line(field, value)
    if not value or _PLACED.match(value):
        return value
    try:
        parts = urlsplit(value)
        fine = (
            bool(parts.hostname)
            if parts.scheme.lower() in _WEB
            else parts.scheme.lower() in _OTHER and bool(parts.path)
        )
    except ValueError:
        fine = False
    if not fine:
        raise Invalid(
            "Give the address of a page (https://…), mailto: and an address, tel: and a number, or a placeholder."
        )
    return value


def _picture(field: BlockField, value: str) -> str:
    value = _line(field, value)
    if not value or _PICTURE.match(value):
        return value
    if _MARKED.search(value) or not value.lower().startswith(("https://", "http://")):
        raise Invalid("Choose a picture, or give an address that begins with https://.")
    return _address(field, value)


def _choice(field: BlockField, value: str) -> str:
    if value not in {key for key, _label in field.choices}:
        raise Invalid(Message("Choose one of: %(known)s.", known=[key for key, _label in field.choices]))
    return value


def _colour(_field: BlockField, value: str) -> str:
    value = value.strip().lower()
    if not _COLOUR.match(value):
        raise Invalid("Give a colour such as #3b4fd8.")
    return value


_READERS: Mapping[str, Callable[[BlockField, str], str]] = {
    "rich": _rich,
    "html": _html,
    "address": _address,
    "picture": _picture,
    "choice": _choice,
    "colour": _colour,
}


def _look(given: Any) -> dict[str, str]:
    if given is not None and not isinstance(given, dict):
        raise Invalid("The look of a mail is an object of colours.")
    found = dict(LOOK)
    for name in LOOK:
        value = (given or {}).get(name)
        if value is not None:
            if not isinstance(value, str):
                raise Invalid("Give a colour such as #3b4fd8.")
            found[name] = _colour(BlockField(name=name, label=name), value)
    return found


def names_of(types: Sequence[MailBlock]) -> dict[str, MailBlock]:
    """Types by name, in their order."""
    return {item.name: item for item in types}
