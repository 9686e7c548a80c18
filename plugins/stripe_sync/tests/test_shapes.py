"""What records of Stripe become: amounts, refunds, disputes, fees, both shapes of invoices; signatures."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from conftest import SHARED_DATA
from crmhost.api import Invalid, Money
from plugins.stripe_sync.amounts import amount
from plugins.stripe_sync.shaping import Settled, shape
from plugins.stripe_sync.webhooks import signed
from plugins.syncs.api import Incoming, Other, Sale

CHARGE = {
    "id": "ch_1", "object": "charge", "amount": 2000, "amount_captured": 2000, "amount_refunded": 0, "captured": True,
    "paid": True, "status": "succeeded", "currency": "usd", "created": 1767229200, "customer": "cus_1", "payment_intent": "pi_1",
    "billing_details": {"email": "Buyer@Example.com", "name": "Ada King", "address": {"city": "Lyon", "country": "FR"}},
    "payment_method_details": {"type": "card", "card": {"brand": "visa"}},
}  # fmt: skip


def sale(more: dict[str, Any] | None = None, **changes: Any) -> Sale:
    """What a charge becomes that differs so from the plain one."""
    found = shape(Incoming(kind="charge", external_id="ch_1", body={**CHARGE, **changes}, more=more or {}), {})
    assert isinstance(found, Sale)
    return found


def net(found: Sale) -> int:
    """What is left of a sale."""
    return found.amounts["total"].amount - sum(refund.amount.amount for refund in found.refunds or ())


@pytest.mark.parametrize(
    ("given", "currency", "here"),
    [
        (2000, "USD", 2000),
        (500, "JPY", 500),
        (5120, "KWD", 5120),
        (500, "ISK", 5),
        (700, "UGX", 7),
        ("2000", "EUR", 2000),
    ],
)
def test_amounts_are_those_of_the_currency(given: object, currency: str, here: int) -> None:
    """Whole units, hundredths and thousandths, and hundredths of what has none."""
    assert amount(given, currency, "amount") == Money(here, currency)


@pytest.mark.parametrize("given", ["20.00", "x", 550, 10**15, True])
def test_what_is_no_amount_is_refused(given: object) -> None:
    """Fractions, words, halves of a coin and numbers beyond belief."""
    with pytest.raises(Invalid):
        amount(given, "ISK", "amount")


def test_a_charge_is_a_sale_of_what_was_captured() -> None:
    """Its names, payer, method and fee; unpaid, failed and uncaptured ones don't count."""
    found = sale()
    assert (found.status, found.paid, found.amounts["total"]) == ("succeeded", True, Money(2000, "USD"))
    assert found.same == ["stripe:ch_1", "stripe:pi_1"]
    assert found.person is not None
    assert (found.person.external_id, found.person.fields["first_name"], found.payment_method) == (
        "cus_1",
        "Ada",
        "Visa",
    )
    assert sale(amount_captured=1500).amounts["total"] == Money(1500, "USD")
    assert (sale(status="pending").paid, sale(status="failed").paid, sale(captured=False, amount_captured=0).paid) == (
        False,
    ) * 3
    guest = sale(customer=None).person
    assert guest is not None
    assert guest.external_id.startswith("guest-")
    assert sale(customer=None, billing_details={}).person is None
    balance = {"id": "txn_1", "currency": "eur", "amount": 1800, "fee": 61, "net": 1739, "exchange_rate": "0.9"}
    foreign = sale(balance_transaction=balance)
    assert "fee" not in foreign.amounts
    assert foreign.details.settled == Settled("txn_1", Money(1800, "EUR"), Money(61, "EUR"), Money(1739, "EUR"), "0.9")
    assert sale({"balance": {**balance, "currency": "usd"}}, balance_transaction="txn_1").amounts["fee"] == Money(
        61, "USD"
    )


