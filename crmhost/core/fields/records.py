"""The custom fields of one record: checking what is given, showing, merging, and opening what is encrypted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...errors import Invalid, NotFound
from ...messages import Message
from ...work.unit import Work
from ..settings.services import seal, unseal
from ..text import clean_line, nearest, shorten, unknown
from .definitions import PREFIX, by_key, definitions
from .kinds import MASK, SEARCHED, Definition, Stored, as_json, as_text, clean, stored

#: Who may read encrypted text.
REVEAL = "fields.reveal"
MOST_GIVEN = 1_000


@dataclasses.dataclass
class Checked:
    """What :func:`check` gives.

    :param values: all custom fields of the record as they are to be stored.
    :param errors: sentences by name, such as ``custom.size``.
    :param left: of imports: what can't be stored, with the name of the field and why.
    """

    values: dict[str, Any]
    errors: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    left: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)


def check(
    work: Work,
    object_type: str,
    given: Mapping[str, Any],
    current: Mapping[str, Any] | None,
    *,
    required: bool = False,
    lenient: bool = False,
) -> Checked:
    """Custom fields as they are to be stored, from what a form, the API or a file gives; what is not given stays.

    :param given: key -> value; ``None`` or an empty text takes a value away.
    :param current: what is stored; empty for a new record.
    :param required: whether fields that are asked for must have a value, although they were not given.
    :param lenient: for imports: an unknown field or a value that does not fit is left out and told, not refused.
    """
    if isinstance(given, Stored):
        return Checked(dict(given))
    current = current or {}
    fields = by_key(work, object_type)
    found = Checked(dict(current))
    for key, raw in list(given.items())[:MOST_GIVEN]:
        field = fields.get(key)
        if field is None and key in current and raw == current[key]:
            continue
        try:
            if field is None:
                raise ValueError(_unknown(key, fields))
            _put(work, field, raw, found.values)
        except ValueError as error:
            if lenient:
                found.left.append((field.label if field else key, _said(raw), str(error)))
            else:
                found.errors.setdefault(PREFIX + key, []).append(str(error))
    asked = [field for key, field in fields.items() if field.required and (required or key in given)]
    for field in () if lenient else asked:
        if field.key not in found.values and field.name not in found.errors:
            found.errors[field.name] = [Message("Fill in “%(name)s”.", name=field.label)]
    return found


def _put(work: Work, field: Definition, raw: Any, values: dict[str, Any]) -> None:
    if raw == values.get(field.key) and stored(field, values) is not None:
        return
    if field.kind == "encrypted" and raw == MASK:
        # The masked value that was read comes back: it stays.
        return
    value = clean(field, raw)
    if value is None:
        values.pop(field.key, None)
    elif field.kind == "encrypted":
        if unsealed(work, field, stored(field, values)) != value:
            values[field.key] = {"sealed": seal(work, value, _context(field))}
    else:
        values[field.key] = value


def _unknown(key: str, fields: Mapping[str, Definition]) -> str:
    near = nearest(key, fields)
    said = Message("There is no custom field “%(key)s”.", key=shorten(clean_line(key), 60))
    return unknown(said, near, "Add it under Settings > Field options first.")


def _said(raw: Any) -> str:
    return shorten(clean_line(raw if isinstance(raw, str) else str(raw)), 200)


def shown(work: Work, object_type: str, custom: Mapping[str, Any] | None) -> dict[str, Any]:
    """The custom fields of a record as the API gives them: key -> value, empty ones left out, encrypted text masked."""
    found = {field.key: as_json(field, stored(field, custom)) for field in definitions(work, object_type)}
    return {key: value for key, value in found.items() if value is not None}


def texts(work: Work, object_type: str, custom: Mapping[str, Any] | None) -> dict[str, str]:
    """Every custom field of a record as text, for placeholders; money has its currency, encrypted text is left empty."""
    found = {}
    for field in definitions(work, object_type):
        text = "" if field.kind == "encrypted" else as_text(field, stored(field, custom))
        found[field.key] = f"{text} {field.currency}" if text and field.kind == "money" else text
    return found


def searched(work: Work, object_type: str, custom: Mapping[str, Any] | None) -> list[str]:
    """The texts that a record is found by: those of lines, addresses and e-mails that lists can filter by."""
    fields = [field for field in definitions(work, object_type) if field.filterable and field.kind in SEARCHED]
    return [str(stored(field, custom)) for field in fields if stored(field, custom)]


def exported(work: Work, object_type: str) -> list[Definition]:
    """The custom fields that a file of records holds: those with encrypted text only for who may read it."""
    may = work.can(REVEAL)
    return [field for field in definitions(work, object_type) if may or field.kind != "encrypted"]


def exported_texts(work: Work, fields: Iterable[Definition], custom: Mapping[str, Any]) -> dict[str, str]:
    """The values of these fields as text that an import reads again, those that there are: ``custom.KEY`` -> text.

    Of :func:`exported` fields: whoever exports encrypted text writes that into the audit log.
    """
    found = {}
    for field in fields:
        value = stored(field, custom)
        if value is not None:
            found[field.name] = unsealed(work, field, value) if field.kind == "encrypted" else as_text(field, value)
    return found


def audited(work: Work, object_type: str, custom: Mapping[str, Any] | None, keys: Iterable[str]) -> dict[str, Any]:
    """Some custom fields as they stand in the audit log: readable, and encrypted text masked."""
    fields = by_key(work, object_type)
    return {PREFIX + key: as_json(fields[key], stored(fields[key], custom)) for key in keys if key in fields}


def merged(work: Work, object_type: str, records: Sequence[Mapping[str, Any] | None]) -> dict[str, Any]:
    """One record's custom fields from several: the first that has a value gives it, several choices are put together.

    :param records: what is stored, the winner first. Write the result through the service of the record, as
        ``{"custom": fields.Stored(…)}``, so that the index follows.
    """
    found: dict[str, Any] = {}
    for custom in records:
        for key, value in (custom or {}).items():
            found.setdefault(key, value)
    for field in definitions(work, object_type):
        if field.kind == "choices":
            chosen = {key for custom in records for key in stored(field, custom) or ()}
            if chosen:
                found[field.key] = [choice.key for choice in field.choices if choice.key in chosen]
    return found


def same_secrets(work: Work, object_type: str, new: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """The new values, with those encrypted texts that are the same as before left as they were."""
    found = dict(new)
    for field in definitions(work, object_type):
        both = stored(field, new), stored(field, old)
        if field.kind == "encrypted" and all(both) and len({unsealed(work, field, value) for value in both}) == 1:
            found[field.key] = old[field.key]
    return found


def reveal(work: Work, object_type: str, object_id: int, key: str, custom: Mapping[str, Any] | None) -> str:
    """The encrypted text of one record; that it was read is written into the audit log.

    :raises Forbidden: when the actor may not read it.
    """
    work.require(REVEAL)
    field = by_key(work, object_type).get(key)
    if field is None or field.kind != "encrypted":
        raise NotFound("encrypted field", shorten(clean_line(key), 60))
    value = stored(field, custom)
    work.audit("field.revealed", object_type, object_id, after={"field": field.label})
    return unsealed(work, field, value)


def unsealed(work: Work, field: Definition, value: Any) -> str:
    """The text of a stored encrypted value. Whoever calls this has asked for the permission and audits it."""
    return unseal(work, value["sealed"], _context(field)) if value else ""


def _context(field: Definition) -> str:
    return f"fields.{field.id}"


def given_of(fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """The custom fields among the fields of a record: ``custom`` and those named ``custom.KEY``; ``None`` without any.

    :raises Invalid: when ``custom`` is no mapping.
    """
    flat = {name.removeprefix(PREFIX): value for name, value in fields.items() if name.startswith(PREFIX)}
    if "custom" not in fields:
        return flat or None
    whole = fields["custom"]
    if isinstance(whole, Stored):
        return whole
    if whole is not None and not isinstance(whole, Mapping):
        raise Invalid({"custom": ["“custom” must be an object with names and values."]})
    return {**(whole or {}), **flat}
