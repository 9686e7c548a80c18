"""Pages of the syncs: connections, how far they are, mapping, comparison, what was set aside."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from babel.dates import format_date
from flask import Blueprint

from crmhost.api import Conflict, CrmError, Money, NotFound, Stale, Work, keyset
from crmhost.web.api import (
    VersionedForm,
    both_versions,
    current_work,
    gettext,
    job_progress,
    money,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import asides, billing, connections, mapping, receiving, reconciling
from .forms import ConnectionForm, MappingForm, filled
from .models import Connection
from .sales import REFUND
from .shapes import Source

blueprint = Blueprint("syncs", __name__)


def _still_there(view: Callable[..., Any]) -> Callable[..., Any]:
    """Around pages of a connection whose extension is on.

    Who sends something from a page of one that was removed meanwhile is told so, and led to those there are.
    """

    @wraps(view)
    def checked(connection_id: int) -> Any:
        try:
            return view(connection_id)
        except NotFound as error:
            if error.object_type == "source":
                return redirect(url_for("syncs.page", connection_id=connection_id), 303)
            if request.method != "POST" or error.object_type != "connection":
                raise
            toast(gettext("This connection was removed already."), category="warn")
            return redirect(url_for("syncs.index"), 303)

    return checked


@blueprint.get("/")
@requires("syncs.view")
def index() -> Any:
    """All connections."""
    work = current_work()
    known = {source.id: source for source in connections.sources(work)}
    rows = [(one, known.get(one.source)) for one in connections.all_of(work)]
    return render_template("syncs/index.html", rows=rows, sources=list(known.values()))


@blueprint.route("/connect/<source_id>", methods=["GET", "POST"])
@requires("syncs.edit")
def connect(source_id: str) -> Any:
    """Connect another shop or account."""
    return _connection_form(connections.source_of(current_work(), source_id), None)


@blueprint.route("/<int:connection_id>/edit", methods=["GET", "POST"])
@requires("syncs.edit")
@_still_there
def edit(connection_id: int) -> Any:
    """Change the address or the keys."""
    source, one = _one(connection_id)
    return _connection_form(source, one)


def _connection_form(source: Source, one: Connection | None) -> Any:
    work = current_work()
    form = ConnectionForm(data={"name": one.name if one is not None else source.label})
    form.offer(source, one)
    if form.validate_on_submit():
        number = one.id if one is not None else None
        try:
            if number is not None:
                connections.check_account(work, source, form.values(source), number)
            with writing() as work:
                made = connections.save(work, source, form.values(source), number, version=_version(form))
                number = made.id
        except Stale:
            source, one = _one(number or 0)
            form.offer(source, one)
            return both_versions(form, form.stored, name=one.name, back=url_for("syncs.edit", connection_id=one.id))
        except CrmError as error:
            form.take(error)
            work = current_work()
            one = connections.get(work, number) if number is not None else None
        else:
            toast(gettext("Saved. Now try it."))
            return redirect(url_for("syncs.page", connection_id=number), 303)
    address = f"{work.base_url or request.url_root.rstrip('/')}/hooks/{source.id}/{one.key if one is not None else ''}"
    html = render_template("syncs/form.html", form=form, source=source, one=one, address=address)
    return html, 422 if form.is_submitted() else 200


@blueprint.get("/<int:connection_id>")
@requires("syncs.view")
def page(connection_id: int) -> Any:
    """How far a connection is."""
    work = current_work()
    one = connections.get(work, connection_id)
    source = connections.source_on(work, one)
    return _status(source, one, None) if source is not None else render_template("syncs/off.html", one=one)


def _status(source: Source, one: Connection, findings: Any) -> Any:
    work = current_work()
    address = f"{work.base_url or request.url_root.rstrip('/')}/hooks/{source.id}/{one.key}"
    return render_template(
        "syncs/page.html",
        source=source,
        one=one,
        findings=findings,
        aside=asides.number(work, one),
        waiting=receiving.waiting(work, one),
        address=address,
        progress=_progress(connections.read_by(work, one)),
        invoices=billing.shown(work, source, one),
        going=one.cursors.get("run"),
        last=one.cursors.get("last") or {},
    )


@blueprint.post("/<int:connection_id>/test")
@requires("syncs.edit")
@_still_there
def test(connection_id: int) -> Any:
    """Try the keys, and say what is wrong."""
    _source, one = _one(connection_id)
    findings = connections.test(current_work(), one)
    source, one = _one(connection_id)
    return _status(source, one, findings)


@blueprint.get("/<int:connection_id>/test")
@requires("syncs.view")
def tested(connection_id: int) -> Any:
    """Where somebody ends who loads the findings anew, or had to sign in again first."""
    return redirect(url_for("syncs.page", connection_id=connection_id))


@blueprint.post("/<int:connection_id>/sync")
@requires("syncs.edit")
@_still_there
def sync(connection_id: int) -> Any:
    """Read it now."""
    full = request.form.get("full") == "1"
    return _start(
        "syncs.page", connection_id, lambda work: connections.want(work, "syncs.run", connection_id, full=full)
    )


@blueprint.post("/<int:connection_id>/invoices")
@requires("syncs.edit")
@_still_there
def invoices(connection_id: int) -> Any:
    """Make invoices of past sales too."""
    return _start("syncs.page", connection_id, lambda work: billing.also_past(work, connection_id))


@blueprint.post("/<int:connection_id>/pause")
@requires("syncs.edit")
@_still_there
def pause(connection_id: int) -> Any:
    """Pause, or go on."""
    paused = request.form.get("paused") == "1"
    with writing() as work:
        connections.pause(work, connection_id, paused=paused)
    toast(gettext("Paused.") if paused else gettext("Goes on."))
    return redirect(url_for("syncs.page", connection_id=connection_id), 303)


@blueprint.post("/<int:connection_id>/remove")
@requires("syncs.edit")
@_still_there
def remove(connection_id: int) -> Any:
    """Forget a connection."""
    with writing() as work:
        name = connections.remove(work, connection_id, connected=request.form.get("connected", ""))
    toast(gettext("“%(name)s” was removed. Its contacts and transactions stay.", name=name))
    return redirect(url_for("syncs.index"), 303)


# --- mapping ---------------------------------------------------------------------------------------------------------


@blueprint.route("/<int:connection_id>/mapping", methods=["GET", "POST"], endpoint="mapping")
@requires("syncs.edit")
@_still_there
def mapping_page(connection_id: int) -> Any:
    """What records become, with a preview of the effect."""
    source, one = _one(connection_id)
    form = MappingForm(data={**filled(source, one), "version": ""})
    form.offer(current_work(), source, one)
    effects = None
    if form.validate_on_submit():
        wanted = form.statuses()
        try:
            if request.form.get("action") == "preview":
                effects = mapping.preview(current_work(), source, one, wanted)
            else:
                with writing() as work:
                    mapping.save(work, connection_id, wanted, form.options(source), version=_version(form))
                toast(gettext("Saved. What was taken already follows in a moment."))
                return redirect(url_for("syncs.mapping", connection_id=connection_id), 303)
        except Stale:
            source, one = _one(connection_id)
            form.offer(current_work(), source, one)
            back = url_for("syncs.mapping", connection_id=one.id)
            return both_versions(form, form.stored, name=gettext("Mapping of %(name)s", name=one.name), back=back)
        except CrmError as error:
            form.take(error)
            source, one = _one(connection_id)
    html = render_template(
        "syncs/mapping.html",
        form=form,
        source=source,
        one=one,
        effects=effects,
        aside=asides.number(current_work(), one),
    )
    return html, 422 if form.is_submitted() and effects is None else 200


# --- comparison ------------------------------------------------------------------------------------------------------


@blueprint.get("/<int:connection_id>/reconcile")
@requires("syncs.view")
@_still_there
def reconcile(connection_id: int) -> Any:
    """Both sides month by month."""
    work = current_work()
    source, one = _one(connection_id)
    kinds = {REFUND: gettext("Refund"), **{kind: gettext(source.kinds.get(kind, kind)) for kind in source.sales}}
    return render_template(
        "syncs/reconcile.html",
        source=source,
        one=one,
        months=reconciling.months_of(work, one),
        differences=reconciling.differences_of(work, one),
        differing=reconciling.differing(work, one),
        compared=one.cursors.get(reconciling.COMPARED),
        shown=lambda amount, currency: money(Money(amount, currency)) if amount is not None else "–",
        month_of=lambda day: format_date(day, "LLL y", locale=work.locale),
        kinds=kinds,
        aside=asides.number(work, one),
        progress=_progress(),
    )


@blueprint.post("/<int:connection_id>/reconcile")
@requires("syncs.edit")
@_still_there
def compare(connection_id: int) -> Any:
    """Compare both sides now."""
    return _start(
        "syncs.reconcile", connection_id, lambda work: connections.want(work, "syncs.reconcile", connection_id)
    )


@blueprint.post("/<int:connection_id>/repair")
@requires("syncs.edit")
@_still_there
def repair(connection_id: int) -> Any:
    """Fetch records that differ."""
    ids = [number for text in request.form.getlist("ids") if (number := keyset.valid_id(text))]
    if not ids:
        toast(gettext("Choose the records that are to be repaired."), category="warn")
        return redirect(url_for("syncs.reconcile", connection_id=connection_id), 303)
    return _start("syncs.reconcile", connection_id, lambda work: reconciling.want_repair(work, connection_id, ids))


# --- what was set aside ----------------------------------------------------------------------------------------------


@blueprint.get("/<int:connection_id>/aside")
@requires("syncs.view")
@_still_there
def aside(connection_id: int) -> Any:
    """Records that could not be taken, with the reasons."""
    source, one = _one(connection_id)
    before = keyset.valid_id(request.args.get("before", ""))
    rows, older = asides.page(current_work(), one, before)
    return render_template(
        "syncs/aside.html",
        source=source,
        one=one,
        rows=rows,
        before=before,
        older=older,
        aside=asides.number(current_work(), one),
        progress=_progress(),
    )


@blueprint.post("/<int:connection_id>/aside")
@requires("syncs.edit")
@_still_there
def retry(connection_id: int) -> Any:
    """Try them again, or one of them."""
    chosen = keyset.valid_id(request.form.get("id", ""))
    return _start("syncs.aside", connection_id, lambda work: asides.want_retry(work, connection_id, chosen))


# --- helpers ---------------------------------------------------------------------------------------------------------


def _one(connection_id: int) -> tuple[Source, Connection]:
    work = current_work()
    one = connections.get(work, connection_id)
    return connections.source_of(work, one.source), one


def _progress(running: int | None = None) -> Any:
    """How far the job is that was just asked for, or the one that runs."""
    number = keyset.valid_id(request.args.get("job", "")) or running
    return job_progress(number, reload=True) if number else ""


def _version(form: VersionedForm) -> int:
    """The version that the form was opened with; 0, which none has, when it says none."""
    return keyset.valid_id(form.version.data) or 0


def _start(endpoint: str, connection_id: int, want: Callable[[Work], int]) -> Any:
    """Leads to a page that shows how far the job is that somebody wants, or says why there is none."""
    try:
        with writing() as work:
            number = want(work)
    except Conflict as error:
        toast(gettext(error.message), category="warn")
        return redirect(url_for(endpoint, connection_id=connection_id), 303)
    return redirect(url_for(endpoint, connection_id=connection_id, job=number), 303)
