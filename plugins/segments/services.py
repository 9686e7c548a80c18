"""Segments: reading, saving, deleting, and asking who is in one."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import Change, Conflict, Forbidden, Invalid, Message, NotFound, Stale, Work, conditions, keyset, texts

from .hooks import SegmentUse
from .models import KIND, Segment

LONGEST = 120
#: Id of the type of conditions “in another segment”.
TYPE = "segment"


def get(work: Work, segment_id: object, *, deleted: bool = False) -> Segment:
    """A segment that is shared or the actor's own.

    :param deleted: one that was deleted instead.
    :raises NotFound: when there is none.
    """
    work.require("segments.view")
    found = work.session.get(Segment, keyset.valid_id(segment_id) or 0)
    if found is None or (found.deleted_at is not None) != deleted or not _may_see(work, found):
        raise NotFound("segment", segment_id)
    return found


def _may_see(work: Work, segment: Segment) -> bool:
    own = segment.owner_id is not None and segment.owner_id == work.actor.user_id
    return bool(segment.shared or own or work.actor.kind == "system")


def all_segments(work: Work) -> list[Segment]:
    """Those that are shared and the actor's own, by name."""
    work.require("segments.view")
    found = work.session.scalars(work.visible(Segment))
    return sorted(found, key=lambda segment: texts.sort_key(segment.name))


def may_change(work: Work, segment: Segment) -> bool:
    """Whether the actor may change and delete it."""
    if segment.owner_id is not None and segment.owner_id == work.actor.user_id:
        return work.can("segments.edit")
    return work.can("segments.manage")


# --- asking --------------------------------------------------------------------------------------------------------------


def group_of(work: Work, segment: Segment) -> conditions.Group:
    """Its conditions as they can be asked now.

    :raises Invalid: with the segment's name and the reason, when they can't.
    """
    try:
        return conditions.kept(work, segment.conditions, segment.brought)
    except Invalid as error:
        raise Invalid(
            Message("The segment “%(name)s” can't be used now. %(why)s", name=segment.name, why=error.message)
        ) from error


def question(work: Work, segment: Segment) -> conditions.Question:
    """Its conditions, ready to be asked for the actor.

    :raises Invalid: with the reason, when they can't be.
    """
    work.require("contacts.view")
    return conditions.question(work, group_of(work, segment))


# --- saving --------------------------------------------------------------------------------------------------------------


def save(
    work: Work,
    fields: Mapping[str, Any],
    segment_id: int | None = None,
    *,
    version: int | None = None,
    previewed: str | None = None,
) -> Segment:
    """Adds a segment, or changes one.

    :param fields: ``name``, ``match``, ``conditions``, ``shared``; when one is changed, those left out stay.
    :param version: the one that the caller saw; ``None`` writes whatever came between.
    :param previewed: what a page got from :func:`seal` with the preview; ``None`` for programs, which need none.
    :raises Invalid: by field; conditions by place.
    :raises Stale: when somebody saved it since that version.
    """
    work.require("segments.edit")
    segment = _locked(work, segment_id) if segment_id is not None else None
    if segment is not None and version is not None and version != segment.version:
        raise Stale("Somebody saved this segment meanwhile: look at their changes before you save yours.")
    errors: dict[str, list[str]] = {}
    name = _name(work, fields, segment, errors)
    group = None
    try:
        group = _group(work, fields, segment)
    except Invalid as error:
        errors |= error.errors
    if group is not None and segment is not None:
        errors |= _cycle(work, segment, group)
    if group is not None and previewed is not None and not hmac.compare_digest(previewed, seal(group)):
        errors.setdefault("preview", ["Preview the segment first: these conditions have not been looked at."])
    if errors or group is None:
        raise Invalid(errors)
    shared = bool(fields["shared"]) if "shared" in fields else segment.shared if segment is not None else True
    return _write(work, segment, name, group, shared)


def _locked(work: Work, segment_id: int) -> Segment:
    segment = work.session.get(Segment, segment_id, with_for_update=True, populate_existing=True)
    if segment is None or segment.deleted_at is not None or not _may_see(work, segment):
        raise NotFound("segment", segment_id)
    if not may_change(work, segment):
        raise Forbidden("segments.manage")
    return segment


def _name(work: Work, fields: Mapping[str, Any], segment: Segment | None, errors: dict[str, list[str]]) -> str:
    given = fields.get("name", segment.name if segment is not None else "")
    name = texts.clean_line(given) if isinstance(given, str) else ""
    if not name:
        errors["name"] = ["Give the segment a name."]
    elif len(name) > LONGEST:
        errors["name"] = [Message("This is too long: at most %(longest)s characters.", longest=LONGEST)]
    else:
        taken = select(Segment.id).where(Segment.name_key == texts.fold(name)[:LONGEST], Segment.deleted_at.is_(None))
        other = work.session.scalar(taken)
        if other is not None and (segment is None or other != segment.id):
            errors["name"] = [Message("“%(name)s” is taken: choose another name.", name=name)]
    return name


