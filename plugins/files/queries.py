"""Which files a list or the API shows, in which order, and how much room they take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, false, func, or_, select
from sqlalchemy import cast as sql_cast

from crmhost.api import Invalid, Message, Work, keyset, record_fields, records, search, texts

from . import limits
from .models import KIND, Entry

#: What can be sorted by -> columns, each served by an index.
ORDERS: dict[str, Sequence[Any]] = {
    "created_at": (Entry.created_at, Entry.id),
    "name": (Entry.name_key, Entry.id),
    "size": (Entry.size, Entry.id),
}
#: Files that are counted one by one; above it is said “more than”.
MOST_COUNTED = 100_000

Filters = Mapping[str, Sequence[str]]


def matching(work: Work, q: str = "", filters: Filters | None = None, *, in_bin: bool = False) -> Select[Any]:
    """``select(Entry)`` of what fits and the actor may see.

    :param filters: ``kind``, ``type`` (a group of the settings), ``object_type``, ``object_id``, ``date_from``, ``date_to`` (days
        of the site's zone, both included), ``portal`` (1 or 0); of several values any may fit.
    :raises Invalid: when a filter is unknown, or its value can't be understood.
    """
    work.require("files.view")
    binned = select(Entry).where(Entry.deleted_at.is_not(None), Entry.within_reach(work.actor))
    found = binned if in_bin else work.visible(Entry)
    hidden = [name for name, kind in records.kinds(work).items() if not work.can(kind.permission)]
    found = found.where(Entry.object_type.not_in(hidden)) if hidden else found
    for name, values in (filters or {}).items():
        if values:
            reader = _FILTERS.get(name)
            if reader is None:
                raise Invalid({name[:100]: [Message("There is no filter “%(name)s”.", name=name[:60])]})
            found = found.where(reader(work, name, values))
    if q.strip():
        found = found.where(_found_by(work, q))
    return found


def of_record(object_type: str, object_id: int) -> Select[Any]:
    """``select(Entry)`` of the files of a record that the actor is known to see, newest first."""
    mine = (Entry.deleted_at.is_(None), Entry.object_type == object_type, Entry.object_id == object_id)
    return select(Entry).where(*mine).order_by(Entry.id.desc())


def _found_by(work: Work, q: str) -> ColumnElement[bool]:
    wanted = search.words(q)
    hits = search.hits(work, KIND, wanted, None) if wanted else None
    if hits is not None:
        return Entry.id.in_(hits)
    return Entry.name_key.startswith(texts.fold(q), autoescape=True)


def _kind(_work: Work, _name: str, values: Sequence[str]) -> ColumnElement[bool]:
    return Entry.kind.in_([texts.clean_line(value) for value in values])


def _type(_work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    for value in values:
        if value not in limits.ALL:
            said = Message("“%(name)s” is none of them: %(known)s.", name=value[:60], known=", ".join(limits.ALL))
            raise Invalid({name: [said]})
    return or_(false(), *(limits.group_condition(value) for value in values))


def _object_type(_work: Work, _name: str, values: Sequence[str]) -> ColumnElement[bool]:
    return Entry.object_type.in_([value[:40] for value in values])


def _number(_work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    ids = [keyset.valid_id(value) for value in values]
    if None in ids:
        raise Invalid({name: [Message("“%(value)s” is not the number of a record.", value=str(values[0])[:60])]})
    return Entry.object_id.in_(ids)


def _day(work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    later = 1 if name.endswith("to") else 0
    text = texts.clean_line(values[0])
    try:
        day = dt.date.fromisoformat(text) + dt.timedelta(days=later)
        bound = record_fields.instant(dt.datetime.combine(day, dt.time()), work.timezone)
    except (ValueError, OverflowError):
        raise Invalid({name: [Message("“%(text)s” is not a day such as 2026-03-31.", text=text[:60])]}) from None
    return Entry.created_at < bound if later else Entry.created_at >= bound


def _portal(_work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    if values[0] not in ("0", "1"):
        raise Invalid({name: ["Give 1 or 0."]})
    return Entry.portal.is_(values[0] == "1")


_FILTERS: dict[str, Any] = {
    "kind": _kind,
    "type": _type,
    "object_type": _object_type,
    "object_id": _number,
    "date_from": _day,
    "date_to": _day,
    "portal": _portal,
}
FILTERS = tuple(_FILTERS)


def count(work: Work, chosen: Select[Any]) -> tuple[int, bool]:
    """How many are chosen, and whether that is all of them."""
    some = chosen.with_only_columns(Entry.id).order_by(None).limit(MOST_COUNTED + 1).subquery()
    number = work.session.scalar(select(func.count()).select_from(some)) or 0
    return min(number, MOST_COUNTED), number <= MOST_COUNTED


def room(work: Work, chosen: Select[Any]) -> int:
    """How many bytes the newest versions of what is chosen take."""
    whole = sql_cast(func.coalesce(func.sum(Entry.size), 0), BigInteger)
    return int(work.session.scalar(chosen.with_only_columns(whole).order_by(None)) or 0)


def ids(work: Work, chosen: Select[Any]) -> Iterator[list[int]]:
    """Ids of all that are chosen, in runs."""
    return keyset.id_runs(work.session, chosen.with_only_columns(Entry.id).order_by(None), Entry.id)
