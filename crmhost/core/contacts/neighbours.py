"""The contacts before and after one in a list."""

from __future__ import annotations

from typing import Any

from sqlalchemy import literal, select, union_all

from ...work.unit import Work
from ..fields.orders import ValueOrder
from .models import Contact
from .queries import Listing, ListQuery


def neighbours(work: Work, query: ListQuery, contact: Contact) -> tuple[int | None, int | None]:
    """Their ids; ``None`` where the list ends.

    :raises Invalid: when a filter or the order can't be understood.
    """
    work.require("contacts.view")
    listing = Listing(work, query)
    cursor = listing.sort.read(listing.cursor(contact))
    few = listing.few()
    if few is not None:
        rank = listing.rank()
        edge = rank(cursor)
        lower = max((row for row in few if rank(row) < edge), key=rank, default=None)
        higher = min((row for row in few if rank(row) > edge), key=rank, default=None)
        found = [row[-1] if row else None for row in (lower, higher)]
    elif listing.sort.name == "status" or isinstance(listing.sort, ValueOrder):
        sides = [listing.walk(cursor, descending, 1) for descending in (True, False)]
        found = [rows[0].id if rows else None for rows in sides]
    else:
        found = _beside(listing, cursor)
    before, after = reversed(found) if listing.descending else found
    return before, after


def _beside(listing: Listing, cursor: tuple[Any, ...]) -> list[int | None]:
    """Ids of the next lower and the next higher row of an index, in one query."""
    sides = [
        listing.statement(listing.sort.columns, listing.where(), cursor, descending, 1)
        .with_only_columns(literal(place).label("place"), Contact.id)
        .subquery()
        for place, descending in enumerate((True, False))
    ]
    rows = listing.work.session.execute(union_all(*(select(side) for side in sides)))
    found = {row[0]: row[1] for row in rows}
    return [found.get(0), found.get(1)]
