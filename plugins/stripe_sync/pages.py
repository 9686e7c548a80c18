"""The button with which clients pay an invoice, and the way from it to Stripe."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.api import SYSTEM, Conflict, Work
from crmhost.web.api import abort, current_work, public, render_template, request, unlisted

from . import checkout

blueprint = Blueprint("stripe_sync", __name__)


def pay_button(work: Work, invoice: Any, back: str) -> str:
    """The button; nothing where no account is there to pay to."""
    site = work.as_actor(SYSTEM)
    if checkout.account(site) is None:
        return ""
    return render_template("stripe_sync/pay.html", sealed=checkout.seal(site, invoice.id), back=back)


@blueprint.post("/pay")
@public
def pay() -> Any:
    """Leads to Stripe's page for an invoice. Who has the sealed invoice saw its page: it stands nowhere else."""
    work = current_work().as_actor(SYSTEM)
    invoices = work.service("invoices")
    invoice_id = checkout.unseal(work, request.form.get("invoice", ""))
    owed = invoices.owed(invoice_id) if invoices is not None and invoice_id is not None else None
    if owed is None:
        abort(404)
    invoice, due = owed
    back = request.form.get("back", "")
    back = f"{work.base_url}{back}" if back.startswith("/") and not back.startswith("//") else work.base_url
    try:
        to = checkout.begin(work, invoice, due, back)
    except Conflict as error:
        return unlisted(render_template("stripe_sync/going.html", to="", back=back, problem=error.message)), 409
    return unlisted(render_template("stripe_sync/going.html", to=to, back=back, problem=""))
