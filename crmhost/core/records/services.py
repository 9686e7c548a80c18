"""Records of the kinds that plugins declare (:class:`crmhost.api.RecordKind`): who may see one, its name, its tags."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select

from ...contributions import RecordKind
from ...errors import Invalid, NotFound
from ...work.reads import Read
from ...work.unit import Change, Work
from .. import record_fields
from ..contacts import kept_tags, search, tags
from ..contacts.fields import clean
from ..contacts.models import Tag, Tagging
from ..fields import services as custom_fields
from ..journal.models import JournalEntry
from ..keyset import valid_id
from ..links import services as links
from ..mail.counting import forget_records as forget_mails
from ..rows import chunks, table
from .many import MOST, chosen, overdue, retag, tell, write

__all__ = [
    "MOST", "ShownTag", "chosen", "forget", "get", "kind_of", "kinds", "overdue", "retag", "seen_kinds", "shown_tags", "tag",
    "tags_of", "tags_read", "tell", "titles", "write",
]  # fmt: skip


def kinds(work: Work) -> dict[str, RecordKind]:
    """All kinds by name, those of plugins that are on."""
    return {kind.name: kind for kind in work.generation.contributions("record_kinds")}


def seen_kinds(work: Work) -> list[str]:
    """Names of the kinds whose records the actor may see."""
    return [name for name, kind in kinds(work).items() if work.can(kind.permission)]


def kind_of(work: Work, name: str) -> RecordKind:
    """A kind by its name.

    :raises NotFound: when there is none, or its plugin is off.
    :raises Forbidden: when the actor may see none of its records.
    """
    kind = kinds(work).get(name)
    if kind is None:
        raise NotFound("record", name[:80])
    work.require(kind.permission)
    return kind


def get(work: Work, name: str, record_id: object) -> Any:
    """A record of any kind.

    :raises NotFound: when there is none, or the actor may not see it.
    """
    kind, number = kind_of(work, name), valid_id(record_id)
    found = None
    if number is not None:
        place = f"record {name}"
        found = work.generation.run(kind.plugin, place, kind.get, work, number, default=None, may_refuse=True)
    if found is None:
        raise NotFound(name, record_id)
    return found


def titles(work: Work, wanted: Mapping[str, Iterable[int]]) -> dict[tuple[str, int], str]:
    """What records are called: (kind, id) -> text, for those that the actor may see. One call a kind.

    :param wanted: kind -> ids.
    """
    found: dict[tuple[str, int], str] = {}
    for name, ids in wanted.items():
        kind = kinds(work).get(name)
        if kind is None or not work.can(kind.permission):
            continue
        for some in chunks(list(dict.fromkeys(ids)), 200):
            place = f"titles of {name}"
            said = work.generation.run(kind.plugin, place, kind.titles, work, some, default={}, gives=Mapping)
            found |= {(name, key): str(title) for key, title in said.items()}
    return found


def tags_of(work: Work, name: str, ids: Sequence[int]) -> dict[int, list[Tag]]:
    """The tags of records that the actor is known to see, by name: id -> tags; records without tags are left out."""
    return tags.of(work, name, ids)


@dataclasses.dataclass(frozen=True)
class ShownTag:
    """A tag as the page of a record shows it."""

    name: str
    hue: str


def tags_read(name: str, record_id: int) -> Read:
    """What :func:`shown_tags` asks, for pages that ask it together with other things."""
    wanted = select(Tag.name, Tag.hue, Tag.name_key).join(Tagging, Tagging.tag_id == Tag.id)
    mine = wanted.where(Tagging.object_type == name, Tagging.object_id == record_id)
    return Read(("records.tags", name, record_id), mine)


def shown_tags(work: Work, name: str, record_id: int) -> list[ShownTag]:
    """The tags of a record that the actor is known to see, by name."""
    rows = sorted(work.rows(tags_read(name, record_id)), key=lambda row: row[2])
    return [ShownTag(row[0], row[1]) for row in rows]


def tag(work: Work, name: str, ids: Sequence[int], add: Iterable[str] = (), remove: Iterable[str] = ()) -> int:
    """Adds tags (made when missing) to records of one kind and removes others; gives how many changed.

    :raises NotFound: when the actor may not see one of them.
    :raises Forbidden: when the actor may not change one of them.
    """
    kind = kind_of(work, name)
    add, remove = list(add), list(remove)
    work.require(kind.edit)
    for record_id in ids:
        work.require(kind.edit, get(work, name, record_id))
    for given in (add, remove):
        errors = clean({"tags": given}, work.timezone, work.now).errors
        if errors:
            raise Invalid(errors)
    if kind.tag is not None:
        place = f"tags of {name}"
        return int(
            work.generation.run(kind.plugin, place, kind.tag, work, ids, add, remove, default=0, may_refuse=True)
        )
    changed = tags.put(work, name, ids, add, remove)
    for key, (before, after) in changed.items():
        work.audit(f"{name}.tagged", name, key, before={"tags": before}, after={"tags": after})
        work.changed(Change(f"{name}.tagged", name, key, {"tags": before}, {"tags": after}))
    return len(changed)


def forget(work: Work, name: str, ids: Sequence[int]) -> None:
    """Removes all that the core holds on records that are gone for good: tags, journal, custom fields, links, mails, ids in
    other systems, what they are found by. Their plugin calls it, and asks for permission.
    """
    if not ids:
        return
    kept_tags.forget(work, name, ids)
    custom_fields.drop(work, name, ids)
    record_fields.drop_external_ids(work, name, ids)
    links.drop(work, name, ids)
    search.drop(work, name, ids)
    forget_mails(work, name, ids)
    for some in chunks(list(ids)):
        for model in (Tagging, JournalEntry):
            rows = table(model)
            work.session.execute(delete(rows).where(rows.c.object_type == name, rows.c.object_id.in_(some)))
