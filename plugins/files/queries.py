"""Which files a list or the API shows, in which order, and how much room they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, func, or_, select
from sqlalchemy import cast as sql_cast

from crmhost.api import Invalid, Message, RecordList, Work, filters, records

from . import limits
from .models import KIND, Entry

#: What can be sorted by -> columns, each served by an index.
ORDERS: dict[str, Sequence[Any]] = {
    "created_at": (Entry.created_at, Entry.id),
    "name": (Entry.name_key, Entry.id),
    "size": (Entry.size, Entry.id),
}


def _type(_work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    for value in values:
        if value not in limits.ALL:
            said = Message("“%(name)s” is none of them: %(known)s.", name=value[:60], known=", ".join(limits.ALL))
            raise Invalid({name: [said]})
    return or_(*(limits.group_condition(value) for value in values))


class _Files(RecordList):
    """Of records of the kinds that the actor may see: of contacts each one is asked for, of others the kind."""

    def matching(
        self, work: Work, q: str = "", filters: Mapping[str, Sequence[str]] | None = None, *, in_bin: bool = False
    ) -> Select[Any]:
        found = super().matching(work, q, filters, in_bin=in_bin)
        hidden = [name for name, kind in records.kinds(work).items() if not work.can(kind.permission)]
        return found.where(Entry.object_type.not_in(hidden)) if hidden else found

    def binned(self, work: Work) -> Select[Any]:
        return select(Entry).where(Entry.deleted_at.is_not(None), Entry.within_reach(work.actor))


LIST = _Files(
    model=Entry,
    kind=KIND,
    permission="files.view",
    orders=ORDERS,
    sort="-created_at",
    filters={
        "kind": filters.same(Entry.kind),
        "type": _type,
        "object_type": filters.same(Entry.object_type),
        "object_id": filters.record(Entry.object_id),
        "date_from": filters.first_day(Entry.created_at),
        "date_to": filters.last_day(Entry.created_at),
        "portal": filters.yes(Entry.portal),
    },
    begins=(Entry.name_key,),
    custom=False,
)
matching = LIST.matching


def of_record(object_type: str, object_id: int) -> Select[Any]:
    """``select(Entry)`` of the files of a record that the actor is known to see, newest first."""
    mine = (Entry.deleted_at.is_(None), Entry.object_type == object_type, Entry.object_id == object_id)
    return select(Entry).where(*mine).order_by(Entry.id.desc())


def room(work: Work, chosen: Select[Any]) -> int:
    """How many bytes the newest versions of what is chosen take."""
    whole = sql_cast(func.coalesce(func.sum(Entry.size), 0), BigInteger)
    return int(work.session.scalar(chosen.with_only_columns(whole).order_by(None)) or 0)
