"""Text as people type it, made fit to be stored, compared and sorted."""

from __future__ import annotations

import difflib
import functools
import re
import sys
import unicodedata
from collections.abc import Iterable
from typing import Any

from sqlalchemy import SQLColumnExpression, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from ..messages import Message

# Overrides and isolates of the writing direction can make a name read as another; marks (U+200E, U+200F) can't.
_DIRECTION = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF])
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROLS_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
# Letters that Unicode does not take apart into a letter and an accent.
_PLAIN = {
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "ħ": "h",
    "ı": "i",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "’": "'",
    "ʼ": "'",
}
_LETTERS = str.maketrans(_PLAIN)
# What folding the case does beyond lower case.
_SPECIAL = {**_PLAIN, "ß": "ss", "ς": "σ"}
#: Sorts after every text that begins like another: ``start <= text < start + LAST``.
LAST = "\U0010ffff"
# Cyrillic letters in the order of the Ukrainian and the Russian alphabet, which is not that of their code points: each its place.
_ALPHABET = str.maketrans(
    {letter: chr(0xE000 + place) for place, letter in enumerate("абвгґдеєжзиіїйклмнопрстуфхцчшщъыьэюя")}
    | {"ё": "\ue006"}
)
# Excel, LibreOffice and Google Sheets run what begins so (OWASP, CSV injection); the wide forms count in Japanese ones.
RUN_BY_SPREADSHEETS = "=+\\-@\t\r\n＝＋－＠"
_RUN = re.compile(f"'*[{RUN_BY_SPREADSHEETS}]")


def clean_line(text: str) -> str:
    """One line of text: NFC, no control characters, no lone surrogates, blanks joined and trimmed."""
    if not (text.isascii() and text.isprintable()):
        text = _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", text).translate(_DIRECTION))
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())


def guard_cell(text: str) -> str:
    """The text of a cell of a CSV file, with an apostrophe before it if a spreadsheet would run it."""
    return f"'{text}" if _RUN.match(text) else text


def clean_text(text: str) -> str:
    """Text of several lines: like :func:`clean_line`, but line ends (as ``\\n``), tabs and inner blanks stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _SURROGATES.sub("\ufffd", _CONTROLS_BUT_LINES.sub("", text).translate(_DIRECTION))
    return unicodedata.normalize("NFC", text).strip()


def clean_json(value: object) -> object:
    """A JSON-able value whose texts and keys are clean; PostgreSQL takes neither NUL nor lone surrogates inside."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_line(str(key)): clean_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_json(item) for item in value]
    return value


def fold(text: str) -> str:
    """Text to compare and search by: no case, no accents, blanks joined. “Émile  Żuławski” gives “emile zulawski”."""
    if not text.isascii():
        parts = unicodedata.normalize("NFKD", _SURROGATES.sub(" ", text))
        plain = "".join(letter for letter in parts if not unicodedata.combining(letter))
        text = unicodedata.normalize("NFC", plain.casefold()).translate(_LETTERS)
    return " ".join(_CONTROLS.sub(" ", text).lower().split())


def sort_key(text: str) -> tuple[str, str]:
    """Where people look for a name in a list: “Émile” among the E, “étape” beside “Étape”, “Йосип” after “Їжак”.

    For names that a page sorts itself, in English, French, Ukrainian and Russian; what the database sorts is folded text.
    """
    return fold(unicodedata.normalize("NFC", text.casefold()).translate(_ALPHABET)), text


class FoldedText(String):
    """Type of text that :func:`fold` made."""


def folded(length: int) -> TypeEngine[str]:
    """Column type of folded text: sorted by code points on both databases, so that one index serves order and prefix."""
    return FoldedText(length).with_variant(FoldedText(length, collation="C"), "postgresql")


class fold_now(FunctionElement[str]):  # noqa: N801  # used like a function
    """What :func:`fold` makes of a text in a query: ``fold_now(Contact.notes)``. No index serves it."""

    type = FoldedText()
    inherit_cache = True

    def __init__(self, text: SQLColumnExpression[str]) -> None:
        super().__init__(text)


@compiles(fold_now, "sqlite")
def _fold_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"crmhost_fold({compiler.process(element.clauses, **options)})"


@compiles(fold_now, "postgresql")
def _fold_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    # Lower case by Unicode, whatever the site's collation is.
    collation = "pg_c_utf8" if (compiler.dialect.server_version_info or (0,)) >= (17,) else "und-x-icu"
    found = f"normalize({compiler.process(element.clauses, **options)}, NFKD)"
    found = f"""normalize(lower(regexp_replace({found}, '[{_marks()}]', '', 'g') COLLATE "{collation}"), NFC)"""
    single = {letter: plain for letter, plain in _SPECIAL.items() if len(plain) == 1}
    for letter, plain in _SPECIAL.items():
        if len(plain) > 1:
            found = f"replace({found}, '{letter}', '{plain}')"
    quoted = "".join(single.values()).replace("'", "''")
    found = f"translate({found}, '{''.join(single)}', '{quoted}')"
    return f"""btrim(regexp_replace({found}, '\\s+', ' ', 'g')) COLLATE "C\""""


@functools.cache
def _marks() -> str:
    """All accents, as ranges of a regular expression."""
    marks = [number for number in range(0x300, sys.maxunicode + 1) if unicodedata.combining(chr(number))]
    runs: list[list[int]] = []
    for number in marks:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in runs)


def nearest(name: str, names: Iterable[str]) -> str:
    """The one of ``names`` that a person who typed ``name`` most likely meant, or an empty text."""
    table = {fold(known): known for known in names}
    found = difflib.get_close_matches(fold(name), table, 1, cutoff=0.5)
    return table[found[0]] if found else ""


def unknown(said: str, near: str, otherwise: str = "") -> str:
    """A sentence that refuses a name, and after it which one was probably meant, or else what to do."""
    hint = Message("Did you mean “%(near)s”?", near=near) if near else otherwise
    return Message.joined([said, hint] if hint else [said])


def shorten(text: str, length: int) -> str:
    """The text, cut with an ellipsis when it is longer than ``length`` characters."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
