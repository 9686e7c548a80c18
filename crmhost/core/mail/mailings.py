"""Mailings: one text that goes to many contacts, each address once and only once.

A mailing is made (:func:`create`), gets its recipients in as many steps as wanted (:func:`add`), and is started. Each recipient
is a row of the log of mails from then on; a unique index keeps an address from standing there twice. :mod:`.lanes` sends.

A mailing may have several subjects, and recipients who are written down but held: they get nothing before :func:`release`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select, update

from ...errors import Conflict, Invalid, NotFound
from ...messages import Message
from ...work.context import JobContext
from ...work.tables import JobRow
from ...work.unit import Work
from ..contacts.emails import check_email, email_key
from ..keyset import valid_id
from ..rows import chunks, insert_rows
from ..text import clean_line
from . import pictures
from .accounts import Account, chosen
from .counting import by_subject as by_subject
from .counting import figures as figures
from .counting import reached as reached
from .models import MailMailing, MailMessage, record_of
from .pace import seconds
from .suppression import reasons

#: Mails of one mailing that are under way at a time, each over a connection of its own.
LANES = 4
MOST_LANES = 20
#: Mails a second that one connection takes, as a rule; for the estimate before the first one is sent.
_A_SECOND = 20.0


@dataclasses.dataclass(frozen=True)
class Recipient:
    """Who a mailing goes to: a contact, or another record that has an address; ``name`` stands beside the address.

    :param object_type: name of the kind of a record that is no contact, with its ``object_id``; ``contact_id`` is none then.
    :param variant: which subject of the mailing they get, 0 for the first.
    :param held: written down, so that the address can't be added again, but sent nothing before :func:`release`.
    """

    contact_id: int | None
    email: str
    name: str = ""
    variant: int = 0
    held: bool = False
    object_type: str = ""
    object_id: int | None = None

    @property
    def record(self) -> tuple[str, int]:
        """Its kind and id; 0 for nobody."""
        return record_of(self) or ("", 0)


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """Who a mailing does not go to: ``no_email``, ``invalid``, ``duplicate``, ``unsubscribed``, ``bounced`` or ``complained``.

    Also the reasons of whoever adds the recipients.
    """

    recipient: Recipient
    reason: str


def create(
    work: Work,
    *,
    source: str,
    subject: str,
    subjects: Sequence[str] = (),
    html: str = "",
    text: str = "",
    account_id: int | None = None,
    more: Mapping[str, Any] | None = None,
    lanes: int = LANES,
) -> MailMailing:
    """Makes a mailing without recipients; nothing of it goes out before :func:`start`.

    :param source: which part of the site wants it, ``ID:key``; the source of each of its mails.
    :param subject, html, text: as :func:`.patterns.compose` gives them, placeholders not yet filled in.
    :param subjects: further subjects, for recipients with the variants 1, 2, …
    :param more: further values for placeholders, JSON-able, the same for all.
    :raises Invalid: by field.
    """
    work.require("mail.send")
    account = chosen(work, account_id)
    if not clean_line(subject):
        raise Invalid({"subject": ["Give the mail a subject."]})
    if not html.strip() and not text.strip():
        raise Invalid({"content": ["Write something first."]})
    if not work.base_url:
        raise Invalid("The site's public address is not known (CRMHOST_BASE_URL): no unsubscribe link can be made.")
    html = pictures.hosted(work, html)
    mailing = MailMailing(
        source=clean_line(source)[:120],
        account_id=account.id,
        user_id=work.actor.user_id,
        actor_label=work.actor.label,
        subject=clean_line(subject)[:998],
        subjects=[clean_line(one)[:998] for one in subjects],
        html=html,
        text=text,
        more=dict(more or {}),
        base_url=work.base_url[:300],
        lanes=max(1, min(lanes, MOST_LANES)),
        state="planned",
        size=0,
        halted="",
        created_at=work.now,
    )
    work.session.add(mailing)
    work.session.flush()
    work.audit("mailing.created", "mailing", mailing.id, after={"source": mailing.source, "subject": mailing.subject})
    return mailing


def get(work: Work, mailing_id: int, *, lock: bool = False) -> MailMailing:
    """:raises NotFound: when there is none."""
    wanted = select(MailMailing).where(MailMailing.id == (valid_id(mailing_id) or 0))
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found: MailMailing | None = work.session.scalar(wanted)
    if found is None:
        raise NotFound("mailing", mailing_id)
    return found


def sort_out(
    work: Work, recipients: Sequence[Recipient], *, blocked: bool = True, unwanted: Mapping[str, str] | None = None
) -> tuple[list[Recipient], list[LeftOut]]:
    """Who of these can be written to, the first of each address, and who is left out and why; nothing is written.

    :param unwanted: addresses that the caller leaves out, as they are compared (:func:`email_key`), with the reason.
    """
    fit, left, seen = [], [], set()
    known = reasons(work, [one.email for one in recipients if one.email]) if blocked else {}
    for one in recipients:
        key = email_key(one.email)
        if not key:
            left.append(LeftOut(one, "no_email"))
        elif why := known.get(key):
            left.append(LeftOut(one, why[0].reason))
        elif unwanted and key in unwanted:
            left.append(LeftOut(one, unwanted[key]))
        elif key[:254] in seen:
            left.append(LeftOut(one, "duplicate"))
        elif not _valid(one):
            left.append(LeftOut(one, "invalid"))
        else:
            seen.add(key[:254])
            fit.append(one)
    return fit, left


def _valid(one: Recipient) -> bool:
    try:
        check_email(one.email)
    except ValueError:
        return False
    return True


def add(
    work: Work, mailing: MailMailing, recipients: Sequence[Recipient], *, unwanted: Mapping[str, str] | None = None
) -> list[LeftOut]:
    """Adds recipients, inside ``work.begin()``; gives those who are left out. One that is there already is a duplicate.

    A mailing that is being sent, or was, goes on with them at once.

    :param unwanted: see :func:`sort_out`.
    """
    work.require("mail.send")
    # Who else adds to it waits: so what is read here of who is in it is true.
    mailing = get(work, mailing.id, lock=True)
    if mailing.state == "cancelled":
        raise Conflict("This mailing was cancelled: nobody can be added to it.")
    fit, left = sort_out(work, recipients, unwanted=unwanted)
    fresh = {email_key(one.email)[:254]: one for one in fit}
    there = select(MailMessage.email_key).where(
        MailMessage.mailing_id == mailing.id, MailMessage.mailing_id.is_not(None)
    )
    for some in chunks(list(fresh)):
        for key in work.session.scalars(there.where(MailMessage.email_key.in_(some))):
            left.append(LeftOut(fresh.pop(key), "duplicate"))
    shared: dict[str, Any] = {
        "mailing_id": mailing.id,
        "account_id": mailing.account_id,
        "user_id": mailing.user_id,
        "actor_label": mailing.actor_label,
        "bulk": True,
        "source": mailing.source,
        "created_at": work.now,
        "base_url": mailing.base_url,
        "from_text": "",
        "html": "",
        "text": "",
        "attachments": [],
        "answers": [],
        "message_id": "",
        "attempts": 0,
        "told": True,
    }
    subjects = (mailing.subject, *mailing.subjects)
    rows = [
        shared
        | {
            "contact_id": one.contact_id,
            "object_type": one.object_type,
            "object_id": one.object_id,
            "to_email": one.email,
            "email_key": key,
            "to_name": one.name[:250],
            "variant": one.variant,
            "subject": subjects[one.variant],
            "state": "held" if one.held else "queued",
        }
        for key, one in fresh.items()
    ]
    insert_rows(work.session, MailMessage, rows)
    mailing.size += len(rows)
    if not all(one.held for one in fresh.values()):
        _more(work, mailing)
    return left


def release(work: Work, mailing_id: int, *, variant: int = 0, limit: int = 5_000) -> int:
    """Lets recipients who are held get the mail, the first of them first, inside ``work.begin()``; gives how many it were.

    Called until it gives 0: each call takes the next ones, so a kill between two neither loses nor doubles anybody.

    :param variant: the subject that they get.
    """
    work.require("mail.send")
    mailing = get(work, mailing_id, lock=True)
    if mailing.state == "cancelled":
        raise Conflict("This mailing was cancelled: nothing more of it goes out.")
    some = list(work.session.scalars(_held(mailing.id).order_by(MailMessage.id).limit(limit)))
    subject = (mailing.subject, *mailing.subjects)[variant]
    for part in chunks(some):
        freed = update(MailMessage).where(MailMessage.id.in_(part), MailMessage.state == "held")
        work.session.execute(
            freed.values(state="queued", variant=variant, subject=subject).execution_options(synchronize_session=False)
        )
    if some:
        _more(work, mailing)
    return len(some)


def any_held(work: Work, mailing_id: int) -> bool:
    """Whether a mailing has recipients who are held."""
    return work.session.scalar(_held(mailing_id).limit(1)) is not None


def _held(mailing_id: int) -> Select[int]:
    return select(MailMessage.id).where(
        MailMessage.mailing_id == mailing_id, MailMessage.mailing_id.is_not(None), MailMessage.state == "held"
    )


def _more(work: Work, mailing: MailMailing) -> None:
    """A mailing that is on its way, or was through, goes on with those who came."""
    if mailing.state in ("sending", "done"):
        mailing.state, mailing.ended_at = "sending", None
        _go(work, mailing)


def start(work: Work, mailing_id: int) -> MailMailing:
    """Lets the mails go out, or go on after a pause; said twice, it is done once.

    :raises Conflict: when it was cancelled.
    """
    work.require("mail.send")
    mailing = get(work, mailing_id, lock=True)
    if mailing.state == "cancelled":
        raise Conflict("This mailing was cancelled: nothing more of it goes out.")
    if mailing.state in ("planned", "paused"):
        before, mailing.state, mailing.halted = mailing.state, "sending", ""
        mailing.started_at = mailing.started_at or work.now
        _go(work, mailing)
        work.audit("mailing.started", "mailing", mailing.id, before={"state": before}, after={"state": "sending"})
    return mailing


def pause(work: Work, mailing_id: int, why: str = "") -> MailMailing:
    """Halts a mailing; what is in the hands of a server just then still counts as it ends.

    :param why: kept in ``halted``, when nobody asked for it.
    """
    work.require("mail.send")
    mailing = get(work, mailing_id, lock=True)
    if mailing.state == "sending":
        mailing.state, mailing.halted = "paused", why
        work.session.flush()
        work.audit("mailing.paused", "mailing", mailing.id, after={"state": "paused"})
    return mailing


def cancel(work: Work, mailing_id: int) -> MailMailing:
    """Ends a mailing for good: who waits gets nothing and is marked so."""
    work.require("mail.send")
    mailing = get(work, mailing_id, lock=True)
    if mailing.state != "cancelled" and (mailing.state != "done" or any_held(work, mailing.id)):
        before, mailing.state, mailing.ended_at = mailing.state, "cancelled", work.now
        work.session.flush()
        said = [{"at": work.now.isoformat(), "code": 0, "text": Message("The mailing was cancelled.")}]
        waiting = update(MailMessage).where(
            MailMessage.mailing_id == mailing.id, MailMessage.state.in_(("queued", "held"))
        )
        work.session.execute(waiting.values(state="skipped", answers=said).execution_options(synchronize_session=False))
        work.audit("mailing.cancelled", "mailing", mailing.id, before={"state": before}, after={"state": "cancelled"})
    return mailing


def withdraw(work: Work, mailing_ids: Sequence[int], email: str, why: str) -> int:
    """Takes an address out of mailings in which its turn has not come, held or not, inside ``work.begin()``; gives of how many.

    :param why: a sentence that the log keeps.
    """
    said = [{"at": work.now.isoformat(), "code": 0, "text": why}]
    waiting = update(MailMessage).where(
        MailMessage.mailing_id.in_(mailing_ids),
        MailMessage.mailing_id.is_not(None),
        MailMessage.email_key == email_key(email)[:254],
        MailMessage.state.in_(("queued", "held")),
    )
    done = waiting.values(state="skipped", answers=said).returning(MailMessage.id)
    return len(work.session.scalars(done.execution_options(synchronize_session=False)).all())


def estimate(account: Account, number: int, lanes: int = LANES) -> float:
    """Seconds that so many mails take by the account's limits, or at the pace of a usual server when there are none."""
    return max(seconds(account, number), number / (_A_SECOND * lanes))