def _group(work: Work, fields: Mapping[str, Any], segment: Segment | None) -> conditions.Group:
    if segment is not None and not {"match", "conditions"} & set(fields):
        return conditions.kept(work, segment.conditions, segment.brought)
    before: Mapping[str, Any] = segment.conditions if segment is not None else {"match": "all"}
    return conditions.read(work, {name: fields.get(name, before.get(name)) for name in ("match", "conditions")})


def _write(work: Work, segment: Segment | None, name: str, group: conditions.Group, shared: bool) -> Segment:
    new = segment is None
    if segment is None:
        segment = Segment(created_at=work.now, owner_id=work.actor.user_id, version=0)
        work.session.add(segment)
        before: dict[str, Any] = {}
    else:
        before = _facts(segment)
    document = group.document
    if new or document != segment.conditions:
        segment.number, segment.counted_at = None, None
    segment.name, segment.name_key = name, texts.fold(name)[:LONGEST]
    segment.conditions, segment.brought = document, group.brought_by(work)
    segment.shared, segment.updated_at, segment.version = shared, work.now, segment.version + 1
    work.session.flush()
    after, told = _facts(segment), "segment.created" if new else "segment.updated"
    changed = {key for key in after if before.get(key) != after[key]}
    work.audit(
        told,
        KIND,
        segment.id,
        before={key: before[key] for key in changed if key in before},
        after={key: after[key] for key in changed},
    )
    work.changed(Change(told, KIND, segment.id, before, after))
    return segment


def _facts(segment: Segment) -> dict[str, Any]:
    return {"name": segment.name, "conditions": segment.conditions, "shared": segment.shared}


def seal(group: conditions.Group) -> str:
    """What stands for exactly these conditions: a page gets it with their preview."""
    plain = json.dumps(group.document, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()


# --- segments in segments --------------------------------------------------------------------------------------------------


def referred(document: Any) -> Iterator[int]:
    """Ids of the segments that conditions ask for."""
    for item in document.get("conditions") or () if isinstance(document, Mapping) else ():
        if isinstance(item, Mapping) and "conditions" in item:
            yield from referred(item)
        elif isinstance(item, Mapping) and item.get("type") == TYPE:
            given = item.get("value")
            for value in given if isinstance(given, list) else [given]:
                number = keyset.valid_id(value)
                if number is not None:
                    yield number


def _cycle(work: Work, segment: Segment, group: conditions.Group) -> dict[str, list[str]]:
    """Refuses conditions by which a segment would ask for itself."""
    known = {row[0]: row[1] for row in work.session.execute(select(Segment.id, Segment.conditions))}
    seen: set[int] = set()
    waiting = list(referred(group.document))
    while waiting:
        number = waiting.pop()
        if number == segment.id:
            return {
                "conditions": [
                    Message("The segment would ask for itself: leave out the other segment that leads back here.")
                ]
            }
        if number not in seen:
            seen.add(number)
            waiting += referred(known.get(number) or {})
    return {}


# --- deleting --------------------------------------------------------------------------------------------------------------


def users_of(work: Work, ids: Sequence[int]) -> list[SegmentUse]:
    """What uses segments: other segments, and what extensions tell."""
    wanted, found = set(ids), list[SegmentUse]()
    others = select(Segment.id, Segment.name, Segment.conditions, Segment.shared, Segment.owner_id)
    for row in work.session.execute(others.where(Segment.deleted_at.is_(None))):
        for number in wanted & set(referred(row.conditions)):
            label = Message("Segment “%(name)s”", name=row.name)
            if not row.shared and row.owner_id != work.actor.user_id:
                label = Message("A segment of somebody else")
            found.append(SegmentUse(number, label))
    for answer in work.hooks.call("segments_used", work=work, segment_ids=list(ids)):
        found += answer.value or ()
    return found


def delete(work: Work, segment_id: int) -> None:
    """Deletes a segment; :func:`restore` brings it back.

    :raises Conflict: naming what uses it.
    """
    segment = _locked(work, segment_id)
    used = users_of(work, [segment.id])
    if used:
        raise Conflict(
            Message(
                "“%(name)s” is used by: %(users)s. Choose another segment there first.",
                name=segment.name,
                users=[use.label for use in used],
            )
        )
    segment.deleted_at = work.now
    segment.version += 1
    work.session.flush()
    work.audit("segment.deleted", KIND, segment.id, before={"name": segment.name})
    work.changed(Change("segment.deleted", KIND, segment.id, {"name": segment.name}))


def restore(work: Work, segment_id: int) -> Segment:
    """Brings back a segment that was deleted.

    :raises Conflict: when another one has its name now.
    """
    segment = get(work, segment_id, deleted=True)
    if not may_change(work, segment):
        raise Forbidden("segments.manage")
    taken = select(Segment.id).where(Segment.name_key == segment.name_key, Segment.deleted_at.is_(None))
    if work.session.scalar(taken) is not None:
        raise Conflict(Message("“%(name)s” is taken: rename the other segment first.", name=segment.name))
    segment.deleted_at = None
    segment.version += 1
    work.session.flush()
    work.audit("segment.restored", KIND, segment.id, after={"name": segment.name})
    work.changed(Change("segment.restored", KIND, segment.id, {}, {"name": segment.name}))
    return segment
