"""All contacts of a list: how many they are, and their ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, func, select

from ...work.reads import Read
from ..keyset import opaque
from ..rows import chunks
from ..statuses import counts as status_counts
from ..statuses import services as statuses
from . import search
from .listing import Count
from .models import Contact
from .records import KIND

if TYPE_CHECKING:
    from .queries import Listing

#: Up to here a count is exact.
COUNTED = 10_000


def count(listing: Listing) -> Count:
    """How many contacts it holds."""
    if listing.words:
        rows = listing.hits()
        return Count(len(rows), not listing.note)
    kept = _kept(listing)
    if kept is not None:
        return Count(kept, True)
    number = listing.work.rows(_read(listing))[0][0]
    return Count(min(number, COUNTED), number <= COUNTED)


def reads(listing: Listing) -> list[Read]:
    """What :func:`count` asks, for pages that ask it together with other things."""
    return [] if listing.words or _kept(listing) is not None else [_read(listing)]


def _read(listing: Listing) -> Read:
    some = _counted(listing).limit(COUNTED + 1)
    filters = tuple(sorted(listing.query.filters.items()))
    return Read(("contacts.count", listing.work.actor, filters), select(func.count()).select_from(some.subquery()))


def _counted(listing: Listing) -> Select[Any]:
    """Ids of all that match; of a custom field that many have, the rows of its index are read first."""
    given = listing.conditions
    wide = all(item.wide for item in given)
    first = next((item for item in given if item.wide and item.source is not None), None)
    if wide and first is not None and first.source is not None:
        found = first.source.subquery()
        rest = (opaque(item.broad) for item in given if item is not first)
        return select(Contact.id).join(found, Contact.id == found.c.object_id + 0).where(listing.live, *rest)
    where = (opaque(item.broad) if item.wide and not (wide and item is given[0]) else item.narrow for item in given)
    return select(Contact.id).where(listing.live, *where)


def _kept(listing: Listing) -> int | None:
    """The number from the counts of statuses, where they say it."""
    if listing.in_bin or any(item.name not in ("status", "statuses") for item in listing.conditions):
        return None
    kept = status_counts.kept(listing.work)
    if not listing.conditions:
        return sum(kept.values())
    if len(listing.conditions) > 1:
        return None
    known = statuses.all_statuses(listing.work)
    parts = listing.query.filters["status"].split(",")
    wanted = {statuses.find(listing.work, part, known).id for part in parts if part.strip()}
    return sum(kept.get(status_id, 0) for status_id in wanted)


def ids(listing: Listing, size: int) -> Iterator[list[int]]:
    """Their ids, in runs of at most ``size``, by id."""
    return _among(listing, _all_hits(listing), size) if listing.words else _by_id(listing, size)


def _all_hits(listing: Listing) -> list[int]:
    work = listing.work
    hits = None if listing.in_bin else search.hits(work, KIND, listing.words, None)
    found = [row[-1] for row in listing.hits()] if hits is None else list(work.session.scalars(hits))
    return sorted(found)


def _among(listing: Listing, hits: Sequence[int], size: int) -> Iterator[list[int]]:
    for some in chunks(hits, size):
        found = _matching(listing, Contact.id.in_(some), size)
        if found:
            yield found


def _by_id(listing: Listing, size: int) -> Iterator[list[int]]:
    found = _matching(listing, Contact.id > 0, size)
    while found:
        yield found
        found = _matching(listing, Contact.id > found[-1], size)


def _matching(listing: Listing, where: ColumnElement[bool], size: int) -> list[int]:
    filters = (opaque(item.broad) for item in listing.conditions)
    return list(
        listing.work.session.scalars(
            select(Contact.id).where(where, listing.live, *filters).order_by(Contact.id).limit(size)
        )
    )
