"""Paying invoices of the CRM over Stripe Checkout: the one thing that is ever written to Stripe.

Of an invoice there is at most one page of Stripe's that can be paid: whoever asks again gets the same, and one over another
amount is closed before the next is opened.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from crmhost.api import (
    Conflict,
    CrmError,
    GiveUp,
    JobContext,
    Message,
    Money,
    RetryLater,
    Work,
    contacts,
    http,
    money,
    settings,
    upsert,
)
from plugins.syncs.api import Connection, connections, receive
from plugins.transactions import api as transactions

from .amounts import digits
from .calling import Absent
from .models import Checkout
from .reader import StripeReader

ID = "stripe"
#: Name of the metadata of a payment that says which invoice it is for.
METADATA = "crmhost_invoice"
#: How long who paid, or did not, finds the page that they come back to.
SHOWN = dt.timedelta(days=7)
#: A page of Stripe's whose number was never heard of is asked for once more within this time, by the same key.
_SOON = dt.timedelta(hours=1)
_CONTEXT = "stripe_sync.back"
_CLOSED = Message("The payment page can't be opened just now: try again in a moment, or pay as the invoice says.")
#: States of a payment intent in which the money came in, or is on its way.
_UNDER_WAY = ("processing", "succeeded", "requires_capture")


def account(work: Work) -> Connection | None:
    """The account that clients pay to: the first one that was chosen for that."""
    return next((one for one in connections.all_of(work, ID) if one.fields.get("pay") and not one.paused), None)


def of_token(work: Work, token: str) -> Checkout | None:
    """The payment that was offered under a token, for some days."""
    if not token:
        return None
    since = work.now - SHOWN
    found: Checkout | None = work.session.scalar(select(Checkout).where(Checkout.token == token, Checkout.at > since))
    return found


def back_of(work: Work, offered: Checkout) -> str:
    """The path of the page from which somebody went to pay; empty when it can't be read any more."""
    try:
        return settings.unseal(work, offered.back, _CONTEXT)
    except CrmError:
        return ""


def _newest(work: Work, one: Connection, invoice_id: int) -> Checkout | None:
    mine = (Checkout.invoice_id == invoice_id, Checkout.connection_id == one.id)
    found: Checkout | None = work.session.scalar(select(Checkout).where(*mine).order_by(Checkout.turn.desc()).limit(1))
    return found


def begin(work: Work, invoice: Any, due: Money, back: str) -> tuple[Checkout, str]:
    """What is offered, and the address of a page of Stripe's where it is paid; empty while an earlier payment is under way.

    It goes over the network, and stores in transactions of its own. Asked twice, it gives the same page.

    :param back: path of the page that the payer comes from.
    :raises Conflict: when it can't be paid this way just now, with what to do.
    """
    one = account(work)
    if one is None:
        raise Conflict(Message("This invoice can't be paid online: pay as it says."))
    exact, rest = divmod(due.amount * 10 ** digits(due.currency), 10 ** money.digits_of(due.currency))
    if rest:
        raise Conflict(Message("This invoice can't be paid online: pay as it says."))
    reader = connections.reader(work, connections.source_of(work, ID), one)
    assert isinstance(reader, StripeReader)
    try:
        known, url = _known(work, reader, one, invoice.id, due)
        if known is not None:
            return known, url
        offered = _offer(work, one, invoice.id, due, back)
        session = reader.post("/v1/checkout/sessions", _asked(work, invoice, offered, exact), offered.token)
    except (RetryLater, GiveUp, http.RequestError) as error:
        raise Conflict(_CLOSED) from error
    url = str(session.get("url") or "")
    if not url.startswith("https://") and not one.fields.get("api_base"):
        raise Conflict(_CLOSED)
    with work.begin():
        named = update(Checkout).where(Checkout.id == offered.id).values(session=str(session["id"])[:120])
        work.session.execute(named, execution_options={"synchronize_session": False})
    return offered, url


