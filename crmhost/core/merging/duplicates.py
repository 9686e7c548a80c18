"""Contacts that may be one person: groups that share a key, and pairs that were found to be two."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, tuple_, union_all
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import joinedload, selectinload

from ...db import upsert
from ...errors import Invalid, NotFound
from ...messages import Message
from ...work.unit import Work
from ..contacts.models import Contact
from ..keyset import decode, encode, valid_id
from ..rows import table
from .joining import MOST
from .keys import KINDS, Key, keys_of, regroup
from .models import Distinct, MatchGroup, MatchKey

#: Contacts that are shown of a group.
SHOWN = MOST
#: Groups on a page.
GROUPS = 20
_ALIKE = 5


@dataclasses.dataclass(frozen=True)
class Group:
    """Contacts that share a key.

    :param kinds: all kinds of keys that two of them share.
    :param more: how many there are beside those shown.
    """

    kind: str
    key: str
    contacts: list[Contact]
    kinds: list[str]
    more: int


@dataclasses.dataclass(frozen=True)
class Page:
    """One page of groups."""

    groups: list[Group]
    next: str | None


def page(work: Work, *, kind: str = "", after: str | None = None, limit: int = GROUPS) -> Page:
    """Groups of contacts that the actor may see and that may be one person, by kind and key.

    :param kind: phone, email or name; empty for all.
    :param after: cursor of the next page.
    :raises Invalid: when the kind or the cursor is none.
    """
    work.require("contacts.view")
    if kind and kind not in KINDS:
        raise Invalid({"kind": [Message("Choose one of %(kinds)s.", kinds=list(KINDS))]})
    edge = decode("duplicates", after, (str, str)) if after else None
    found = [(row[0], row[1], int(row[2])) for row in work.session.execute(_groups(work, kind, edge, limit + 1))]
    more, found = len(found) > limit, found[:limit]
    members = _members(work, [(one, key) for one, key, _ in found])
    groups = _shown(work, found, members)
    return Page(groups, encode("duplicates", found[-1][:2]) if more else None)


def alike(
    work: Work, values: Mapping[str, Any], emails: Sequence[str] = (), *, but: int | None = None
) -> list[Contact]:
    """Up to five contacts that share a key with these values and that the actor may see.

    :param values: first_name, last_name and phones.
    :param but: the contact itself.
    """
    work.require("contacts.view")
    keys = keys_of(values, emails)
    if not keys:
        return []
    settled = (
        select(Distinct.low_id)
        .where(Distinct.high_id == but)
        .union(select(Distinct.high_id).where(Distinct.low_id == but))
    )
    same = or_(*(and_(MatchKey.kind == kind, MatchKey.key == key) for kind, key in keys))
    wanted = (
        select(Contact)
        .join(MatchKey, MatchKey.contact_id == Contact.id)
        .where(same, Contact.visible_to(work.actor), Contact.id != (but or 0), Contact.id.not_in(settled))
        .distinct()
        .order_by(Contact.id)
        .limit(_ALIKE)
    )
    ids = list(work.session.scalars(wanted.with_only_columns(Contact.id)))
    return sorted(load(work, ids).values(), key=lambda contact: contact.id)


def set_distinct(work: Work, ids: Sequence[int]) -> list[tuple[int, int]]:
    """Remembers that these contacts are different people; gives the pairs that were not known to be.

    :raises NotFound: when there is no such contact, or the actor may not see it.
    """
    work.require("contacts.edit")
    keys = sorted({number for number in map(valid_id, ids) if number is not None})
    if not 2 <= len(keys) <= MOST:
        raise Invalid(Message("Choose 2 to %(most)s contacts.", most=MOST))
    seen = set(work.session.scalars(work.visible(Contact).with_only_columns(Contact.id).where(Contact.id.in_(keys))))
    for number in keys:
        if number not in seen:
            raise NotFound("contact", number)
    pairs = list(itertools.combinations(keys, 2))
    rows = [{"low_id": low, "high_id": high} for low, high in pairs]
    made = upsert(work.session, Distinct).values(rows).on_conflict_do_nothing()
    new = [(row[0], row[1]) for row in work.session.execute(made.returning(Distinct.low_id, Distinct.high_id))]
    if new:
        work.audit("contact.told_apart", "contact", keys[0], after={"ids": keys})
        regroup(work, _keys(work, keys))
    return new


def forget_distinct(work: Work, pairs: Sequence[tuple[int, int]]) -> None:
    """Forgets that these pairs are different people."""
    work.require("contacts.edit")
    some = [tuple(sorted(pair)) for pair in pairs][: MOST * MOST]
    keys = sorted({number for pair in some for number in pair})
    seen = set(work.session.scalars(work.visible(Contact).with_only_columns(Contact.id).where(Contact.id.in_(keys))))
    mine = [pair for pair in some if set(pair) <= seen]
    if mine:
        work.session.execute(
            delete_rows(table(Distinct)).where(
                or_(*(and_(Distinct.low_id == low, Distinct.high_id == high) for low, high in mine))
            )
        )
        work.audit("contact.not_told_apart", "contact", keys[0], after={"ids": keys})
        regroup(work, _keys(work, keys))


# --- helpers ---------------------------------------------------------------------------------------------------------


def _groups(work: Work, kind: str, edge: tuple[Any, ...] | None, limit: int) -> Select[Any]:
    keys: list[Any] = [MatchGroup.kind, MatchGroup.key]
    size: Any = MatchGroup.size
    if work.actor.only_assigned:
        keys, size = [MatchKey.kind, MatchKey.key], func.count()
    wanted = select(*keys, size)
    if work.actor.only_assigned:
        # Of their own contacts, which are few beside all: the kept sizes speak of everybody's.
        mine = wanted.join(Contact, Contact.id == MatchKey.contact_id).where(Contact.visible_to(work.actor))
        wanted = mine.group_by(*keys).having(func.count() > 1)
    if kind:
        wanted = wanted.where(keys[0] == kind)
    if edge is not None:
        wanted = wanted.where(tuple_(*keys) > tuple_(*edge))
    return wanted.order_by(*keys).limit(limit)


def _members(work: Work, keys: Sequence[Key]) -> dict[Key, list[int]]:
    """The first contacts of each key that the actor may see."""
    if not keys:
        return {}
    parts = [
        select(MatchKey.kind, MatchKey.key, MatchKey.contact_id)
        .join(Contact, Contact.id == MatchKey.contact_id)
        .where(MatchKey.kind == kind, MatchKey.key == key, Contact.visible_to(work.actor))
        .order_by(MatchKey.contact_id)
        .limit(SHOWN + 1)
        .subquery()
        for kind, key in keys
    ]
    found: dict[Key, list[int]] = {}
    for kind, key, contact in work.session.execute(union_all(*(select(part) for part in parts))):
        found.setdefault((kind, key), []).append(contact)
    return found


def _shown(work: Work, found: Sequence[tuple[str, str, int]], members: Mapping[Key, Sequence[int]]) -> list[Group]:
    ids = sorted({number for some in members.values() for number in some})
    wanted = work.visible(Contact).where(Contact.id.in_(ids)).options(joinedload(Contact.status, innerjoin=True))
    loaded = {contact.id: contact for contact in work.session.scalars(wanted)} if ids else {}
    settled = _settled(work, ids)
    shared = _shared(work, ids)
    groups: list[Group] = []
    known: set[tuple[int, ...]] = set()
    for kind, key, size in found:
        some = [number for number in members.get((kind, key), ())[:SHOWN] if number in loaded]
        pairs = [pair for pair in itertools.combinations(some, 2) if pair not in settled]
        left = sorted({number for pair in pairs for number in pair})
        if not left or tuple(left) in known:
            continue
        known.add(tuple(left))
        kinds = [one for one in KINDS if _share(shared, one, pairs)]
        groups.append(Group(kind, key, [loaded[number] for number in left], kinds, max(0, size - len(some))))
    return groups


def _share(shared: Mapping[tuple[str, int], set[str]], kind: str, pairs: Sequence[tuple[int, int]]) -> bool:
    return any(shared.get((kind, low), set()) & shared.get((kind, high), set()) for low, high in pairs)


def load(work: Work, ids: Sequence[int]) -> dict[int, Contact]:
    """Those of these contacts that the actor may see, each with its status and the user it is assigned to."""
    wanted = work.visible(Contact).where(Contact.id.in_(ids))
    loaded = wanted.options(selectinload(Contact.status), selectinload(Contact.assigned_to))
    return {contact.id: contact for contact in work.session.scalars(loaded)} if ids else {}


def _settled(work: Work, ids: Sequence[int]) -> set[tuple[int, int]]:
    wanted = select(Distinct.low_id, Distinct.high_id).where(Distinct.low_id.in_(ids), Distinct.high_id.in_(ids))
    return {(row[0], row[1]) for row in work.session.execute(wanted)} if ids else set()


def _shared(work: Work, ids: Sequence[int]) -> dict[tuple[str, int], set[str]]:
    found: dict[tuple[str, int], set[str]] = {}
    wanted = select(MatchKey.kind, MatchKey.contact_id, MatchKey.key).where(MatchKey.contact_id.in_(ids))
    for kind, contact, key in work.session.execute(wanted) if ids else ():
        found.setdefault((kind, contact), set()).add(key)
    return found


def _keys(work: Work, ids: Sequence[int]) -> set[Key]:
    wanted = select(MatchKey.kind, MatchKey.key).where(MatchKey.contact_id.in_(ids))
    return {(row[0], row[1]) for row in work.session.execute(wanted)}
