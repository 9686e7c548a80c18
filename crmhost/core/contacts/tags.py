"""Tags: shared by every kind of record, created while typing, renamed and merged in one place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import and_, delete, exists, func, select, update
from sqlalchemy.orm import aliased

from ...db import upsert
from ...errors import Invalid, NotFound
from ...messages import Message
from ...work.unit import Change, Work
from ..hues import HUES, hue_for
from ..keyset import valid_id
from ..rows import chunks, insert_rows, table
from ..text import clean_line, fold, sort_key
from . import kept_tags
from .models import Tag, Tagging

LONGEST = 80


def key_of(name: str) -> str:
    """The form in which the names of tags are compared."""
    return fold(name) or name


def all_tags(work: Work) -> list[Tag]:
    """All tags, by name."""
    return work.once(("tags",), lambda: sorted(work.session.scalars(select(Tag)), key=lambda tag: sort_key(tag.name)))


def usage(work: Work) -> dict[int, int]:
    """Tag id -> number of records that carry it, of every kind. Tags without records are left out."""
    rows = work.session.execute(select(Tagging.tag_id, func.count()).group_by(Tagging.tag_id))
    return {row[0]: row[1] for row in rows}


def find(work: Work, name: str) -> Tag | None:
    """The tag with this name, in any case."""
    return work.session.scalar(select(Tag).where(Tag.name_key == key_of(clean_line(name))))


def of(work: Work, object_type: str, ids: Sequence[int]) -> dict[int, list[Tag]]:
    """The tags of some records, by name: id -> tags; records without tags are left out."""
    found: dict[int, list[Tag]] = {}
    for some in chunks(ids):
        wanted = select(Tagging.object_id, Tag).join(Tag).where(Tagging.object_type == object_type)
        for key, tag in work.session.execute(wanted.where(Tagging.object_id.in_(some)).order_by(Tag.name_key)):
            found.setdefault(key, []).append(tag)
    return found


def made(work: Work, names: Iterable[str]) -> dict[str, Tag]:
    """Tags by compared name; those that are missing are created."""
    wanted = {key_of(name): name for name in map(clean_line, names) if name}
    if not wanted:
        return {}
    found = _by_key(work, list(wanted))
    missing = [wanted[key] for key in sorted(wanted) if key not in found]
    if missing:
        rows = [{"name": name, "name_key": key_of(name), "hue": hue_for(key_of(name))} for name in missing]
        work.session.execute(upsert(work.session, table(Tag)).on_conflict_do_nothing(index_elements=["name_key"]), rows)
        found = _by_key(work, list(wanted))
    return found


def put(
    work: Work,
    object_type: str,
    ids: Sequence[int],
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
) -> dict[int, tuple[list[str], list[str]]]:
    """Adds and removes tags of records; which records the actor may change is the caller's business.

    :returns: the records that changed: id -> (names before, names after).
    """
    adding, removing = made(work, add), {key_of(clean_line(name)) for name in remove}
    changed: dict[int, tuple[list[str], list[str]]] = {}
    before = of(work, object_type, ids)
    rows: list[dict[str, object]] = []
    gone: dict[int, list[int]] = {}
    for key in dict.fromkeys(ids):
        have = {tag.name_key: tag for tag in before.get(key, ())}
        new = [tag for name, tag in adding.items() if name not in have]
        old = [tag for name, tag in have.items() if name in removing and name not in adding]
        if new or old:
            rows += [{"tag_id": tag.id, "object_type": object_type, "object_id": key} for tag in new]
            for tag in old:
                gone.setdefault(tag.id, []).append(key)
            after = {name: tag for name, tag in have.items() if tag not in old} | {tag.name_key: tag for tag in new}
            changed[key] = ([tag.name for tag in have.values()], [after[name].name for name in sorted(after)])
    insert_rows(work.session, Tagging, rows)
    for tag_id, keys in gone.items():
        for some in chunks(keys):
            chosen = (Tagging.tag_id == tag_id, Tagging.object_type == object_type, Tagging.object_id.in_(some))
            work.session.execute(delete(Tagging).where(*chosen), execution_options={"synchronize_session": False})
    return changed


def get(work: Work, tag_id: int) -> Tag:
    """A tag.

    :raises NotFound: when there is none.
    """
    return _by_id(work, tag_id)


def add(work: Work, name: str, hue: str = "") -> Tag:
    """Makes a tag that no record carries yet.

    :param hue: one of the twelve colours; by default one that its name gives.
    :raises Invalid: when the name is empty, too long or taken, or the colour unknown.
    """
    work.require("tags.edit")
    name = _checked(work, name)
    tag = Tag(name=name, name_key=key_of(name), hue=_checked_hue(hue) if hue else hue_for(key_of(name)))
    work.session.add(tag)
    work.session.flush()
    work.audit("tag.added", "tag", tag.id, after={"name": name, "hue": tag.hue})
    return tag


def rename(work: Work, tag_id: int, name: str) -> Tag:
    """Renames a tag everywhere.

    :raises Invalid: when the name is empty, too long, or another tag has it (then they can be merged).
    """
    work.require("tags.edit")
    tag = _by_id(work, tag_id)
    name = _checked(work, name, but=tag)
    if name != tag.name:
        work.audit("tag.renamed", "tag", tag_id, before={"name": tag.name}, after={"name": name})
        work.changed(Change("tag.renamed", "tag", tag_id, {"name": tag.name}, {"name": name}))
        tag.name, tag.name_key = name, key_of(name)
        work.session.flush()
    return tag


def recolour(work: Work, tag_id: int, hue: str) -> Tag:
    """Gives a tag another of the twelve colours."""
    work.require("tags.edit")
    tag = _by_id(work, tag_id)
    _checked_hue(hue)
    if hue != tag.hue:
        work.audit("tag.recoloured", "tag", tag_id, before={"hue": tag.hue}, after={"hue": hue})
        tag.hue = hue
        work.session.flush()
    return tag


def merge(work: Work, winner_id: int, loser_ids: Sequence[int]) -> tuple[Tag, list[int]]:
    """Gives the winner all records of the losers, and deletes those.

    :returns: the winner, and the numbers by which :func:`kept_tags.bring_back` takes this back, one for each loser.
    """
    work.require("tags.edit")
    kept: list[int] = []
    winner = _by_id(work, winner_id)
    losers = [_by_id(work, loser) for loser in dict.fromkeys(loser_ids) if loser != winner_id]
    for loser in losers:
        kept.append(kept_tags.keep(work, loser, winner.id))
        theirs, ours = table(Tagging), aliased(table(Tagging))
        same = and_(
            ours.c.tag_id == winner.id,
            ours.c.object_type == theirs.c.object_type,
            ours.c.object_id == theirs.c.object_id,
        )
        work.session.execute(
            update(theirs).where(theirs.c.tag_id == loser.id, ~exists().where(same)).values(tag_id=winner.id)
        )
        work.audit("tag.merged", "tag", winner.id, before={"name": loser.name}, after={"name": winner.name})
        work.changed(
            Change("tag.merged", "tag", winner.id, {"loser_id": loser.id, "name": loser.name}, {"name": winner.name})
        )
        _delete(work, loser)
    return winner, kept


def remove(work: Work, tag_id: int) -> tuple[int, int]:
    """Deletes a tag everywhere.

    :returns: how many records carried it, and the number by which :func:`kept_tags.bring_back` takes this back.
    """
    work.require("tags.edit")
    tag = _by_id(work, tag_id)
    number = work.session.scalar(select(func.count()).where(Tagging.tag_id == tag_id)) or 0
    work.audit("tag.deleted", "tag", tag_id, before={"name": tag.name, "records": number})
    work.changed(Change("tag.deleted", "tag", tag_id, {"name": tag.name}, {}))
    kept = kept_tags.keep(work, tag)
    _delete(work, tag)
    return number, kept


def _checked(work: Work, name: str, *, but: Tag | None = None) -> str:
    name = clean_line(name)
    if not name or len(name) > LONGEST or len(key_of(name)) > LONGEST:
        raise Invalid({"name": [Message("The name of a tag has 1 to %(longest)s characters.", longest=LONGEST)]})
    other = find(work, name)
    if other is not None and other is not but:
        sentence = Message("There is a tag “%(name)s” already.", name=other.name)
        if but is not None:
            sentence = Message("There is a tag “%(name)s” already: merge the two instead.", name=other.name)
        raise Invalid({"name": [sentence]})
    return name


def _checked_hue(hue: str) -> str:
    if hue not in HUES:
        raise Invalid({"hue": [Message("Choose one of the colours: %(names)s.", names=list(HUES))]})
    return hue


def _delete(work: Work, tag: Tag) -> None:
    work.session.execute(delete(table(Tagging)).where(Tagging.tag_id == tag.id))
    work.session.delete(tag)
    work.session.flush()


def _by_id(work: Work, tag_id: int) -> Tag:
    tag = work.session.get(Tag, valid_id(tag_id) or 0)
    if tag is None:
        raise NotFound("tag", tag_id)
    return tag


def _by_key(work: Work, keys: Sequence[str]) -> dict[str, Tag]:
    found: dict[str, Tag] = {}
    for some in chunks(keys):
        found |= {tag.name_key: tag for tag in work.session.scalars(select(Tag).where(Tag.name_key.in_(some)))}
    return found
