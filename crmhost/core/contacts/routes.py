"""Pages of contacts: list, bin, form, deleting with undo."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from ...errors import Conflict, CrmError, Stale
from ...web.forms.versions import both_versions
from ...web.request import current_work, local_path, requires, writing
from ...web.tables.pages import list_page
from ...web.toasts import toast
from ..keyset import valid_id
from ..users.audit import last_saved_by
from . import services
from .bulk_pages import add_bulk_pages
from .form_parts import save_parts
from .forms import ContactForm, filled
from .lists import bin_table, contact_table
from .page import add_contact_pages

blueprint = Blueprint("contacts", __name__, url_prefix="/contacts")

#: So many contacts can be brought back by the Undo of a toast; more are found in the bin.
UNDO_MOST = 200


@blueprint.route("/", methods=["GET", "POST"])
@requires("contacts.view")
def index() -> ResponseReturnValue:
    """All contacts."""
    work = current_work()
    return list_page("contacts/index.html", contact_table(work), work)


@blueprint.get("/bin")
@requires("contacts.view")
def bin() -> ResponseReturnValue:  # noqa: A001  # the name of the page
    """Deleted contacts."""
    work = current_work()
    return list_page("contacts/bin.html", bin_table(work), work)


# --- the form --------------------------------------------------------------------------------------------------------


@blueprint.route("/new", methods=["GET", "POST"])
@requires("contacts.edit")
def new() -> ResponseReturnValue:
    """Add a contact."""
    work = current_work()
    named = {name: request.args.get(name, "")[:120] for name in ("first_name", "last_name")}
    form = ContactForm(data={**named, "assigned_to": str(work.actor.user_id or "")})
    form.offer(work, None)
    if form.validate_on_submit():
        try:
            with writing() as work:
                contact = services.create(work, form.values(work), reason=form.reason.data or "")
                contact_id = contact.id
                save_parts(form, work, contact_id)
        except CrmError as error:
            form.take_from(current_work(), error)
        else:
            toast(_("The contact was added."))
            return redirect(url_for("contacts.page", contact_id=contact_id, saved="new"), 303)
    code = 422 if form.is_submitted() else 200
    return render_template("contacts/form.html", form=form, contact=None), code


@blueprint.route("/<int:contact_id>/edit", methods=["GET", "POST"])
@requires("contacts.edit")
def edit(contact_id: int) -> ResponseReturnValue:
    """Change a contact."""
    work = current_work()
    contact = services.get(work, contact_id)
    stored = filled(work, contact)
    form = ContactForm(data=stored)
    form.offer(work, contact)
    form.remember(stored)
    if not form.is_submitted():
        return render_template("contacts/form.html", form=form, contact=contact)
    if form.validate():
        try:
            _save(form, contact_id)
        except Stale:
            return _both_versions(form, contact_id)
        except CrmError as error:
            form.take_from(current_work(), error)
        else:
            toast(_("Saved."))
            return redirect(url_for("contacts.page", contact_id=contact_id, saved=contact_id), 303)
    contact = services.get(current_work(), contact_id)
    return render_template("contacts/form.html", form=form, contact=contact), 422


def _save(form: ContactForm, contact_id: int) -> None:
    """Saves what was typed; over another version only when that touched nothing that the form shows.

    :raises Stale: when there is something to choose.
    """
    try:
        with writing() as work:
            services.update(work, contact_id, form.values(current_work()), version=valid_id(form.version.data))
            save_parts(form, work, contact_id)
    except Stale:
        stored = filled(current_work(), services.get(current_work(), contact_id))
        if form.differences(stored):
            raise
        with writing() as work:
            services.update(work, contact_id, form.values(current_work()), version=valid_id(stored["version"]))
            save_parts(form, work, contact_id)


def _both_versions(form: ContactForm, contact_id: int) -> ResponseReturnValue:
    work = current_work()
    contact = services.get(work, contact_id)
    back = url_for("contacts.page", contact_id=contact_id)
    who = last_saved_by(work, "contact", contact_id)
    return both_versions(form, filled(work, contact), name=contact.name, back=back, who=who)


# --- deleting --------------------------------------------------------------------------------------------------------


def say_deleted(ids: Sequence[int], number: int) -> None:
    """The toast after deleting, with Undo while there are not too many."""
    undo = url_for("contacts.restore", ids=",".join(map(str, ids))) if len(ids) <= UNDO_MOST else None
    toast(ngettext("%(num)d contact went to the bin.", "%(num)d contacts went to the bin.", number), undo)


@blueprint.post("/<int:contact_id>/delete")
@requires("contacts.delete")
def delete(contact_id: int) -> ResponseReturnValue:
    """Move a contact to the bin."""
    services.get(current_work(), contact_id)
    with writing() as work:
        number = services.to_bin(work, [contact_id])
    say_deleted([contact_id], number)
    return redirect(url_for("contacts.index"), 303)


@blueprint.post("/restore")
@requires("contacts.delete")
def restore() -> ResponseReturnValue:
    """Bring contacts back from the bin."""
    ids = [number for number in map(valid_id, request.args.get("ids", "").split(",")[:1000]) if number]
    if not ids:
        abort(404)
    back = local_path(request.form.get("back")) or url_for("contacts.index")
    try:
        with writing() as work:
            number = services.restore(work, ids)
    except Conflict as error:
        toast(_(error.message), category="bad")
        return redirect(url_for("contacts.bin"), 303)
    toast(ngettext("%(num)d contact is back.", "%(num)d contacts are back.", number))
    if len(ids) == 1 and number:
        return redirect(url_for("contacts.page", contact_id=ids[0]), 303)
    return redirect(back, 303)


add_bulk_pages(blueprint)
add_contact_pages(blueprint)
