"""Pages that write invoices: a new one, changing one, and how often it recurs."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import Blueprint

from crmhost.api import CrmError, Stale, keyset
from crmhost.web.api import (
    ChoiceField,
    DayField,
    IntegerField,
    Section,
    SwitchField,
    VersionedForm,
    both_versions,
    current_work,
    gettext,
    lazy_text,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import cells, recurring, services, settings
from .forms import CUSTOMER, InvoiceForm, filled, fresh
from .models import Recurrence


def add_to(blueprint: Blueprint) -> None:
    """The pages."""
    add = blueprint.add_url_rule
    add("/new", "new", new, methods=["GET", "POST"])
    add("/<int:invoice_id>/edit", "edit", edit, methods=["GET", "POST"])
    add("/<int:invoice_id>/recurrence", "recurrence", recurrence, methods=["GET", "POST"])
    add("/numbers", "numbers", numbers, methods=["POST"])


@requires("invoices.edit")
def new() -> Any:
    """Write an invoice."""
    work = current_work()
    contact, company = (keyset.valid_id(request.args.get(name, "")) for name in ("contact_id", "company_id"))
    form = InvoiceForm(data=fresh(work, contact, company))
    form.offer(work, None)
    if form.validate_on_submit():
        try:
            with writing() as work:
                number = services.create(work, form.values(work)).id
        except CrmError as error:
            _take(form, error)
        else:
            toast(gettext("The draft is saved. Issue it when it is ready: then it gets its number."))
            return redirect(url_for("invoices.page", invoice_id=number), 303)
    html = render_template("invoices/form.html", form=form, one=None, name="")
    return html, 422 if form.is_submitted() else 200


@requires("invoices.edit")
def edit(invoice_id: int) -> Any:
    """Change an invoice."""
    work = current_work()
    one = services.get(work, invoice_id)
    address = url_for("invoices.page", invoice_id=invoice_id)
    if one.state == "void":
        toast(gettext("A void invoice stays as it is. Copy it, and change the copy."), category="bad")
        return redirect(address, 303)
    stored = filled(work, one)
    form = InvoiceForm(data=stored)
    form.offer(work, one)
    form.remember(stored)
    if form.validate_on_submit():
        try:
            with writing() as work:
                services.update(work, invoice_id, form.values(work), version=keyset.valid_id(form.version.data))
        except Stale:
            stored = filled(current_work(), services.get(current_work(), invoice_id))
            return both_versions(form, stored, name=gettext("this invoice"), back=address)
        except CrmError as error:
            _take(form, error)
        else:
            toast(gettext("Saved."))
            return redirect(address, 303)
    html = render_template("invoices/form.html", form=form, one=one, name=cells.title(one))
    return html, 422 if form.is_submitted() else 200


def _take(form: InvoiceForm, error: CrmError) -> None:
    """Puts sentences to the fields, which the form calls otherwise in two cases."""
    errors = getattr(error, "errors", None)
    for name in CUSTOMER:
        if errors and f"{name}_id" in errors:
            errors[name] = [*errors.get(name, []), *errors.pop(f"{name}_id")]
    form.take(error)


# --- recurring --------------------------------------------------------------------------------------------------------


class RecurrenceForm(VersionedForm):
    """How often an invoice is copied."""

    every = IntegerField(lazy_text("Every"))
    unit = ChoiceField(lazy_text("Period"))
    starts_on = DayField(lazy_text("First copy on"))
    ends_on = DayField(lazy_text("Last copy until"), description=lazy_text("Empty for no end."))
    issue = SwitchField(lazy_text("Issue each copy at once"))
    send = SwitchField(lazy_text("And send it to the customer"))
    active = SwitchField(lazy_text("Go on making copies"))

    sections: ClassVar[list[Section]] = [
        Section(
            "recurrence",
            "",
            {"every": 2, "unit": 4, "starts_on": 3, "ends_on": 3, "issue": 6, "send": 6, "active": 6},
        )
    ]

    def values(self) -> dict[str, Any]:
        """The fields as the service takes them."""
        names = ("every", "unit", "starts_on", "ends_on", "issue", "send", "active")
        return {name: self[name].data for name in names}


@requires("invoices.edit")
def recurrence(invoice_id: int) -> Any:
    """Have an invoice copied from time to time."""
    work = current_work()
    one = services.get(work, invoice_id)
    stored = _stored(recurring.of(work, one.id))
    form = RecurrenceForm(data=stored or {"every": 1, "unit": "month", "starts_on": work.today, "active": True})
    form.unit.offer((unit, gettext(name)) for unit, name in recurring.UNITS.items())
    address = url_for("invoices.page", invoice_id=invoice_id)
    if stored:
        form.remember(stored)
    if form.validate_on_submit():
        try:
            with writing() as work:
                values, version = form.values(), keyset.valid_id(form.version.data or "")
                if stored and values["starts_on"] == stored["starts_on"]:
                    del values["starts_on"]
                recurring.set_up(work, invoice_id, values, version=version)
        except Stale:
            stored = _stored(recurring.of(current_work(), invoice_id)) or {}
            return both_versions(form, stored, name=gettext("this recurring invoice"), back=address)
        except CrmError as error:
            form.take(error)
        else:
            toast(gettext("Saved."))
            return redirect(address, 303)
    html = render_template("invoices/recurring_form.html", form=form, one=one, name=cells.title(one))
    return html, 422 if form.is_submitted() else 200


def _stored(found: Recurrence | None) -> dict[str, Any] | None:
    if found is None:
        return None
    names = ("every", "unit", "starts_on", "ends_on", "issue", "send", "active")
    return {name: getattr(found, name) for name in names} | {"version": str(found.version)}


# --- next numbers, below the settings ---------------------------------------------------------------------------------


@requires("settings.edit")
def numbers() -> Any:
    """Have numbers go on with a higher one."""
    given = request.form.get("number", "").strip()
    try:
        with writing() as work:
            settings.set_next(work, request.form.get("sequence", ""), keyset.valid_id(given))
    except CrmError as error:
        said = next((text for some in getattr(error, "errors", {}).values() for text in some), error.message)
        toast(gettext(said), category="bad")
    else:
        toast(gettext("Saved."))
    return redirect(url_for("settings.plugin_page", page="invoices"), 303)
