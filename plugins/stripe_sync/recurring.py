"""What a subscription at Stripe brings regularly."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from crmhost.api import Money, money
from plugins.syncs.api import Subscribed, monthly

from .amounts import digits
from .parsed import instant, rows, table

Unit = Literal["day", "week", "month", "year"]
_UNITS: Mapping[str, Unit] = {"day": "day", "week": "week", "month": "month", "year": "year"}
#: Statuses in which it brings something; a failed payment is tried again for a while.
_RUNNING = ("active", "trialing", "past_due")
#: Statuses of what nobody paid ever.
_NEVER = ("incomplete", "incomplete_expired", "")
_MOST = 1000


def subscribed(body: Mapping[str, Any], currency: str, seen: dt.datetime) -> Subscribed | None:
    """What it brings now; ``None`` when nobody paid it, or nothing can be said, such as of prices by use alone.

    It begins after a trial, and ends with the period that was paid last: one that is ended at once goes on until then, unless
    its payment failed. While its collection is paused, or it is left unpaid, it brings nothing.
    """
    status = str(body.get("status") or "")
    begun = instant(body.get("start_date")) or instant(body.get("created"))
    items = [item for item in (_item(row) for row in rows(body.get("items"))) if item is not None]
    if status in _NEVER or begun is None or not items:
        return None
    rhythms = {(unit, every) for _amount, unit, every, _row in items}
    unit, every = rhythms.pop() if len(rhythms) == 1 else ("month", 1)
    whole = Decimal(0)
    for amount, own_unit, own_every, row in items:
        taxed = amount / _inclusive(row.get("tax_rates") or body.get("default_tax_rates"))
        lasting = _less(taxed, row.get("discounts"), currency, seen)
        whole += lasting if (own_unit, own_every) == (unit, every) else monthly(lasting, own_unit, own_every)
    discounts = [*_several(body.get("discounts")), body.get("discount")]
    exact = _less(whole, discounts, currency, seen).scaleb(money.digits_of(currency) - digits(currency))
    return Subscribed(
        amount=Money(money.round_half_up(exact), currency),
        unit=unit,
        every=every,
        since=max(begun, instant(body.get("trial_end")) or begun),
        until=_until(body, status, seen),
        seen=seen,
    )


def _item(row: Mapping[str, Any]) -> tuple[Decimal, Unit, int, Mapping[str, Any]] | None:
    """Amount in Stripe's smallest unit and rhythm of an item whose price is fixed."""
    price = table(row.get("price")) or table(row.get("plan"))
    rhythm = table(price.get("recurring")) or price
    every = rhythm.get("interval_count") or 1
    unit = _UNITS.get(str(rhythm.get("interval")))
    if unit is None or not isinstance(every, int) or not 0 < every < _MOST or rhythm.get("usage_type") == "metered":
        return None
    given = (price.get(name) for name in ("unit_amount", "amount", "unit_amount_decimal", "amount_decimal"))
    amount = _decimal(next((value for value in given if value is not None), 0))
    quantity = row.get("quantity")
    return amount * (quantity if isinstance(quantity, int) else 1), unit, every, row


def _inclusive(rates: object) -> Decimal:
    """By what an amount is divided that has taxes in it."""
    within = [_decimal(rate.get("percentage")) for rate in _several(rates) if rate.get("inclusive")]
    return 1 + sum(within, Decimal(0)) / 100


def _less(amount: Decimal, discounts: object, currency: str, seen: dt.datetime) -> Decimal:
    """An amount after the discounts that last; those for one invoice lower revenue, but not what is recurring."""
    for discount in _several(discounts):
        coupon = table(discount.get("coupon")) or table(table(discount.get("source")).get("coupon"))
        end = instant(discount.get("end"))
        if coupon.get("duration") == "once" or (end is not None and end <= seen):
            continue
        if coupon.get("percent_off") is not None:
            amount -= amount * _decimal(coupon["percent_off"]) / 100
        elif str(coupon.get("currency") or "").upper() == currency:
            amount -= _decimal(coupon.get("amount_off"))
    return max(amount, Decimal(0))


def _until(body: Mapping[str, Any], status: str, seen: dt.datetime) -> dt.datetime | None:
    ended = instant(body.get("ended_at")) or instant(body.get("canceled_at")) or seen
    if status == "canceled":
        if table(body.get("cancellation_details")).get("reason") == "payment_failed":
            return ended
        paid = [at for row in (body, *rows(body.get("items"))) if (at := instant(row.get("current_period_end")))]
        return max([ended, *paid])
    if status not in _RUNNING or table(body.get("pause_collection")):
        return seen
    return instant(body.get("cancel_at"))


def _several(value: object) -> Sequence[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, (list, tuple)) else []


def _decimal(value: object) -> Decimal:
    try:
        found = Decimal(str(value or 0))
    except InvalidOperation:
        return Decimal(0)
    return found if found.is_finite() and abs(found) < Decimal(10) ** 15 else Decimal(0)
