"""Sending a mailing: each lane is a job with a connection of its own, and takes every n-th mail.

A mail is marked before it is handed over and again with the server's answer; the second mark is written together with the first
one of the mail that follows, so a kill leaves at most one mail a lane of which nobody knows. That one is never sent again by
itself. A mark only takes where the row still waits: whoever comes second, after a pause or a lost lease, finds it taken.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, text, update

from ...errors import CrmError, JobStopped, NotFound, RetryLater
from ...messages import Message
from ...work.context import JobContext
from ...work.tables import JobRow
from ...work.unit import Work
from ..journal.system import SystemEntry
from ..journal.system import write as write_journal
from ..notifications import services as notifications
from ..rows import table
from . import mailings, marks, pace
from .accounts import Account, chosen, transport
from .filling import Filled, Filler, Item
from .models import UNTOLD, MailMailing, MailMessage, record_of, told_of
from .sending import PAUSES
from .smtp import Answer, Connection, NotSent, Uncertain
from .suppression import blocked

#: Mails whose values are read at a time, and the seconds after which a lane lets other jobs have their turn.
CHUNK = 100
STRETCH = 10.0
#: Seconds until the next try when the server can't be reached.
_UNREACHED = 60.0
_MAILS = table(MailMessage)
_KILLED = Message("The worker ended while it handed the mail over.")


class _Halted(Exception):
    """The account can't send: the mailing was paused."""


@dataclasses.dataclass(frozen=True)
class _Outcome:
    """What came of a mail that was handed over."""

    item: Item
    state: str
    answer: Answer
    due_at: dt.datetime | None = None


def send(job: JobContext, mailing_id: int, lane: int) -> None:
    """The job ``mail.lane``."""
    ends = time.monotonic() + STRETCH
    hand = _Hand(job, mailing_id, lane)
    try:
        while time.monotonic() < ends:
            job.check()
            if not hand.some():
                return
    except _Halted:
        return
    except JobStopped:
        if job.cancelled:
            with job.work.begin():
                mailings.pause(job.work, mailing_id)
        raise
    finally:
        hand.close()
    raise RetryLater(0.0)


