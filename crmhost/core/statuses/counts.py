"""How many contacts each status holds: rows of differences, so that no row is hot, folded now and then."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, func, insert, select

from ...work.unit import Work
from ..rows import table
from .models import Status, StatusCount

#: Rows are folded about each time so many were added.
FOLD_EVERY = 256


def add(work: Work, differences: Mapping[int, int]) -> None:
    """Notes differences: status id -> contacts more or fewer."""
    rows = [{"status_id": status, "amount": amount} for status, amount in differences.items() if amount]
    if not rows:
        return
    ids = work.session.scalars(insert(table(StatusCount)).returning(StatusCount.id), rows).all()
    if any(number % FOLD_EVERY == 0 for number in ids):
        fold(work)


def fold(work: Work) -> None:
    """Puts one row per status in the place of its many.

    Rows that another transaction is folding are left to it, so nobody waits and no amount is lost or counted twice.
    """
    session = work.session
    free = select(StatusCount.id).with_for_update(skip_locked=True)
    sums: dict[int, int] = {}
    for status, amount in session.execute(
        delete(StatusCount).where(StatusCount.id.in_(free)).returning(StatusCount.status_id, StatusCount.amount),
        execution_options={"synchronize_session": False},
    ):
        sums[status] = sums.get(status, 0) + amount
    rows = [{"status_id": status, "amount": amount} for status, amount in sums.items() if amount]
    if rows:
        session.execute(insert(table(StatusCount)), rows)


def kept(work: Work) -> dict[int, int]:
    """Status id -> number of contacts that are not in the bin, whoever may see them."""
    return {status.id: number for status, number in listed(work)}


def listed(work: Work) -> list[tuple[Status, int]]:
    """All statuses in their order, each with that number."""

    def read() -> list[tuple[Status, int]]:
        number = func.coalesce(func.sum(StatusCount.amount), 0)
        both = select(Status, number).outerjoin(StatusCount, StatusCount.status_id == Status.id).group_by(Status.id)
        rows = work.session.execute(both.order_by(Status.position, Status.id))
        return [(status, int(number)) for status, number in rows]

    return work.once(("statuses",), read)
