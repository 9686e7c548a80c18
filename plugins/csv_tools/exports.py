"""Exports that were written in the background: found again by their job, kept some days, then swept."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, select

from crmhost.api import File, Work, files

from . import exporting
from .models import Export

KEPT_DAYS = 7
#: Exports deleted in one transaction.
SOME = 50


def of_job(work: Work, job_key: str) -> Export | None:
    """The export that a job made in an earlier attempt."""
    found: Export | None = work.session.scalar(select(Export).where(Export.job_key == job_key))
    return found


def keep(work: Work, job_key: str, kind: str, staged: files.Staged, rows: int) -> Export:
    """Makes a file of what was written."""
    exporting.exporter_of(work, kind)
    made = Export(job_key=job_key, kind=kind, file_id=files.store(work, staged).id, rows=rows, created_at=work.now)
    work.session.add(made)
    work.session.flush()
    return made


def may(work: Work, file: File, action: str) -> bool | None:
    """Who may do something with a file of this plugin: an export is its asker's alone, an upload of all who may import."""
    if action == "store":
        return work.can("csv_tools.import") or bool(exporting.kinds(work))
    kind = work.session.scalar(select(Export.kind).where(Export.file_id == file.id))
    if kind is None:
        return work.can("csv_tools.import")
    return None if any(item.kind == kind for item in exporting.kinds(work)) else False


def sweep(work: Work) -> int:
    """Deletes some exports that are old; says how many."""
    old = work.now - dt.timedelta(days=KEPT_DAYS)
    wanted = select(Export.id, Export.file_id).where(Export.created_at < old).order_by(Export.created_at).limit(SOME)
    found = work.session.execute(wanted).all()
    if found:
        files.delete(work, *(row.file_id for row in found if row.file_id is not None))
        gone = delete(Export).where(Export.id.in_([row.id for row in found]))
        work.session.execute(gone, execution_options={"synchronize_session": False})
    return len(found)
