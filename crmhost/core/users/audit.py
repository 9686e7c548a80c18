"""Reading the audit log."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ColumnElement, String, and_, cast, or_, select

from ...work.tables import AuditEntry
from ...work.unit import Work
from ..contacts.models import Contact
from ..keyset import beyond, decode, encode, opaque, valid_id
from ..text import clean_line

LARGEST_PAGE = 200


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
    work.require("audit.view")
    entry = AuditEntry
    object_type = clean_line(object_type)
    limit = max(1, min(limit, LARGEST_PAGE))
    of_record = bool(object_type) and object_id != ""
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
    # The lines of one record or user are indexed by their id, which grows with the time.
    keys = (entry.id,) if of_record or user_id is not None else (entry.at, entry.id)
    kinds = (int,) if len(keys) == 1 else (dt.datetime, int)
    name = "audit" if len(keys) > 1 else "audit of"
    wanted = select(entry).where(*where)
    if after:
        wanted = wanted.where(beyond(keys, decode(name, after, kinds), descending=True))
    rows = list(work.session.scalars(wanted.order_by(*(key.desc() for key in keys)).limit(limit + 1)))
    more, rows = len(rows) > limit, rows[:limit]
    last = [getattr(rows[-1], key.key) for key in keys] if more else []
    return rows, encode(name, last) if more else None


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
