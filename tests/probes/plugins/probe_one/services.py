"""Scores and the roll-up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from crmhost.api import (
    Change,
    Contact,
    Event,
    Invalid,
    JournalEntry,
    NotFound,
    Vetoed,
    Work,
    contacts,
    journal,
    records,
)

from .models import Heard, Member, Rollup, Score

#: Contacts with so many points are kept from the bin.
KEPT = 1000


def give(work: Work, contact_id: int, points: int, *, remark: str = "", source: str = "page") -> Score:
    """Gives points to a contact.

    :raises Invalid: when the points are no whole number from -1,000 to 1,000.
    :raises Vetoed: when another plugin refuses.
    """
    work.require("probe_one.edit")
    contact = contacts.get(work, contact_id)
    points = int(work.hooks.call("probe_one_points", points, work=work, contact_id=contact.id))
    if not -1000 <= points <= 1000:
        raise Invalid({"points": ["Give a whole number from -1,000 to 1,000."]})
    work.hooks.call("probe_one_before_score", work=work, contact_id=contact.id, points=points)
    score = Score(contact_id=contact.id, points=points, remark=remark[:200], source=source, at=work.now)
    work.session.add(score)
    work.session.flush()
    journal.system(work, [journal.SystemEntry(contact.id, "probe_one.scored", summary=f"Scored {points} by probe one")])
    work.audit("probe_one.scored", "probe_one_score", score.id, after={"points": points})
    work.changed(Change("probe_one.scored", "probe_one_score", score.id, after={"points": points}))
    work.enqueue("probe_one.recount", dedupe="all")
    work.hooks.call("probe_one_scored", work=work, score_id=score.id)
    return score


def get(work: Work, score_id: int) -> Score:
    """A score.

    :raises NotFound: when there is none, or the actor may not see its contact.
    """
    score = work.session.get(Score, score_id)
    if score is None:
        raise NotFound("score", score_id)
    contacts.get(work, score.contact_id)
    return score


def titles(work: Work, ids: Sequence[int]) -> Mapping[int, str]:
    """What scores are called, those that the actor may see."""
    seen = select(Score).join(Contact, Contact.id == Score.contact_id).where(Contact.visible_to(work.actor))
    return {score.id: f"Score of {score.points}" for score in work.session.scalars(seen.where(Score.id.in_(ids)))}


def remove(work: Work, score_id: int) -> None:
    """Takes a score away, with its tags and its journal."""
    work.require("probe_one.edit")
    work.session.delete(get(work, score_id))
    records.forget(work, "probe_one_score", [score_id])


def follow_up(work: Work, entry: JournalEntry, values: Mapping[str, str]) -> None:
    """Gives the points that were typed beside a journal entry, in the same step.

    :raises Invalid: when they are no whole number.
    """
    points = values.get("probe_one.points", "").strip()
    if not points or entry.contact_id is None:
        return
    if not points.lstrip("-").isdigit():
        raise Invalid({"probe_one.points": ["Give a whole number of points."]})
    give(work, entry.contact_id, int(points), remark=entry.summary, source="journal")


def give_many(work: Work, ids: Sequence[int], points: int) -> int:
    """Gives the same points to many contacts at once; gives how many there were."""
    work.require("probe_one.edit")
    known = work.session.scalars(work.visible(Contact).where(Contact.id.in_(ids))).all()
    rows = [
        {"contact_id": contact.id, "points": points, "remark": "", "source": "bulk", "at": work.now}
        for contact in known
    ]
    if rows:
        work.session.execute(insert(Score), rows)
    return len(rows)


def totals(work: Work, ids: Sequence[int]) -> dict[int, int]:
    """Contact id -> points, for those that have a score."""
    sums = select(Score.contact_id, func.sum(Score.points)).where(Score.contact_id.in_(ids)).group_by(Score.contact_id)
    return {contact: int(points) for contact, points in work.session.execute(sums)}


def scores_of(work: Work, contact_id: int) -> list[Score]:
    """Scores of a contact, newest first."""
    return list(work.session.scalars(select(Score).where(Score.contact_id == contact_id).order_by(Score.id.desc())))


def grand_total(work: Work) -> int:
    """Points of all contacts."""
    return int(work.session.scalar(select(func.sum(Score.points))) or 0)


def per_status(work: Work) -> dict[int, int]:
    """Status id -> number of contacts, from the roll-up."""
    return {row.status_id: row.contacts for row in work.session.scalars(select(Rollup))}


def grade(work: Work, points: int) -> str:
    """What to call a number of points: the first plugin that knows decides."""
    return work.hooks.call("probe_one_grade", work=work, points=points) or "ungraded"


# --- the roll-up -----------------------------------------------------------------------------------------------------


def follow(work: Work, changes: Sequence[Change]) -> None:
    """Brings the roll-up to what the changes made of their contacts."""
    ids = sorted({change.object_id for change in changes if change.object_type == "contact"})
    for start in range(0, len(ids), 500):
        _follow(work, ids[start : start + 500])


def _follow(work: Work, ids: Sequence[int]) -> None:
    session = work.session
    alive = select(Contact.id, Contact.status_id).where(Contact.id.in_(ids), Contact.deleted_at.is_(None))
    now = {row.id: row.status_id for row in session.execute(alive)}
    counted = select(Member.contact_id, Member.status_id).where(Member.contact_id.in_(ids))
    before = {row.contact_id: row.status_id for row in session.execute(counted)}
    if now == before:
        return
    session.execute(delete(Member).where(Member.contact_id.in_(ids)), execution_options={"synchronize_session": False})
    _count(work, now)
    differences = Counter(now.values())
    differences.subtract(before.values())
    for status, amount in sorted(differences.items()):
        if amount:
            row = update(Rollup).where(Rollup.status_id == status).values(contacts=Rollup.contacts + amount)
            if not session.execute(row, execution_options={"synchronize_session": False}).rowcount:
                session.execute(insert(Rollup), [{"status_id": status, "contacts": amount}])
    session.execute(delete(Rollup).where(Rollup.contacts == 0), execution_options={"synchronize_session": False})


def _count(work: Work, members: Mapping[int, int]) -> None:
    if members:
        rows = [{"contact_id": contact, "status_id": status} for contact, status in members.items()]
        work.session.execute(insert(Member), rows)


def rebuild(work: Work) -> None:
    """Makes the roll-up anew from the contacts."""
    session = work.session
    for model in (Member, Rollup):
        session.execute(delete(model), execution_options={"synchronize_session": False})
    alive = select(Contact.id, Contact.status_id).where(Contact.deleted_at.is_(None))
    members = {row.id: row.status_id for row in session.execute(alive)}
    _count(work, members)
    rows = [{"status_id": status, "contacts": amount} for status, amount in Counter(members.values()).items()]
    if rows:
        session.execute(insert(Rollup), rows)


# --- what the core asks ----------------------------------------------------------------------------------------------


def prepare(value: dict[str, Any]) -> dict[str, Any]:
    """Marks the notes of contacts that ask for it."""
    if "probe" in str(value.get("notes", "")):
        value = {**value, "notes": f"{value['notes']} one"}
    return value


def keep(work: Work, contact_ids: Sequence[int]) -> None:
    """:raises Vetoed: when one of the contacts has too many points to go."""
    for contact, points in totals(work, contact_ids).items():
        if points >= KEPT:
            raise Vetoed(f"Contact {contact} has {points} points and stays.", plugin="probe_one")


def merged(work: Work, winner_id: int, loser_ids: Sequence[int]) -> None:
    """Counts anew, and says what the one that stays has now."""
    follow(work, [Change("contact.merged", "contact", contact) for contact in (winner_id, *loser_ids)])
    work.audit("probe_one.merged", "contact", winner_id, after={"points": totals(work, [winner_id]).get(winner_id, 0)})


def unmerged(work: Work, winner_id: int, loser_ids: Sequence[int]) -> None:
    """Counts anew, and says what each has now."""
    everyone = [winner_id, *loser_ids]
    follow(work, [Change("contact.unmerged", "contact", contact) for contact in everyone])
    points = {str(contact): number for contact, number in totals(work, everyone).items()}
    work.audit("probe_one.unmerged", "contact", winner_id, after={"points": points})


def personal_data(work: Work, contact_id: int) -> dict[str, Any]:
    """Scores of a person."""
    return {"scores": [{"points": score.points, "remark": score.remark} for score in scores_of(work, contact_id)]}


def erase(work: Work, contact_id: int) -> None:
    """Erases the scores of a person."""
    work.session.execute(delete(Score).where(Score.contact_id == contact_id))


def hear(work: Work, event: Event) -> bool:
    """Handles an event once, however often it is told; says whether it was new."""
    if work.session.get(Heard, event.id) is not None:
        return False
    work.session.add(Heard(event_id=event.id, name=event.name))
    return True


class Scores:
    """The service “probe_one”, see ``api.py``."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def give(self, contact_id: int, points: int, remark: str = "") -> int:
        return give(self._work, contact_id, points, remark=remark, source="service").id

    def total(self, contact_id: int) -> int:
        return totals(self._work, [contact_id]).get(contact_id, 0)

    def numbers(self, contact_id: int) -> list[int]:
        return [score.id for score in scores_of(self._work, contact_id)]

    def per_status(self) -> Mapping[int, int]:
        return per_status(self._work)


def pictures(work: Work, file_ids: Sequence[int]) -> list[int]:
    """Pictures that remarks show."""
    told = " ".join(work.session.scalars(select(Score.remark)))
    return [number for number in file_ids if f"/storage/{number}?" in told]
