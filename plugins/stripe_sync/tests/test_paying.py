"""Clients pay an invoice over Stripe: the button, the page that is opened there, and the payment that comes back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from crmhost.api import links
from crmhost.testing import Host
from plugins.invoices import services as invoices
from plugins.invoices.models import KIND, Invoice
from plugins.invoices.sending import LASTS
from plugins.stripe_sync import checkout
from plugins.syncs.api import connections
from plugins.transactions import api as transactions
from tests.peers.stripe_account import Account
from tests.peers.woo import serving

from .test_account import WEBHOOK_SECRET, event, told
from .test_shapes import CHARGE


@pytest.mark.database("sqlite")
def test_a_payment_marks_the_invoice_paid_once(host: Callable[..., Host]) -> None:
    """The page that opens asks what is due; the charge pays the invoice, told twice once; forged or void ones change nothing."""
    account = Account()
    with serving(account) as url:
        site = host("invoices", "stripe_sync", allow_private_hosts=(url.removeprefix("http://"),))
        ada = site.make.contact()
        with site.work() as work, work.begin():
            given = {"name": "Main", "api_key": "rk_test_1", "webhook_secret": WEBHOOK_SECRET, "api_base": url}
            one = connections.save(work, connections.source_of(work, "stripe"), given)
            lines = [{"title": "Hall", "unit_price": "640.00"}]
            fields = {"contact_id": ada, "lines": lines, "status": "Unpaid", "currency": "EUR"}
            invoice = invoices.create(work, fields)
            token = links.token_of(work, KIND, invoice.id, LASTS)
            number = invoice.id
        client = site.client("")
        page = client.get(f"/invoices/d/{token}").text
        assert "Pay online" not in page
        with site.work() as work, work.begin():
            connections.save(work, connections.source_of(work, "stripe"), {**given, "pay": True}, one.id)
        page = client.get(f"/invoices/d/{token}").text
        sealed = re.search(r'name="invoice" value="([^"]+)"', page)
        assert sealed is not None

        assert client.post("/stripe/pay", data={"invoice": "1"}).status_code == 404
        back = f"/invoices/d/{token}"
        account.answers = [(503, {}, b"busy")]
        assert client.post("/stripe/pay", data={"invoice": sealed[1], "back": back}).status_code == 409
        going = client.post("/stripe/pay", data={"invoice": sealed[1], "back": "//evil.example.com"})
        assert "evil" not in account.opened["success_url"]
        assert 'content="0;url=https://checkout.example.com/c/cs_1"' in going.text
        assert account.opened["line_items[0][price_data][unit_amount]"] == "64000"
        assert account.opened["mode"] == "payment"

        named = {"metadata": {checkout.METADATA: account.opened[f"payment_intent_data[metadata][{checkout.METADATA}]"]}}
        charge = {**CHARGE, "currency": "eur", "amount": 64000, "amount_captured": 64000, **named}
        account.put(charge)
        for attempt in (1, 1, 2):
            assert told(site, event(attempt, "charge.succeeded", charge)) == 200
            site.run_jobs()
        assert _state(site, number) == ("paid", 0)
        with site.work() as work:
            assert len(list(work.session.scalars(select(transactions.Transaction)))) == 1
        assert client.post("/stripe/pay", data={"invoice": sealed[1], "back": back}).status_code == 404

        forged = {**charge, "id": "ch_2", "payment_intent": "pi_2", "metadata": {checkout.METADATA: "forged"}}
        account.put(forged)
        assert told(site, event(3, "charge.succeeded", forged)) == 200
        site.run_jobs()
        assert _state(site, number) == ("paid", 0)
        assert site.faults() == []


def _state(site: Host, number: int) -> tuple[str, int]:
    with site.work() as work:
        invoice = work.session.get_one(Invoice, number)
        return invoice.state, invoice.due
