"""Pages of the syncs: connections, how far they are, mapping, comparison, what was set aside."""

from __future__ import annotations

from typing import Any

from babel.dates import format_date
from flask import Blueprint
from sqlalchemy import func, select

from crmhost.api import CrmError, Money, Stale, keyset
from crmhost.web.api import (
    VersionedForm,
    abort,
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

from . import billing, connections, mapping, reconciling
from .forms import ConnectionForm, MappingForm, filled
from .models import Aside, Connection, Received
from .sales import REFUND
from .shapes import Source

blueprint = Blueprint("syncs", __name__)
#: Records that were set aside which one page shows.
SHOWN = 100


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
    source, one = _one(connection_id)
    return _status(source, one, None)


def _status(source: Source, one: Connection, findings: Any) -> Any:
    work = current_work()
    waiting = select(func.count()).where(Received.connection_id == one.id, Received.done_at.is_(None))
    address = f"{work.base_url or request.url_root.rstrip('/')}/hooks/{source.id}/{one.key}"
    return render_template(
        "syncs/page.html",
        source=source,
        one=one,
        findings=findings,
        aside=_aside_number(one),
        waiting=work.session.scalar(waiting) or 0,
        address=address,
        progress=_progress(connections.read_by(work, one)),
        invoices=billing.shown(work, source, one),
        going=one.cursors.get("run"),
        last=one.cursors.get("last") or {},
    )


@blueprint.post("/<int:connection_id>/test")
@requires("syncs.edit")
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
def sync(connection_id: int) -> Any:
    """Read it now."""
    return _start("syncs.run", "syncs.page", connection_id, full=request.form.get("full") == "1")


@blueprint.post("/<int:connection_id>/invoices")
@requires("syncs.edit")
def invoices(connection_id: int) -> Any:
    """Make invoices of past sales too."""
    with writing() as work:
        number = billing.also_past(work, connection_id)
    return redirect(url_for("syncs.page", connection_id=connection_id, job=number), 303)


@blueprint.post("/<int:connection_id>/pause")
@requires("syncs.edit")
def pause(connection_id: int) -> Any:
    """Pause, or go on."""
    paused = request.form.get("paused") == "1"
    with writing() as work:
        connections.pause(work, connection_id, paused=paused)
    toast(gettext("Paused.") if paused else gettext("Goes on."))
    return redirect(url_for("syncs.page", connection_id=connection_id), 303)


@blueprint.post("/<int:connection_id>/remove")
@requires("syncs.edit")
def remove(connection_id: int) -> Any:
    """Forget a connection."""
    with writing() as work:
        name = connections.remove(work, connection_id)
    toast(gettext("“%(name)s” was removed. Its contacts and transactions stay.", name=name))
    return redirect(url_for("syncs.index"), 303)


# --- mapping ---------------------------------------------------------------------------------------------------------


@blueprint.route("/<int:connection_id>/mapping", methods=["GET", "POST"], endpoint="mapping")
@requires("syncs.edit")
def mapping_page(connection_id: int) -> Any:
    """What records become, with a preview of the effect."""
    source, one = _one(connection_id)
    form = MappingForm(data={**filled(source, one), "version": ""})
    form.offer(current_work(), source, one)
    effects = None
    if form.validate_on_submit():
        wanted = form.statuses(source, one)
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
        "syncs/mapping.html", form=form, source=source, one=one, effects=effects, aside=_aside_number(one)
    )
    return html, 422 if form.is_submitted() and effects is None else 200


# --- comparison ------------------------------------------------------------------------------------------------------


@blueprint.get("/<int:connection_id>/reconcile")
@requires("syncs.view")
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
        aside=_aside_number(one),
        progress=_progress(),
    )


@blueprint.post("/<int:connection_id>/reconcile")
@requires("syncs.edit")
def compare(connection_id: int) -> Any:
    """Compare both sides now."""
    return _start("syncs.reconcile", "syncs.reconcile", connection_id)


@blueprint.post("/<int:connection_id>/repair")
@requires("syncs.edit")
def repair(connection_id: int) -> Any:
    """Fetch records that differ."""
    ids = [number for text in request.form.getlist("ids") if (number := keyset.valid_id(text))]
    if not ids:
        toast(gettext("Choose the records that are to be repaired."), category="warn")
        return redirect(url_for("syncs.reconcile", connection_id=connection_id), 303)
    return _start("syncs.repair", "syncs.reconcile", connection_id, difference_ids=ids[: reconciling.SHOWN])


# --- what was set aside ----------------------------------------------------------------------------------------------


@blueprint.get("/<int:connection_id>/aside")
@requires("syncs.view")
def aside(connection_id: int) -> Any:
    """Records that could not be taken, with the reasons."""
    source, one = _one(connection_id)
    before = keyset.valid_id(request.args.get("before", ""))
    # Not the records themselves: of a hundred, each may be long.
    shown = (Aside.id, Aside.kind, Aside.external_id, Aside.reason, Aside.at)
    wanted = select(*shown).where(Aside.connection_id == one.id, *([Aside.id < before] if before else []))
    rows = list(current_work().session.execute(wanted.order_by(Aside.id.desc()).limit(SHOWN + 1)))
    return render_template(
        "syncs/aside.html",
        source=source,
        one=one,
        rows=rows[:SHOWN],
        before=before,
        older=rows[SHOWN - 1].id if len(rows) > SHOWN else None,
        aside=_aside_number(one),
        progress=_progress(),
    )


@blueprint.post("/<int:connection_id>/aside")
@requires("syncs.edit")
def retry(connection_id: int) -> Any:
    """Try them again, or one of them."""
    chosen = keyset.valid_id(request.form.get("id", ""))
    return _start("syncs.retry", "syncs.aside", connection_id, **({"aside_id": chosen} if chosen else {}))


# --- helpers ---------------------------------------------------------------------------------------------------------


def _one(connection_id: int) -> tuple[Source, Connection]:
    work = current_work()
    one = connections.get(work, connection_id)
    source = next((source for source in connections.sources(work) if source.id == one.source), None)
    if source is None:
        abort(404)
    return source, one


def _progress(running: int | None = None) -> Any:
    """How far the job is that was just asked for, or the one that runs."""
    number = keyset.valid_id(request.args.get("job", "")) or running
    return job_progress(number, reload=True) if number else ""


def _version(form: VersionedForm) -> int:
    """The version that the form was opened with; 0, which none has, when it says none."""
    return keyset.valid_id(form.version.data) or 0


def _aside_number(one: Connection) -> int:
    wanted = select(func.count()).where(Aside.connection_id == one.id)
    return current_work().session.scalar(wanted) or 0


def _start(kind: str, endpoint: str, connection_id: int, **arguments: Any) -> Any:
    with writing() as work:
        number = connections.want(work, kind, connection_id, **arguments)
    return redirect(url_for(endpoint, connection_id=connection_id, job=number), 303)
