"""Paying invoices of the CRM over Stripe Checkout: the one thing that is ever written to Stripe."""

from __future__ import annotations

from typing import Any

from crmhost.api import (
    Conflict,
    CrmError,
    GiveUp,
    Invalid,
    Message,
    Money,
    RetryLater,
    Work,
    http,
    money,
    notifications,
    settings,
)
from plugins.syncs.api import Connection, connections

from .amounts import digits
from .reader import StripeReader

ID = "stripe"
#: Name of the metadata of a payment that says which invoice it is for, sealed with the site's key.
METADATA = "crmhost_invoice"
_CONTEXT = "stripe_sync.invoice"
_CLOSED = Message("The payment page can't be opened just now: try again in a moment, or pay as the invoice says.")


def account(work: Work) -> Connection | None:
    """The account that clients pay to: the first one that was chosen for that."""
    return next((one for one in connections.all_of(work, ID) if one.fields.get("pay") and not one.paused), None)


def seal(work: Work, invoice_id: int) -> str:
    """What stands for an invoice outside of this site: nobody else can make or read it."""
    return settings.seal(work, str(invoice_id), _CONTEXT)


def unseal(work: Work, sealed: str) -> int | None:
    """The invoice that something stands for; ``None`` when it was not made here."""
    try:
        return int(settings.unseal(work, sealed, _CONTEXT))
    except (CrmError, ValueError):
        return None


def begin(work: Work, invoice: Any, due: Money, back: str) -> str:
    """The address of a page of Stripe's where what is due of an invoice is paid. It goes over the network.

    The same is asked once: clicking twice leads to the same page.

    :param back: address that the payer comes back to.
    :raises Conflict: when it can't be paid this way just now, with what to do.
    """
    one = account(work)
    if one is None or due.amount <= 0:
        raise Conflict(Message("This invoice can't be paid online: pay as it says."))
    exact = due.amount * 10 ** digits(due.currency) // 10 ** money.digits_of(due.currency)
    name = {METADATA: seal(work, invoice.id)}
    asked = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": due.currency.lower(),
                    "unit_amount": exact,
                    "product_data": {"name": str(invoice.number or invoice.id)},
                },
            }
        ],
        "metadata": name,
        "payment_intent_data": {"metadata": name, "description": str(invoice.number or invoice.id)},
        "success_url": back,
        "cancel_url": back,
    }
    key = f"crmhost-{invoice.id}-{due.currency}-{due.amount}-{work.today.isoformat()}"
    reader = connections.reader(work, connections.source_of(work, ID), one)
    assert isinstance(reader, StripeReader)
    try:
        session = reader.post("/v1/checkout/sessions", asked, key)
    except (RetryLater, GiveUp, http.RequestError) as error:
        raise Conflict(_CLOSED) from error
    url = str(session.get("url") or "")
    if not url.startswith("https://") and not one.fields.get("api_base"):
        raise Conflict(_CLOSED)
    return url


def settle(work: Work, sealed: str, transaction_id: int) -> None:
    """Puts a payment to the invoice that it was made for, once; where that can't be, says so to those who can."""
    invoices = work.service("invoices")
    invoice_id = unseal(work, sealed)
    if invoices is None or invoice_id is None:
        return
    try:
        with work.part():
            invoices.attach(invoice_id, transaction_id)
    except (Invalid, CrmError):
        notifications.tell(
            work, notifications.who_may(work, "invoices.pay"),
            "A payment over Stripe came in that can’t be put to invoice %(number)s: look at it.",
            url=f"/transactions/{transaction_id}", kind="stripe_sync.unsettled", data={"number": invoice_id},
        )  # fmt: skip
