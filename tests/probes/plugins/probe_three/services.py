"""Entries: reading them, and changing many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, insert, or_, select, update

from crmhost.api import Contact, Invalid, NotFound, Work, keyset

from .models import Entry, Sum

STATES = ("open", "paid")
ORDERS = {
    "day": (Entry.day, Entry.id),
    "name": (Entry.name, Entry.id),
    "amount": (Entry.amount, Entry.id),
}


def add(work: Work, number: int, *, state: str = "open", contact_id: int | None = None) -> None:
    """Adds entries of 1.00, 2.00 … euros, one a day."""
    work.require("probe_three.edit")
    rows = [
        {
            "contact_id": contact_id,
            "name": f"Entry {n:05}",
            "state": state,
            "day": dt.date(2026, 1, 1) + dt.timedelta(days=n % 300),
            "amount": n * 100,
            "currency": "EUR",
        }
        for n in range(1, number + 1)
    ]
    work.session.execute(insert(Entry), rows)


def total(work: Work, sums: Mapping[int, int]) -> None:
    """Keeps what entries come to: contact id -> cents."""
    for currency, factor in (("EUR", 1), ("USD", -1)):
        rows = [{"contact_id": key, "currency": currency, "total": value * factor} for key, value in sums.items()]
        work.session.execute(insert(Sum), rows)


def totals(work: Work, ids: Sequence[int]) -> dict[int, str]:
    """Contact id -> what its entries come to."""
    mine = select(Sum.contact_id, Sum.total).where(Sum.contact_id.in_(ids), Sum.currency == "EUR")
    return {row[0]: str(row[1]) for row in work.session.execute(mine)}


def visible(work: Work) -> Select[Entry]:
    """Entries that the actor may see: of contacts assigned to them, for whom is limited to these."""
    work.require("probe_three.view")
    found = select(Entry)
    if work.actor.only_assigned:
        found = found.where(Entry.contact_id.in_(work.visible(Contact).with_only_columns(Contact.id)))
    return found


def matching(work: Work, q: str, filters: Mapping[str, Sequence[str]]) -> Select[Entry]:
    """Entries that a list shows, without an order.

    :raises Invalid: when a filter can't be understood.
    """
    found = visible(work)
    if q:
        found = found.where(Entry.name.contains(q, autoescape=True))
    states = filters.get("state") or ()
    if set(states) - set(STATES):
        raise Invalid({"state": ["There is no such state."]})
    return found.where(or_(*(Entry.state == state for state in states))) if states else found


def sums(work: Work, q: str, filters: Mapping[str, Sequence[str]]) -> list[tuple[str, int]]:
    """Currency and sum of what a list shows, in cents."""
    wanted = matching(work, q, filters).with_only_columns(Entry.currency, func.sum(Entry.amount))
    return [(row[0], int(row[1])) for row in work.session.execute(wanted.group_by(Entry.currency))]


def count(work: Work, q: str, filters: Mapping[str, Sequence[str]]) -> int:
    """How many entries a list shows."""
    return work.session.scalar(matching(work, q, filters).with_only_columns(func.count(Entry.id))) or 0


def get(work: Work, entry_id: int) -> Entry:
    """:raises NotFound: when there is none, or the actor may not see it."""
    found = work.session.scalars(visible(work).where(Entry.id == entry_id)).first()
    if found is None:
        raise NotFound("entry", entry_id)
    return found


def rename(work: Work, entry_id: int, name: str) -> None:
    """:raises Invalid: when it is empty."""
    work.require("probe_three.edit")
    if not name.strip():
        raise Invalid({"name": ["Give it a name."]})
    get(work, entry_id).name = name.strip()[:80]
    work.session.flush()


def set_state(work: Work, ids: Sequence[int], state: str) -> dict[int, str]:
    """Gives entries a state; gives id -> state before of those that changed."""
    work.require("probe_three.edit")
    mine = visible(work).where(Entry.id.in_(ids), Entry.state != state).with_for_update()
    before = {entry.id: entry.state for entry in work.session.scalars(mine)}
    work.session.execute(update(Entry).where(Entry.id.in_(before)).values(state=state))
    return before


def back(work: Work, state: str, before: Mapping[int, str]) -> int:
    """Gives entries that are still in a state the one that they had before; gives how many."""
    work.require("probe_three.edit")
    mine = visible(work).with_only_columns(Entry.id).where(Entry.id.in_(before), Entry.state == state)
    groups: dict[str, list[int]] = {}
    for entry_id in work.session.scalars(mine.with_for_update()):
        groups.setdefault(before[entry_id], []).append(entry_id)
    for old, ids in groups.items():
        work.session.execute(update(Entry).where(Entry.id.in_(ids)).values(state=old))
    return sum(map(len, groups.values()))


def exported(work: Work, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """What an export writes."""
    given = {name: text.split(",") for name, text in filters.items() if name != "q"}
    for run in keyset.id_runs(
        work.session, matching(work, filters.get("q", ""), given).with_only_columns(Entry.id), Entry.id
    ):
        for entry in work.session.scalars(select(Entry).where(Entry.id.in_(run)).order_by(Entry.id)):
            yield {"id": entry.id, "name": entry.name, "state": entry.state, "amount": entry.amount}