def test_refunds_and_disputes_take_each_cent_once() -> None:
    """Failed refunds give nothing back; what is not told singly is told as a whole; a dispute takes only what is left."""
    row = {"id": "re_1", "amount": 500, "status": "succeeded", "created": 1767230000, "reason": "requested_by_customer"}
    part = sale({"refunds": [row, {**row, "id": "re_2", "status": "failed"}]}, amount_refunded=500)
    assert [(refund.external_id, refund.amount.amount) for refund in part.refunds or ()] == [("re_1", 500)]
    assert (part.status, part.paid) == ("partially_refunded", True)
    whole = sale({"refunds": [row]}, amount_refunded=2000)
    assert (net(whole), whole.status) == (0, "refunded")
    dispute = {"id": "dp_1", "amount": 2000, "status": "lost", "created": 1767230001, "reason": "fraudulent"}
    assert net(sale({"refunds": [row]}, disputes=[dispute], amount_refunded=500)) == 0
    assert net(sale({"refunds": [row]}, disputes=[dispute], amount_refunded=2000)) == 0
    for state, left, status in (
        ("won", 2000, "succeeded"),
        ("warning_needs_response", 2000, "disputed"),
        ("under_review", 0, "disputed"),
    ):
        found = sale(disputes=[{**dispute, "status": state}])
        assert (net(found), found.status) == (left, status), state


@pytest.mark.parametrize(
    "more",
    [
        {"paid": True, "charge": "ch_9", "payment_intent": "pi_9", "tax": 400},
        {
            "payments": {"data": [{"payment": {"payment_intent": "pi_9"}}]},
            "total_taxes": [{"amount": 150}, {"amount": 250}],
        },
    ],
)
def test_a_paid_invoice_is_the_sale_of_its_charge(more: dict[str, Any]) -> None:
    """In the old shape and in the new one; unpaid ones and those over nothing are no sale."""
    lines = {"data": [{"description": "Seats", "quantity": 2, "amount": 2000}], "has_more": False}
    body = {"id": "in_9", "object": "invoice", "status": "paid", "currency": "usd", "amount_paid": 2400, "created": 1767229200,
            "number": "ABC-0001", "customer": "cus_1", "lines": lines, **more}  # fmt: skip
    found = shape(Incoming(kind="invoice", external_id="in_9", body=body), {})
    assert isinstance(found, Sale)
    assert "stripe:pi_9" in found.same
    assert (found.ref, found.amounts["total"], found.amounts["tax"]) == (
        "ABC-0001",
        Money(2400, "USD"),
        Money(400, "USD"),
    )
    assert found.lines is not None
    assert [(line["quantity"], line["unit_price"].amount) for line in found.lines] == [("2", 1000)]
    for changes in (
        {"status": "open", "paid": False, "total": 2400},
        {"amount_paid": 0},
        {"status": "void", "total": 2400},
    ):
        assert isinstance(shape(Incoming(kind="invoice", external_id="in_9", body={**body, **changes}), {}), Other)


def test_signatures_hold_for_a_while_and_for_these_bytes() -> None:
    """Old, foreign and broken ones are refused, as is any other byte."""
    import stripe

    now = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
    header = stripe.WebhookSignature.generate_signature_header('{"id": 1}', "whsec_a", int(now.timestamp()))
    assert signed("whsec_a", b'{"id": 1}', header, now)
    assert not signed("whsec_b", b'{"id": 1}', header, now)
    assert not signed("whsec_a", b'{"id": 2}', header, now)
    assert signed("whsec_a", b'{"id": 1}', header, now + dt.timedelta(seconds=300))
    assert not signed("whsec_a", b'{"id": 1}', header, now + dt.timedelta(seconds=301))
    for broken in ("", "t=1", "v1=abc", "t=x,v1=abc", "é", header.replace("v1", "v0")):
        assert not signed("whsec_a", b'{"id": 1}', broken, now)
    assert not signed("whsec_a", b"\xff\xfe", header, now)


@pytest.mark.shared
def test_signatures_of_the_vectors() -> None:
    """Each known signature is taken or refused as Stripe's own library says at its time."""
    vectors = json.loads((SHARED_DATA / "stripe/webhook_signature/vectors.json").read_text("utf-8"))
    for case in vectors["cases"]:
        now = dt.datetime.fromtimestamp(case["now"], dt.UTC)
        body = case["payload"].encode("utf-8", "surrogateescape")
        secrets = case["secret"] if isinstance(case["secret"], list) else [case["secret"]]
        taken = any(signed(secret, body, case["header"] or "", now, case["tolerance"]) for secret in secrets)
        assert taken is case["signature_valid"], case["id"]
