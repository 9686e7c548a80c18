"""Taking back that a tag was deleted or merged: the records that carried it are kept for as long as those in the bin.

Everything is copied inside the database, so that a tag of very many records takes no longer than it must.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ColumnElement, FromClause, and_, case, delete, exists, insert, literal, or_, select

from ...errors import NotFound
from ...work.unit import Change, Work
from ..keyset import valid_id
from ..rows import chunks, table
from .models import Contact, Tag, Tagging, TaggingKept, TagKept

#: How long a tag can be brought back.
KEEP = dt.timedelta(days=30)
_CONTACT = "contact"


def keep(work: Work, tag: Tag, winner_id: int | None = None) -> int:
    """Keeps a tag that is about to go, with its records; gives the number by which :func:`bring_back` finds it.

    :param winner_id: the tag that gets its records.
    """
    kept = TagKept(name=tag.name, hue=tag.hue, winner_id=winner_id, at=work.now)
    work.session.add(kept)
    work.session.flush()
    theirs, ours = table(Tagging), table(Tagging).alias()
    has = exists().where(ours.c.tag_id == (winner_id or 0), _same(ours, theirs))
    moved = ~has if winner_id is not None else literal(False)
    rows = select(literal(kept.id), theirs.c.object_type, theirs.c.object_id, case((moved, True), else_=False))
    columns = ["kept_id", "object_type", "object_id", "moved"]
    work.session.execute(insert(table(TaggingKept)).from_select(columns, rows.where(theirs.c.tag_id == tag.id)))
    return kept.id


def bring_back(work: Work, kept_id: object) -> Tag:
    """Gives a tag that was deleted or merged back to the records that carried it, once.

    What changed meanwhile stays: records that are gone for good get nothing, nor those that the winner was taken off since;
    where there is a tag of that name again, that one gets the records.

    :raises NotFound: when it was brought back already, or went too long ago.
    """
    work.require("tags.edit")
    kept = work.session.get(TagKept, valid_id(kept_id) or 0, with_for_update=True, populate_existing=True)
    if kept is None:
        raise NotFound("tag", str(kept_id)[:20])
    from . import tags

    tag = tags.made(work, [kept.name])[tags.key_of(kept.name)]
    winner = work.session.get(Tag, kept.winner_id) if kept.winner_id is not None else None
    rows, ours, winners = table(TaggingKept), table(Tagging).alias("ours"), table(Tagging).alias("winners")
    mine = [
        rows.c.kept_id == kept.id,
        or_(rows.c.object_type != _CONTACT, exists().where(Contact.id == rows.c.object_id)),
        ~exists().where(ours.c.tag_id == tag.id, _same(ours, rows)),
    ]
    if winner is not None:
        mine.append(exists().where(winners.c.tag_id == winner.id, _same(winners, rows)))
    wanted = select(literal(tag.id), rows.c.object_type, rows.c.object_id).where(*mine)
    work.session.execute(insert(table(Tagging)).from_select(["tag_id", "object_type", "object_id"], wanted))
    if winner is not None and winner is not tag:
        given = table(Tagging)
        through = exists().where(rows.c.kept_id == kept.id, rows.c.moved, _same(rows, given))
        work.session.execute(delete(given).where(given.c.tag_id == winner.id, through))
    tag.hue = kept.hue
    work.audit("tag.restored", "tag", tag.id, after={"name": tag.name})
    work.changed(Change("tag.restored", "tag", tag.id, {}, {"name": tag.name}))
    _drop(work, [kept.id])
    work.session.expire_all()
    return tag


def forget(work: Work, kind: str, ids: Sequence[int]) -> None:
    """Forgets which of these tags records carried that are gone for good."""
    rows = table(TaggingKept)
    for some in chunks(list(ids)):
        work.session.execute(delete(rows).where(rows.c.object_type == kind, rows.c.object_id.in_(some)))


def prune(work: Work, limit: int = 20) -> int:
    """Forgets tags that went longer than :data:`KEEP` ago, at most ``limit``; says how many."""
    old = select(TagKept.id).where(TagKept.at < work.now - KEEP).order_by(TagKept.at).limit(limit)
    ids = work.session.scalars(old).all()
    _drop(work, ids)
    return len(ids)


def _drop(work: Work, ids: Sequence[int]) -> None:
    for model, key in ((TaggingKept, TaggingKept.kept_id), (TagKept, TagKept.id)):
        work.session.execute(delete(table(model)).where(key.in_(ids)))


def _same(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    return and_(one.c.object_type == other.c.object_type, one.c.object_id == other.c.object_id)
