"""What invoices do by the clock, and after settings that every invoice depends on were changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crmhost.api import JobContext, Work
from plugins.transactions import api as transactions

from . import paying, recurring
from .models import Invoice


def keep_days(job: JobContext) -> Mapping[str, Any]:
    """Has what is overdue become so, and makes recurring invoices that are due."""
    work, late, made = job.work, 0, 0
    number = paying.BATCH
    while number == paying.BATCH:
        job.check()
        with work.begin():
            number = paying.overdue(work)
        late += number
    while due := recurring.due(work):
        for recurrence in due:
            job.check()
            with work.begin():
                made += recurring.make(work, recurrence) is not None
    return {"overdue": late, "made": made}


def recount(job: JobContext) -> None:
    """Settles all issued invoices anew, in batches."""
    work, after = job.work, int(job.saved or 0)
    while True:
        job.check()
        with work.begin():
            ids = _issued(work, after)
            paying.recount(work, ids)
            if ids:
                after = ids[-1]
                job.save(after)
        if len(ids) < paying.BATCH:
            return


def _issued(work: Work, after: int) -> list[int]:
    wanted = select(Invoice.id).where(Invoice.id > after, Invoice.state.not_in(("draft", "void")))
    return list(work.session.scalars(wanted.order_by(Invoice.id).limit(paying.BATCH)))


def begin(work: Work) -> None:
    """Wants everything counted anew: what happened while the extension was off was not told."""
    if _issued(work, 0):
        work.enqueue("invoices.recount", dedupe="all")
    transactions.rebuild(work)
