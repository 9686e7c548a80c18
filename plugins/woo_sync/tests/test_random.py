"""Whatever happens in a shop, and however webhooks arrive: after catching up, the CRM equals the shop."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable

import pytest
from sqlalchemy import select

from crmhost.testing import Host
from plugins.syncs.api import Record
from plugins.syncs.models import Aside, Received
from plugins.transactions import api as transactions
from tests.peers import woo
from tests.peers.woo import Shop

from .test_shop import connect, post, read, repair

MakeHost = Callable[..., Host]
STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "failed")


def act(shop: Shop, chance: random.Random) -> None:
    """One thing happens in the shop."""
    numbers = sorted(shop.orders)
    what = chance.choice(("order", "order", "status", "status", "refund", "unrefund", "delete", "total"))
    if what == "order" or not numbers:
        email = chance.choice(("", "a@example.com", "B@example.com", "c@example.com"))
        shop.order(f"{chance.randint(1, 99)}.{chance.randint(0, 99):02}", chance.choice(STATUSES), email)
        return
    number = chance.choice(numbers)
    row = shop.orders[number]
    if what == "status" and not row["refunds"]:
        shop.change(number, status=chance.choice(STATUSES))
    elif what == "refund" and row["status"] in ("processing", "completed") and not row["refunds"]:
        shop.refund(number, row["total"] if chance.random() < 0.5 else "0.50")
    elif what == "unrefund" and row["refunds"]:
        shop.unrefund(number, row["refunds"][0]["id"])
    elif what == "delete":
        shop.delete(number)
    elif what == "total":
        shop.change(number, total=f"{chance.randint(1, 99)}.00")


def worth_there(shop: Shop) -> dict[int, int]:
    """What the orders of the shop count, refunds taken off; those that don't are left out."""
    found = {}
    for number, row in shop.orders.items():
        paid = row["status"] in ("processing", "completed") or row["refunds"]
        again = row["date_paid_gmt"] and row["date_modified_gmt"] > row["date_paid_gmt"]
        if paid or again:
            cents = [round(float(text) * 100) for text in (row["total"], *(part["total"] for part in row["refunds"]))]
            found[number] = sum(cents)
    return found


def worth_here(site: Host, number: int) -> dict[int, int]:
    """The same, as the CRM has it."""
    found: dict[int, int] = {}
    with site.work() as work:
        rule = transactions.rule(work)
        assert [(row.external_id, row.reason) for row in work.session.scalars(select(Aside))] == []
        mine = (Record.connection_id == number, Record.object_type == "transaction")
        records = work.session.scalars(select(Record).where(*mine)).all()
        rows = transactions.by_ids(work, [record.object_id for record in records if record.object_id])
        assert len({record.object_id for record in records}) == len(records)
        for record in records:
            row = rows[record.object_id or 0]
            if rule.counts(row):
                key = int(record.parent or record.external_id)
                found[key] = found.get(key, 0) + rule.worth(row)
    return found


@pytest.mark.database("sqlite")
def test_random_shops(host: MakeHost) -> None:
    """With webhooks doubled, shuffled, late or lost: what counts in each of several shops counts here."""
    shops = [Shop() for _shop in range(3)]
    with contextlib.ExitStack() as stack:
        urls = [stack.enter_context(woo.serving(shop)) for shop in shops]
        site = host("woo_sync", allow_private_hosts=tuple(url.removeprefix("http://") for url in urls))
        for seed, (shop, url) in enumerate(zip(shops, urls, strict=True), 1):
            _story(site, shop, url, seed, f"shop-{seed}")


def _story(site: Host, shop: Shop, url: str, seed: int, key: str) -> None:
    chance = random.Random(seed)  # no secret
    number = connect(site, url, f"Shop {seed}")
    late: list[tuple[dict[str, str], bytes]] = []
    deliver = post(site, key)

    def unreliably(headers: dict[str, str], body: bytes) -> int:
        """Now, later, twice, or never: the shop's own delivery is not to be relied on."""
        if chance.random() < 0.6:
            late.append((headers, body))
        return deliver(headers, body) if chance.random() < 0.5 else 200

    shop.deliver = unreliably
    for topic in ("order.created", "order.updated", "order.deleted"):
        shop.webhooks.append({"id": len(shop.webhooks) + 1, "topic": topic, "status": "active", "failures": 0})
    for step in range(60):
        act(shop, chance)
        site.clock.freeze(max(site.clock(), shop.now))
        if step % 12 == 5:
            chance.shuffle(late)
            for headers, body in late:
                assert deliver(headers, body) == 200
            late.clear()
            site.run_jobs()
        if step % 20 == 10:
            read(site, number)
    for headers, body in late:
        deliver(headers, body)
    site.run_jobs()
    read(site, number)
    with site.work() as work:
        assert not work.session.scalars(select(Received).where(Received.done_at.is_(None))).all()
    there, here = worth_there(shop), worth_here(site, number)
    gone = {key: worth for key, worth in here.items() if key not in shop.orders}
    # A deletion whose webhook never came is what the comparison of both sides is for.
    assert {key: worth for key, worth in here.items() if key not in gone} == there
    repair(site, number)
    assert worth_here(site, number) == there
    assert {method for method, _url in shop.asked} == {"GET"}
