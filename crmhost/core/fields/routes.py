"""Settings > Field options: the custom fields, each with a page of its own."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...errors import Conflict, CrmError, Invalid, NotFound
from ...web.request import current_work, is_fragment, requires, writing
from ...web.toasts import toast
from ...work.unit import Work
from ..keyset import valid_id
from . import choices, scans, services
from .definitions import definitions, object_of, objects
from .forms import FieldForm, given_choices, kinds
from .kinds import CHOOSING, KINDS, Definition
from .models import Field
from .services import MANAGE

blueprint = Blueprint("fields", __name__, url_prefix="/settings/field-options/fields")


def overview(work: Work) -> str:
    """The custom fields of every kind of record, for the page of field options."""
    labels = {kind: label for kind, label, _about in kinds()}
    return render_template(
        "fields/overview.html",
        groups=[(item, definitions(work, item.name), services.deleted(work, item.name)) for item in objects(work)],
        kinds=kinds(),
        kind_labels=labels,
        most=services.MOST,
        kept_days=scans.KEPT_DAYS,
    )


def _done(message: str, object_type: str = "contact", undo: str | None = None) -> ResponseReturnValue:
    toast(message, undo)
    return redirect(url_for("statuses.field_options", _anchor=f"fields-{object_type}"), 303)


@blueprint.route("/new", methods=["GET", "POST"])
@requires(MANAGE)
def new() -> ResponseReturnValue:
    """Add a field of the kind that was chosen."""
    kind, object_type = request.args.get("kind", "text"), request.args.get("object", "contact")
    if kind not in KINDS:
        abort(404)
    work = current_work()
    kind_of_record = object_of(work, object_type)
    form = FieldForm(data={"filterable": True, "currency": work.settings.get("site.currency")})
    form.fit(kind, new=True)
    if form.validate_on_submit():
        try:
            with writing() as work:
                field = services.add(work, {**form.values(), "kind": kind, "object": object_type})
        except CrmError as error:
            form.take(error)
        else:
            return _done(_("The field “%(name)s” was added.", name=field.label), object_type)
    code = 422 if form.is_submitted() else 200
    return render_template(
        "fields/field.html", form=form, field=None, kind=_(KINDS[kind]), record=kind_of_record, choices=None
    ), code


@blueprint.route("/<int:field_id>", methods=["GET", "POST"])
@requires(MANAGE)
def edit(field_id: int) -> ResponseReturnValue:
    """Change a field."""
    work = current_work()
    field = services.get(work, field_id)
    form = FieldForm(
        data={name: getattr(field, name) for name in ("label", "section", "help", "required", "filterable")}
    )
    form.fit(field.kind, new=False)
    if not form.is_submitted():
        return _page(work, field, form)
    given: dict[str, Any] = form.values()
    if field.kind in CHOOSING:
        replaced = {name.removeprefix("replace-"): value for name, value in request.form.items() if value}
        given |= {"choices": given_choices(), "replaced": replaced}
    try:
        if form.validate():
            with writing() as work:
                services.change(work, field_id, given)
            return _done(_("Saved."), field.object)
    except CrmError as error:
        form.take(error)
    work = current_work()
    return _page(work, services.get(work, field_id), form, given.get("choices")), 422


def _page(work: Work, field: Definition, form: FieldForm, typed: list[dict[str, str]] | None = None) -> str:
    rows = typed if typed is not None else [{"key": item.key, "label": item.label} for item in field.offered]
    asked: list[tuple[str, str]] = []
    if typed:
        row = work.session.get_one(Field, field.id)
        asked = choices.in_use(work, row, choices.read(typed, {}))
    return render_template(
        "fields/field.html",
        form=form,
        field=field,
        kind=_(KINDS[field.kind]),
        record=object_of(work, field.object),
        choices=rows if field.kind in CHOOSING else None,
        retired=[item for item in field.choices if item.retired],
        asked=asked,
        keep=choices.KEEP,
    )


@blueprint.post("/order")
@requires(MANAGE)
def order() -> ResponseReturnValue:
    """Puts the fields of a kind of record into the order given."""
    ids = [number for number in map(valid_id, request.form.getlist("order")) if number]
    with writing() as work:
        services.reorder(work, request.args.get("object", "contact"), ids)
    return ("", 204) if is_fragment() else _done(_("The order was changed."))


@blueprint.route("/<int:field_id>/delete", methods=["GET", "POST"])
@requires(MANAGE)
def delete(field_id: int) -> ResponseReturnValue:
    """Says how many records have a value, and deletes the field."""
    work = current_work()
    if request.method == "GET":
        field = services.get(work, field_id)
        number = services.count_values(work, field_id)
        record = object_of(work, field.object)
        return render_template(
            "fields/delete.html", field=field, number=number, record=record, kept_days=scans.KEPT_DAYS
        )
    with writing() as work:
        field = services.delete(work, field_id)
    undo = url_for("fields.restore", field_id=field_id)
    return _done(_("The field “%(name)s” was deleted.", name=field.label), field.object, undo)


@blueprint.post("/<int:field_id>/restore")
@requires(MANAGE)
def restore(field_id: int) -> ResponseReturnValue:
    """Brings a deleted field back."""
    try:
        with writing() as work:
            field = services.restore(work, field_id)
    except (Conflict, Invalid) as error:
        toast(_(error.message), category="bad")
        return redirect(url_for("statuses.field_options"), 303)
    return _done(_("The field “%(name)s” is back.", name=field.label), field.object)


@blueprint.post("/<int:field_id>/erase")
@requires(MANAGE)
def erase(field_id: int) -> ResponseReturnValue:
    """Erases the values of a deleted field for good."""
    try:
        with writing() as work:
            services.erase(work, field_id)
    except NotFound:
        return _done(_("The field is gone already."))
    return _done(_("The values are being erased; Settings > Jobs shows how far it is."))
