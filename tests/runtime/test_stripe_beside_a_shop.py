"""An order of a shop that was paid through Stripe, told of by both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from crmhost.testing import Host
from plugins.stripe_sync.tests.test_shapes import CHARGE
from plugins.syncs import applying
from plugins.syncs.api import Incoming, connections
from plugins.syncs.models import Aside
from plugins.transactions import api as transactions
from plugins.woo_sync.reader import incoming

AT, LATER = "2026-03-01T09:00:00", "2026-03-02T09:00:00"


def order(number: int, **more: Any) -> Incoming:
    """An order over 20.00 that was paid by the charge of the same number."""
    row = {
        "id": number, "number": str(number), "status": "completed", "currency": "USD", "date_created_gmt": AT,
        "date_modified_gmt": AT, "date_paid_gmt": AT, "total": "20.00", "billing": {"email": "buyer@example.com"},
        "line_items": [{"name": "Mug", "product_id": 1, "quantity": 1, "subtotal": "20.00"}],
        "transaction_id": f"ch_{number}",
    }  # fmt: skip
    return incoming("order", row | more)


def charge(number: int, version: int, **more: Any) -> Incoming:
    """The charge of an order."""
    body = {**CHARGE, "id": f"ch_{number}", "payment_intent": f"pi_{number}"}
    return Incoming(kind="charge", external_id=f"ch_{number}", version=version, body=body | more)


@pytest.mark.database("sqlite")
def test_each_sale_and_refund_counts_once(host: Callable[..., Host]) -> None:
    """Whoever tells first of a sale or of its refund, also when the shop names the payment intent: one of each, with lines."""
    site = host("stripe_sync", "woo_sync")
    with site.work() as work, work.begin():
        keys = {"name": "Main", "api_key": "rk_test_1", "url": "https://shop.example.com", "key": "k", "secret": "s"}
        stripe = connections.save(work, connections.source_of(work, "stripe"), keys).id
        shop = connections.save(work, connections.source_of(work, "woo"), keys).id

    def take(number: int, *items: Incoming) -> None:
        with site.work() as work, work.begin():
            one = connections.get(work, number)
            applying.apply(work, connections.source_of(work, one.source), one, applying.changed(work, one, items))
            assert [row.reason for row in work.session.scalars(select(Aside))] == []

    def rows() -> list[int]:
        with site.work() as work:
            rule = transactions.rule(work)
            return sorted(rule.worth(row) for row in work.session.scalars(select(transactions.Transaction)))

    take(stripe, charge(1, 1))
    take(shop, order(1), order(2), order(3, transaction_id="pi_3"))
    take(stripe, charge(2, 1), charge(3, 1))
    assert rows() == [2_000] * 3

    given_back = {"amount_refunded": 500, "refunds": {"data": [{"id": "re_1", "amount": 500, "created": 1772355600}]}}
    smaller = {"refunds": [{"id": 91, "total": "-5.00"}], "date_modified_gmt": LATER}
    take(stripe, charge(1, 2, **given_back))
    take(shop, order(1, **smaller))
    whole = {"amount_refunded": 2_000, "refunds": {"data": [{"id": "re_2", "amount": 2_000, "created": 1772355600}]}}
    all_back = {"refunds": [{"id": 92, "total": "-20.00"}], "date_modified_gmt": LATER, "status": "refunded"}
    take(shop, order(2, **all_back))
    take(stripe, charge(2, 2, **whole))
    assert rows() == [-2_000, -500, 2_000, 2_000, 2_000]

    # Both once more, newer, but saying the same.
    take(shop, order(1, **smaller, customer_note="Thanks"), order(2, **all_back, customer_note="Thanks"))
    take(stripe, charge(1, 3, **given_back, description="Mug"), charge(2, 3, **whole, description="Mug"))
    assert rows() == [-2_000, -500, 2_000, 2_000, 2_000]
    with site.work() as work:
        rule = transactions.rule(work)
        sales = [row.id for row in work.session.scalars(select(transactions.Transaction)) if rule.worth(row) > 0]
        assert transactions.with_lines(work, sales) == set(sales)
        assert len(work.session.scalars(select(transactions.Transaction.contact_id).distinct()).all()) == 1
    assert site.faults() == []
