"""The fields of a company as forms, API and imports give them: cleaned and checked."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from crmhost.api import Invalid, Message, Work, custom_fields, record_fields, texts

from . import statuses
from .models import KIND, Company

LONGEST_NAME = 200
PHONES = ("main_phone", "second_phone")
ADDRESSES = ("address1", "address2")
#: Columns whose old and new values stand in changes and in the audit log.
COLUMNS = ("name", "email", *PHONES, *ADDRESSES, "notes", "source", "socials", "custom", "assigned_to_id", "created_at")
#: Fields that a company shares with other kinds of records.
_SHARED = (
    "email", *ADDRESSES, "notes", "more_notes", "socials", "custom", "tags", "status", "assigned_to", "external_ids", "source",
    "created_at",
)  # fmt: skip
_PARTS = ("address1_", "address2_", "social_", "custom.")
#: What phones are called where they are cleaned.
_AS_PHONE = {"main_phone": "work_phone", "second_phone": "home_phone"}


def prepare(
    work: Work, fields: Mapping[str, Any], company: Company | None, *, required: bool = False, lenient: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """The fields as they will be stored, and remarks on what was kept in another way than asked.

    :param fields: names as in the class :class:`Company`, and ``tags``, ``status``, ``assigned_to``, ``external_ids``,
        ``address1_city`` …, ``social_x`` …, ``custom`` (key -> value), ``custom.KEY``, ``more_notes`` (added below the notes).
    :param company: the one that is changed, ``None`` for a new one.
    :param required: whether custom fields that have to be filled in are asked for.
    :param lenient: for imports: an unknown country or date goes to the notes and is remarked instead of refused.
    :raises Invalid: sentences by field.
    """
    cleaned = _cleaned(work, fields, lenient=lenient)
    _settle_custom(work, cleaned, company.custom if company else None, required=required, lenient=lenient)
    values = record_fields.fold_parts(cleaned.values, vars(company) if company else {})
    _resolve(work, cleaned, values, lenient=lenient)
    if company is None and not values.get("name") and "name" not in cleaned.errors:
        cleaned.refuse("name", "Give the company a name.")
    if cleaned.errors:
        raise Invalid(cleaned.errors)
    return values, cleaned.remarks


def _cleaned(work: Work, fields: Mapping[str, Any], *, lenient: bool) -> record_fields.Cleaned:
    shared = {name: value for name, value in fields.items() if name in _SHARED or name.startswith(_PARTS)}
    shared |= {_AS_PHONE[name]: fields[name] for name in PHONES if name in fields}
    cleaned = record_fields.clean(shared, work.timezone, work.now, lenient=lenient)
    for name, known in _AS_PHONE.items():
        if known in cleaned.values:
            cleaned.values[name] = cleaned.values.pop(known)
    for name in fields:
        if name not in _SHARED and name not in PHONES and name != "name" and not name.startswith(_PARTS):
            shown = texts.shorten(texts.clean_line(str(name)), 60)
            cleaned.refuse(name, Message("A company has no field “%(field)s”.", field=shown))
    if "name" in fields:
        _name(cleaned, fields["name"])
    return cleaned


def _name(cleaned: record_fields.Cleaned, value: object) -> None:
    if not isinstance(value, str) and value is not None:
        cleaned.refuse("name", Message("“%(field)s” must be text.", field="name"))
        return
    name = texts.clean_line(value or "")
    if not any(unicodedata.category(sign)[0] not in "CZ" for sign in name):
        cleaned.refuse("name", "Give the company a name.")
    elif len(name) > LONGEST_NAME:
        said = Message("The name is too long: at most %(longest)s characters.", longest=LONGEST_NAME)
        cleaned.refuse("name", said)
    else:
        cleaned.values["name"] = name


def _settle_custom(
    work: Work, cleaned: record_fields.Cleaned, current: Mapping[str, Any] | None, *, required: bool, lenient: bool
) -> None:
    """Puts ``custom`` and ``custom.KEY`` together: all custom fields as they are to be stored."""
    given = custom_fields.given_of(cleaned.values)
    if "custom" in cleaned.errors or (given is None and not required):
        return
    for name in [name for name in cleaned.values if name.startswith("custom.")]:
        del cleaned.values[name]
    found = custom_fields.check(work, KIND, given or {}, current, required=required, lenient=lenient)
    cleaned.errors.update(found.errors)
    for label, text, why in found.left:
        cleaned.remarks.append(Message("%(name)s: %(why)s It was put into the notes.", name=label, why=why))
        more = (cleaned.values.get("more_notes", ""), f"{label}: {text}")
        cleaned.values["more_notes"] = "\n".join(filter(None, more))
    cleaned.values["custom"] = found.values


def _resolve(work: Work, cleaned: record_fields.Cleaned, values: dict[str, Any], *, lenient: bool) -> None:
    """Puts ids in the places of the names of statuses and users."""
    for name, find in (("assigned_to", record_fields.assignee), ("status", _status_id)):
        if name not in values:
            continue
        try:
            found = find(work, values.pop(name))
        except Invalid as error:
            if not lenient:
                cleaned.refuse(name, str(error))
                continue
            cleaned.remarks.append(str(error))
        else:
            if name == "assigned_to" or found is not None:
                values[f"{name}_id"] = found


def _status_id(work: Work, value: Any) -> int | None:
    return None if value in (None, "") else statuses.find(work, value).id


def derived(values: Mapping[str, Any]) -> dict[str, str]:
    """The folded columns that lists sort by."""
    return {
        "name_key": texts.fold(values.get("name") or "")[:LONGEST_NAME],
        "email_key": record_fields.email_key(values.get("email") or ""),
    }


def document(work: Work, values: Mapping[str, Any]) -> str:
    """What a company is found by: its name, e-mail address, the digits of its phones, and texts of custom fields."""
    phones = ("".join(re.findall(r"\d", values.get(name) or "")) for name in PHONES)
    words = (
        values.get("name"),
        values.get("email"),
        *phones,
        *custom_fields.searched(work, KIND, values.get("custom")),
    )
    return " ".join(word for word in words if word)


def readable(work: Work, values: Mapping[str, Any], other: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Fields as they stand in the audit log: custom fields one by one, readable, encrypted text masked."""
    if "custom" not in values:
        return dict(values)
    custom, compared = values["custom"] or {}, (other or {}).get("custom") or {}
    keys = [key for key in {**custom, **compared} if custom.get(key) != compared.get(key)]
    rest = {name: value for name, value in values.items() if name != "custom"}
    return {**rest, **custom_fields.audited(work, KIND, custom, keys)}
