"""Custom fields on a contact's page: changed where they stand, and encrypted text that is shown when asked for."""

from __future__ import annotations

from flask import abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from ...errors import CrmError
from ...web.forms import Form
from ...web.request import current_work, is_fragment, requires, writing
from ..fields import records
from ..fields.definitions import by_key
from ..fields.forms import filled, made, value_of
from . import services
from .details import details_box, to_page
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
    form = Form()
    form.add_field(item.name, made(item, contact.custom), filled(item, contact.custom))
    if not form.is_submitted():
        return render_template("contacts/custom_field.html", contact=contact, form=form, item=item)
    given = "" if "remove" in request.form else value_of(item, form[item.name].data)
    keep = item.kind == "encrypted" and not given and "remove" not in request.form
    try:
        if not keep and form.validate():
            with writing() as work:
                services.update(work, contact_id, {item.name: given})
    except CrmError as error:
        form.take(error)
    contact = services.get(current_work(), contact_id)
    if form.problems:
        html = render_template("contacts/custom_field.html", contact=contact, form=form, item=item)
        return html, 422, {"HX-Retarget": f"#field-custom-{key}"}
    return details_box(current_work(), contact) if is_fragment() else to_page(contact_id)


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
