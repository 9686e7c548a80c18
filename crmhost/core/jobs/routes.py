"""Settings > Jobs: what works in the background, one job, and events that could not be delivered."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from ...errors import Conflict
from ...web.request import current_work, is_fragment, local_path, requires, writing
from ...web.tables.pages import list_page
from ...web.toasts import toast
from ...work import events, jobs
from . import services
from .listing import table
from .showing import REFRESH, job_progress, view

blueprint = Blueprint("jobs", __name__, url_prefix="/settings/jobs")


@blueprint.get("/")
def index() -> ResponseReturnValue:
    """The jobs that the reader may see."""
    work = current_work()
    everybody = work.can(jobs.VIEW)
    return list_page(
        "jobs/index.html",
        table(work),
        work,
        everybody=everybody,
        most=services.MOST_COUNTED,
        dead=services.undelivered(work) if everybody else 0,
    )


@blueprint.get("/<int:job_id>")
def job(job_id: int) -> str:
    """One job; only what changes while it runs, when the page refreshes that."""
    work = current_work()
    found = jobs.get(work, job_id)
    result = found.result if found.result is not None else {}
    return render_template(
        "jobs/job_part.html" if is_fragment() else "jobs/job.html",
        job=view(found),
        lines=services.log(work, found),
        arguments=services.shown(found.arguments),
        result=[pair for pair in services.shown(result) if pair[0] not in ("message", "url")],
        refresh=0 if found.state in ("done", "failed", "cancelled", "parked") or found.due_at > work.now else REFRESH,
    )


@blueprint.get("/<int:job_id>/progress")
def progress(job_id: int) -> ResponseReturnValue:
    """How far a job is, for the page that shows it; with ``reload`` that page is loaded anew when the job has ended."""
    found = jobs.get(current_work(), job_id)
    reload = request.args.get("reload") == "1"
    if not is_fragment():
        return redirect(url_for("jobs.job", job_id=job_id))
    if reload and found.state in ("done", "failed", "cancelled"):
        answer = make_response("", 200)
        answer.headers["HX-Refresh"] = "true"
        return answer
    return job_progress(job_id, reload=reload)


@blueprint.post("/<int:job_id>/retry")
def retry(job_id: int) -> ResponseReturnValue:
    """Makes a job due now."""
    try:
        with writing() as work:
            jobs.retry(work, job_id)
        toast(_("It is tried again."))
    except Conflict as error:
        toast(_(error.message), category="warn")
    return _back(job_id)


@blueprint.post("/<int:job_id>/cancel")
def cancel(job_id: int) -> ResponseReturnValue:
    """Cancels a job, or asks one that runs to stop."""
    try:
        with writing() as work:
            found = jobs.cancel(work, job_id)
        toast(_("It stops as soon as it can.") if found.state == "running" else _("It was cancelled."))
    except Conflict as error:
        toast(_(error.message), category="warn")
    return _back(job_id)


def _back(job_id: int) -> ResponseReturnValue:
    return redirect(local_path(request.form.get("back")) or url_for("jobs.job", job_id=job_id), 303)


# --- events that could not be delivered --------------------------------------------------------------------------------


@blueprint.get("/events")
@requires(jobs.VIEW)
def dead_letters() -> str:
    """Deliveries of events that were given up."""
    work = current_work()
    rows, following = services.dead_letters(work, request.args.get("after") or None)
    return render_template(
        "jobs/events.html",
        rows=rows,
        next=following,
        subscribers=sorted({row.subscriber for row in rows}),
        attempts=events.ATTEMPTS,
    )


@blueprint.post("/events/<int:delivery_id>/retry")
@requires(jobs.EDIT)
def retry_delivery(delivery_id: int) -> ResponseReturnValue:
    """Lets one be delivered again."""
    try:
        with writing() as work:
            events.retry(work, delivery_id)
        toast(_("It is delivered again."))
    except Conflict as error:
        toast(_(error.message), category="warn")
    return redirect(url_for("jobs.dead_letters"), 303)


@blueprint.post("/events/retry")
@requires(jobs.EDIT)
def retry_deliveries() -> ResponseReturnValue:
    """Lets all that was given up for one subscriber be delivered again."""
    with writing() as work:
        number = services.retry_all(work, request.form.get("subscriber", "")[:200])
    toast(ngettext("%(num)d event is delivered again.", "%(num)d events are delivered again.", number))
    return redirect(url_for("jobs.dead_letters"), 303)
