"""A whole account of ``localstripe``: read by Stripe's own library, told of by webhooks that another signed."""

from __future__ import annotations

import json
import queue
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import stripe
from sqlalchemy import select

from crmhost.api import Contact
from crmhost.testing import Host
from plugins.syncs.api import Record, connections
from plugins.syncs.models import Aside
from tests.peers.local_stripe import KEY, serving
from tests.peers.woo import serving as listening

from .test_account import WEBHOOK_SECRET, read, sums

CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}


class Inbox:
    """Takes what is POSTed, to be looked at later."""

    reads_headers = True

    def __init__(self) -> None:
        self.got: queue.Queue[tuple[bytes, str]] = queue.Queue()

    def answer(self, _method: str, _url: str, _host: str, body: bytes, *, headers: Mapping[str, str]) -> Any:
        """Takes a webhook."""
        self.got.put((body, headers["Stripe-Signature"]))
        return 200, {}, b"{}"


@pytest.mark.database("sqlite")
def test_an_account_is_read_and_followed(host: Callable[..., Host]) -> None:
    """Customers, payments, refunds, products, subscriptions and their invoices come in, each cent once; then what is told."""
    inbox = Inbox()
    with serving() as url, listening(inbox) as place:
        there = stripe.StripeClient(KEY, base_addresses={"api": url})

        def make(path: str, **given: Any) -> dict[str, Any]:
            answer: Any = there.raw_request("post", path, **given)
            return json.loads(answer.body)

        ada = make("/v1/customers", email="ada@example.com", name="Ada King")["id"]
        card = make("/v1/payment_methods", type="card", card=CARD)["id"]
        make(f"/v1/payment_methods/{card}/attach", customer=ada)
        make(f"/v1/customers/{ada}", invoice_settings={"default_payment_method": card})
        paying = {"customer": ada, "payment_method": card, "confirm": "true"}
        paid = make("/v1/payment_intents", amount=2000, currency="usd", **paying)
        make("/v1/payment_intents", amount=500, currency="jpy", **paying)
        make("/v1/refunds", payment_intent=paid["id"], amount=500)
        product = make("/v1/products", name="Pro", type="service")["id"]
        plan = make("/v1/plans", amount=2500, currency="eur", interval="month", product=product, nickname="Pro")["id"]
        rate = make("/v1/tax_rates", display_name="VAT", inclusive="false", percentage="20")["id"]
        make("/v1/subscriptions", customer=ada, items=[{"plan": plan}], default_tax_rates=[rate])

        site = host("stripe_sync", allow_private_hosts=(url.removeprefix("http://"),))
        with site.work() as work, work.begin():
            given = {"name": "Main", "api_key": KEY, "webhook_secret": WEBHOOK_SECRET, "api_base": url}
            number = connections.save(work, connections.source_of(work, "stripe"), given).id
        with site.work("Admin") as work:
            findings = connections.test(work, connections.get(work, number))
        assert [finding.fine for finding in findings] == [True], findings
        read(site, number)
        read(site, number, full=True)
        assert sums(site) == {"USD": 1500, "JPY": 500, "EUR": 3000}
        with site.work() as work:
            found = {(row.kind, row.status) for row in work.session.scalars(select(Record))}
            assert {("charge", "partially_refunded"), ("invoice", "paid"), ("subscription", "active")} <= found
            assert work.session.scalars(select(Contact.email)).all() == ["ada@example.com"]
            assert list(work.session.scalars(select(Aside))) == []

        wanted = {"url": f"{place}/", "secret": WEBHOOK_SECRET, "events": ["customer.created"]}
        urllib.request.urlopen(f"{url}/_config/webhooks/here", json.dumps(wanted).encode()).close()
        make("/v1/customers", email="bob@example.com", name="Bob Wood")
        body = b""
        while b"bob@example.com" not in body:
            # What was made a moment before is told too.
            body, signature = inbox.got.get(timeout=60)
            answer = site.client("").post("/hooks/stripe/main", data=body, headers={"Stripe-Signature": signature})
            assert answer.status_code == 200
        site.run_jobs()
        with site.work() as work:
            assert sorted(work.session.scalars(select(Contact.email))) == ["ada@example.com", "bob@example.com"]
        assert site.faults() == []
