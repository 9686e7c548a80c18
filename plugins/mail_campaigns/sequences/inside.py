"""The people of a sequence, listed: where each is, when the next mail is due, who left and why; own contacts alone for who is
limited to these."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import Any

from sqlalchemy import Select, func, select, text

from crmhost.api import Contact, Invalid, Work, keyset

from ..models import Place, Sequence
from ..reasons import LEFT
from . import services

STATES = ("inside", "finished", "left")
_MOST = 100_000
#: How a list is sorted -> columns; each is an index of places, behind the columns that the filters fix.
_ORDERS: Mapping[str, Many[Any]] = {
    "due": (Place.due_at, Place.contact_id),
    "state": (Place.state, Place.contact_id),
    "contact": (Place.contact_id,),
}


@dataclasses.dataclass(frozen=True)
class Person:
    """Somebody who is or was in a sequence.

    :param step: place of the mail that comes next, or before which they left, from 1; 0 for none.
    :param due_at: when the next mail is due.
    :param in_bin: the contact lies in the bin.
    """

    id: int
    name: str
    email: str
    state: str
    reason: str
    step: int
    subject: str
    due_at: dt.datetime | None
    entered_at: dt.datetime
    ended_at: dt.datetime | None
    in_bin: bool = False


@dataclasses.dataclass(frozen=True)
class Which:
    """Which of the people: a state, a reason for leaving, the id of a step that comes next; empty for all.

    :raises Invalid: when there is no such state or reason.
    """

    state: str = ""
    reason: str = ""
    step: int | None = None

    def __post_init__(self) -> None:
        if self.state and self.state not in STATES:
            raise Invalid({"state": ["Choose inside, finished or left."]})
        if self.reason and self.reason not in LEFT:
            raise Invalid({"reason": ["There is no such reason."]})

    @property
    def order(self) -> str:
        """How they are sorted: those inside by their next mail."""
        if self.state == "inside" and not self.reason and self.step is None:
            return "due"
        return "contact" if self.state or self.reason else "state"


def page(
    work: Work,
    sequence: Sequence,
    which: Which,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> keyset.KeysetPage[Person]:
    """A page of the people of a sequence; who is inside by when their next mail is due, others by their number."""
    chosen = _chosen(work, sequence, which)
    found = keyset.page(work.session, chosen, _ORDERS, which.order, after=after, before=before, limit=limit)
    return keyset.KeysetPage(_shown(work, sequence, found.rows), found.next, found.previous)


def count(work: Work, sequence: Sequence, which: Which) -> tuple[int, bool]:
    """How many there are, and whether that is all of them."""
    some = _chosen(work, sequence, which).with_only_columns(Place.contact_id).limit(_MOST + 1).subquery()
    number = work.session.scalar(select(func.count()).select_from(some)) or 0
    return min(number, _MOST), number <= _MOST


def _chosen(work: Work, sequence: Sequence, which: Which) -> Select[Any]:
    work.require("mail_campaigns.view")
    found = select(Place).where(Place.sequence_id == sequence.id)
    if which.order == "due":
        # As its index says it: who is inside has a mail that is due some time.
        found = found.where(Place.due_at.is_not(None))
    elif which.state:
        found = found.where(Place.state == which.state)
    if which.reason:
        # As the index says it.
        found = found.where(Place.reason == which.reason, text("reason <> ''"))
    if which.step is not None:
        found = found.where(Place.step_id == which.step)
    if work.actor.only_assigned:
        found = found.where(Place.contact_id.in_(work.visible(Contact).with_only_columns(Contact.id)))
    return found


def _shown(work: Work, sequence: Sequence, rows: Many[Place]) -> list[Person]:
    wanted = select(Contact).where(Contact.id.in_([row.contact_id for row in rows]))
    people = {one.id: one for one in work.session.scalars(wanted)} if rows else {}
    steps = {step.id: step for step in services.steps_of(work, sequence.id)} if rows else {}
    found = []
    for row in rows:
        contact = people.get(row.contact_id)
        if contact is None:
            continue
        step = steps.get(row.step_id or 0)
        found.append(
            Person(
                row.contact_id,
                contact.name,
                contact.email,
                row.state,
                row.reason,
                step.place if step is not None else 0,
                step.subject if step is not None else "",
                row.due_at,
                row.entered_at,
                row.ended_at,
                contact.deleted_at is not None,
            )
        )
    return found
