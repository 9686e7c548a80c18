"""Settings > Field options: the types of journal entries."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as __

from ...contributions import JournalType
from ...errors import CrmError
from ...web.forms import ChoiceField, Form, Section, SwitchField, TextField
from ...web.request import current_work, is_fragment, requires, writing
from ...web.toasts import toast
from ...work.unit import Work
from . import kinds
from .types import manual_types

blueprint = Blueprint("journal_types", __name__, url_prefix="/settings/field-options/journal")


class TypeForm(Form):
    """A type of entry."""

    label = TextField(__("Name"), render_kw={"maxlength": kinds.LONGEST, "autofocus": True})
    icon = ChoiceField(__("Icon"))
    contact = SwitchField(
        __("Counts as contact"),
        description=__("An entry of this type moves the date on which the person was last contacted."),
    )
    sections = [Section("type", __("Type of entry"), {"label": 3, "icon": 3, "contact": 6})]  # noqa: RUF012  # as forms say it

    def offer(self, item: JournalType | None) -> None:
        """Fills the choices; an icon that a type has already stays among them."""
        icons = {**kinds.ICONS, **({item.icon: item.icon} if item is not None and item.icon not in kinds.ICONS else {})}
        self.icon.offer((name, _(label)) for name, label in icons.items())


class HeirForm(Form):
    """What takes the place of a type that is deleted."""

    heir = ChoiceField(__("Type that its entries get"))


def overview(work: Work) -> str:
    """The card on the page of field options."""
    plugins = {plugin.id: plugin.manifest.name for plugin in work.generation.plugins}
    items = [(item, kinds.editable(item), plugins.get(item.plugin, "")) for item in manual_types(work)]
    return render_template("journal/types.html", items=items)


def _done(message: str) -> ResponseReturnValue:
    toast(message)
    return redirect(url_for("statuses.field_options", _anchor="entry-types"), 303)


def _page(form: Form, title: str, save: str, **more: Any) -> ResponseReturnValue:
    html = render_template("journal/type.html", form=form, title=title, save=save, **more)
    return (html, 422) if form.is_submitted() else html


@blueprint.route("/new", methods=["GET", "POST"])
@requires("settings.edit")
def new() -> ResponseReturnValue:
    """Add a type."""
    form = TypeForm(data={"icon": "note", "contact": True})
    form.offer(None)
    if form.validate_on_submit():
        try:
            with writing() as work:
                item = kinds.add(work, form.label.data or "", icon=form.icon.data, contact=form.contact.data)
        except CrmError as error:
            form.take(error)
        else:
            return _done(_("The type “%(name)s” was added.", name=item.label))
    return _page(form, _("Add a type of entry"), _("Add type"))


@blueprint.route("/<name>", methods=["GET", "POST"])
@requires("settings.edit")
def edit(name: str) -> ResponseReturnValue:
    """Rename a type, change its icon and mark."""
    item = _item(name)
    form = TypeForm(data={"label": _(item.label), "icon": item.icon, "contact": item.contact})
    form.offer(item)
    if form.validate_on_submit():
        # Unchanged, the core's own label stays one that is translated.
        label = item.label if form.label.data == _(item.label) else form.label.data or ""
        try:
            with writing() as work:
                kinds.change(work, name, label, icon=form.icon.data, contact=form.contact.data)
        except CrmError as error:
            form.take(error)
        else:
            return _done(_("Saved."))
    return _page(form, _(item.label), _("Save"))


@blueprint.route("/<name>/delete", methods=["GET", "POST"])
@requires("settings.edit")
def delete(name: str) -> ResponseReturnValue:
    """Say how many entries have the type, ask which they get, delete it."""
    item = _item(name)
    number = kinds.used(current_work(), name)
    form = HeirForm()
    form.heir.offer((other.name, _(other.label)) for other in manual_types(current_work()) if other.name != name)
    if form.is_submitted():
        try:
            with writing() as work:
                kinds.remove(work, name, (form.heir.data or "") if number else "")
        except CrmError as error:
            form.take(error)
        else:
            return _done(_("The type “%(name)s” was deleted.", name=_(item.label)))
    title = _("Delete the type “%(name)s”?", name=_(item.label))
    return _page(form, title, _("Delete type"), number=number, danger=True)


@blueprint.post("/order")
@requires("settings.edit")
def order() -> ResponseReturnValue:
    """Puts the types into the order given."""
    with writing() as work:
        kinds.reorder(work, request.form.getlist("order"))
    return ("", 204) if is_fragment() else _done(_("The order was changed."))


def _item(name: str) -> JournalType:
    found = next((item for item in manual_types(current_work()) if item.name == name and kinds.editable(item)), None)
    if found is None:
        abort(404)
    return found
