"""Sequences on their way: who enters, and what is due, some hundred at a time.

Each batch locks its sequence; a mail is written into the ledger of its step in the transaction that moves its recipient on. So a
batch that is killed happened as a whole or not at all, and nobody gets a step twice or misses one.
"""

from __future__ import annotations

from collections.abc import Sequence as Many
from typing import Any

from sqlalchemy import bindparam, exists, or_, select, update

from crmhost.api import Actor, Contact, CrmError, Invalid, JobContext, User, Work, mail, users

from .. import audience, choices, reasons, running, web
from ..models import Campaign, Place, Sequence, Step
from . import people, services, waits

#: Contacts that enter, and places that are looked at, in one transaction.
ENTERING, BATCH = 2_000, 500
_PLACES = Place.__table__
_MOVE = (
    update(_PLACES)
    .where(
        _PLACES.c.sequence_id == bindparam("sequence"),
        _PLACES.c.contact_id == bindparam("contact"),
        # Who left meanwhile stays out.
        _PLACES.c.state == "inside",
    )
    .values(step_id=bindparam("step"), due_at=bindparam("due"), state=bindparam("became"), ended_at=bindparam("ended"))
)


# --- who enters ------------------------------------------------------------------------------------------------------


def gathering(work: Work) -> bool:
    """Whether there is a sequence that takes people in."""
    return work.session.scalar(_gathering().limit(1)) is not None


def _gathering() -> Any:
    return select(Sequence.id).where(Sequence.is_on, or_(Sequence.joins == "always", Sequence.gathered.is_(False)))


def look(job: JobContext) -> None:
    """The job ``mail_campaigns.look``: each sequence that takes people in looks for new ones."""
    with job.work.begin() as work:
        for sequence_id in work.session.scalars(_gathering().order_by(Sequence.id)):
            work.enqueue("mail_campaigns.gather", dedupe=str(sequence_id), sequence_id=sequence_id)


def gather(job: JobContext, sequence_id: int) -> dict[str, int]:
    """The job ``mail_campaigns.gather``: who is in the audience and never was in the sequence enters; gives how many."""
    entered = last = 0
    while True:
        job.check()
        with job.work.begin() as work:
            sequence = services.get(work, sequence_id, lock=True)
            if not sequence.is_on or (sequence.joins == "start" and sequence.gathered):
                return {"entered": entered}
            some = _new(work, sequence, last)
            if not some:
                sequence.gathered = True
                return {"entered": entered}
            people.take_in(work, sequence, services.steps_of(work, sequence.id), some)
        entered, last = entered + len(some), some[-1]


def _new(work: Work, sequence: Sequence, after: int) -> list[int]:
    """The next contacts of the audience that never were in it, of those whom the person sees who switched it on.

    :param after: the last one that entered in this run; those before are not looked at again.
    """
    user = work.session.get(User, sequence.user_id) if sequence.user_id is not None else None
    if user is None or user.disabled_at is not None:
        return []
    theirs = work.as_actor(users.actor_for(user))
    try:
        asked = audience.condition(theirs, sequence.audience)
    except CrmError:
        # A segment or an extension is gone: nobody enters, and the page says why.
        return []
    there = exists().where(Place.sequence_id == sequence.id, Place.contact_id == Contact.id)
    wanted = theirs.visible(Contact).where(asked, Contact.deleted_at.is_(None), Contact.id > after, ~there)
    return list(work.session.scalars(wanted.with_only_columns(Contact.id).order_by(Contact.id).limit(ENTERING)))


# --- what is due -----------------------------------------------------------------------------------------------------


def due(work: Work) -> bool:
    """Whether a mail of a sequence is due."""
    return _next(work) is not None


def _next(work: Work, without: Many[int] = ()) -> int | None:
    found: int | None = work.session.scalar(
        select(Sequence.id)
        .where(
            Sequence.is_on,
            Sequence.id.not_in(list(without)),
            ~_halted(),
            exists().where(Place.sequence_id == Sequence.id, Place.due_at.is_not(None), Place.due_at <= work.now),
        )
        .order_by(Sequence.id)
        .limit(1)
    )
    return found


