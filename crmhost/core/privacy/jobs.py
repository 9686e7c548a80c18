"""Background work: making archives of people's data, and removing them when their time is over."""

from __future__ import annotations

import datetime as dt
import tempfile
from typing import TYPE_CHECKING

from sqlalchemy import select

from ...messages import Message, Plural
from ..files import services as files
from ..files.models import File
from ..notifications import services as notifications
from .exporting import OWNER, write_archive

if TYPE_CHECKING:
    from ...work.context import JobContext

_AT_ONCE = 100


def export(job: JobContext, contact_id: int) -> dict[str, object]:
    """Makes the archive and tells who asked for it."""
    work = job.work
    with tempfile.TemporaryFile() as archive:
        write_archive(work, contact_id, archive)
        job.check()
        archive.seek(0)
        staged = files.stage(
            work,
            archive,
            name=f"contact-{contact_id}.zip",
            owner=OWNER,
            media_type="application/zip",
            contact_id=contact_id,
            largest=0,
        )
    with work.begin():
        url = f"/storage/{files.store(work, staged).id}"
        if work.actor.user_id is not None:
            # Without a name: the notification may outlive the person's data.
            told = "The archive of a person's data that you asked for is ready."
            notifications.tell(work, [work.actor.user_id], told, url, "privacy.exported")
    return {"message": Message("The archive is ready."), "url": url}


def tidy(job: JobContext) -> dict[str, object]:
    """Removes archives whose time is over."""
    work, done = job.work, 0
    days = max(1, int(work.settings.get("privacy.export_days") or 1))
    while True:
        job.check()
        with work.begin():
            old = select(File.id).where(File.owner == OWNER, File.created_at < work.now - dt.timedelta(days=days))
            ids = list(work.session.scalars(old.limit(_AT_ONCE)))
            files.delete(work, *ids)
        done += len(ids)
        if not ids:
            return {"message": Plural("%(num)s archive was removed.", "%(num)s archives were removed.", done)}
