"""What is done to chosen records, one or a thousand: choosing them, writing, telling, tagging, emptying the bin.

A service asks for its permission, chooses the records, and then writes and tells. What the actor may not change is left alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, inspect, select, update

from ...errors import Invalid
from ...messages import Message
from ...work.unit import Change, Work
from ..contacts import tags
from ..contacts.fields import clean
from ..keyset import valid_id
from ..rows import chunks

#: Records that one call takes; whoever has more calls again in a new transaction.
MOST = 1_000
Fields = Mapping[str, Any]
#: The setting that says for how many days records stay in the bin.
_DAYS = "contacts.bin_days"


def chosen(
    work: Work,
    model: Any,
    ids: Sequence[object],
    *where: ColumnElement[bool],
    columns: Sequence[Any] = (),
    in_bin: bool = False,
    reach: ColumnElement[bool] | None = None,
) -> list[Any]:
    """The records among these ids that the actor may change, locked in one order, so that two never wait crosswise.

    :param model: with ``id``, ``deleted_at`` and ``within_reach(actor)``.
    :param where: further conditions; others are left alone.
    :param columns: gives rows of these, ``model.id`` among them, where records as a whole would be too much.
    :param in_bin: of those in the bin instead.
    :param reach: what an actor who sees only their own may change, where that is less than ``within_reach``.
    :raises Invalid: when they are more than :data:`MOST`.
    """
    keys = sorted({number for number in map(valid_id, ids) if number is not None})
    if len(keys) > MOST:
        raise Invalid(Message("At most %(most)s records can be changed in one step.", most=MOST))
    fits = [model.deleted_at.is_not(None) if in_bin else model.deleted_at.is_(None), *where]
    if work.actor.only_assigned:
        fits.append(model.within_reach(work.actor) if reach is None else reach)
    wanted = select(*columns) if columns else select(model).execution_options(populate_existing=True)
    wanted = wanted.where(*fits).order_by(model.id).with_for_update(of=model)
    found: list[Any] = []
    for some in chunks(keys):
        rows = work.session.execute(wanted.where(model.id.in_(some)))
        found += rows if columns else rows.scalars()
    return found


def write(work: Work, model: Any, ids: Sequence[int], **values: Any) -> None:
    """Writes values, the time and a new version into records, by one statement for many."""
    values |= {"updated_at": work.now, "version": model.version + 1}
    for some in chunks(ids):
        work.session.execute(update(model).where(model.id.in_(some)).values(values))
    related = [relation.key for relation in inspect(model).relationships]
    known = work.session.identity_map
    for key in ids if related else ():
        loaded = known.get(work.session.identity_key(model, key))
        if loaded is not None:
            work.session.expire(loaded, related)


def tell(
    work: Work, name: str, kind: str, before: Mapping[int, Fields], after: Mapping[int, Fields] | None = None
) -> None:
    """Audits and tells one change of many records of a kind.

    :param before: id -> the fields that changed, as they were; :param after: and as they are, nothing where they are gone.
    """
    now = after or {}
    work.audit_many([(name, kind, key, old or None, now.get(key) or None) for key, old in before.items()])
    for key, old in before.items():
        work.changed(Change(name, kind, key, old, now.get(key, {})))


def retag(
    work: Work, model: Any, kind: str, ids: Sequence[int], add: Iterable[str] = (), remove: Iterable[str] = ()
) -> int:
    """Adds tags (made when missing) to chosen records and removes others; gives how many changed.

    It tells ``KIND.updated``.

    :raises Invalid: when a name can't be one.
    """
    add, remove = list(add), list(remove)
    for given in (add, remove):
        errors = clean({"tags": given}, work.timezone, work.now).errors
        if errors:
            raise Invalid(errors)
    changed = tags.put(work, kind, ids, add, remove)
    write(work, model, list(changed))
    before = {key: {"tags": names} for key, (names, _) in changed.items()}
    tell(work, f"{kind}.updated", kind, before, {key: {"tags": names} for key, (_, names) in changed.items()})
    return len(changed)


def overdue(work: Work, model: Any, limit: int) -> list[int]:
    """Ids of records whose days in the bin are over, the oldest first, at most ``limit``."""
    days = max(0, min(int(work.settings.get(_DAYS) or 0), 36_500))
    due = select(model.id).where(model.deleted_at < work.now - dt.timedelta(days=days))
    return list(work.session.scalars(due.order_by(model.deleted_at, model.id).limit(limit)))
