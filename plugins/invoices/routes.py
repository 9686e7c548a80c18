"""Pages of the invoices: the list, the bin, one invoice, and what is done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint

from crmhost.api import CrmError, NotFound, Work, documents
from crmhost.web.api import (
    current_work,
    gettext,
    list_page,
    record_page,
    redirect,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import cells, crediting, editing, mass, paying, payment_pages, services, statement_pages
from .lists import bin_table, invoice_table
from .models import KIND
from .paper_pages import add_paper_pages
from .public_pages import add_public_pages

blueprint = Blueprint("invoices", __name__)
editing.add_to(blueprint)
payment_pages.add_to(blueprint)
statement_pages.add_to(blueprint)
add_paper_pages(blueprint)
add_public_pages(blueprint)


@blueprint.route("/", methods=["GET", "POST"])
@requires("invoices.view")
def index() -> Any:
    """All invoices."""
    work = current_work()
    return list_page("invoices/index.html", invoice_table(work), work)


@blueprint.route("/bin", methods=["GET", "POST"], endpoint="bin")
@requires("invoices.view")
def bin_list() -> Any:
    """Deleted drafts."""
    work = current_work()
    return list_page("invoices/bin.html", bin_table(work), work)


@blueprint.get("/<int:invoice_id>")
@requires("invoices.view")
def page(invoice_id: int) -> Any:
    """One invoice."""
    work = current_work()
    one = services.get(work, invoice_id)
    return record_page(
        "invoices/page.html",
        KIND,
        one,
        one=one,
        name=cells.title(one),
        hue=cells.HUES[one.state],
        state=gettext(paying.STATES[one.state]),
        document=one.document,
        totals=documents.calculate(one.document),
        payments=payment_pages.of(work, one),
        owed=one.state in paying.OWED,
        form=payment_pages.fresh(work, one) if one.state in paying.OWED else None,
    )


# --- what is done with one --------------------------------------------------------------------------------------------


def done(invoice_id: int, action: Callable[[Work], Any], said: str) -> Any:
    """Does something in a transaction, says so or why not, and goes back to the invoice."""
    try:
        with writing() as work:
            action(work)
    except NotFound:
        raise
    except CrmError as error:
        toast(gettext(error.message), category="bad")
    else:
        toast(said)
    return redirect(url_for("invoices.page", invoice_id=invoice_id), 303)


@blueprint.post("/<int:invoice_id>/issue")
@requires("invoices.edit")
def issue(invoice_id: int) -> Any:
    """Give a draft its number."""
    return done(invoice_id, lambda work: services.issue(work, invoice_id), gettext("The invoice was issued."))


@blueprint.post("/<int:invoice_id>/void")
@requires("invoices.void")
def void(invoice_id: int) -> Any:
    """Void an issued invoice."""
    reason = request.form.get("reason", "")[:300]
    return done(invoice_id, lambda work: services.void(work, invoice_id, reason), gettext("The invoice is void."))


@blueprint.post("/<int:invoice_id>/duplicate")
@requires("invoices.edit")
def duplicate(invoice_id: int) -> Any:
    """Write a draft with the same lines."""
    try:
        with writing() as work:
            made = services.duplicate(work, invoice_id).id
    except NotFound:
        raise
    except CrmError as error:
        toast(gettext(error.message), category="bad")
        return redirect(url_for("invoices.page", invoice_id=invoice_id), 303)
    toast(gettext("This is the copy. Check it, then issue it."))
    return redirect(url_for("invoices.edit", invoice_id=made), 303)


@blueprint.post("/<int:invoice_id>/credit")
@requires("invoices.edit")
def credit(invoice_id: int) -> Any:
    """Write the draft of a credit note."""
    try:
        with writing() as work:
            made = crediting.credit(work, invoice_id, unfinished=True).id
    except NotFound:
        raise
    except CrmError as error:
        toast(gettext(error.message), category="bad")
        return redirect(url_for("invoices.page", invoice_id=invoice_id), 303)
    toast(gettext("This is the draft of a credit note over all lines. Change it if it is to be less, then issue it."))
    return redirect(url_for("invoices.page", invoice_id=made), 303)


@blueprint.post("/<int:invoice_id>/delete")
@requires("invoices.delete")
def delete(invoice_id: int) -> Any:
    """Put a draft into the bin."""
    try:
        with writing() as work:
            services.delete(work, [invoice_id])
    except NotFound:
        raise
    except CrmError as error:
        toast(gettext(error.message), category="bad")
        return redirect(url_for("invoices.page", invoice_id=invoice_id), 303)
    toast(gettext("The draft is in the bin."), undo_url=url_for("invoices.restore", invoice_id=invoice_id))
    return redirect(url_for("invoices.index"), 303)


@blueprint.post("/<int:invoice_id>/restore")
@requires("invoices.delete")
def restore(invoice_id: int) -> Any:
    """Take a draft out of the bin."""
    with writing() as work:
        number = mass.restore(work, [invoice_id])
    if not number:
        raise NotFound("invoice", invoice_id)
    return redirect(url_for("invoices.page", invoice_id=invoice_id), 303)
