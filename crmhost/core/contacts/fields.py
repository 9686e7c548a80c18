"""The fields of a contact as forms, API and imports give them: cleaned and checked, without a look at the database."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from ...messages import Message
from ..text import clean_json, clean_line, clean_text, fold, nearest, shorten, unknown
from .cleaned import Cleaned, as_text, external_ids, keep_in_notes, line, socials, table
from .countries import country_code, country_names
from .emails import check_email, email_key

#: Fields of one line, with their longest length.
LINES = {"prefix": 40, "first_name": 120, "last_name": 120, "avatar": 200, "source": 60}
PHONES = ("home_phone", "work_phone", "mobile_phone")
PHONE_LENGTH = 60
ADDRESSES = ("address1", "address2")
#: Parts of an address, with their longest length.
ADDRESS_PARTS = {"line1": 200, "line2": 200, "city": 120, "county": 120, "postal_code": 40, "country": 2}
NOTES_LENGTH = 100_000
MOST_EMAILS = 20
MOST_TAGS = 50
#: Columns whose old and new values stand in changes and in the audit log.
COLUMNS = (
    *LINES,
    *PHONES,
    *ADDRESSES,
    "notes",
    "socials",
    "custom",
    "assigned_to_id",
    "created_at",
    "last_contacted_at",
)

_EARLIEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
_SOCIAL = "social_"
_CUSTOM = "custom."
_DATES = {"created_at": Message("The date added"), "last_contacted_at": Message("The date of the last contact")}
_PARTS = {
    "line1": Message("line 1"),
    "line2": Message("line 2"),
    "city": Message("city"),
    "county": Message("county"),
    "postal_code": Message("postal code"),
}
_NAMES = {
    "first_name": Message("The first name"),
    "last_name": Message("The last name"),
    "prefix": Message("The prefix"),
    "avatar": Message("The avatar"),
    "source": Message("The source"),
}


def clean(fields: Mapping[str, Any], zone: ZoneInfo, now: dt.datetime, *, lenient: bool = False) -> Cleaned:
    """Cleans and checks fields. What it gave may be handed to it again.

    :param fields: names as in the class :class:`Contact`, and ``emails`` (main one first), ``tags``, ``status``,
        ``assigned_to``, ``external_ids``, ``address1_city`` …, ``social_x`` …, ``custom`` (key -> value),
        ``custom.KEY``, ``more_notes`` (added below the notes).
    :param zone: zone of times that name none; a date without a time means noon there.
    :param lenient: for imports: an unknown country or date goes to the notes and is remarked instead of refused.
    """
    cleaned = Cleaned()
    for field, value in fields.items():
        reader = _READERS.get(field)
        if reader is not None:
            reader(cleaned, field, value)
        elif field in _DATES:
            _date(cleaned, field, value, zone, now, lenient)
        elif field in ADDRESSES:
            _address(cleaned, field, value, lenient)
        elif field.startswith(("address1_", "address2_")) and field[9:] in ADDRESS_PARTS:
            _address_part(cleaned, field, field[9:], value, lenient)
        elif field.startswith(_CUSTOM) and len(field) > len(_CUSTOM):
            cleaned.values[field] = clean_json(value)
        elif field.startswith(_SOCIAL) and len(field) > len(_SOCIAL):
            line(cleaned, field, value, 300, Message("The profile"))
        else:
            cleaned.refuse(
                field, Message("A contact has no field “%(field)s”.", field=shorten(clean_line(str(field)), 60))
            )
    _add_overflow(cleaned)
    return cleaned


def fold_parts(values: dict[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """The values with flat parts (``address1_city``, ``social_x``) put into their dictionaries, over what is stored.

    :param current: columns of the contact, empty for a new one.

    ``more_notes`` is added below the notes, unless it stands there already.
    """
    plain = {
        field: value for field, value in values.items() if not field.startswith(("address1_", "address2_", _SOCIAL))
    }
    for field, value in values.items():
        if field in plain:
            continue
        whole, part = ("socials", field.removeprefix(_SOCIAL)) if field.startswith(_SOCIAL) else (field[:8], field[9:])
        table = dict(plain[whole] if whole in plain else current.get(whole) or {})
        table.pop(part, None)
        if value:
            table[part] = value
        plain[whole] = table
    more = plain.pop("more_notes", "")
    if more:
        notes = plain["notes"] if "notes" in plain else current.get("notes", "")
        plain["notes"] = notes if more in notes else f"{notes}\n{more}".strip()[:NOTES_LENGTH]
    return plain


# --- one reader per kind of field ------------------------------------------------------------------------------------


def _line(cleaned: Cleaned, field: str, value: object) -> None:
    line(cleaned, field, value, LINES[field], _NAMES[field])


def _phone(cleaned: Cleaned, field: str, value: object) -> None:
    # However odd, a phone number never refuses a person: what does not fit goes to the notes.
    text = clean_line(
        value if isinstance(value, str) else "" if value is None else json.dumps(clean_json(value), default=str)
    )
    if len(text) > PHONE_LENGTH:
        keep_in_notes(cleaned, field, text, Message("was too long for a phone number"))
        text = text[:PHONE_LENGTH].rstrip()
    cleaned.values[field] = text


def _notes(cleaned: Cleaned, field: str, value: object) -> None:
    text = as_text(cleaned, field, value)
    if text is None:
        return
    text = clean_text(text)
    if len(text) > NOTES_LENGTH:
        cleaned.refuse(
            field,
            Message(
                "The notes are too long: at most %(longest)s characters, these have %(count)s.",
                longest=NOTES_LENGTH,
                count=len(text),
            ),
        )
    else:
        cleaned.values[field] = text


def _emails(cleaned: Cleaned, field: str, value: object) -> None:
    given = [value] if field == "email" else value.replace(";", ",").split(",") if isinstance(value, str) else value
    if given is None:
        given = []
    if not isinstance(given, (list, tuple)):
        cleaned.refuse(field, "Give the e-mail addresses as a list.")
        return
    if len(given) > MOST_EMAILS:
        cleaned.refuse(field, Message("A contact has at most %(most)s e-mail addresses.", most=MOST_EMAILS))
        return
    found: dict[str, str] = {}
    for item in given:
        text = as_text(cleaned, field, item)
        if not text or not text.strip():
            continue
        try:
            email = check_email(text)
        except ValueError as error:
            cleaned.refuse(field, str(error))
            continue
        found.setdefault(email_key(email), email)
    cleaned.values[field] = next(iter(found.values()), "") if field == "email" else list(found.values())


def _tags(cleaned: Cleaned, field: str, value: object) -> None:
    if isinstance(value, str):
        # Mailchimp writes a quoted list inside the cell: "lead","vip".
        value = next(
            csv.reader([value.replace("\n", ",").replace("\r", ",").replace("\0", "")], skipinitialspace=True), []
        )
    names: dict[str, str] = {}
    if value is not None and not (isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)):
        cleaned.refuse(field, "Give the tags as a list of names.")
        return
    for item in value or ():
        name = clean_line(item)
        if len(name) > 80 or len(fold(name)) > 80:
            cleaned.refuse(
                field, Message("The tag “%(name)s” is too long: at most 80 characters.", name=shorten(name, 60))
            )
        elif name:
            names.setdefault(fold(name) or name, name)
    if len(names) > MOST_TAGS:
        cleaned.refuse(field, Message("At most %(most)s tags can be given.", most=MOST_TAGS))
    cleaned.values[field] = list(names.values())


def _reference(cleaned: Cleaned, field: str, value: object) -> None:
    if value is None or (isinstance(value, (str, int)) and not isinstance(value, bool)):
        cleaned.values[field] = clean_line(value) if isinstance(value, str) else value
    else:
        cleaned.refuse(field, Message("“%(field)s” must be a name or a number.", field=field))


def _address(cleaned: Cleaned, field: str, value: object, lenient: bool) -> None:
    if value is not None and not isinstance(value, Mapping):
        cleaned.refuse(field, Message("Give the address as an object: %(names)s.", names=list(ADDRESS_PARTS)))
        return
    parts = Cleaned()
    for part, item in (value or {}).items():
        if part in ADDRESS_PARTS:
            _address_part(parts, f"{field}_{part}", part, item, lenient)
        else:
            cleaned.refuse(field, Message("An address has no “%(part)s”.", part=shorten(clean_line(str(part)), 60)))
    for name, sentences in parts.errors.items():
        cleaned.errors.setdefault(name, []).extend(sentences)
    cleaned.remarks += parts.remarks
    cleaned.values[field] = {name[9:]: text for name, text in parts.values.items() if text and name != "overflow"}
    cleaned.values.setdefault("overflow", []).extend(parts.values.get("overflow", ()))


def _address_part(cleaned: Cleaned, field: str, part: str, value: object, lenient: bool) -> None:
    if part != "country":
        line(cleaned, field, value, ADDRESS_PARTS[part], Message("The address (%(part)s)", part=_PARTS[part]))
        return
    text = as_text(cleaned, field, value)
    if text is None:
        return
    text = clean_line(text)
    code = country_code(text) if text else ""
    if code is not None:
        cleaned.values[field] = code
    elif lenient:
        keep_in_notes(cleaned, "country", text, Message("is not a country we know"))
    else:
        near = nearest(text, country_names())
        said = Message("“%(text)s” is not a country we know.", text=shorten(text, 60))
        cleaned.refuse(field, unknown(said, near))


def _date(cleaned: Cleaned, field: str, value: object, zone: ZoneInfo, now: dt.datetime, lenient: bool) -> None:
    if value is None or value == "":
        cleaned.values[field] = None
        return
    try:
        moment = instant(value, zone)
    except (ValueError, TypeError, OverflowError):
        moment = None
    if moment is not None and _EARLIEST <= moment <= now + dt.timedelta(days=1):
        cleaned.values[field] = moment
        return
    shown = shorten(clean_line(str(value)), 60)
    why = Message("is not a date such as 2026-03-31" if moment is None else "lies in the future or before 1900")
    if lenient:
        keep_in_notes(cleaned, field, shown, why)
    else:
        cleaned.refuse(field, Message("%(label)s “%(shown)s” %(why)s.", label=_DATES[field], shown=shown, why=why))


def instant(value: object, zone: ZoneInfo) -> dt.datetime:
    """The instant that a datetime, a date or an ISO 8601 text means; a date without a time is noon in ``zone``.

    :raises ValueError: when it is none.
    """
    if isinstance(value, str):
        text = clean_line(value)
        value = (
            dt.date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else dt.datetime.fromisoformat(text)
        )
    if isinstance(value, dt.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(dt.UTC)
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time(12), zone).astimezone(dt.UTC)
    raise ValueError("not a date")


def _add_overflow(cleaned: Cleaned) -> None:
    """Puts what found no place elsewhere below the notes."""
    overflow = cleaned.values.pop("overflow", None)
    if overflow:
        cleaned.values["more_notes"] = "\n".join(overflow)[:NOTES_LENGTH]


_READERS: dict[str, Callable[[Cleaned, str, Any], None]] = {
    **dict.fromkeys(LINES, _line),
    **dict.fromkeys(PHONES, _phone),
    "notes": _notes,
    "more_notes": _notes,
    "email": _emails,
    "emails": _emails,
    "tags": _tags,
    "status": _reference,
    "assigned_to": _reference,
    "external_ids": external_ids,
    "socials": socials,
    "custom": table,
}