def _halted() -> Any:
    """That mails of a sequence came to stand: nobody gets the next one before the one before it is out."""
    mailing = mail.MailMailing
    mine = Campaign.sequence_id == Sequence.id, mailing.id == Campaign.mailing_id
    return exists().where(*mine, mailing.state == "paused")


def walk(job: JobContext) -> dict[str, int]:
    """The job ``mail_campaigns.walk``: all that is due; gives of how many contacts.

    A sequence that can't send keeps no other from it; what is wrong with it is said in the end.
    """
    moved, broken = 0, dict[int, CrmError]()
    while True:
        job.check()
        with job.work.begin() as work:
            sequence_id = _next(work, list(broken))
        if sequence_id is None:
            break
        try:
            with job.work.begin() as work:
                moved += batch(work, services.get(work, sequence_id, lock=True))
        except CrmError as error:
            broken[sequence_id] = error
        job.progress(moved)
    if broken:
        raise next(iter(broken.values()))
    return {"contacts": moved}


def batch(work: Work, sequence: Sequence) -> int:
    """Deals with the next ones of a sequence that are due, inside ``work.begin()``; gives how many."""
    wanted = select(Place.contact_id, Place.step_id, Place.round).where(
        Place.sequence_id == sequence.id, Place.due_at.is_not(None), Place.due_at <= work.now
    )
    rows = list(work.session.execute(wanted.order_by(Place.due_at, Place.contact_id).limit(BATCH)))
    if not rows or not sequence.is_on:
        return 0
    steps = services.steps_of(work, sequence.id)
    following: dict[int | None, Step | None] = {None: None}
    following |= {one.id: then for one, then in zip(steps, [*steps[1:], None], strict=True)}
    by_id = {one.id: one for one in steps}
    groups: dict[tuple[int | None, int], list[int]] = {}
    for contact_id, step_id, turn in rows:
        groups.setdefault((step_id if step_id in by_id else None, turn), []).append(contact_id)
    for (step_id, turn), ids in groups.items():
        _deal(work, sequence, by_id.get(step_id or 0), turn, ids, following[step_id])
    work.session.expire_all()
    return len(rows)


def _deal(work: Work, sequence: Sequence, step: Step | None, turn: int, ids: list[int], then: Step | None) -> None:
    """Sends a step to contacts and moves them on."""
    if step is None:
        _finish(work, sequence, ids)
        return
    opens = waits.opening(step, work.now, work.timezone)
    if opens > work.now:
        # Its time of day passed while it waited for a worker.
        _move(work, sequence, ids, step.id, opens)
        return
    alive = _alive(work, ids)
    people.leave(work, sequence, [number for number in ids if number not in alive], reasons.GONE)
    out = _leaving(work, sequence, list(alive))
    people.leave(work, sequence, sorted(out), reasons.CONDITION)
    wanted = [one for number, one in alive.items() if number not in out]
    stay = {one.record[1] for one in wanted}
    # Who got it before its place or its words were changed, or as somebody with whom they were merged, goes on without it.
    editions = select(Campaign.mailing_id).where(Campaign.step_id == step.id, Campaign.step_round == turn)
    there = [number for number in work.session.scalars(editions) if number is not None]
    got, taken = mail.mailings.reached(work, there, {one.record[1]: one.email for one in wanted})
    wanted = [one for one in wanted if one.record[1] not in got]
    if wanted:
        sender = _sender(work, sequence)
        edition = _edition(sender, sequence, step, turn)
        unwanted = choices.unwanted(work, sequence.topic_id, [one.email for one in wanted])
        unwanted |= dict.fromkeys(taken, "duplicate")
        mailing = mail.mailings.get(work, edition.mailing_id or 0)
        left = mail.mailings.add(sender, mailing, wanted, unwanted=unwanted)
        edition.planned += len(wanted) - len(left)
        for reason in sorted({one.reason for one in left}):
            gone = [one.recipient.record[1] for one in left if one.reason == reason]
            people.leave(work, sequence, gone, reason)
            stay -= set(gone)
    if then is None:
        _finish(work, sequence, sorted(stay))
    else:
        _move(work, sequence, sorted(stay), then.id, waits.due(then, work.now, work.timezone))


