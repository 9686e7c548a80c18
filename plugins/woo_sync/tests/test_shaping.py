"""What orders become, and signatures: without a site."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from crmhost.api import Invalid, Money
from plugins.syncs.api import Other, Sale, guest_id
from plugins.woo_sync.reader import incoming
from plugins.woo_sync.shaping import order, shape
from plugins.woo_sync.webhooks import signed

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "woocommerce"
ORDER: dict[str, Any] = {
    "id": 5, "number": "5", "status": "processing", "currency": "EUR", "total": "24.0049", "total_tax": "4.00",
    "discount_total": "2.00", "shipping_total": "5.00", "date_created_gmt": "2026-03-01T09:00:00",
    "date_modified_gmt": "2026-03-01T09:01:00", "date_paid_gmt": "2026-03-01T09:01:00", "customer_id": 0,
    "billing": {"email": "Ada@Example.com", "first_name": "Ada"}, "refunds": [], "transaction_id": "ch_1",
    "line_items": [{"name": "Mug &amp; spoon", "product_id": 7, "quantity": 3, "subtotal": "20.00", "total": "18.00"}],
    "fee_lines": [{"name": "Thanks", "total": "-3.00"}], "coupon_lines": [{"code": "SPRING"}],
}  # fmt: skip


def shaped(options: dict[str, Any] | None = None, **changes: Any) -> Sale:
    """The sale that an order becomes."""
    return order(incoming("order", {**ORDER, **changes}), options or {})


def test_money_people_and_tags() -> None:
    """Amounts are exact, rounded half up once; fees are lines; a guest is known by the address; tags bear the prefix."""
    sale = shaped({"tag_products": True, "tag_coupons": True, "tag_prefix": "Shop:"})
    assert sale.amounts["total"] == Money(2400, "EUR")
    assert [(line["title"], line["total"].amount) for line in sale.lines or ()] == [
        ("Mug & spoon", 2000),
        ("Thanks", -300),
    ]
    assert sum(line["total"].amount for line in sale.lines or ()) + 400 + 500 - 200 == 2400
    assert sale.person is not None
    assert sale.person.external_id == guest_id("ada@example.com")
    assert sale.tags == ["Shop: Mug & spoon", "Shop: SPRING"]
    assert sale.same == ["stripe:ch_1"]
    assert shaped(currency="JPY", total="1500.00").amounts["total"] == Money(1500, "JPY")
    assert shaped(total="12.345", currency="KWD").amounts["total"] == Money(12345, "KWD")
    assert shaped(total=29.35).amounts["total"] == Money(2935, "EUR")
    with pytest.raises(Invalid):
        shaped(total="a lot")


def test_what_is_paid() -> None:
    """What was paid stays paid; a status that contradicts its payment, and what was thrown away, does not count."""
    later = {"date_modified_gmt": "2026-03-02T09:00:00"}
    assert shaped().paid
    assert shaped(status="cancelled", **later).paid
    assert not shaped(status="cancelled").paid
    assert not shaped(status="trash", **later).paid
    assert shaped(status="refunded", refunds=[{"id": 9, "total": "-24.00"}]).paid
    assert not shaped(status="failed", date_paid_gmt=None, **later).paid


def test_nobody_and_no_address() -> None:
    """An order without an address belongs to whom it names, and to nobody else; without a name too, to nobody."""
    first = shaped(billing={"first_name": "No", "last_name": "Mail"}).person
    assert first is not None
    assert first.external_id == "order-5"
    assert shaped(billing={"email": "not-an-email"}).person is None
    member = shaped(customer_id=12).person
    assert member is not None
    assert member.external_id == "12"


def test_signatures() -> None:
    """Only base64 of the HMAC-SHA256 over the raw bytes is taken; nothing else fails otherwise than by being refused."""
    body = b'{"id":1}'
    good = base64.b64encode(hmac.new(b"s", body, hashlib.sha256).digest()).decode()
    assert signed("s", body, good)
    for bad in ("", "no", good[:-2], hmac.new(b"s", body, hashlib.sha256).hexdigest(), "é" + good):
        assert not signed("s", body, bad)


@pytest.mark.shared
def test_signatures_as_computed_elsewhere() -> None:
    """The vectors of signatures hold."""
    for case in json.loads((SHARED / "webhooks" / "vectors.json").read_text())["cases"]:
        given = case["headers"].get("X-WC-Webhook-Signature", "")
        fits = signed(case["secret"], case["body"].encode(), given) if given or "expect" not in case else False
        assert fits == (not case["expect"].startswith("401") and case["id"] != "ping_unsigned_form"), case["id"]


def test_what_a_subscription_brings() -> None:
    """Its total without taxes, from the end of a trial until it ends; on hold it brings nothing from then on."""
    body = {**ORDER, "status": "active", "billing_period": "year", "billing_interval": "2",
            "start_date_gmt": "2026-03-01T09:00:00", "trial_end_date_gmt": "2026-03-15T09:00:00"}  # fmt: skip

    def brought(**changes: Any) -> Any:
        found = shape(incoming("subscription", {**body, **changes}), {})
        return found.subscribed if isinstance(found, Other) else None

    found = brought()
    assert (found.amount, found.unit, found.every) == (Money(2000, "EUR"), "year", 2)
    assert (found.since.day, found.until) == (15, None)
    assert brought(status="pending-cancel", end_date_gmt="2026-06-01T09:00:00").until.month == 6
    assert brought(status="on-hold", date_modified_gmt="2026-05-01T09:00:00").until.month == 5
    assert brought(status="pending") is None
    assert brought(billing_period="moon") is None