def _go(work: Work, mailing: MailMailing) -> None:
    work.session.flush()
    for lane in range(mailing.lanes):
        work.enqueue("mail.lane", dedupe=f"{mailing.id}:{lane}", mailing_id=mailing.id, lane=lane)


def sending(work: Work) -> bool:
    """Whether a mailing is on its way."""
    return work.session.scalar(select(MailMailing.id).where(MailMailing.state == "sending").limit(1)) is not None


def revive(job: JobContext) -> dict[str, int]:
    """The job ``mail.revive``: a lane whose job was given up, as after many kills, begins anew while there are mails for it."""
    with job.work.begin() as work:
        there = select(JobRow.dedupe_key).where(
            JobRow.kind == "mail.lane", JobRow.state.in_(("due", "parked", "running"))
        )
        alive = set(work.session.scalars(there))
        gone = [
            (mailing.id, lane)
            for mailing in work.session.scalars(select(MailMailing).where(MailMailing.state == "sending"))
            for lane in range(mailing.lanes)
            if f"{mailing.id}:{lane}" not in alive and _left(work, mailing, lane)
        ]
        for mailing_id, lane in gone:
            work.enqueue("mail.lane", dedupe=f"{mailing_id}:{lane}", mailing_id=mailing_id, lane=lane)
    return {"lanes": len(gone)}


def _left(work: Work, mailing: MailMailing, lane: int) -> bool:
    """Whether a lane has mails that are not dealt with."""
    of_it = MailMessage.mailing_id == mailing.id, MailMessage.mailing_id.is_not(None)
    waiting = select(MailMessage.id).where(*of_it, MailMessage.state.in_(("queued", "sending")))
    return work.session.scalar(waiting.where(MailMessage.id % mailing.lanes == lane).limit(1)) is not None