class _Hand:
    """What one lane has in its hands."""

    def __init__(self, job: JobContext, mailing_id: int, lane: int) -> None:
        self.job, self.work = job, job.work
        self.mailing_id, self.lane = mailing_id, lane
        self.connection: Connection | None = None
        self.outcome: _Outcome | None = None
        self.filler: Filler | None = None
        self.per_domain = 0

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()

    # --- what is next -------------------------------------------------------------------------------------------------

    def some(self) -> bool:
        """Sends the next mails; whether there may be more. Raises RetryLater when what is left has to wait."""
        with self.work.begin():
            items = self._next()
        if items is None:
            return False
        try:
            for item in items:
                if not self._one(item):
                    return False
        finally:
            self._settle()
        return True

    def _next(self) -> list[Item] | None:
        work = self.work
        if self._other():
            raise RetryLater(random.uniform(0.5, 1.5))  # noqa: S311  # spreads load, protects nothing
        mailing = mailings.get(work, self.mailing_id)
        self._orphans(mailing)
        _tell(work, mailing, self.lane)
        if mailing.state != "sending":
            return None
        waiting = self._rows("queued")
        due = MailMessage.due_at.is_(None) | (MailMessage.due_at <= work.now)
        columns = (
            "id", "to_email", "to_name", "contact_id", "object_type", "object_id", "attempts", "variant", "answers",
        )  # fmt: skip
        wanted = waiting.where(due).with_only_columns(*(getattr(MailMessage, name) for name in columns))
        rows = list(work.session.execute(wanted.order_by(MailMessage.id).limit(CHUNK)))
        if not rows:
            self._rest(mailing)
            return None
        if transport(work) == "log":
            self._keep(mailing, [row.id for row in rows])
            return []
        stopped = blocked(work, [row.to_email for row in rows])
        self._skip([row.id for row in rows if row.to_email in stopped], Message("The address gets no more campaigns."))
        filler = self._filler(mailing)
        items, gone = filler.items(work, [row for row in rows if row.to_email not in stopped])
        self._skip(gone, Message("Whoever it was for is gone."))
        return items

    def _other(self) -> bool:
        """Whether another job has this lane in its hands, as after a pause that was short."""
        job = self.job
        key = f"{self.mailing_id}:{self.lane}"
        same = select(JobRow.id).where(JobRow.kind == "mail.lane", JobRow.dedupe_key == key, JobRow.id != job.id)
        alive = same.where(JobRow.state == "running", JobRow.lease_until > self.work.now)
        return self.work.session.scalar(alive.limit(1)) is not None

    def _rows(self, state: str) -> Any:
        lanes = mailings.get(self.work, self.mailing_id).lanes
        mine = MailMessage.id % lanes == self.lane
        return select(MailMessage).where(
            MailMessage.mailing_id == self.mailing_id, MailMessage.mailing_id.is_not(None),
            MailMessage.state == state, mine,
        )  # fmt: skip

    def _orphans(self, mailing: MailMailing) -> None:
        """Of what an earlier attempt had in its hands when it was killed, nobody knows."""
        for message in self.work.session.scalars(self._rows("sending")):
            said = {"at": self.work.now.isoformat(), "code": 0, "text": _KILLED}
            message.state, message.answers = "unknown", [*message.answers, said]
            data = {**told_of(message), "source": mailing.source, "mailing_id": mailing.id}
            self.work.tell("mail.unknown", [message.id], data)
        self.work.session.flush()

    def _rest(self, mailing: MailMailing) -> None:
        """Nothing is due in this lane: it waits for what is to be tried again, or ends, and the mailing with the last one."""
        soonest = self.work.session.scalar(self._rows("queued").with_only_columns(func.min(MailMessage.due_at)))
        if soonest is not None:
            raise RetryLater(max(1.0, (soonest - self.work.now).total_seconds()))
        left = select(MailMessage.id).where(
            MailMessage.mailing_id == mailing.id,
            MailMessage.mailing_id.is_not(None),
            MailMessage.state.in_(("queued", "sending")),
        )
        if self.work.session.scalar(left.limit(1)) is None:
            done = update(MailMailing).where(MailMailing.id == mailing.id, MailMailing.state == "sending")
            ended = self.work.session.execute(
                done.values(state="done", ended_at=self.work.now).returning(MailMailing.id)
            )
            if ended.scalar() is not None:
                self.work.tell("mailing.done", [mailing.id], {"source": mailing.source})

    def _filler(self, mailing: MailMailing) -> Filler:
        if self.filler is None:
            try:
                account = chosen(self.work, mailing.account_id)
            except NotFound:
                account = chosen(self.work)
            self.filler = Filler(self.work, mailing, account)
            self.per_domain = int(self.work.settings.get("mail.per_domain") or 0)
        return self.filler

    def _skip(self, ids: Sequence[int], why: Message) -> None:
        if ids:
            said = [{"at": self.work.now.isoformat(), "code": 0, "text": why}]
            self.work.session.execute(
                update(MailMessage).where(MailMessage.id.in_(ids)).values(state="skipped", answers=said)
            )

    def _keep(self, mailing: MailMailing, ids: Sequence[int]) -> None:
        """Nothing leaves this site: the mails are kept."""
        said = [
            {
                "at": self.work.now.isoformat(),
                "code": 0,
                "text": Message("Kept here: mails do not leave this site (Settings > Mail)."),
            }
        ]
        kept = update(MailMessage).where(MailMessage.id.in_(ids))
        self.work.session.execute(kept.values(state="logged", sent_at=self.work.now, answers=said, told=False))
        self.work.session.flush()
        _tell(self.work, mailing, self.lane)

    # --- one mail -----------------------------------------------------------------------------------------------------

    def _one(self, item: Item) -> bool:
        """Hands one mail over; whether the lane goes on."""
        assert self.filler is not None
        try:
            filled = self.filler.fill(item, self.work.now)
        except CrmError as error:
            self._refused(item, Answer(0, error.message))
            return True
        account = self.filler.account
        connection = self._connected(account)
        with self.work.begin():
            self._write()
            taken, wait = self._claim(item, filled, account)
        self.outcome = None
        if wait:
            raise RetryLater(wait, Message("The account's limit is reached."))
        if taken != "taken":
            return taken == "later"
        while True:
            waited = connection.used
            try:
                said = connection.send(filled.sender, filled.recipient, filled.raw)
                self.outcome = _Outcome(item, "sent", said)
            except NotSent as error:
                # A server may end a connection that waited: it has nothing of the mail, so a fresh one is tried.
                if waited and connection.ended and (fresh := self._fresh(account)) is not None:
                    connection = fresh
                    continue
                self.outcome = self._not_sent(item, error)
            except Uncertain as error:
                self.outcome = _Outcome(item, "unknown", error.answer)
            if connection.ended:
                self._drop()
            return True

    def _claim(self, item: Item, filled: Filled, account: Account) -> tuple[str, float]:
        """Marks the mail as being sent: ``taken``; ``later`` when it is not to be sent now, ``stop`` when the lane has to end.

        And the seconds to wait when the account's limit is reached; then nothing was marked.
        """
        work = self.work
        if wait := pace.take(work, account):
            return "stop", wait
        if wait := pace.take_domain(work, filled.recipient.rpartition("@")[2], self.per_domain):
            mine = update(_MAILS).where(_MAILS.c.id == item.id, _MAILS.c.state == "queued")
            work.session.execute(mine.values(due_at=work.now + dt.timedelta(seconds=wait)))
            return "later", 0.0
        if marks.hand_over(work, self.mailing_id, item, filled, account):
            return "taken", 0.0
        return ("later" if marks.running(work, self.mailing_id) else "stop"), 0.0

    def _not_sent(self, item: Item, error: NotSent) -> _Outcome:
        attempts = item.attempts + 1
        if error.again and attempts <= len(PAUSES):
            due_at = self.work.now + dt.timedelta(seconds=PAUSES[attempts - 1])
            return _Outcome(item, "queued", error.answer, due_at)
        return _Outcome(item, "failed", error.answer)

    def _connected(self, account: Account) -> Connection:
        if self.connection is None:
            try:
                self.connection = Connection(account)
            except NotSent as error:
                if error.again:
                    raise RetryLater(_UNREACHED, str(error.answer)) from error
                with self.work.begin():
                    self._write()
                    self._halt(error.answer)
                self.outcome = None
                raise _Halted from error
        return self.connection

    def _fresh(self, account: Account) -> Connection | None:
        self._drop()
        try:
            self.connection = Connection(account)
        except NotSent:
            return None
        return self.connection

    def _drop(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _halt(self, answer: Answer) -> None:
        """The account can't send: the mailing waits for a person, who is told."""
        mailing = mailings.pause(self.work, self.mailing_id, str(answer))
        if mailing.user_id is not None and mailing.state == "paused":
            sentence = Message("Sending “%(subject)s” came to stand: %(said)s")
            data = {"subject": mailing.subject, "said": str(answer)[:200]}
            notifications.tell(
                self.work, [mailing.user_id], sentence, url="/settings/mail", kind="mail.failed", data=data
            )

    # --- what came of it ----------------------------------------------------------------------------------------------

    def _refused(self, item: Item, answer: Answer) -> None:
        self._settle()
        self.outcome = _Outcome(item, "failed", answer)
        self._settle(marks.WAITING)

    def _settle(self, before: tuple[str, ...] = marks.IN_HAND) -> None:
        if self.outcome is not None:
            with self.work.begin():
                self._write(before)
                _tell(self.work, mailings.get(self.work, self.mailing_id), self.lane)
            self.outcome = None

    def _write(self, before: tuple[str, ...] = marks.IN_HAND) -> None:
        """Writes down what came of the last mail; it is forgotten only when that is committed."""
        outcome = self.outcome
        if outcome is None:
            return
        item, work = outcome.item, self.work
        said = {"at": work.now.isoformat(), "code": outcome.answer.code, "text": outcome.answer.text}
        if outcome.state in ("failed", "unknown"):
            _say(work, f"mail.{outcome.state}", item, self.mailing_id)
        marks.settle(work, item, before, outcome.state, said, outcome.due_at)


def _say(work: Work, name: str, item: Item, mailing_id: int) -> None:
    data = {**told_of(item), "source": mailings.get(work, mailing_id).source, "mailing_id": mailing_id}
    match name:
        case "mail.failed":
            work.tell("mail.failed", [item.id], data)
        case "mail.unknown":
            work.tell("mail.unknown", [item.id], data)


def _tell(work: Work, mailing: MailMailing, lane: int) -> None:
    """Writes the journal of the mails that went out since, and tells the listeners: with all of it or not at all."""
    columns = ("id", "contact_id", "object_type", "object_id", "subject", "state")
    untold = select(*(getattr(MailMessage, name) for name in columns)).where(
        MailMessage.mailing_id == mailing.id, text(UNTOLD), MailMessage.id % mailing.lanes == lane
    )
    rows: list[Any] = list(work.session.execute(untold.order_by(MailMessage.id)))
    if not rows:
        return
    work.session.execute(update(MailMessage).where(MailMessage.id.in_([row.id for row in rows])).values(told=True))
    entries = [
        SystemEntry(
            whose[1],
            "mail.logged" if row.state == "logged" else "mail.sent",
            {"mail_id": row.id, "mailing_id": mailing.id, "source": mailing.source},
            summary=row.subject,
            author=mailing.actor_label,
            user_id=mailing.user_id,
            object_type=whose[0],
        )
        for row in rows
        if (whose := record_of(row)) is not None
    ]
    write_journal(work, entries)
    if sent := [row.id for row in rows if row.state != "logged"]:
        work.tell("mail.sent", sent, {"contact_id": None, "source": mailing.source, "mailing_id": mailing.id})
