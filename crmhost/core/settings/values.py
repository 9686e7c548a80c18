"""Values of settings: from what a form, the API or the command line gives to what is stored."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from ...contributions import Setting
from ...errors import Invalid
from ...messages import Message
from ...work.unit import Work
from ..contacts.emails import check_email
from ..text import clean_json, clean_line, clean_text, fold, nearest, unknown

LONGEST_LINE = 1_000
LONGEST_TEXT = 100_000
MOST_ITEMS = 1_000
_YES = {"1", "true", "yes", "on", "y", "t"}
_NO = {"0", "false", "no", "off", "n", "f", ""}


def parse(work: Work, setting: Setting, raw: Any) -> Any:
    """The value of a setting from raw input, checked by its kind and then by its own ``validate``.

    ``None`` means the default: what an empty field gives for a number.

    :raises ValueError: with a sentence, when it can't be taken.
    """
    value = _PARSERS[setting.kind](raw)
    if setting.kind == "choice" and value != setting.default:
        value = _choice(setting.choices(work) if callable(setting.choices) else setting.choices, value)
    if setting.validate is None or value is None:
        return value
    try:
        return setting.validate(work, value)
    except Invalid as error:
        raise ValueError(str(error)) from error


def _choice(offered: Sequence[tuple[str, str]], text: str) -> str:
    """The value that the text means: itself, or the one whose label it is, in any case."""
    for value, label in offered:
        if str(value) == text or fold(label) == fold(text):
            return str(value)
    near = nearest(text, [label for _, label in offered])
    raise ValueError(f"“{text[:60]}” is not one of the choices." + (f" Did you mean “{near}”?" if near else ""))


def _text(raw: Any) -> str:
    if raw is None:
        return ""
    if isinstance(raw, (str, int, float)) and not isinstance(raw, bool):
        return str(raw)
    raise ValueError(Message("This must be text."))


def _line(raw: Any) -> str:
    text = clean_line(_text(raw))
    if len(text) > LONGEST_LINE:
        raise ValueError(f"This is too long: at most {LONGEST_LINE:,} characters.")
    return text


def _long_text(raw: Any) -> str:
    text = clean_text(_text(raw))
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"This is too long: at most {LONGEST_TEXT:,} characters.")
    return text


def _integer(raw: Any) -> int | None:
    if raw in (None, ""):
        return None
    try:
        if isinstance(raw, (bool, float)) or len(str(raw)) > 20:
            raise ValueError
        number = int(clean_line(raw)) if isinstance(raw, str) else int(raw)
    except (ValueError, TypeError) as error:
        raise ValueError(Message("This must be a whole number.")) from error
    if abs(number) > 2**53:
        raise ValueError(Message("This number is too large."))
    return number


def _number(raw: Any) -> float | None:
    if raw in (None, ""):
        return None
    try:
        if isinstance(raw, bool):
            raise ValueError
        number = float(clean_line(raw)) if isinstance(raw, str) else float(raw)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(Message("This must be a number.")) from error
    if not math.isfinite(number):
        raise ValueError(Message("This must be a number."))
    return number


def _boolean(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = clean_line(_text(raw)).lower()
    if word not in _YES | _NO:
        raise ValueError(Message("This must be yes or no."))
    return word in _YES


def _list(raw: Any) -> list[str]:
    parts = re.split(r"[\n,]", clean_text(raw)) if isinstance(raw, str) else [] if raw is None else raw
    if not isinstance(parts, (list, tuple)):
        raise ValueError(Message("This must be a list."))
    items = [item for item in (clean_line(_text(part)) for part in parts) if item]
    if len(items) > MOST_ITEMS or any(len(item) > LONGEST_LINE for item in items):
        raise ValueError(f"This is too long: at most {MOST_ITEMS:,} items of at most {LONGEST_LINE:,} characters.")
    return items


def _email(raw: Any) -> str:
    text = _line(raw)
    return check_email(text) if text else ""


def _url(raw: Any) -> str:
    text = _line(raw)
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in text:
        raise ValueError(Message("This must be an address that begins with https:// or http://."))
    return text


def _json(raw: Any) -> Any:
    try:
        value = clean_json(json.loads(raw) if isinstance(raw, str) else raw)
        size = len(json.dumps(value, allow_nan=False))
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(Message("This is not valid JSON.")) from error
    if size > LONGEST_TEXT:
        raise ValueError(f"This is too long: at most {LONGEST_TEXT:,} characters.")
    return value


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "text": _line,
    "long_text": _long_text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "choice": _line,
    "list": _list,
    "email": _email,
    "url": _url,
    "secret": _long_text,
    "json": _json,
}


# --- checks of the general settings ----------------------------------------------------------------------------------


def check_currency(_work: Work, value: Any) -> str:
    """An ISO 4217 code."""
    import pycountry

    code = str(value).upper()
    if pycountry.currencies.get(alpha_3=code) is None:
        raise Invalid(
            Message("“%(value)s” is not a currency: give the three letters of ISO 4217, such as EUR.", value=value)
        )
    return code


@functools.cache
def time_zones() -> frozenset[str]:
    """Names of the IANA time zone database; reading them takes a walk through a hundred folders."""
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


def check_time_zone(_work: Work, value: Any) -> str:
    """A name of the IANA time zone database."""
    zones = time_zones()
    if value in zones:
        return str(value)
    near = nearest(str(value), zones)
    said = Message("“%(value)s” is not a time zone.", value=value)
    raise Invalid(unknown(said, near, Message("Give one such as Europe/Berlin.")))


def check_date_format(_work: Work, value: Any) -> str:
    """A named format or a pattern of Unicode TR 35 with day, month and year."""
    if value in ("short", "medium", "long", "full"):
        return str(value)
    plain = re.sub(r"'[^']*'", "", str(value))
    whole = all(re.search(part, plain) for part in ("d", "[ML]", "y"))
    if len(value) > 40 or not whole or not re.fullmatch(r"[dMyLEc./,\- ]+", plain):
        raise Invalid(
            Message(
                "“%(value)s” is not a date format: give short, medium, long, or a pattern such as dd.MM.yyyy.",
                value=value,
            )
        )
    return str(value)


def check_language(_work: Work, value: Any) -> str:
    """A language code that the site can show dates and numbers in; empty for that of each browser."""
    from babel import Locale, UnknownLocaleError

    if not value:
        return ""
    try:
        return str(Locale.parse(str(value).replace("-", "_")))
    except (UnknownLocaleError, ValueError, TypeError) as error:
        raise Invalid(Message("“%(value)s” is not a language: give a code such as en or fr.", value=value)) from error