def _alive(work: Work, ids: Many[int]) -> dict[int, mail.mailings.Recipient]:
    columns = (Contact.id, Contact.email, Contact.first_name, Contact.last_name)
    wanted = select(*columns).where(Contact.id.in_(ids), Contact.deleted_at.is_(None)).order_by(Contact.id)
    return {
        row.id: mail.mailings.Recipient(row.id, row.email, " ".join(filter(None, (row.first_name, row.last_name))))
        for row in work.session.execute(wanted)
    }


def _leaving(work: Work, sequence: Sequence, ids: Many[int]) -> set[int]:
    """Who of these is in the segment whose people leave."""
    if sequence.leave_segment is None or not ids:
        return set()
    try:
        asked = audience.condition(work, {"include": [{"segment": sequence.leave_segment}]})
    except Invalid:
        return set()
    return set(work.session.scalars(select(Contact.id).where(Contact.id.in_(ids), asked)))


def _sender(work: Work, sequence: Sequence) -> Work:
    """The host's own permissions, in the name of who switched the sequence on: they are told when it comes to stand."""
    user = work.session.get(User, sequence.user_id) if sequence.user_id is not None else None
    if user is None:
        return work
    return work.as_actor(Actor("system", user.name, user_id=user.id, permissions=work.actor.permissions))


def _edition(work: Work, sequence: Sequence, step: Step, turn: int) -> Campaign:
    """The mailing that takes the recipients of a step now, made when there is none."""
    wanted = select(Campaign).where(Campaign.step_id == step.id, Campaign.step_round == turn, Campaign.step_open)
    found: Campaign | None = work.session.scalar(wanted.order_by(Campaign.id.desc()).limit(1))
    if found is not None:
        return found
    name = f"{sequence.name[:180]} · {step.place}"
    edition = Campaign(
        name=name,
        name_key=sequence.name_key[:200],
        state="sending",
        web_key=web.new_key(),
        subject=step.subject,
        content_kind=step.content_kind,
        content=step.content,
        text=step.text,
        account_id=sequence.account_id,
        track_clicks=sequence.track_clicks,
        track_opens=sequence.track_opens,
        topic_id=sequence.topic_id,
        subjects=[],
        audience={"include": [], "exclude": []},
        left_out={},
        planned=0,
        sequence_id=sequence.id,
        step_id=step.id,
        step_round=turn,
        step_open=True,
        created_at=work.now,
        updated_at=work.now,
        started_at=work.now,
    )
    work.session.add(edition)
    work.session.flush()
    edition.mailing_id = running.mailing_of(work, edition).id
    mail.mailings.start(work, edition.mailing_id)
    return edition


def _move(work: Work, sequence: Sequence, ids: Many[int], step_id: int, due_at: Any) -> None:
    _put(work, sequence, ids, step_id, due_at, "inside", None)


def _finish(work: Work, sequence: Sequence, ids: Many[int]) -> None:
    if ids:
        _put(work, sequence, ids, None, None, "finished", work.now)
        people.finish(work, sequence, ids)


def _put(work: Work, sequence: Sequence, ids: Many[int], step: int | None, due_at: Any, state: str, ended: Any) -> None:
    if ids:
        shared = {"sequence": sequence.id, "step": step, "due": due_at, "became": state, "ended": ended}
        work.session.flush()
        work.session.connection().execute(_MOVE, [shared | {"contact": number} for number in ids])
