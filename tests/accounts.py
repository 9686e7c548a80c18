"""A connected Stripe account with payments of one contact, for pictures and for the test of every page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select

from crmhost.api import Work
from crmhost.core.contacts import services as contacts
from crmhost.core.settings import services as settings
from crmhost.host import lifecycle
from crmhost.site import Site
from plugins.invoices.models import Invoice
from plugins.stripe_sync.models import Checkout
from plugins.syncs import applying, connections
from plugins.syncs.shapes import Incoming
from plugins.transactions.models import Transaction

_LOST = {"id": "dp_1", "status": "lost", "amount": 4900, "created": 1767225600}
_STATES: tuple[dict[str, Any], ...] = (
    {}, {"status": "failed", "paid": False, "failure_message": "Your card was declined."}, {"amount_refunded": 1900},
    {"currency": "jpy"}, {"status": "pending", "paid": False}, {"disputes": [_LOST]},
)  # fmt: skip


def some(site: Site) -> None:
    """Switches the sync on, has it hold what an account would tell, and offers payments of an invoice."""
    lifecycle.enable(site, ["stripe_sync"], try_first=False)
    with site.work() as work, work.begin():
        source = connections.source_of(work, "stripe")
        given = {"name": "Atelier payments", "api_key": "rk_test_1", "webhook_secret": "whsec_1", "pay": True}
        one = connections.save(work, source, given)
        payer = contacts.get(work, 7)
        who = {"email": payer.email, "name": payer.name}
        applying.apply(work, source, one, [_charge(work.now, place, who) for place in range(len(_STATES))])
        at = int(work.now.timestamp())
        price = {"nickname": "Workshop, all tools", "unit_amount": 4900, "recurring": {"interval": "month"}}
        items = {"data": [{"id": "si_1", "price": price, "quantity": 1}]}
        terms = {
            "id": "sub_1",
            "status": "active",
            "currency": "eur",
            "created": at,
            "customer": "cus_1",
            "items": items,
        }
        bill = {"id": "in_1", "status": "open", "currency": "eur", "total": 9800, "created": at, "number": "AT-0042",
                "customer": "cus_1", "customer_email": payer.email}  # fmt: skip
        person = {"id": "cus_1", **who}
        for kind, body in (("customer", person), ("subscription", terms), ("invoice", bill)):
            applying.apply(work, source, one, [Incoming(kind=kind, external_id=body["id"], version=at, body=body)])
        one.counts = {"charge": 6, "customer": 1, "subscription": 1, "invoice": 1, "product": 3}
        one.cursors = {"since": work.now.isoformat(), "last": {"added": 9, "updated": 1, "unchanged": 40, "aside": 0}}
        one.read_at = one.heard_at = work.now
        _offer(work, one.id)


def _offer(work: Work, connection_id: int) -> None:
    """Payments of invoices that were offered: one that is on its way, one that came in, and one for which nothing was due."""
    number = work.session.scalars(select(Invoice.id).where(Invoice.reference == "Open")).one()
    paid = work.session.scalars(select(Transaction).where(Transaction.invoice_id.is_not(None))).first()
    assert paid is not None
    back = settings.seal(work, "/portal/", "stripe_sync.back")
    known = {
        "connection_id": connection_id,
        "currency": "EUR",
        "amount": 64_000,
        "session": "",
        "back": back,
        "at": work.now,
    }
    for turn, (token, invoice, came) in enumerate(
        (("waiting", number, None), ("extra", number, 1), ("paid", paid.invoice_id, paid.id)), 1
    ):
        work.session.add(Checkout(token=token, invoice_id=invoice, turn=turn, transaction_id=came, **known))


def linked(_work: Work) -> dict[str, str]:
    """Addresses to which who paid comes back, by a name for each."""
    found = {
        "paying": "thanks/waiting",
        "paid": "thanks/paid",
        "paid-extra": "thanks/extra",
        "not-paid": "cancelled/waiting",
    }
    return {name: f"/stripe/{path}" for name, path in found.items()}


def _charge(now: dt.datetime, place: int, who: dict[str, str]) -> Incoming:
    at = int((now - dt.timedelta(days=30 * place)).timestamp())
    body = {
        "id": f"ch_{place}", "object": "charge", "amount": 4900, "captured": True, "paid": True, "status": "succeeded",
        "currency": "eur", "created": at, "customer": "cus_1", "payment_intent": f"pi_{place}", "billing_details": who,
        "description": f"Workshop, month {12 - place}", "payment_method_details": {"type": "card", "card": {"brand": "visa"}},
        "receipt_url": "https://pay.example.com/receipts/1", **_STATES[place],
    }  # fmt: skip
    return Incoming(kind="charge", external_id=f"ch_{place}", version=at, body=body)
