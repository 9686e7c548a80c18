"""What subscriptions at Stripe bring regularly."""

from __future__ import annotations

import datetime as dt
from typing import Any

from crmhost.api import Money
from plugins.stripe_sync.shaping import shape
from plugins.syncs.api import Incoming, Other, Subscribed

JANUARY, FEBRUARY, MARCH, MAY = 1767225600, 1769904000, 1772323200, 1777593600
NOW = 1775001600


def item(cents: int | None, interval: str = "month", **more: Any) -> dict[str, Any]:
    price = {"unit_amount": cents, "currency": "usd", "recurring": {"interval": interval, "interval_count": 1}}
    return {"price": price, "quantity": 1, "current_period_end": MAY, **more}


def subscribed(*items: dict[str, Any], **more: Any) -> Subscribed | None:
    body = {"id": "sub_1", "object": "subscription", "status": "active", "currency": "usd", "customer": "cus_1",
            "created": JANUARY, "start_date": JANUARY, "items": {"data": list(items)}, **more}  # fmt: skip
    found = shape(Incoming(kind="subscription", external_id="sub_1", version=NOW, body=body), {})
    assert isinstance(found, Other)
    return found.subscribed


def brings(*items: dict[str, Any], **more: Any) -> tuple[int, str]:
    found = subscribed(*items, **more)
    assert found is not None
    assert found.amount.currency == "USD"
    return found.amount.amount, found.unit


def lasts(**more: Any) -> tuple[int, int | None]:
    found = subscribed(item(1000), **more)
    assert found is not None
    return int(found.since.timestamp()), None if found.until is None else int(found.until.timestamp())


def test_how_much() -> None:
    """Several prices add up, by the month where their rhythms differ; taxes inside and lasting discounts are off, others not."""
    assert brings(item(12000, "year", quantity=2)) == (24000, "year")
    assert brings(item(12000, "year"), item(500)) == (1500, "month")
    coupon = {"duration": "forever", "percent_off": 25, "amount_off": None}
    for discounts in ([{"coupon": coupon}], [{"source": {"coupon": coupon, "type": "coupon"}}]):
        assert brings(item(1000), discounts=discounts) == (750, "month")
    assert brings(item(1000), discounts=[{"coupon": {**coupon, "duration": "once"}}, "di_1"]) == (1000, "month")
    assert brings(item(1000), discounts=[{"coupon": {**coupon, "duration": "repeating"}, "end": MARCH}]) == (
        1000,
        "month",
    )
    off = {"duration": "forever", "amount_off": 300, "currency": "usd"}
    assert brings(item(1000), discount={"coupon": off}) == (700, "month")
    assert brings(item(1000), discounts=[{"coupon": off}]) == (700, "month")
    rates = [{"inclusive": True, "percentage": 20.0}, {"inclusive": False, "percentage": 5.0}]
    assert brings(item(1200), default_tax_rates=rates) == (1000, "month")
    metered = {"price": {"unit_amount": 5, "recurring": {"interval": "month", "usage_type": "metered"}}}
    assert subscribed(metered) is None
    assert subscribed(item(1000), status="incomplete_expired") is None


def test_how_long() -> None:
    """From the end of a trial to the end of the period that was paid last; not paid, until it was seen so."""
    assert lasts() == (JANUARY, None)
    assert lasts(trial_end=FEBRUARY) == (FEBRUARY, None)
    assert lasts(cancel_at=MAY, cancel_at_period_end=True) == (JANUARY, MAY)
    assert lasts(status="canceled", ended_at=MARCH) == (JANUARY, MAY)
    failed = {"reason": "payment_failed"}
    assert lasts(status="canceled", ended_at=MARCH, cancellation_details=failed) == (JANUARY, MARCH)
    assert lasts(status="past_due") == (JANUARY, None)
    assert lasts(status="unpaid") == (JANUARY, NOW)
    assert lasts(pause_collection={"behavior": "void"}) == (JANUARY, NOW)


def test_at_which_price() -> None:
    """Amounts are money of the currency, whatever fractions Stripe has."""
    found = subscribed(
        {"price": {"unit_amount": None, "unit_amount_decimal": "0.5", "recurring": {"interval": "day"}}, "quantity": 3}
    )
    assert found is not None
    assert (found.amount, found.seen) == (Money(2, "USD"), dt.datetime.fromtimestamp(NOW, dt.UTC))
