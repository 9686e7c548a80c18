"""Reading the audit log."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from ...work.tables import AuditEntry
from ...work.unit import Work
from ..contacts.models import Contact
from ..keyset import KeysetPage, opaque, ordered, valid_id
from ..text import clean_line

LARGEST_PAGE = 200
#: Further lines are not counted.
MOST_COUNTED = 10_000


def entries(
    work: Work,
    *,
    action: str = "",
    object_type: str = "",
    object_id: str | int = "",
    user_id: int | None = None,
    from_: dt.datetime | None = None,
    to: dt.datetime | None = None,
    after: str | None = None,
    limit: int = 50,
) -> tuple[list[AuditEntry], str | None]:
    """Lines of the audit log, newest first, and the cursor of the next page; an actor who is limited to the own contacts sees
    those about them and of the own doing.

    :param action: exactly this action, such as ``user.signed_in``, or all of a kind: ``user.``.
    :param object_id: of one record; give ``object_type`` with it.
    :param from_: not before this instant.
    :param to: before this instant.
    """
    chosen = Chosen(action, object_type, object_id, user_id, from_, to)
    found = page(work, chosen, after=after, limit=min(limit, LARGEST_PAGE))
    return found.rows, found.next


@dataclasses.dataclass(frozen=True)
class Chosen:
    """Which lines are wanted, in the words of :func:`entries`."""

    action: str = ""
    object_type: str = ""
    object_id: str | int = ""
    user_id: int | None = None
    from_: dt.datetime | None = None
    to: dt.datetime | None = None

    @property
    def of_record(self) -> bool:
        """Whether lines of one record are wanted."""
        return bool(clean_line(self.object_type)) and self.object_id != ""

    @property
    def keys(self) -> tuple[InstrumentedAttribute[Any], ...]:
        """What they are in the order of; those of one record or user are indexed by their id, which grows with the time."""
        return (AuditEntry.id,) if self.of_record or self.user_id is not None else (AuditEntry.at, AuditEntry.id)


def page(
    work: Work, chosen: Chosen, *, after: str | None = None, before: str | None = None, limit: int = 50
) -> KeysetPage[AuditEntry]:
    """The same lines with the cursors of both neighbours."""
    wanted = select(AuditEntry).where(*_where(work, chosen))
    sort = "-audit" if len(chosen.keys) > 1 else "-audit of"
    return ordered(work.session, wanted, chosen.keys, sort, after=after, before=before, limit=limit)


def count(work: Work, chosen: Chosen) -> int:
    """How many lines there are; more than :data:`MOST_COUNTED` are not counted."""
    wanted = select(AuditEntry.id).where(*_where(work, chosen)).order_by(*(key.desc() for key in chosen.keys))
    return int(work.session.scalar(select(func.count()).select_from(wanted.limit(MOST_COUNTED).subquery())) or 0)


def _where(work: Work, chosen: Chosen) -> list[ColumnElement[bool]]:
    work.require("audit.view")
    entry = AuditEntry
    object_type, object_id, of_record = clean_line(chosen.object_type), chosen.object_id, chosen.of_record
    action, user_id, from_, to = chosen.action, chosen.user_id, chosen.from_, chosen.to
    where: list[ColumnElement[bool]] = []
    if of_record:
        where += [entry.object_type == object_type, entry.object_id == clean_line(str(object_id))[:120]]
    elif object_type:
        where.append(opaque(entry.object_type == object_type))
    if user_id is not None:
        mine = entry.user_id == (valid_id(user_id) or 0)
        where.append(opaque(mine) if of_record else mine)
    if action:
        name = clean_line(action)
        where.append(
            opaque(entry.action.startswith(name, autoescape=True) if name.endswith(".") else entry.action == name)
        )
    if work.actor.only_assigned:
        where.append(opaque(_within_reach(work)))
    where += [entry.at >= from_] if from_ is not None else []
    where += [entry.at < to] if to is not None else []
    return where


def _within_reach(work: Work) -> ColumnElement[bool]:
    """Lines about the contacts within the actor's limits, and of what the actor did; what others did may tell of anybody."""
    mine = select(cast(Contact.id, String(120))).where(Contact.within_reach(work.actor))
    about = and_(AuditEntry.object_type == "contact", AuditEntry.object_id.in_(mine))
    return or_(about, AuditEntry.user_id == work.actor.user_id)


def last_saved_by(work: Work, object_type: str, object_id: int) -> str:
    """Who changed a record last, for somebody who may see that record; empty when nobody did."""
    mine = (AuditEntry.object_type == object_type, AuditEntry.object_id == str(object_id))
    last = select(AuditEntry.actor_label).where(*mine).order_by(AuditEntry.id.desc()).limit(1)
    return work.session.scalar(last) or ""