def _known(
    work: Work, reader: StripeReader, one: Connection, invoice_id: int, due: Money
) -> tuple[Checkout | None, str]:
    """What was offered before and holds, with its page, or without one while its money is on the way; ``None`` for nothing."""
    last = _newest(work, one, invoice_id)
    if last is None or not last.session:
        return None, ""
    try:
        session = reader.session(last.session)
    except Absent:
        return None, ""
    if session.get("status") == "open":
        if _over(last, due) and session.get("url"):
            return last, str(session["url"])
        # A page over what was due before must not be paid beside the one over what is due now.
        reader.post(f"/v1/checkout/sessions/{last.session}/expire", {}, f"{last.token}-expire")
    elif session.get("status") == "complete" and last.transaction_id is None and _money(session) in _UNDER_WAY:
        return last, ""
    return None, ""


def _money(session: Mapping[str, Any]) -> str:
    intent = session.get("payment_intent")
    return str(intent.get("status") or "") if isinstance(intent, Mapping) else ""


def _offer(work: Work, one: Connection, invoice_id: int, due: Money, back: str) -> Checkout:
    """Notes what is asked for, before it is: who asks at the same moment finds it and asks for the same."""
    last = _newest(work, one, invoice_id)
    if last is not None and not last.session and last.at > work.now - _SOON and _over(last, due):
        return last
    turns = work.session.scalars(select(Checkout.turn).where(Checkout.invoice_id == invoice_id))
    turn = max(turns, default=0) + 1
    values = {
        "token": secrets.token_urlsafe(24), "connection_id": one.id, "invoice_id": invoice_id, "turn": turn,
        "currency": due.currency, "amount": due.amount, "session": "", "back": settings.seal(work, back, _CONTEXT),
        "at": work.now, "transaction_id": None,
    }  # fmt: skip
    with work.begin():
        work.session.execute(upsert(work.session, Checkout).values(values).on_conflict_do_nothing())
    mine = select(Checkout).where(Checkout.invoice_id == invoice_id, Checkout.turn == turn)
    offered: Checkout = work.session.scalars(mine).one()
    if not _over(offered, due):
        raise Conflict(_CLOSED)
    return offered


def _over(offered: Checkout, due: Money) -> bool:
    return (offered.amount, offered.currency) == (due.amount, due.currency)


def _asked(work: Work, invoice: Any, offered: Checkout, exact: int) -> dict[str, Any]:
    """What Stripe is asked for: of one offer always the same to the letter, or the same key would be refused."""
    number = str(invoice.number or invoice.id)
    name = {METADATA: offered.token}
    place = f"{work.base_url}/stripe/{{}}/{offered.token}"
    asked: dict[str, Any] = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": offered.currency.lower(),
                    "unit_amount": exact,
                    "product_data": {"name": number},
                },
            }
        ],
        "metadata": name,
        "payment_intent_data": {"metadata": name, "description": number},
        "success_url": place.format("thanks"),
        "cancel_url": place.format("cancelled"),
    }
    emails = contacts.emails_of(work, [invoice.contact_id]).get(invoice.contact_id, ()) if invoice.contact_id else ()
    if emails:
        # Who pays is then the client of the invoice, and no further contact.
        asked["customer_email"] = emails[0].email
    return asked


def counted(work: Work, offered: Checkout) -> bool:
    """Whether the money of a payment stands at its invoice."""
    found = transactions.by_ids(work, [offered.transaction_id] if offered.transaction_id is not None else [])
    return any(row.invoice_id == offered.invoice_id for row in found.values())


# --- after it ---------------------------------------------------------------------------------------------------------


def look(job: JobContext, checkout_id: int) -> None:
    """Asks Stripe what became of a payment, without waiting for its webhook; both lead to the same."""
    work = job.work
    offered = work.session.get(Checkout, checkout_id)
    if offered is None or offered.transaction_id is not None or not offered.session:
        return
    one = connections.get(work, offered.connection_id)
    reader = connections.reader(work, connections.source_of(work, ID), one)
    assert isinstance(reader, StripeReader)
    try:
        session = reader.session(offered.session)
    except (Absent, http.RequestError) as error:
        raise RetryLater(0, str(_CLOSED)) from error
    intent = session.get("payment_intent")
    charge = intent.get("latest_charge") if isinstance(intent, Mapping) else None
    if isinstance(charge, str) and charge:
        with work.begin():
            mine = connections.get(work, one.id)
            event = f"{offered.session}-{session.get('payment_status')}"
            receive(work, mine, event, None, topic="checkout", kind="charge", external_id=charge)
