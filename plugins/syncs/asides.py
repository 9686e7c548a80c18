"""Records that were set aside: how many, which, and trying them again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from crmhost.api import Conflict, Message, Work

from . import connections
from .models import Aside, Connection

#: Records that one page shows.
SHOWN = 100


def number(work: Work, one: Connection) -> int:
    """How many records of a connection stand aside."""
    return work.session.scalar(select(func.count()).where(Aside.connection_id == one.id)) or 0


def page(work: Work, one: Connection, before: int | None = None) -> tuple[Sequence[Any], int | None]:
    """Records that stand aside, the newest first: rows (id, kind, external_id, reason, status, at).

    :param before: the last one of the page before.
    :returns: the rows, and ``before`` of the next page, ``None`` when this is the last.
    """
    # Not the records themselves: of a hundred, each may be long.
    shown = (Aside.id, Aside.kind, Aside.external_id, Aside.reason, Aside.status, Aside.at)
    wanted = select(*shown).where(Aside.connection_id == one.id, *([Aside.id < before] if before else []))
    rows = list(work.session.execute(wanted.order_by(Aside.id.desc()).limit(SHOWN + 1)))
    return rows[:SHOWN], rows[SHOWN - 1].id if len(rows) > SHOWN else None


def after(work: Work, connection_id: int, last: int, limit: int, aside_id: int | None = None) -> list[Aside]:
    """The next records that stand aside, the oldest first, or that one alone, to try them again.

    :param last: id of the last one that was tried; 0 at the beginning.
    """
    wanted = select(Aside).where(Aside.connection_id == connection_id, Aside.id > last)
    wanted = wanted.where(Aside.id == aside_id) if aside_id is not None else wanted
    return list(work.session.scalars(wanted.order_by(Aside.id).limit(limit)))


def want_retry(work: Work, connection_id: int, aside_id: int | None = None) -> int:
    """Wants the job that tries records again, all that stand aside or one; gives its number.

    :raises Conflict: when none of them stands aside any more.
    """
    work.require("syncs.edit")
    connections.get(work, connection_id)
    if not after(work, connection_id, 0, 1, aside_id):
        said = Message("Nothing is set aside any more.")
        if aside_id is not None:
            said = Message("This record is not set aside any more: it was taken meanwhile, or it is gone there.")
        raise Conflict(said)
    one_alone = {"aside_id": aside_id} if aside_id is not None else {}
    return connections.want(work, "syncs.retry", connection_id, **one_alone)
