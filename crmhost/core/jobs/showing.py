"""How a job looks: its state in words, how far it is, and the part of a page that refreshes itself while it runs."""

from __future__ import annotations

import dataclasses
import datetime as dt
from urllib.parse import urlsplit

from babel.dates import format_timedelta
from flask import render_template, request
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup

from ...errors import NotFound
from ...web.i18n import number
from ...web.request import current_work, is_fragment, local_path
from ...work import jobs
from ...work.tables import JobRow
from ...work.unit import Work
from . import services

#: Seconds between two looks at what goes on.
REFRESH = 2
#: Seconds that a job may be due before the pages say that nobody takes it.
LATE = 60


def job_progress(job_id: int, *, reload: bool = False) -> Markup:
    """A job on a page of yours: a bar with counts and time left, then what came of it, with its link.

    It refreshes itself while the job waits or runs; closing the page doesn't stop the job. Nothing where the reader may not see
    the job, or it was cleared away.

    :param reload: the page is loaded anew when the job has ended.
    """
    try:
        job = jobs.get(current_work(), job_id)
    except NotFound:
        return Markup()
    # Asked for by the page's own refreshing, it stands on the page that htmx names.
    parts = urlsplit(request.headers.get("HX-Current-URL", "") if is_fragment() else request.full_path)
    back = local_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)
    return Markup(render_template("jobs/progress.html", job=view(job), reload=reload, back=back))  # noqa: S704  # finished markup


@dataclasses.dataclass(frozen=True)
class JobView:
    """A job as it is shown."""

    row: JobRow
    label: str
    words: str
    tone: str
    progress: services.Progress | None
    left: str
    rate: str
    message: str
    url: str
    error: str
    traceback: str
    can_retry: bool
    can_cancel: bool

    @property
    def id(self) -> int:
        """Its number."""
        return self.row.id

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.row.state in ("done", "failed", "cancelled")

    @property
    def asker(self) -> str:
        """Who asked for it."""
        return str(_("The clock")) if self.row.actor == "schedule" else self.row.actor


_TONES = {"running": "accent", "parked": "warn", "done": "ok", "failed": "bad"}


def state_words() -> dict[str, str]:
    """State -> what it is called."""
    return {
        "due": str(_("Waiting")),
        "running": str(_("Running")),
        "parked": str(_("Parked")),
        "done": str(_("Done")),
        "failed": str(_("Failed")),
        "cancelled": str(_("Cancelled")),
    }


def view(job: JobRow, labels: dict[str, str] | None = None) -> JobView:
    """A job as it is shown to who looks now."""
    work = current_work()
    told = services.progress(work, job)
    if told is not None and told.text:
        told = dataclasses.replace(told, text=str(_(told.text)))
    error, traceback = services.error_of(work, job)
    if error:
        error = str(_(error))
    words, url = services.message(job)
    change = services.may_change(work, job)
    label = (services.labels(work) if labels is None else labels).get(job.kind)
    return JobView(
        row=job,
        label=str(_(label)) if label else job.kind,
        words=_words(work, job),
        tone=_TONES.get(job.state, ""),
        progress=told,
        left=lasting(told.left) if told is not None and told.left is not None else "",
        rate=_pace(told.rate) if told is not None and told.rate else "",
        message=str(_(words)) if words else "",
        url=local_path(url),
        error=error,
        traceback=traceback,
        can_retry=change and (job.state in ("failed", "cancelled") or (job.state == "due" and job.due_at > work.now)),
        can_cancel=change and job.state in ("due", "parked", "running") and not job.cancel,
    )


def _words(work: Work, job: JobRow) -> str:
    if job.state == "running" and job.cancel:
        return str(_("Stopping"))
    if job.state == "due" and job.due_at > work.now:
        return str(_("Tries again later")) if job.failures or job.error else str(_("Planned"))
    return state_words().get(job.state, job.state)


def _pace(rate: float) -> str:
    """How fast it goes: “420 a second”, “9 a minute”."""
    if rate >= 1:
        return str(_("%(number)s a second", number=number(round(rate))))
    return str(_("%(number)s a minute", number=number(max(1, round(60 * rate)))))


def lasting(seconds: float) -> str:
    """A span of time, rounded: “12 seconds”, “3 minutes”."""
    span = dt.timedelta(seconds=max(1, round(seconds)))
    return str(format_timedelta(span, threshold=1.2, locale=get_locale() or "en"))
