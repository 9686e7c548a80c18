"""Background work: keys of the contacts that are there, and forgetting what old merges moved."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from ...messages import Plural
from ..contacts.models import Contact
from ..rows import table
from . import keys
from .models import Merge, MergeStep

if TYPE_CHECKING:
    from ...work.context import JobContext

#: Merges that are forgotten in one transaction.
_AT_ONCE = 100


def fill(job: JobContext) -> dict[str, object]:
    """Makes the keys of all contacts that are there, in steps, from where an earlier attempt ended."""
    work, last, done = job.work, int(job.saved or 0), 0
    while True:
        job.check()
        with work.begin():
            some = select(Contact.id).where(Contact.id > last, Contact.deleted_at.is_(None)).order_by(Contact.id)
            ids = list(work.session.scalars(some.limit(keys.AT_ONCE)))
            if not ids:
                return {
                    "message": Plural("%(num)s contact was compared.", "%(num)s contacts were compared.", done),
                    "url": "/contacts/duplicates",
                }
            keys.refresh(work, ids)
            last, done = ids[-1], done + len(ids)
            job.save(last)
        job.progress(done)


def tidy(job: JobContext) -> dict[str, object]:
    """Forgets what merges moved that can't be undone any more, and the values from before; that they were made stays known."""
    work, done = job.work, 0
    days = max(0, int(work.settings.get("merging.undo_days") or 0))
    over = Merge.at < work.now - dt.timedelta(days=days)
    while True:
        job.check()
        with work.begin():
            old = select(Merge.id).where(Merge.kept, over).order_by(Merge.at).limit(_AT_ONCE)
            ids = list(work.session.scalars(old))
            if not ids:
                return {
                    "message": Plural("%(num)s old merge was forgotten.", "%(num)s old merges were forgotten.", done)
                }
            work.session.execute(delete(table(MergeStep)).where(MergeStep.merge_id.in_(ids)))
            for record in work.session.scalars(select(Merge).where(Merge.id.in_(ids))):
                record.changes, record.kept = {}, False
        done += len(ids)
