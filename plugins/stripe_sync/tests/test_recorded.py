"""Recorded events and records, of many versions of Stripe's interface: what each becomes, or why it can't be taken."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from conftest import SHARED_DATA
from crmhost.api import Invalid
from plugins.stripe_sync.reader import told
from plugins.stripe_sync.shaping import shape
from plugins.syncs.api import Other, Person, Sale

FOLDER = SHARED_DATA / "stripe"
#: Objects of which nothing is read, and those of which nothing but the name is: they say which charge changed.
IGNORED = {
    "account", "balance", "balance_transaction", "bank_account", "billing_portal.session", "card", "coupon", "credit_note",
    "customer_balance_transaction", "discount", "invoiceitem", "item", "line_item", "payment_link", "payment_method", "payout",
    "plan", "price", "promotion_code", "quote", "setup_intent", "shipping_rate", "source", "subscription_item",
    "subscription_schedule", "tax_id", "tax_rate", "transfer", "webhook_endpoint", "event",
}  # fmt: skip
#: File, or the part of its name that tells it -> what its record becomes.
BECOMES = {
    "charge.succeeded__charge_succeeded": "sale succeeded 20.00 USD", "charge.succeeded__test_": "sale succeeded 20.00 USD",
    "charge_ch_fake": "sale succeeded 20.00 USD", "fake_charge_ii": "sale failed 30.00 USD",
    "fake_charge_refunded": "sale refunded 20.00 USD", "openapi_charge": "sale uncaptured 1.00 USD",
    "invoice.created": "sale paid 20.00 USD", "invoice_in_fakefakefakefakefake0001": "sale paid 20.00 USD",
    "invoice_in_fakefakefakefakefake0004": "sale paid 40.00 USD", "fake_invoice_ii.": "other open 30.00 USD",
    "fake_invoice_iii": "other open 0.20 USD", "openapi_invoice.": "other draft 10.00 USD",
    "customer.subscription.created": "other active 20.00 USD", "customer.subscription.deleted": "other active 20.00 USD",
    "fake_subscription_canceled.": "other canceled 20.00 USD", "canceled_at_period_end": "other active 20.00 USD",
    "subscription_sub_fakefakefakefakefake0001": "other active 20.00 USD",
    "subscription_sub_fakefakefakefakefake0002": "other active 40.00 USD",
    "subscription_sub_fakefakefakefakefake0003": "other active 20.00 USD",
    "subscription_sub_fakefakefakefakefake0004": "other active 60.00 USD", "openapi_subscription.": "other active 20.00 USD",
    "session_completed": "other unpaid 15.00 USD", "fake_session_i": "other unpaid 15.00 USD",
    "openapi_checkout.session": "other unpaid None", "openapi_product": "other active None", "prod_fake1": "other active None",
    "customer.created": "person", "customer.updated": "person", "customer_cus_": "person", "openapi_customer.": "person",
    "customer.deleted": "gone", "invoice.deleted": "gone", "deleted_customer": "gone", "deleted_invoice": "gone",
    "deleted_product": "gone",
    # Amounts as another program made decimals of them.
    "dispute_ch_fake": "“10.00” is no amount (amount).",
}  # fmt: skip


def _each(body: object) -> Iterator[Mapping[str, Any]]:
    """The records of a file, be it one of them or a list."""
    if isinstance(body, list):
        for row in body:
            yield from _each(row)
    elif isinstance(body, dict):
        yield body


def _became(record: Mapping[str, Any]) -> str:
    """What a record becomes, in words; ``named`` when it only says which charge changed, empty for nothing."""
    event = record if record.get("object") == "event" else {"created": 1, "type": "x", "data": {"object": record}}
    item = told(event)
    if item is None:
        found = event["data"]["object"]["object"]
        return "" if found in IGNORED or found in ("payment_intent", "invoice") else f"{found} is not known"
    if item.gone or not item.body:
        return "gone" if item.gone else f"named {item.kind}"
    try:
        made = shape(item, {"tag_plans": True, "tag_prefix": "Stripe:"})
    except Invalid as error:
        return str(error)
    if isinstance(made, Person):
        return "person"
    amount = made.amounts["total"] if isinstance(made, Sale) else made.amount
    assert isinstance(made, (Sale, Other))
    return f"{type(made).__name__.lower()} {made.status} {amount}"


@pytest.mark.shared
def test_each_recorded_shape_becomes_what_it_is() -> None:
    """Charges of what was captured, invoices and subscriptions old and new, people, deletions; all else is left, by name."""
    files = sorted([*(FOLDER / "objects").glob("*.json"), *(FOLDER / "events").glob("*.json")])
    found = {file: [_became(one) for one in _each(_read(file))] for file in files}
    names = list(BECOMES)
    wrong = {}
    for file, said in found.items():
        expected = next((BECOMES[name] for name in names if name in file.name), None)
        named = any(word in file.name for word in ("dispute_dp", "charge.dispute", "openapi_dispute", "refund"))
        known = [expected] if expected is not None else ["named charge"] if named else None
        if known is None and "payment_intent" in file.name:
            known = ["named charge", ""]
        if not set(said) <= set(known or [""]):
            wrong[file.name] = said
    assert wrong == {}
    assert sum(any(said) for said in found.values()) >= 50


def _read(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"), parse_float=str)
