"""Lines of a contact's details box, changed where they stand: each is a part of the contact's form."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...errors import CrmError, Stale
from ...web.forms.versions import both_versions
from ...web.request import current_work, is_fragment, requires, writing
from ...web.toasts import toast
from ..fields.definitions import PREFIX
from ..keyset import valid_id
from ..users.audit import last_saved_by
from . import services
from .custom_pages import custom_field
from .details import details_box, to_page
from .fields import ADDRESS_PARTS, ADDRESSES
from .forms import ContactForm, filled
from .models import Contact

#: Lines that are more than one field of the form.
GROUPS = {
    "name": ("prefix", "first_name", "last_name"),
    **{address: tuple(f"{address}_{part}" for part in ADDRESS_PARTS) for address in ADDRESSES},
}
#: Fields of the form that the page has another way for.
_ELSEWHERE = ("version", "seen", "status", "reason")


@requires("contacts.edit")
def field(contact_id: int, name: str) -> ResponseReturnValue:
    """One line, to be changed where it stands."""
    if name.startswith(PREFIX):
        return custom_field(contact_id, name.removeprefix(PREFIX))
    work = current_work()
    contact = services.get(work, contact_id)
    work.require("contacts.edit", contact)
    stored = filled(work, contact)
    form = ContactForm(data=stored)
    form.offer(work, contact)
    names = GROUPS.get(name, (name,))
    if any(part not in form or part in _ELSEWHERE for part in names):
        abort(404)
    if request.method == "GET" and not is_fragment():
        return redirect(url_for("contacts.edit", contact_id=contact_id))
    form.remember(_part(stored, names))
    if request.method == "GET":
        return _form(form, contact, name, names)
    form.validate()
    if not any(form[part].errors for part in names):
        try:
            _save(form, contact_id, names)
        except Stale:
            return _both_versions(form, contact_id, name, names)
        except CrmError as error:
            form.take_from(current_work(), error)
        else:
            return _saved(contact_id, name)
    contact = services.get(current_work(), contact_id)
    return _form(form, contact, name, names), 422, {"HX-Retarget": f"#field-{name}"}


@requires("contacts.view")
def box(contact_id: int) -> ResponseReturnValue:
    """The box as it is stored."""
    work = current_work()
    contact = services.get(work, contact_id)
    return details_box(work, contact) if is_fragment() else to_page(contact_id)


def _part(stored: dict[str, object], names: tuple[str, ...]) -> dict[str, object]:
    return {name: stored[name] for name in (*names, "version") if name in stored}


def _save(form: ContactForm, contact_id: int, names: tuple[str, ...]) -> None:
    """Saves the fields; over another version only when that changed none of them.

    :raises Stale: when there is something to choose.
    """
    values = {name: value for name, value in form.values(current_work()).items() if name in names}
    try:
        with writing() as work:
            services.update(work, contact_id, values, version=valid_id(form.version.data))
    except Stale:
        stored = filled(current_work(), services.get(current_work(), contact_id))
        if form.differences(_part(stored, names)):
            raise
        with writing() as work:
            services.update(work, contact_id, values, version=valid_id(stored["version"]))


def _saved(contact_id: int, name: str) -> ResponseReturnValue:
    if not is_fragment() or name == "name":
        toast(_("Saved."))
        return to_page(contact_id)
    return details_box(current_work(), services.get(current_work(), contact_id))


def _both_versions(form: ContactForm, contact_id: int, name: str, names: tuple[str, ...]) -> ResponseReturnValue:
    work = current_work()
    contact = services.get(work, contact_id)
    part = "contacts/field_versions.html" if is_fragment() else ""
    answer = both_versions(
        form,
        _part(filled(work, contact), names),
        name=contact.name,
        back=url_for("contacts.page", contact_id=contact_id),
        who=last_saved_by(work, "contact", contact_id),
        template=part,
    )
    return (*answer, {"HX-Retarget": f"#field-{name}"})


def _form(form: ContactForm, contact: Contact, name: str, names: tuple[str, ...]) -> str:
    fields = [form[part] for part in names]
    fields[0].render_kw = {**(fields[0].render_kw or {}), "autofocus": True}
    return render_template("contacts/field.html", contact=contact, form=form, name=name, fields=fields)


def add_inline(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    blueprint.add_url_rule("/<int:contact_id>/details", endpoint="details", view_func=box)
    blueprint.add_url_rule("/<int:contact_id>/field/<name>", view_func=field, methods=["GET", "POST"])
