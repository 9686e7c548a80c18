"""A connected shop with orders, some of which could not be taken, for pictures and for the test of every page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select

from crmhost.api import Contact, insert_rows
from crmhost.core.contacts import services as contacts
from crmhost.host import lifecycle
from crmhost.site import Site
from plugins.syncs import applying, connections
from plugins.syncs.api import Incoming
from plugins.syncs.models import Billed, Difference, Month, Record
from plugins.woo_sync.reader import incoming

_GMT = "%Y-%m-%dT%H:%M:%S"
_STATUSES = ("completed", "processing", "on-hold", "refunded", "wc-shipped", "cancelled")
_PRODUCTS = ("Wool cushion, natural", "Heritage cloth, by the metre", "Care kit for leather", "Gift card")


def some(site: Site) -> None:
    """Switches the sync on, and has it hold what a shop would have sent."""
    lifecycle.enable(site, ["woo_sync"], try_first=False)
    with site.work() as work, work.begin():
        source = connections.source_of(work, "woo")
        given = {
            "name": "Atelier shop",
            "url": "https://shop.example.com",
            "key": "k",
            "secret": "s",
            "webhook_secret": "w",
        }
        one = connections.save(work, source, given)
        buyers = [contacts.get(work, number) for number in (7, 8, 9)]
        rows = [incoming("order", _order(work.now, place, buyers[place % 3])) for place in range(12)]
        rows += _subscriptions(work.now, [contacts.get(work, number) for number in range(7, 27)])
        one.options = {"invoices": True, "invoices_from": (work.now - dt.timedelta(days=30)).isoformat()}
        applying.apply(work, source, one, rows)
        sold = work.session.scalars(select(Record).where(Record.external_id == "1003")).one()
        work.session.get_one(Billed, sold.id).problem = "Nobody knows who bought: an invoice needs a contact."
        one.counts = {"order": 12, "customer": 3, "product": 4, "subscription": 20}
        one.cursors = {"since": work.now.isoformat(), "last": {"added": 16, "updated": 2, "unchanged": 140, "aside": 2}}
        one.read_at = one.heard_at = work.now
        one.hooks_problem = "The shop has no webhook that comes here: add one as the steps say."
        month = work.today.replace(day=1)
        about: dict[str, Any] = {"connection_id": one.id, "month": month, "currency": "EUR"}
        sums = {"their_number": 9, "their_sum": 101_250, "our_number": 8, "our_sum": 92_000, "at": work.now}
        before = (month - dt.timedelta(days=1)).replace(day=1)
        insert_rows(
            work.session, Month, [about | sums, about | sums | {"month": before, "our_number": 9, "our_sum": 101_250}]
        )
        insert_rows(
            work.session, Difference, [about | {"kind": "order", "external_id": "1009", "theirs": 9_250, "ours": None}]
        )


def _subscriptions(now: dt.datetime, buyers: list[Contact]) -> list[Incoming]:
    """Contracts that began over the last year and a half: most go on, some ended, one is cancelled for later."""
    rows = []
    for place, buyer in enumerate(buyers):
        began, yearly = now - dt.timedelta(days=530 - place * 27), place % 4 == 1
        state = {3: "cancelled", 6: "cancelled", 11: "cancelled", 14: "pending-cancel"}.get(place, "active")
        ended = {"cancelled": began + dt.timedelta(days=120), "pending-cancel": now + dt.timedelta(days=12)}.get(state)
        total = f"{390 if yearly else 29 + place % 5 * 10}.00"
        rows.append(
            incoming(
                "subscription",
                _order(now, 20 + place, buyer) | {
                    "status": state, "total": total, "billing_period": "year" if yearly else "month", "billing_interval": "1",
                    "start_date_gmt": began.strftime(_GMT), "end_date_gmt": ended.strftime(_GMT) if ended else "",
                },
            )
        )  # fmt: skip
    return rows


def _order(now: dt.datetime, place: int, buyer: Contact) -> dict[str, Any]:
    at = (now - dt.timedelta(days=place * 5)).strftime(_GMT)
    status, total = _STATUSES[place % len(_STATUSES)], f"{40 + place * 7}.50"
    line = {"name": _PRODUCTS[place % 4], "product_id": place % 4, "quantity": 1, "subtotal": total, "total": total}
    return {
        "id": 1000 + place, "number": str(1000 + place), "status": status, "currency": "EUR", "date_created_gmt": at,
        "date_modified_gmt": at, "date_paid_gmt": at, "total": total, "customer_id": 0, "line_items": [line],
        "billing": {"first_name": buyer.first_name, "last_name": buyer.last_name, "email": buyer.email},
        "refunds": [{"id": 5000 + place, "total": f"-{total}"}] if status == "refunded" else [],
    }  # fmt: skip
