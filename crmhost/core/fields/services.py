"""Custom fields: adding, changing, ordering, deleting and restoring their definitions."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from ...errors import Conflict, Invalid, NotFound
from ...messages import Message
from ...work.unit import Change, Work
from ..keyset import valid_id
from ..settings.values import check_currency
from ..text import clean_line, fold
from . import choices, scans
from .conditions import condition, of_filters
from .definitions import always_filterable, by_key, definition, definitions, forget, object_of, objects
from .index import drop
from .index import write as write_index
from .kinds import CHOOSING, FILTERABLE, KINDS, SIMPLE_KINDS, Definition, Stored, kind_of
from .models import Field
from .orders import ValueOrder, order
from .records import audited, check, exported, exported_texts, given_of, merged, reveal, searched, shown, texts

__all__ = [
    "SIMPLE_KINDS",
    "Definition",
    "Stored",
    "ValueOrder",
    "add",
    "audited",
    "by_key",
    "change",
    "check",
    "condition",
    "count_values",
    "definitions",
    "delete",
    "deleted",
    "drop",
    "encrypted",
    "erase",
    "exported",
    "exported_texts",
    "get",
    "given_of",
    "merged",
    "objects",
    "of_filters",
    "order",
    "reorder",
    "restore",
    "reveal",
    "searched",
    "shown",
    "texts",
    "write_index",
]

MANAGE = "fields.manage"
#: Fields of one kind of record.
MOST = 200
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_AUDITED = ("label", "choices", "currency", "help", "section", "required", "filterable")


def get(work: Work, field_id: int) -> Definition:
    """A custom field.

    :raises NotFound: when there is none, or it was deleted.
    """
    return definition(_row(work, field_id))


def encrypted(work: Work) -> list[Definition]:
    """The fields with encrypted text, of all kinds of records."""
    return [field for item in objects(work) for field in definitions(work, item.name) if field.kind == "encrypted"]


def deleted(work: Work, object_type: str) -> list[Field]:
    """Deleted fields whose values are still kept, the latest first."""
    work.require(MANAGE)
    gone = select(Field).where(Field.deleted_at.is_not(None)).order_by(Field.deleted_at.desc())
    found = work.once(("fields.deleted",), lambda: work.session.scalars(gone).all())
    return [field for field in found if field.object == object_type]


def add(work: Work, fields: Mapping[str, Any]) -> Definition:
    """Adds a custom field at the end.

    :param fields: ``object`` (contact unless given), ``label``, ``kind``, and as needed ``key`` (made from the label unless
        given), ``choices`` (names, or see :mod:`.choices`), ``currency``, ``help``, ``section``, ``required``, ``filterable``.
    :raises Invalid: sentences by field.
    :raises Conflict: when a deleted field still holds the key.
    """
    work.require(MANAGE)
    errors: dict[str, list[str]] = {}
    object_type = str(fields.get("object") or "contact")
    _require_object(work, object_type)
    rows = _rows(work, object_type)
    if len([row for row in rows if row.deleted_at is None]) >= MOST:
        raise Invalid(Message("There can be at most %(most)s custom fields: delete one first.", most=MOST))
    values = _words(fields, errors)
    if not values.get("label"):
        errors.setdefault("label", ["Give the field a name."])
    elif any(fold(row.label) == fold(values["label"]) for row in rows if row.deleted_at is None):
        errors["label"] = [Message("There is a field “%(name)s” already.", name=values["label"])]
    kind = kind_of(str(fields.get("kind") or ""))
    if kind is None:
        errors["kind"] = [Message("Choose one of the kinds: %(kinds)s.", kinds=list(KINDS))]
    key = _new_key(fields, values.get("label", ""), rows, errors)
    offered = choices.read(fields.get("choices"), errors) if kind in CHOOSING else []
    if kind in CHOOSING and not offered and "choices" not in errors:
        errors["choices"] = ["Give at least one choice."]
    currency = _currency(work, fields, errors) if kind == "money" else ""
    if errors or kind is None:
        raise Invalid(errors)
    wanted = fields.get("filterable")
    row = Field(
        object=object_type,
        key=key,
        kind=kind,
        choices=choices.made(offered, []),
        currency=currency,
        position=max((row.position for row in rows), default=-1) + 1,
        created_at=work.now,
        **{"help": "", "section": "", **values},
    )
    row.required = bool(fields.get("required"))
    row.filterable = kind in FILTERABLE and (always_filterable(kind) or wanted is None or bool(wanted))
    work.session.add(row)
    work.session.flush()
    forget(work)
    after = {"object": object_type, "key": key, "kind": kind, **_shown(row)}
    work.audit("custom_field.added", "custom_field", row.id, after=after)
    work.changed(Change("custom_field.added", "custom_field", row.id, {}, {"object": object_type, "key": key}))
    return definition(row)


def change(work: Work, field_id: int, fields: Mapping[str, Any]) -> Definition:
    """Changes a custom field; what is not given stays. Its key and its kind stay as they are.

    :param fields: as for :func:`add`; with ``choices`` also ``replaced``, see :func:`crmhost.core.fields.choices.change`.
    :raises Invalid: sentences by field; for ``choices`` also when one that goes is in use and nobody said what takes its place.
    """
    work.require(MANAGE)
    row = _row(work, field_id)
    errors: dict[str, list[str]] = {}
    before = _shown(row)
    values = _words(fields, errors)
    if "label" in fields and not values.get("label"):
        errors.setdefault("label", ["Give the field a name."])
    for other in _rows(work, row.object):
        if other is not row and other.deleted_at is None and fold(other.label) == fold(values.get("label", "")):
            errors["label"] = [Message("There is a field “%(name)s” already.", name=values["label"])]
    kind = kind_of(str(fields["kind"])) if fields.get("kind") else row.kind
    if kind != row.kind:
        errors["kind"] = ["The kind of a field can't be changed: add a new field, and delete this one."]
    for name in ("key", "object"):
        if fields.get(name) not in (None, "", getattr(row, name)):
            errors[name] = ["This can't be changed: exports, templates and other programs know the field by it."]
    if row.kind == "money" and "currency" in fields and _currency(work, fields, errors) != row.currency:
        errors.setdefault("currency", ["The currency can't be changed: add a new field, and delete this one."])
    anew = False
    if row.kind in CHOOSING and "choices" in fields:
        anew = choices.change(work, row, choices.read(fields["choices"], errors), fields.get("replaced") or {}, errors)
    if errors:
        raise Invalid(errors)
    for name, value in values.items():
        setattr(row, name, value)
    if "required" in fields:
        row.required = bool(fields["required"])
    if "filterable" in fields and row.kind in FILTERABLE and not always_filterable(row.kind):
        anew = anew or row.filterable != bool(fields["filterable"])
        row.filterable = bool(fields["filterable"])
    work.session.flush()
    forget(work)
    if anew:
        scans.reindex(work, row)
    after = _shown(row)
    changed = {name for name in after if after[name] != before[name]}
    if changed:
        was, now = ({name: side[name] for name in sorted(changed)} for side in (before, after))
        work.audit("custom_field.changed", "custom_field", row.id, before=was, after=now)
        work.changed(Change("custom_field.changed", "custom_field", row.id, was, now))
    return definition(row)


def reorder(work: Work, object_type: str, ids: Sequence[int]) -> None:
    """Puts the fields of a kind of record into this order; those not named follow in the order they had."""
    work.require(MANAGE)
    rows = [row for row in _rows(work, object_type) if row.deleted_at is None]
    place = {key: number for number, key in enumerate(ids)}
    ordered = sorted(rows, key=lambda row: place.get(row.id, len(place)))
    if ordered == rows:
        return
    for position, row in enumerate(ordered):
        row.position = position
    work.session.flush()
    forget(work)
    before, after = [row.label for row in rows], [row.label for row in ordered]
    work.audit("custom_field.reordered", "custom_field", "", before=before, after=after)


def count_values(work: Work, field_id: int) -> int:
    """How many records, those in a bin too, have a value; of a field that is not indexed all of them are looked through."""
    work.require(MANAGE)
    return scans.count(work, _row(work, field_id, gone=True))


def delete(work: Work, field_id: int) -> Definition:
    """Deletes a field. Its values are kept for thirty days, so that :func:`restore` can bring everything back."""
    work.require(MANAGE)
    row = _row(work, field_id)
    row.deleted_at = work.now
    work.session.flush()
    forget(work)
    work.enqueue("fields.erase", due=work.now + dt.timedelta(days=scans.KEPT_DAYS), field_id=row.id)
    work.audit("custom_field.deleted", "custom_field", row.id, before={"key": row.key, **_shown(row)})
    work.changed(Change("custom_field.deleted", "custom_field", row.id, {"object": row.object, "key": row.key}, {}))
    return definition(row)


def restore(work: Work, field_id: int) -> Definition:
    """Brings a deleted field back with all its values.

    :raises Conflict: when its values are being erased, or another field has its name by now.
    """
    work.require(MANAGE)
    row = _row(work, field_id, gone=True)
    if row.deleted_at is None:
        return definition(row)
    if row.erasing:
        raise Conflict("The values of this field are being erased: add a new field.")
    others = _rows(work, row.object)
    if any(other.deleted_at is None and fold(other.label) == fold(row.label) for other in others):
        raise Conflict(Message("There is a field “%(name)s” by now: rename that one first.", name=row.label))
    row.deleted_at = None
    work.session.flush()
    forget(work)
    # What was saved meanwhile did not write its index.
    if row.filterable:
        scans.reindex(work, row)
    work.audit("custom_field.restored", "custom_field", row.id, after={"key": row.key, **_shown(row)})
    after = {"object": row.object, "key": row.key}
    work.changed(Change("custom_field.restored", "custom_field", row.id, {}, after))
    return definition(row)


def erase(work: Work, field_id: int) -> None:
    """Erases a deleted field and its values for good, by a job."""
    work.require(MANAGE)
    row = _row(work, field_id, gone=True)
    if row.deleted_at is None:
        raise Conflict("Delete the field first; then it can be erased.")
    row.erasing = True
    work.session.flush()
    work.enqueue("fields.erase", dedupe=f"now {row.id}", field_id=row.id, now=True)
    work.audit("custom_field.erased", "custom_field", row.id, before={"key": row.key, "label": row.label})


# --- helpers ---------------------------------------------------------------------------------------------------------


def _require_object(work: Work, object_type: str) -> None:
    try:
        object_of(work, object_type)
    except NotFound as error:
        known = [item.name for item in objects(work)]
        raise Invalid(
            {
                "object": [
                    Message(
                        "Nothing called “%(name)s” has custom fields; choose: %(known)s.",
                        name=object_type[:40],
                        known=known,
                    )
                ]
            }
        ) from error


def _row(work: Work, field_id: int, *, gone: bool = False) -> Field:
    row = work.session.get(Field, valid_id(field_id) or 0)
    if row is None or (row.deleted_at is not None and not gone):
        raise NotFound("custom field", field_id)
    return row


def _rows(work: Work, object_type: str) -> list[Field]:
    wanted = select(Field).where(Field.object == object_type).order_by(Field.position, Field.id)
    return list(work.session.scalars(wanted.with_for_update()))


def _words(fields: Mapping[str, Any], errors: dict[str, list[str]]) -> dict[str, str]:
    """Label, help and section as they are stored, those that were given."""
    found = {}
    for name, longest in (("label", 80), ("help", 300), ("section", 80)):
        if name in fields:
            found[name] = clean_line(str(fields[name] or ""))
            if len(found[name]) > longest:
                errors[name] = [Message("This is too long: at most %(longest)s characters.", longest=longest)]
    return found


def _new_key(fields: Mapping[str, Any], label: str, rows: Sequence[Field], errors: dict[str, list[str]]) -> str:
    taken = {row.key: row for row in rows}
    given = str(fields.get("key") or "")
    if not given:
        return choices.slug(label, taken, "field")
    other = taken.get(given)
    if not _KEY.fullmatch(given):
        near = choices.slug(given, (), "field")
        errors["key"] = [
            Message("A key has small letters, digits and “_” and begins with a letter, such as “%(near)s”.", near=near)
        ]
    elif other is not None and other.deleted_at is not None:
        errors["key"] = [
            Message(
                "The deleted field “%(name)s” still holds the key “%(key)s”: restore that one, or erase it for good.",
                name=other.label,
                key=given,
            )
        ]
    elif other is not None:
        errors["key"] = [Message("There is a field with the key “%(key)s” already.", key=given)]
    return given


def _currency(work: Work, fields: Mapping[str, Any], errors: dict[str, list[str]]) -> str:
    given = fields.get("currency") or work.settings.get("site.currency") or "EUR"
    try:
        return check_currency(work, given)
    except Invalid as error:
        errors["currency"] = [str(error)]
        return ""


def _shown(row: Field) -> dict[str, Any]:
    """What stands in the audit log."""
    found = {name: getattr(row, name) for name in _AUDITED}
    return {**found, "choices": [item["label"] for item in row.choices if not item.get("retired")]}
