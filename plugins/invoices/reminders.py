"""Reminders of what is unpaid, some days before or after the due date: each once, by a daily job."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import exists, select

from crmhost.api import CrmError, JobContext, Work

from . import sending, services, settings
from .models import Invoice, Reminder
from .paying import OWED

#: Days that a reminder may be late, when the site was off; after them it is left out.
LATE = 2
_BATCH = 200


class _Settled(Exception):  # no error: somebody was faster
    """There is nothing to remind of any more."""


def remind(job: JobContext) -> Mapping[str, Any]:
    """The job ``invoices.remind``: writes the mails that are due today; each is one transaction with its line in the ledger."""
    work, sent, failed = job.work, 0, 0
    # The latest first: who gets the second reminder does not get the first any more.
    for days in reversed(settings.reminder_days(work)):
        for invoice_id, due_date in list(candidates(work, days)):
            job.check()
            try:
                _one(work, invoice_id, due_date, days)
                sent += 1
            except _Settled:
                continue
            except CrmError:
                # Such as a contact without an address; tomorrow it is tried again.
                failed += 1
    return {"sent": sent, "failed": failed}


def candidates(work: Work, days: int) -> Iterator[tuple[int, dt.date]]:
    """Invoices, and their due dates, of which a reminder at a distance from the due date is due now."""
    latest = work.today - dt.timedelta(days=days)
    told = exists().where(
        Reminder.invoice_id == Invoice.id, Reminder.due_date == Invoice.due_date, Reminder.days >= days
    )
    wanted = select(Invoice.id, Invoice.due_date, Invoice.issued_at).where(
        Invoice.state.in_(OWED),
        Invoice.due_date.between(latest - dt.timedelta(days=LATE), latest),
        Invoice.credits_id.is_(None),
        Invoice.deleted_at.is_(None),
        ~told,
    )
    after = 0
    while True:
        rows = work.session.execute(wanted.where(Invoice.id > after).order_by(Invoice.id).limit(_BATCH)).all()
        for row in rows:
            issued = row.issued_at.astimezone(work.timezone).date() if row.issued_at is not None else None
            if issued is None or issued < row.due_date + dt.timedelta(days=days):
                yield row.id, row.due_date
        if len(rows) < _BATCH:
            return
        after = rows[-1].id


def _one(work: Work, invoice_id: int, due_date: dt.date, days: int) -> None:
    def told(mail_id: int) -> None:
        invoice = services.get(work, invoice_id)
        known = work.session.scalar(
            select(Reminder.days).where(
                Reminder.invoice_id == invoice_id, Reminder.due_date == due_date, Reminder.days >= days
            )
        )
        if known is not None or invoice.state not in OWED or invoice.due_date != due_date:
            raise _Settled
        work.session.add(Reminder(invoice_id=invoice_id, due_date=due_date, days=days, mail_id=mail_id, at=work.now))

    sending.deliver(work, invoice_id, done=told, entry=sending.REMINDED)


def has_work(work: Work) -> bool:
    """Whether reminders are wanted at all."""
    return bool(settings.reminder_days(work))
