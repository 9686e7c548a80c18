"""The button with which clients pay an invoice, the way from it to Stripe, and the pages on which they come back."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from babel import Locale, UnknownLocaleError
from flask import Blueprint, g
from flask_babel import force_locale

from crmhost.api import SYSTEM, Conflict, CrmError, Message, Work, settings
from crmhost.web.api import (
    abort,
    current_work,
    linked,
    public,
    redirect,
    render_template,
    request,
    unlisted,
    url_for,
    writing,
)

from . import checkout
from .models import Checkout

blueprint = Blueprint("stripe_sync", __name__)

_CONTEXT = "stripe_sync.pay"
_INVOICE = "invoice"
#: How long the button on a page of the portal leads to Stripe.
_LASTS = dt.timedelta(hours=12)


def pay_button(work: Work, invoice: Any, back: str, token: str = "") -> str:
    """The button; nothing where no account is there to pay to.

    It says who may pay: who has the link, as long as it holds, or the client of the portal, as long as they have access.
    """
    site = work.as_actor(SYSTEM)
    if checkout.account(site) is None:
        return ""
    client = g.get("portal_client")
    if not token and client is None:
        return ""
    said = {"invoice": invoice.id, "of": _owners(invoice), "back": back, "at": int(work.now.timestamp())}
    said |= {"link": token} if token else {"client": client.contact_id}
    sealed = settings.seal(site, json.dumps(said), _CONTEXT)
    return render_template("stripe_sync/pay.html", sealed=sealed, preview=bool(getattr(client, "preview", False)))


def _owners(invoice: Any) -> list[int | None]:
    return [invoice.contact_id, invoice.company_id]


def _wanted(work: Work) -> tuple[Any, str]:
    """The invoice that is to be paid, and the path of its page; ends with 404 for who may not see it any more."""
    try:
        said = json.loads(settings.unseal(work, request.form.get("invoice", ""), _CONTEXT))
    except (CrmError, ValueError):
        abort(404)
    invoices = work.service("invoices")
    invoice = invoices.issued(said["invoice"]) if invoices is not None else None
    if invoice is None:
        abort(404)
    if said.get("link"):
        may = linked(_INVOICE, said["link"]).object_id == invoice.id
    else:
        portal = work.service("portal")
        young = said["at"] > (work.now - _LASTS).timestamp()
        same = said["of"] == _owners(invoice)
        may = young and same and portal is not None and portal.has_access(said["client"])
    if not may:
        abort(404)
    return invoice, said["back"]


@blueprint.post("/pay")
@public
def pay() -> Any:
    """Leads to Stripe's page for an invoice, over what is due of it now."""
    work = current_work().as_actor(SYSTEM)
    invoice, back = _wanted(work)
    owed = work.service("invoices").owed(invoice.id)
    with _spoken(work, invoice.id):
        if owed is None:
            said = Message("Nothing is due of this invoice any more: it was paid or withdrawn meanwhile.")
            return unlisted(render_template("stripe_sync/going.html", to="", back=back, problem=said)), 409
        due = owed[1]
        try:
            offered, to = checkout.begin(work, invoice, due, back)
        except Conflict as error:
            return unlisted(render_template("stripe_sync/going.html", to="", back=back, problem=error.message)), 409
        if not to:
            return redirect(url_for("stripe_sync.thanks", token=offered.token), 303)
        return unlisted(render_template("stripe_sync/going.html", to=to, back=back, due=due, number=invoice.number))


@blueprint.get("/thanks/<token>")
@public
def thanks(token: str) -> Any:
    """Where the payer comes back to: whether the payment came in already. It looks again until it did."""
    return _after(token, cancelled=False)


@blueprint.post("/thanks/<token>/look")
@public
def look(token: str) -> Any:
    """Has it looked up at Stripe what became of a payment."""
    work = current_work().as_actor(SYSTEM)
    offered = checkout.of_token(work, token)
    if offered is None:
        abort(404)
    if offered.transaction_id is None:
        with writing():
            work.enqueue("stripe_sync.look", dedupe=str(offered.id), checkout_id=offered.id)
    return "", 204


@blueprint.get("/cancelled/<token>")
@public
def cancelled(token: str) -> Any:
    """Where the payer comes back to without having paid."""
    return _after(token, cancelled=True)


def _after(token: str, *, cancelled: bool) -> Any:
    work = current_work().as_actor(SYSTEM)
    offered = checkout.of_token(work, token)
    invoices = work.service("invoices")
    invoice = invoices.issued(offered.invoice_id) if offered is not None and invoices is not None else None
    if offered is None or invoice is None:
        abort(404)
    given = {
        "state": _state(work, offered, cancelled=cancelled),
        "number": invoice.number,
        "amount": offered.amount,
        "currency": offered.currency,
        "token": token,
        "turn": request.args.get("n", 0, int),
        "back": checkout.back_of(work, offered),
    }
    with _spoken(work, invoice.id):
        return unlisted(render_template("stripe_sync/after.html", **given))


def _state(work: Work, offered: Checkout, *, cancelled: bool) -> str:
    """``paid``, ``extra`` (the money came in, but nothing was due), ``waiting`` or ``cancelled``."""
    if offered.transaction_id is None:
        return "cancelled" if cancelled else "waiting"
    return "paid" if checkout.counted(work, offered) else "extra"


def _spoken(work: Work, invoice_id: int) -> Any:
    """In the language of an invoice, as its page is."""
    invoice = work.service("invoices").issued(invoice_id)
    language = str(invoice.language or work.settings.get("site.language") or work.locale)
    try:
        Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        language = "en"
    return force_locale(language)
