"""Custom fields on a contact's page: changed where they stand, and encrypted text that is shown when asked for."""

from __future__ import annotations

from typing import Any

from flask import abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...errors import CrmError, Stale
from ...web.forms.versions import VersionedForm, both_versions
from ...web.request import current_work, is_fragment, requires, writing
from ..fields import records
from ..fields.definitions import by_key
from ..fields.forms import filled, made, value_of
from ..fields.kinds import Definition
from ..keyset import valid_id
from ..users.audit import last_saved_by
from . import services
from .details import details_box, to_page
from .models import Contact
from .records import KIND


def custom_field(contact_id: int, key: str) -> ResponseReturnValue:
    """One custom field, to be changed where it stands."""
    work = current_work()
    contact = services.get(work, contact_id)
    work.require("contacts.edit", contact)
    item = by_key(work, KIND).get(key)
    if item is None:
        abort(404)
    if request.method == "GET" and not is_fragment():
        return redirect(url_for("contacts.edit", contact_id=contact_id))
    form = VersionedForm()
    form.add_field(item.name, made(item, contact.custom), filled(item, contact.custom))
    form.remember(_stored(item, contact))
    if not form.is_submitted():
        return render_template("contacts/custom_field.html", contact=contact, form=form, item=item)
    given = "" if "remove" in request.form else value_of(item, form[item.name].data)
    keep = item.kind == "encrypted" and not given and "remove" not in request.form
    try:
        if not keep and form.validate():
            _save(form, contact_id, item, given)
    except Stale:
        return _both_versions(form, contact_id, item)
    except CrmError as error:
        form.take(error)
    contact = services.get(current_work(), contact_id)
    if form.problems:
        html = render_template("contacts/custom_field.html", contact=contact, form=form, item=item)
        return html, 422, {"HX-Retarget": f"#field-custom-{key}"}
    return details_box(current_work(), contact) if is_fragment() else to_page(contact_id)


def _stored(item: Definition, contact: Contact) -> dict[str, Any]:
    return {item.name: filled(item, contact.custom), "version": str(contact.version)}


def _save(form: VersionedForm, contact_id: int, item: Definition, given: Any) -> None:
    """Saves the field; over another version only when that left it as it was.

    :raises Stale: when there is something to choose.
    """
    version = valid_id(form.version.data)
    try:
        with writing() as work:
            services.update(work, contact_id, {item.name: given}, version=version)
    except Stale:
        stored = _stored(item, services.get(current_work(), contact_id))
        if form.differences(stored):
            raise
        with writing() as work:
            services.update(work, contact_id, {item.name: given}, version=valid_id(stored["version"]))


def _both_versions(form: VersionedForm, contact_id: int, item: Definition) -> ResponseReturnValue:
    work = current_work()
    contact = services.get(work, contact_id)
    answer = both_versions(
        form,
        _stored(item, contact),
        name=contact.name,
        back=url_for("contacts.page", contact_id=contact_id),
        who=last_saved_by(work, "contact", contact_id),
        template="contacts/field_versions.html" if is_fragment() else "",
    )
    return (*answer, {"HX-Retarget": f"#field-custom-{item.key}"})


@requires("contacts.view")
def reveal(contact_id: int, key: str) -> ResponseReturnValue:
    """The encrypted text of a custom field; that it was read is written down."""
    with writing() as work:
        contact = services.get(work, contact_id)
        text = records.reveal(work, KIND, contact.id, key, contact.custom)
    label = by_key(current_work(), KIND)[key].label
    answer = make_response(render_template("contacts/revealed.html", contact=contact, text=text, label=label))
    answer.headers["Cache-Control"] = "no-store"
    return answer
