"""Definitions of custom fields, read once per transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from sqlalchemy import select

from ...contributions import FieldObject
from ...errors import NotFound
from ...work.unit import Work
from .kinds import CHOOSING, FILTERABLE, SORTABLE, Choice, Definition, Kind
from .models import Field

_KEPT = "custom_fields"
#: What the names of custom fields begin with, among the fields, filters and columns of a record.
PREFIX = "custom."


def definitions(work: Work, object_type: str) -> tuple[Definition, ...]:
    """The custom fields of a kind of record, in their order: one query per transaction for all kinds."""
    session = work.session
    kept = session.info.get(_KEPT)
    if kept is None or kept[0] is not session.get_transaction():
        wanted = select(Field).where(Field.deleted_at.is_(None)).order_by(Field.object, Field.position, Field.id)
        found: dict[str, list[Definition]] = {}
        for row in session.scalars(wanted):
            found.setdefault(row.object, []).append(definition(row))
        kept = (session.get_transaction(), {name: tuple(items) for name, items in found.items()})
        session.info[_KEPT] = kept
    return cast("tuple[Definition, ...]", kept[1].get(object_type, ()))


def forget(work: Work) -> None:
    """Reads them anew at the next question."""
    work.session.info.pop(_KEPT, None)


def definition(row: Field) -> Definition:
    """A stored field as it is read."""
    return Definition(
        id=row.id,
        object=row.object,
        key=row.key,
        label=row.label,
        kind=cast("Kind", row.kind),
        choices=tuple(
            Choice(str(item["key"]), str(item["label"]), bool(item.get("retired"))) for item in row.choices or ()
        ),
        currency=row.currency,
        help=row.help,
        section=row.section,
        required=row.required,
        filterable=row.filterable,
        ready=row.filterable and row.indexed == row.revision,
        revision=row.revision,
    )


def by_key(work: Work, object_type: str) -> dict[str, Definition]:
    """The custom fields of a kind of record by their keys."""
    return {field.key: field for field in definitions(work, object_type)}


def indexed(fields: Iterable[Definition]) -> list[Definition]:
    """Those whose values are written to the index."""
    return [field for field in fields if field.filterable and field.kind in FILTERABLE]


def sortable(fields: Iterable[Definition]) -> list[Definition]:
    """Those that lists can sort by now."""
    return [field for field in fields if field.ready and field.kind in SORTABLE]


def always_filterable(kind: str) -> bool:
    """Whether fields of a kind are always indexed: what has choices must know who uses them."""
    return kind in CHOOSING


def object_of(work: Work, name: str) -> FieldObject:
    """The kind of record of that name.

    :raises NotFound: when nobody declares it, or its plugin is switched off.
    """
    for item in objects(work):
        if item.name == name:
            return item
    raise NotFound("kind of record", name)


def objects(work: Work) -> tuple[FieldObject, ...]:
    """The kinds of records that can have custom fields."""
    return work.generation.contributions("custom_field_objects")
