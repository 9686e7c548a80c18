"""The filters of templates. Each is bounded: what goes in and what comes out is of a size that one placeholder may have."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from functools import wraps
from html import unescape
from typing import Any
from urllib.parse import quote

import nh3
from liquid import Undefined
from liquid.builtin.filters import array, math, misc, string
from liquid.exceptions import FilterArgumentError

#: Longest text and list that a filter takes or gives.
LONGEST_TEXT = 500_000
LONGEST_LIST = 5_000
#: Numbers that a filter computes with stay under this.
LARGEST = 10**30

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "sms", "cid"})
_BLANKS = re.compile(r"[\x00-\x20\x7f-\xa0]+")
_DATE_FORMAT = re.compile(r"(?:%[aAbBdHIjmMpSyYeU%]|[^%])*")


def _check(value: object, name: str) -> None:
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            raise FilterArgumentError(f"the text is too long for “{name}”", token=None)
    elif isinstance(value, range):
        # A range says its length only while it fits a machine word.
        if value.stop - value.start > LONGEST_LIST:
            raise FilterArgumentError(f"the list is too long for “{name}”", token=None)
    elif isinstance(value, Sequence):
        if len(value) > LONGEST_LIST:
            raise FilterArgumentError(f"the list is too long for “{name}”", token=None)
    elif isinstance(value, (int, float)) and not -LARGEST < value < LARGEST:
        raise FilterArgumentError(f"the number is too large for “{name}”", token=None)


def _bounded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            _check(value, name)
        result = function(*args, **kwargs)
        _check(result, name)
        return result

    return bounded


def _text(value: object) -> str:
    return "" if value is None else str(value)


def replace(value: object, old: object, new: object = "") -> str:
    """Every ``old`` replaced by ``new``; its size is known before it is made."""
    text, old, new = _text(value), _text(old), _text(new)
    if not old:
        return text
    if len(text) + text.count(old) * (len(new) - len(old)) > LONGEST_TEXT:
        raise FilterArgumentError("the text gets too long in “replace”", token=None)
    return text.replace(old, new)


def join(value: object, separator: object = ", ") -> str:
    """The items of a list as one text."""
    items = [_text(item) for item in value] if isinstance(value, (list, tuple, range)) else [_text(value)]
    between = _text(separator)
    if sum(map(len, items)) + len(items) * len(between) > LONGEST_TEXT:
        raise FilterArgumentError("the text gets too long in “join”", token=None)
    return between.join(items)


def date(value: object, pattern: object = "%Y-%m-%d") -> str:
    """A day or moment by the directives of strftime, without widths; text is read as ISO 8601, other text stays."""
    if value is None or isinstance(value, Undefined):
        return _text(value)
    form = _text(pattern)
    if len(form) > 200 or not _DATE_FORMAT.fullmatch(form):
        raise FilterArgumentError("“date” knows %a %A %b %B %d %H %I %j %m %M %p %S %y %Y", token=None)
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            return _text(value)
    if not isinstance(value, (dt.date, dt.time)):
        return _text(value)
    return value.strftime(form)


def link(value: object) -> str:
    """An address that may stand in a link; “#” for a scheme that runs something (``javascript:``)."""
    text = _text(value).strip()
    scheme = _SCHEME.match(_BLANKS.sub("", text))
    return "#" if scheme and scheme[1].lower() not in _SCHEMES else text


def strip_html(value: object) -> str:
    """The text without tags."""
    return unescape(nh3.clean(_text(value), tags=set()))


def rounded(value: object, digits: object = 0) -> object:
    """A number with so many decimal places, ten at most."""
    try:
        places = min(max(int(_text(digits) or 0), 0), 10)
    except ValueError:
        places = 0
    return math.round_(value, places)


def url_encode(value: object) -> str:
    """The text as a part of an address."""
    return quote(_text(value), safe="")


def same(value: object) -> object:
    """What asks for escaping gets the value: it is escaped when it is written."""
    return value


_TABLE: dict[str, Callable[..., Any]] = {
    "abs": math.abs_,
    "append": string.append,
    "at_least": math.at_least,
    "at_most": math.at_most,
    "capitalize": string.capitalize,
    "ceil": math.ceil,
    "date": date,
    "default": misc.default,
    "divided_by": math.divided_by,
    "downcase": string.downcase,
    "escape": same,
    "escape_once": same,
    "floor": math.floor,
    "join": join,
    "link": link,
    "lstrip": string.lstrip,
    "minus": math.minus,
    "modulo": math.modulo,
    "plus": math.plus,
    "prepend": string.prepend,
    "remove": replace,
    "replace": replace,
    "reverse": array.reverse,
    "round": rounded,
    "rstrip": string.rstrip,
    "size": misc.size,
    "slice": string.slice_,
    "sort": array.sort,
    "split": string.split,
    "strip": string.strip,
    "strip_html": strip_html,
    "times": math.times,
    "truncate": string.truncate,
    "truncatewords": string.truncatewords,
    "upcase": string.upcase,
    "url_encode": url_encode,
}
FILTERS: dict[str, Callable[..., Any]] = {name: _bounded(name, function) for name, function in _TABLE.items()}
