"""People who want to know what is held of them, or to be forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from sqlalchemy import select, text

from crmhost.api import Contact, contacts
from crmhost.testing import Host
from plugins.syncs import mapping
from plugins.syncs.api import connections
from plugins.syncs.models import Aside
from tests.peers import woo
from tests.peers.woo import Shop

from .test_shop import connect, post, read, repair, sums

MakeHost = Callable[..., Host]


@pytest.mark.database("sqlite")
def test_known_and_forgotten(host: MakeHost) -> None:
    """What is held is told; who was erased does not come back by what the shop still has, and the figures stay."""
    shop = Shop()
    with woo.serving(shop) as url:
        site = host("woo_sync", allow_private_hosts=(url.removeprefix("http://"),))
        site.clock.freeze(shop.now)
        member = shop.register("grace@example.com", first_name="Grace", last_name="Wilt")
        guest = shop.order("10.00", "completed", "Ada@Example.com", customer_note="Ring twice at Ada's")
        theirs = shop.order("5.00", "completed", "grace@example.com", customer_id=member)
        odd = shop.order("1.00", "wc-odd", "ada@example.com")
        number = connect(site, url)
        read(site, number)
        assert sums(site) == (2, 1500)
        with site.work("Admin") as work:
            people = {row.email.casefold(): row.id for row in work.session.scalars(select(Contact))}
            told = work.hooks.call("contact_personal_data", work=work, contact_id=people["ada@example.com"])
        for name in (str(guest), "Main shop", "10.00"):
            assert name in json.dumps(told, default=str)
        with site.work("Admin") as work, work.begin():
            for person in people.values():
                contacts.erase(work, person)

        def nobody() -> None:
            with site.work() as work:
                assert [row.email for row in work.session.scalars(select(Contact))] == []
                tables = (
                    "syncs_record",
                    "syncs_aside",
                    "syncs_received",
                    "woo_sync_bought",
                    "transactions_transaction",
                )
                held = str([work.session.execute(text(f"SELECT * FROM {table}")).all() for table in tables]).casefold()
                assert not [name for name in ("ada@", "grace", "wilt", "ring twice") if name in held]

        nobody()
        assert sums(site) == (2, 1500)
        # Changed there, told by webhooks, read wholly once more, compared and repaired.
        shop.deliver = post(site)
        shop.add_webhook("main-shop", "order.updated")
        shop.add_webhook("main-shop", "customer.updated")
        shop.change(guest, status="processing", customer_note="Ring twice at Ada's")
        shop.edit_customer(member, last_name="Wiltshire")
        shop.delete(odd)
        site.run_jobs()
        nobody()
        read(site, number, full=True)
        repair(site, number)
        nobody()
        assert sums(site) == (2, 1500)
        # Connected anew, under another name, the shop is known again, and so is who was erased.
        with site.work() as work, work.begin():
            connections.remove(work, number)
        number = connect(site, url, "Called otherwise")
        read(site, number)
        nobody()
        assert sums(site) == (2, 1500)
        # Somebody who buys anew is somebody new.
        shop.order("7.00", "completed", "grace@example.com", customer_id=member)
        site.run_jobs()
        read(site, number)
        with site.work() as work:
            (again,) = work.session.scalars(select(Contact))
            assert again.email == "grace@example.com"
            assert not work.session.scalars(select(Aside)).all()
        assert sums(site) == (3, 2200)
        assert theirs in shop.orders
        # Another shop of the same name is none that was here before: its customers and orders have numbers of their own.
        with site.work() as work, work.begin():
            key = connections.get(work, number).key
            connections.remove(work, number)
        other, again = connect(site, f"{url}/other", "Main shop"), connect(site, url, "Called otherwise")
        with site.work() as work:
            assert connections.get(work, again).key == key == "main-shop"
            assert connections.get(work, other).key == "main-shop-2"


@pytest.mark.database("sqlite")
def test_compared_by_itself(host: MakeHost) -> None:
    """Once a week both sides are compared; who looks after syncs hears of it only when something differs."""
    shop = Shop()
    with woo.serving(shop) as url:
        site = host("woo_sync", allow_private_hosts=(url.removeprefix("http://"),))
        site.clock.freeze(shop.now)
        order = shop.order("10.00", "completed")
        number = connect(site, url)
        read(site, number)
        page = site.client()

        def days_later(days: int) -> str:
            site.clock.move(days=days)
            with site.work() as work, work.begin():
                work.enqueue("syncs.compare")
            site.run_jobs()
            return page.get("/notifications/").text

        assert "differ" not in days_later(8)
        form = page.get(f"/syncs/{number}/mapping").text
        assert "Each week" in form
        with site.work("Admin") as work, work.begin():
            mapping.save(work, number, {}, {"compare": "weekly"})
        del shop.orders[order]
        assert "“Main shop” and the CRM differ: 1 records." in days_later(1)

        def compared() -> str:
            with site.work() as work:
                return str(connections.get(work, number).cursors["compared"])

        done = compared()
        days_later(3)
        assert compared() == done
        days_later(4)
        assert compared() > done
