"""Text of cells: kept from being run as a formula by spreadsheets, and taken back; dates of other programs as ISO 8601."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Literal

from crmhost.api import texts

DateOrder = Literal["dmy", "mdy"]

#: What a text begins with that has to be looked at more closely; most texts don't.
SUSPECT = frozenset("'=+-@\t\r\n＝＋－＠")
_GUARDED = re.compile(f"'+[{texts.RUN_BY_SPREADSHEETS}]")
#: Keeps a text from being run; :func:`unguard` gives it back exactly.
guard = texts.guard_cell

_DATE = re.compile(
    r"(?P<a>\d{1,4})\s*[./\s-]\s*(?P<b>\d{1,2}|[^\W\d_]{3,10}\.?)\s*[./,\s-]\s*(?P<c>\d{1,4})"
    r"(?:(?:\s+|T|,\s*|\s+à\s+|\s+at\s+)(?P<h>\d{1,2})[:h](?P<m>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?)?",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    r"(?P<month>[^\W\d_]{3,10})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<rest>\d{4}.*)", re.IGNORECASE
)
_NOTHING = re.compile(r"0{1,4}([./-])0{1,2}\1(?:0{1,4})(?:[ T]00:00(?::00)?)?")
#: First letters of the months, English and French.
_MONTHS = {
    "jan": 1, "feb": 2, "fev": 2, "fév": 2, "mar": 3, "apr": 4, "avr": 4, "may": 5, "mai": 5, "jun": 6, "juin": 6, "jul": 7,
    "juil": 7, "aug": 8, "aou": 8, "aoû": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12, "déc": 12,
}  # fmt: skip


def unguard(text: str) -> str:
    """The text without the apostrophe that keeps it from being run."""
    return text[1:] if text[:1] == "'" and _GUARDED.match(text) else text


def date_order(values: Iterable[str]) -> DateOrder | None:
    """Whether the day or the month comes first in dates such as 06-05-2023; ``None`` when no value tells."""
    for value in values:
        match = _DATE.fullmatch(value.strip())
        if match is None or len(match["a"]) > 2 or not match["b"].isdigit():
            continue
        if 12 < int(match["a"]) <= 31:
            return "dmy"
        if 12 < int(match["b"]) <= 31 or match["half"]:
            return "mdy"
    return None


def iso_date(text: str, order: DateOrder) -> str:
    """A date with or without time as ISO 8601; empty for “0/0/00”; the text itself when it is no date that we know."""
    text = text.strip()
    if _NOTHING.fullmatch(text):
        return ""
    named = _MONTH_FIRST.fullmatch(text)
    match = _DATE.fullmatch(f"{named['day']} {named['month']} {named['rest']}" if named else text)
    if match is None or (len(match["a"]) == 4 and _is_iso(text)):
        return text
    try:
        day = _day(match["a"], match["b"], match["c"], order)
        time = _time(match["h"], match["m"], match["s"], match["half"])
    except (ValueError, KeyError):
        return text
    zone = (match["zone"] or "").upper().replace("Z", "+00:00").replace("UTC", "+00:00").replace("GMT", "+00:00")
    return day.isoformat() if time is None else f"{day.isoformat()}T{time.isoformat()}{zone}"


def _is_iso(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _day(first: str, second: str, third: str, order: DateOrder) -> dt.date:
    if len(first) > 2:
        return dt.date(int(first), _month(second), int(third))
    if not second.isdigit() or order == "dmy":
        return dt.date(_year(third), _month(second), int(first))
    return dt.date(_year(third), int(first), int(second))


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    word = text.lower().rstrip(".")
    return _MONTHS.get(word[:4]) or _MONTHS[word[:3]]


def _year(text: str) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    if len(text) != 2:
        raise ValueError("not a year")
    # As spreadsheets do: 00 to 49 are of this century.
    return year + (2000 if year < 50 else 1900)


def _time(hour: str | None, minute: str | None, second: str | None, half: str | None) -> dt.time | None:
    if hour is None or minute is None:
        return None
    number = int(hour)
    if half:
        if not 1 <= number <= 12:
            raise ValueError("no such hour")
        number = number % 12 + (12 if half.lower().startswith("p") else 0)
    return dt.time(number, int(minute), int(second or 0))
