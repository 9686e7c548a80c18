"""The list of jobs: those that the reader may see, which looks again by itself while something waits or runs."""

from __future__ import annotations

from typing import Any

from flask import get_template_attribute, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape

from ...web.i18n import ago, moment, number
from ...web.tables import Cell, Table, TableColumn, TableCount, TableFilter, TablePage, TableQuery
from ...work import jobs
from ...work.unit import Work
from . import services
from .showing import LATE, REFRESH, JobView, lasting, state_words, view


def table(work: Work) -> Table:
    """The list for who looks now."""
    everybody = work.can(jobs.VIEW)
    empty = (
        (
            _("No jobs yet"),
            _(
                "Imports, exports, mail and other long work runs here in the background. What you start can be watched, "
                "stopped and tried again on this page."
            ),
        )
        if everybody
        else (
            _("You have not asked for any job yet"),
            _("Imports, exports and other long work that you start runs in the background and can be found here."),
        )
    )
    return Table(
        id="jobs",
        label=_("Jobs"),
        fetch=fetch,
        count=count,
        columns=[
            TableColumn(id="job", label=_("Job"), cell=_job, card_cell=_link, fixed=True),
            TableColumn(id="state", label=_("State"), cell=_state, css="c-status"),
            TableColumn(id="progress", label=_("How far"), cell=_progress, css="c-org"),
            TableColumn(id="asker", label=_("Asked for by"), cell=lambda job: job.asker, css="c-mail"),
            TableColumn(id="when", label=_("When"), cell=_when, css="c-when"),
            TableColumn(id="said", label=_("What it said"), cell=_said, css="c-mail", shown=False),
        ],
        card=("job", "state", [["asker", "when"], ["progress"], ["said"]]),
        filters=[
            TableFilter(id="state", label=_("State"), kind="choice", choices=list(state_words().items()), quick=True),
            TableFilter(
                id="kind",
                label=_("Kind"),
                kind="choice",
                choices=[(kind, str(_(label))) for kind, label in services.kinds(work)],
                quick=True,
            ),
        ],
        row_name=lambda job: job.label,
        empty=(*empty, "", ""),
    )


def chosen(query: TableQuery) -> dict[str, str]:
    """What the list is narrowed to, in the words of the service; a state that there is none of counts for nothing."""
    state, kind = ((query.filters.get(name) or [""])[0].strip() for name in ("state", "kind"))
    return {"state": state if state in services.STATES else "", "kind": kind[:120]}


def fetch(work: Work, query: TableQuery) -> TablePage:
    """A page of jobs, with what waits and runs in words above it."""
    found = services.page(work, **chosen(query), after=query.after, before=query.before, limit=query.limit)
    counts, waited, labels = services.counts(work), services.waited(work), services.labels(work)
    live = query.after is None and query.before is None and bool(counts["running"] or waited is not None)
    return TablePage(
        [view(job, labels) for job in found.rows],
        found.next,
        found.previous,
        _note(work, counts, waited),
        REFRESH if live else 0,
    )


def count(work: Work, query: TableQuery) -> TableCount:
    """How many jobs match."""
    many = services.count(work, **chosen(query), most=services.MOST_COUNTED)
    return TableCount(many, many < services.MOST_COUNTED)


def _note(work: Work, counts: dict[str, int], waited: float | None) -> Markup:
    """What waits, runs and failed, each a link; how long the oldest waits, and whether anybody takes it."""
    words = {
        "running": ngettext("%(number)s runs", "%(number)s run", counts["running"], number=_figure(counts["running"])),
        "due": ngettext("%(number)s waits", "%(number)s wait", counts["due"], number=_figure(counts["due"])),
        "failed": ngettext(
            "%(number)s failed", "%(number)s failed", counts["failed"], number=_figure(counts["failed"])
        ),
    }
    parts = [
        Markup('<a class="btn btn-quiet btn-sm" href="{}">{}</a>').format(url_for("jobs.index", state=state), said)
        for state, said in words.items()
        if counts[state]
    ]
    if waited is not None:
        parts.append(escape(_("The oldest has waited %(time)s", time=lasting(waited))))
    elif work.can(jobs.VIEW):
        parts.append(escape(_("Nothing waits")))
    line = Markup(" ").join(parts)
    if waited is None or waited <= LATE or counts["running"]:
        return line
    late = Markup("<b>{}</b> {}").format(
        _("Nobody takes the jobs that wait."),
        _("Start a worker with “crmhost worker”, or look into the log of the one that should run."),
    )
    note = get_template_attribute("crmhost/macros.html", "note")(late, "warn", "alert-triangle")
    return Markup('<span>{}</span><div class="w-100">{}</div>').format(line, note)


def _figure(many: int) -> str:
    return number(many) + ("+" if many >= services.MOST_COUNTED else "")


def _link(job: JobView) -> Markup:
    place = url_for("jobs.job", job_id=job.id)
    return Markup('<a class="link-ink" href="{}" data-row-open>{}</a>').format(place, job.label)


def _job(job: JobView) -> Markup:
    said = _said(job)
    below = Markup('<span class="d-block meta cut" title="{}">{}</span>').format(said[:300], said) if said else ""
    return Markup('{} <span class="meta num">#{}</span>{}').format(_link(job), job.id, below)


def _said(job: JobView) -> str:
    return job.error if job.row.state in ("failed", "due") and job.error else job.message


def _state(job: JobView) -> Any:
    return get_template_attribute("crmhost/macros.html", "badge")(job.words, job.tone)


def _progress(job: JobView) -> Cell:
    parts = {name: get_template_attribute("jobs/parts.html", name) for name in ("bar", "figures")}
    told = job.progress
    if job.row.state == "running" or (told is not None and not job.over):
        return Markup('{}<span class="meta num d-block cut">{}</span>').format(parts["bar"](job), parts["figures"](job))
    if told is not None and told.total and job.row.state != "done":
        return Markup('<span class="meta num">{}</span>').format(parts["figures"](job))
    return ""


def _when(job: JobView) -> Cell:
    row = job.row
    at = (row.finished_at or row.started_at if row.state != "due" else row.due_at) or row.created_at
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), moment(at), ago(at))
