"""Segments inside segments: the type of conditions “in another segment”."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar

from sqlalchemy import ColumnElement, or_

from crmhost.api import ConditionTest, ConditionType, Invalid, Message, Work, conditions, texts

from . import services
from .models import Segment

#: Segments that are being put into SQL, from the outside in.
_inside: ContextVar[tuple[int, ...]] = ContextVar("segments_inside", default=())


def types() -> list[ConditionType]:
    """The one type."""
    return [
        ConditionType(
            id=services.TYPE,
            label="In another segment",
            group=Message("Contact"),
            kind="choices",
            operators=("has", "has_not", "any_of", "none_of", "equals", "not_equals"),
            choices=choices,
            where=_where,
            values=_values,
            permission="segments.view",
            order=10,
        )
    ]


def choices(work: Work) -> list[tuple[str, str]]:
    """Id as text and name of the segments that the actor may see, by name."""
    found = [(str(row.id), row.name) for row in work.session.scalars(work.visible(Segment))]
    return sorted(found, key=lambda pair: texts.sort_key(pair[1]))


def _where(work: Work, test: ConditionTest) -> ColumnElement[bool]:
    return or_(*(_one(work, int(value)) for value in test.values))


def _one(work: Work, segment_id: int) -> ColumnElement[bool]:
    outer = _inside.get()
    segment = work.session.get(Segment, segment_id)
    if segment is None:
        raise Invalid(Message("One of the segments that it asks for was deleted."))
    if segment_id in outer:
        raise Invalid(Message("The segment “%(name)s” asks for itself.", name=segment.name))
    token = _inside.set((*outer, segment_id))
    try:
        return conditions.question(work, services.group_of(work, segment)).row
    finally:
        _inside.reset(token)


def _values(work: Work, ids: Sequence[int]) -> Mapping[int, list[str]]:
    """The segments that contacts are in, of those that the actor may see and that can be asked now."""
    found: dict[int, list[str]] = {key: [] for key in ids}
    for segment in services.all_segments(work):
        try:
            asked = services.question(work, segment)
        except Invalid:
            continue
        for key in ids:
            if asked.holds(key):
                found[key].append(str(segment.id))
    return found
