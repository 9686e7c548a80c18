"""Pages of the companies."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from markupsafe import Markup

from crmhost.api import CrmError, NotFound, Stale, audit, custom_fields, keyset
from crmhost.web.api import (
    RecordBox,
    abort,
    both_versions,
    current_work,
    gettext,
    icon,
    list_page,
    ngettext,
    record_page,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import mass, services, statuses
from .details import details
from .forms import CompanyForm, filled
from .lists import bin_table, company_table
from .models import KIND, Company
from .people_pages import add_people_pages, people_box
from .status_pages import add_status_pages

blueprint = Blueprint("companies", __name__)


@blueprint.route("/", methods=["GET", "POST"])
@requires("companies.view")
def index() -> Any:
    """All companies."""
    work = current_work()
    return list_page("companies/index.html", company_table(work), work)


@blueprint.route("/bin", methods=["GET", "POST"], endpoint="bin")
@requires("companies.view")
def bin_list() -> Any:
    """Deleted companies."""
    work = current_work()
    return list_page("companies/bin.html", bin_table(work), work)


# --- one company -----------------------------------------------------------------------------------------------------


@blueprint.get("/<int:company_id>")
@requires("companies.view")
def page(company_id: int) -> Any:
    """One company."""
    work = current_work()
    try:
        company = services.get(work, company_id)
    except NotFound:
        company = services.get(work, company_id, in_bin=True)
        return render_template("companies/deleted.html", company=company), 404
    may = services.may_change(work, company)
    boxes = [
        RecordBox("companies.details", gettext("Details"), details(work, company), _edit_all(company) if may else "")
    ]
    people = people_box(work, company)
    if people:
        boxes.append(RecordBox("companies.people", gettext("People"), people))
    return record_page(
        "companies/page.html",
        KIND,
        company,
        boxes=boxes,
        company=company,
        statuses=statuses.all_statuses(work),
        may_edit=may,
        may_delete=services.may_change(work, company, "companies.delete"),
        saved=request.args.get("saved", "")[:20],
    )


def _edit_all(company: Company) -> Markup:
    return Markup('<a class="btn btn-quiet btn-sm btn-square push" href="{}" aria-label="{}">{}</a>').format(
        url_for("companies.edit", company_id=company.id), gettext("Edit all"), icon("pencil")
    )


@blueprint.route("/new", methods=["GET", "POST"])
@requires("companies.edit")
def new() -> Any:
    """Add a company."""
    work = current_work()
    form = CompanyForm(data={"name": request.args.get("name", "")[:200], "assigned_to": str(work.actor.user_id or "")})
    form.offer(work, None)
    if form.validate_on_submit():
        try:
            with writing() as work:
                company_id = services.create(work, form.values(work)).id
        except CrmError as error:
            form.take(error)
        else:
            toast(gettext("The company was added."))
            return redirect(url_for("companies.page", company_id=company_id, saved="new"), 303)
    return render_template("companies/form.html", form=form, company=None), 422 if form.is_submitted() else 200


@blueprint.route("/<int:company_id>/edit", methods=["GET", "POST"])
@requires("companies.edit")
def edit(company_id: int) -> Any:
    """Change a company."""
    work = current_work()
    company = services.get(work, company_id)
    services.require_change(work, company)
    stored = filled(work, company)
    form = CompanyForm(data=stored)
    form.offer(work, company)
    form.remember(stored)
    if form.validate_on_submit():
        try:
            _save(form, company_id)
        except Stale:
            return _both_versions(form, company_id)
        except CrmError as error:
            form.take(error)
        else:
            toast(gettext("Saved."))
            return redirect(url_for("companies.page", company_id=company_id, saved=company_id), 303)
    company = services.get(current_work(), company_id)
    html = render_template("companies/form.html", form=form, company=company)
    return html, 422 if form.is_submitted() else 200


def _save(form: CompanyForm, company_id: int) -> None:
    """Saves what was typed; over another version only when that touched nothing that the form shows.

    :raises Stale: when there is something to choose.
    """
    try:
        with writing() as work:
            services.update(work, company_id, form.values(work), version=keyset.valid_id(form.version.data))
    except Stale:
        stored = filled(current_work(), services.get(current_work(), company_id))
        if form.differences(stored):
            raise
        with writing() as work:
            services.update(work, company_id, form.values(work), version=keyset.valid_id(stored["version"]))


def _both_versions(form: CompanyForm, company_id: int) -> Any:
    work = current_work()
    company = services.get(work, company_id)
    back = url_for("companies.page", company_id=company_id)
    who = audit.last_saved_by(work, KIND, company_id)
    return both_versions(form, filled(work, company), name=company.name, back=back, who=who)


@blueprint.post("/<int:company_id>/status")
@requires("companies.edit")
def status(company_id: int) -> Any:
    """Give a company another status."""
    with writing() as work:
        services.locked(work, company_id)
        mass.set_status(work, [company_id], request.form.get("status", ""))
    return redirect(url_for("companies.page", company_id=company_id), 303)


@blueprint.post("/<int:company_id>/reveal/<key>")
@requires("companies.view")
def reveal(company_id: int, key: str) -> Any:
    """Show the encrypted text of a custom field; it is written down that it was read."""
    with writing() as work:
        company = services.get(work, company_id)
        text = custom_fields.reveal(work, KIND, company.id, key, company.custom)
    return Markup("{}").format(text), 200, {"Cache-Control": "no-store"}


# --- deleting --------------------------------------------------------------------------------------------------------


@blueprint.post("/<int:company_id>/delete")
@requires("companies.delete")
def delete(company_id: int) -> Any:
    """Move a company to the bin."""
    with writing() as work:
        services.locked(work, company_id, "companies.delete")
        gone = mass.to_bin(work, [company_id])
    said = ngettext("%(num)d company went to the bin.", "%(num)d companies went to the bin.", gone)
    toast(said, url_for("companies.restore", company_id=company_id))
    return redirect(url_for("companies.index"), 303)


@blueprint.post("/<int:company_id>/restore")
@requires("companies.delete")
def restore(company_id: int) -> Any:
    """Bring a company back from the bin."""
    services.get(current_work(), company_id, in_bin=True)
    with writing() as work:
        back = mass.restore(work, [company_id])
    if not back:
        abort(404)
    toast(ngettext("%(num)d company is back.", "%(num)d companies are back.", back))
    return redirect(url_for("companies.page", company_id=company_id), 303)


add_people_pages(blueprint)
add_status_pages(blueprint)
