"""The keys by which duplicates are found: kept for every contact that is not in the bin, with the groups that share one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, delete, func, or_, select

from ...contributions import Event
from ...db import upsert
from ...work.unit import Work
from ..contacts.derived import digits
from ..contacts.fields import PHONES
from ..contacts.models import Contact
from ..contacts.records import emails_of
from ..rows import chunks, table
from ..text import fold
from .models import Distinct, MatchGroup, MatchKey

#: Kinds of keys, the strongest first.
KINDS = ("phone", "email", "name")
_LONGEST = 200
#: Digits of a phone number that count: what stands before them is written in many ways (+44, 0044, 0).
_DIGITS = 9
_FEWEST_DIGITS = 7
#: Contacts whose keys are made in one transaction.
AT_ONCE = 250
#: Conditions that one statement holds.
_KEYS = 100
_FOLLOWED = ("contact.created", "contact.updated", "contact.deleted", "contact.restored")

Key = tuple[str, str]


def keys_of(values: Mapping[str, Any], emails: Iterable[str]) -> set[Key]:
    """The keys of a contact.

    The name, whatever its order, where there are a first and a last one; the last nine digits of each phone; and the part of each
    address before the @-sign (without dots and what follows a plus sign), together with the last name, or the first.
    """
    found: set[Key] = set()
    first, last = fold(values.get("first_name") or ""), fold(values.get("last_name") or "")
    if first and last:
        found.add(("name", " ".join(sorted(f"{first} {last}".split()))[:_LONGEST]))
    for field in PHONES:
        number = digits(values.get(field) or "").lstrip("0")
        if len(number) >= _FEWEST_DIGITS:
            found.add(("phone", number[-_DIGITS:]))
    for email in emails:
        local = fold(email.rpartition("@")[0].partition("+")[0].replace(".", ""))
        if local and (last or first):
            found.add(("email", f"{local} {last or first}"[:_LONGEST]))
    return found


def refresh(work: Work, ids: Iterable[int]) -> None:
    """Brings the keys of contacts, and the groups that they are in, to what the contacts are now."""
    for some in chunks(sorted(set(ids)), AT_ONCE):
        wanted = _wanted(work, some)
        had: dict[int, set[Key]] = {}
        kept = select(MatchKey.contact_id, MatchKey.kind, MatchKey.key).where(MatchKey.contact_id.in_(some))
        for contact, kind, key in work.session.execute(kept):
            had.setdefault(contact, set()).add((kind, key))
        gone = [(contact, *key) for contact, keys in had.items() for key in keys - wanted.get(contact, set())]
        new = [(contact, *key) for contact, keys in wanted.items() for key in keys - had.get(contact, set())]
        for part in chunks(sorted(gone), _KEYS):
            lost = [and_(MatchKey.contact_id == one[0], _is(MatchKey, (one[1], one[2]))) for one in part]
            work.session.execute(delete(table(MatchKey)).where(or_(*lost)))
        # In one order, and not at all what another transaction wrote meanwhile: a merge and the worker may do it at once.
        rows = [{"contact_id": contact, "kind": kind, "key": key} for contact, kind, key in sorted(new)]
        for some_rows in chunks(rows, _KEYS):
            work.session.execute(upsert(work.session, MatchKey).values(some_rows).on_conflict_do_nothing())
        regroup(work, {(kind, key) for _, kind, key in (*gone, *new)})


def forget(work: Work, ids: Sequence[int]) -> None:
    """Removes the keys of contacts that are about to be erased."""
    keys: set[Key] = set()
    for some in chunks(ids):
        mine = MatchKey.contact_id.in_(some)
        keys |= {(kind, key) for kind, key in work.session.execute(select(MatchKey.kind, MatchKey.key).where(mine))}
        work.session.execute(delete(table(MatchKey)).where(mine))
    regroup(work, keys)


def regroup(work: Work, keys: Iterable[Key]) -> None:
    """Counts anew who shares these keys. A group of which each pair was found to be two people is none."""
    for some in chunks(sorted(keys), _KEYS):
        among = or_(*(_is(MatchKey, key) for key in some))
        counted = (
            select(MatchKey.kind, MatchKey.key, func.count())
            .where(among)
            .group_by(MatchKey.kind, MatchKey.key)
            .having(func.count() > 1)
        )
        sizes = {(kind, key): int(size) for kind, key, size in work.session.execute(counted)}
        settled = _distinct_pairs(work, list(sizes))
        groups = {key: size for key, size in sizes.items() if settled.get(key, 0) < size * (size - 1) // 2}
        left = [key for key in some if key not in groups]
        if left:
            work.session.execute(delete(table(MatchGroup)).where(or_(*(_is(MatchGroup, key) for key in left))))
        if groups:
            rows = [{"kind": kind, "key": key, "size": size} for (kind, key), size in groups.items()]
            statement = upsert(work.session, MatchGroup).values(rows)
            work.session.execute(
                statement.on_conflict_do_update(index_elements=["kind", "key"], set_={"size": statement.excluded.size})
            )


def follow(work: Work, event: Event) -> None:
    """Handles what happened to contacts."""
    if event.name not in _FOLLOWED:
        return
    for some in chunks(list(event.ids), AT_ONCE):
        with work.begin():
            refresh(work, some)


# --- helpers ---------------------------------------------------------------------------------------------------------


def _is(model: type[MatchKey] | type[MatchGroup], key: Key) -> Any:
    return and_(model.kind == key[0], model.key == key[1])


def _wanted(work: Work, ids: Sequence[int]) -> dict[int, set[Key]]:
    columns = (Contact.id, Contact.first_name, Contact.last_name, *(getattr(Contact, field) for field in PHONES))
    rows = work.session.execute(select(*columns).where(Contact.id.in_(ids), Contact.deleted_at.is_(None))).all()
    emails = emails_of(work, [row.id for row in rows])
    return {row.id: keys_of(row._asdict(), [email.email for email in emails.get(row.id, ())]) for row in rows}


def _distinct_pairs(work: Work, keys: Sequence[Key]) -> dict[Key, int]:
    """Key -> pairs of those that share it of whom somebody said that they are two people."""
    if not keys:
        return {}
    low, high = table(MatchKey).alias(), table(MatchKey).alias()
    pairs = (
        select(low.c.kind, low.c.key, func.count())
        .select_from(Distinct)
        .join(low, low.c.contact_id == Distinct.low_id)
        .join(high, and_(high.c.contact_id == Distinct.high_id, high.c.kind == low.c.kind, high.c.key == low.c.key))
        .where(or_(*(and_(low.c.kind == kind, low.c.key == key) for kind, key in keys)))
        .group_by(low.c.kind, low.c.key)
    )
    return {(kind, key): int(number) for kind, key, number in work.session.execute(pairs)}
