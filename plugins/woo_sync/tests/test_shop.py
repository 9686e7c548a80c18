"""A shop and the CRM: first import, catch-up, webhooks, refunds, what staff typed, what is wrong."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from crmhost.api import Conflict, Contact, Work, conditions, contacts, statuses
from crmhost.testing import Host
from plugins.syncs import receiving, reconciling
from plugins.syncs.api import connections
from plugins.syncs.models import Aside
from plugins.transactions import api as transactions
from plugins.woo_sync import reader
from tests.peers import woo
from tests.peers.woo import KEY, SECRET, WEBHOOK_SECRET, Shop

from .test_pages import hidden

MakeHost = Callable[..., Host]


def connect(host: Host, url: str, name: str = "Main shop") -> int:
    """Connects the shop; gives the connection's number."""
    with host.work() as work, work.begin():
        source = connections.source_of(work, "woo")
        given = {"name": name, "url": url, "key": KEY, "secret": SECRET, "webhook_secret": WEBHOOK_SECRET}
        return connections.save(work, source, given).id


def read(host: Host, number: int, *, full: bool = False) -> None:
    """Has a job read the shop."""
    with host.work() as work, work.begin():
        work.enqueue("syncs.run", connection_id=number, full=full)
    host.run_jobs()
    failed = [(job.error, job.state) for job in host.jobs("syncs.run") if job.state == "failed"]
    assert not failed


def sums(host: Host) -> tuple[int, int]:
    """How many transactions there are, and what they are worth."""
    with host.work() as work:
        rule = transactions.rule(work)
        rows = list(work.session.scalars(select(transactions.Transaction)))
        return len(rows), sum(rule.worth(row) for row in rows)


def post(host: Host, key: str = "main-shop") -> Callable[[dict[str, str], bytes], int]:
    """Delivers webhooks of a shop to the CRM."""
    client = host.client("")

    def deliver(headers: dict[str, str], body: bytes) -> int:
        status: int = client.post(f"/hooks/woo/{key}", data=body, headers=headers).status_code
        return status

    return deliver


def test_orders_and_what_becomes_of_them(host: MakeHost) -> None:
    """All of history is read once; later only what changed; staff's edits, the funnel and refunds hold."""
    shop = Shop()
    with woo.serving(shop) as url:
        site = host("woo_sync", allow_private_hosts=(url.removeprefix("http://"),))
        site.clock.freeze(shop.now)
        first = [shop.order(f"{number}.10", "completed", f"buyer{number % 3}@example.com") for number in range(1, 6)]
        shop.order("99.00", "failed", "Buyer1@example.com")
        number = connect(site, url)
        read(site, number)
        assert sums(site) == (6, 1550)

        # A second reading over the same finds nothing new.
        asked = len(shop.asked)
        read(site, number, full=True)
        assert sums(site) == (6, 1550)
        assert len(shop.asked) > asked

        # Refunds are rows of their own; a fully refunded order is worth nothing, never less.
        back = shop.refund(first[0], "0.40")
        shop.refund(first[1], "2.10")
        shop.change(first[1], status="refunded")
        shop.change(first[2], status="cancelled")
        read(site, number)
        assert sums(site) == (8, 1550 - 40 - 210)
        shop.unrefund(first[0], back)
        shop.delete(first[3])
        shop.tell("order.deleted", {"id": first[3]})
        read(site, number)
        assert sums(site)[1] == 1550 - 210, "what was deleted without a webhook is found by comparing"

        with site.work() as work:
            people = {row.email.casefold(): row for row in work.session.scalars(select(Contact))}
            names = {status.id: status.name for status in statuses.all_statuses(work)}
            assert {email: names[row.status_id] for email, row in people.items()} == {
                f"buyer{part}@example.com": "Customer" for part in range(3)
            }
            buyer = people["buyer1@example.com"]
            assert (buyer.first_name, buyer.address1["city"]) == ("Ada", "Lyon")
        assert {method for method, _url in shop.asked} == {"GET"}
        compare(site, number, [("order", first[3])])

        # Removed and connected again, its records are recognised: nothing comes twice.
        before = sums(site)
        with pytest.raises(Conflict, match="connected already, as “Main shop”"):
            connect(site, f"{url}/", "The same once more")
        with site.work() as work, work.begin():
            connections.remove(work, number)
        number = connect(site, url, "Called otherwise")
        read(site, number)
        assert sums(site) == before
        with site.work() as work:
            assert connections.get(work, number).key == "main-shop"


def pause(site: Host, number: int, *, paused: bool) -> None:
    """Pauses the shop, or has it go on; nothing that it told waits afterwards."""
    with site.work("Admin") as work, work.begin():
        connections.pause(work, number, paused=paused)
    if not paused:
        site.run_jobs()
        with site.work() as work:
            assert not receiving.waiting(work, connections.get(work, number))


def compare(site: Host, number: int, differing: list[tuple[str, int]]) -> None:
    """What the comparison of months finds, and that repairing it makes both sides agree."""
    found = repair(site, number)
    assert found == [(kind, str(name)) for kind, name in differing]
    with site.work() as work, work.begin():
        work.enqueue("syncs.reconcile", connection_id=number)
    site.run_jobs()
    with site.work() as work:
        one = connections.get(work, number)
        assert not reconciling.differences_of(work, one)
        months = reconciling.months_of(work, one)
        assert months
        assert all((row.their_number, row.their_sum) == (row.our_number, row.our_sum) for row in months)


def repair(site: Host, number: int) -> list[tuple[str, str]]:
    """Compares both sides and repairs what differs; gives what did."""
    with site.work() as work, work.begin():
        work.enqueue("syncs.reconcile", connection_id=number)
    site.run_jobs()
    with site.work() as work:
        rows = reconciling.differences_of(work, connections.get(work, number))
    with site.work() as work, work.begin():
        work.enqueue("syncs.repair", connection_id=number, difference_ids=[row.id for row in rows])
    site.run_jobs()
    return [(row.kind, row.external_id) for row in rows]


def repair_in_parts(site: Host, number: int) -> None:
    """What was fetched before a repair was stopped stays; the next attempt fetches the rest alone."""
    with site.work() as work:
        ids = [row.id for row in reconciling.differences_of(work, connections.get(work, number))]
        stopped, whole = Counting(work, 2), Counting(work, 99)
        with pytest.raises(KeyboardInterrupt):
            reconciling.repair(stopped, number, ids)
        assert stopped.told == [(1, 2)]
        left = reconciling.differences_of(work, connections.get(work, number))
        assert [row.id for row in left] == ids[1:]
        assert reconciling.repair(whole, number, ids) == 1
        assert whole.told == [(1, 2), (2, 2)]
        assert not reconciling.differences_of(work, connections.get(work, number))


class Counting:
    """Is told how far something is, and stops it at some check."""

    key = "counting"

    def __init__(self, work: Work, checks: int) -> None:
        self.work, self.checks = work, checks
        self.told: list[tuple[int, int]] = []

    def check(self) -> None:
        """Lets so many pass."""
        self.checks -= 1
        if self.checks < 0:
            raise KeyboardInterrupt

    def progress(self, done: int, total: int = 0, text: str = "") -> None:
        """Keeps what it is told."""
        self.told.append((done, total))


@pytest.mark.database("sqlite")
def test_webhooks_and_what_staff_typed(host: MakeHost) -> None:
    """Webhooks bring each change once whatever their order; what staff typed stays; nobody moves back down the funnel."""
    shop = Shop()
    with woo.serving(shop) as url:
        site = host("woo_sync", allow_private_hosts=(url.removeprefix("http://"),))
        site.clock.freeze(shop.now)
        number = connect(site, url)
        read(site, number)
        shop.deliver = post(site)
        for topic in ("order.created", "order.updated", "order.deleted"):
            shop.add_webhook("main-shop", topic)
        order = shop.order("20.00", "on-hold", coupon_lines=[{"code": "SPRING"}])
        before = json.dumps(shop.orders[order]).encode()
        site.run_jobs()
        assert sums(site) == (1, 0)
        shop.change(order, status="completed")
        shop.deliver(shop.headers("order.updated", before), before)
        headers = shop.headers("order.updated", before)
        assert [shop.deliver(headers, before) for _time in range(2)] == [200, 200]
        site.run_jobs()
        assert sums(site) == (1, 2000)

        with site.work("Admin") as work:
            person = work.session.scalars(select(Contact)).one()
            sale = work.session.scalars(select(transactions.Transaction)).one()
            assert statuses.find(work, "Customer").id == person.status_id
        with site.work("Admin") as work, work.begin():
            contacts.update(work, person.id, {"first_name": "Augusta", "status": "Upsell"})
            transactions.change(work, sale.id, {"name": "The good mug"})
        billing = {**shop.orders[order]["billing"], "first_name": "A.", "city": "Paris"}
        shop.change(order, billing=billing, total="21.00")
        site.run_jobs()
        with site.work() as work:
            person = work.session.scalars(select(Contact)).one()
            sale = work.session.scalars(select(transactions.Transaction)).one()
            assert (person.first_name, person.address1["city"]) == ("Augusta", "Paris")
            assert person.status_id == statuses.find(work, "Upsell").id
            assert (sale.name, sale.total) == ("The good mug", 2100)

        # What segments ask of orders, and the orders on the contact's page.
        def who(kind: str, operator: str, value: object) -> list[int]:
            with site.work("Admin") as work:
                asked = conditions.read(work, {"conditions": [{"type": kind, "operator": operator, "value": value}]})
                (reason,) = conditions.explain(work, asked, person.id).items
                found = list(work.session.scalars(conditions.question(work, asked).ids()))
                assert reason.holds == (person.id in found)
                return found

        assert who("woo_sync.product", "equals", "mug") == [person.id]
        assert who("woo_sync.product", "equals", "cup") == []
        assert who("woo_sync.coupon", "equals", "spring") == [person.id]
        assert who("woo_sync.ordered", "in_last_days", 3) == [person.id]
        assert who("woo_sync.orders", "gt", 1) == []
        assert who("woo_sync.spent", "gt", "20.50") == [person.id]
        assert who("woo_sync.spent", "gt", "21.50") == []
        page = site.client()
        shown = page.get(f"/contacts/{person.id}?tab=woo_sync").text
        assert f"/wp-admin/post.php?post={order}" in shown

        # An unknown status is set aside by its name, and taken once somebody says what it becomes.
        shop.change(order, status="wc-shipped", total="22.00")
        site.run_jobs()
        with site.work() as work:
            aside = work.session.scalars(select(Aside)).one()
            assert "wc-shipped" in aside.reason
        assert sums(site) == (1, 2100)
        seen = page.get(f"/syncs/{number}/aside").text
        assert "wc-shipped" in seen
        opened = page.get(f"/syncs/{number}/mapping").text
        assert "1 record waits for it." in opened
        seen = {name: hidden(opened, name) for name in ("version", "seen")} | dict(
            re.findall(r'<select[^>]*name="([^"]*)".*?<option selected value="([^"]*)"', opened, re.S)
        )
        assert seen["transaction_wc-shipped"] == ""
        assert page.post(f"/syncs/{number}/mapping", data=seen).status_code == 303
        site.run_jobs()
        opened = page.get(f"/syncs/{number}/mapping").text
        assert "1 record waits for it." in opened
        told = seen | {name: hidden(opened, name) for name in ("version", "seen")}
        told |= {"transaction_wc-shipped": "Completed", "contact_wc-shipped": "Customer"}
        assert page.post(f"/syncs/{number}/mapping", data=told).status_code == 303
        site.run_jobs()
        assert sums(site) == (1, 2200)
        assert "waits for it" not in page.get(f"/syncs/{number}/mapping").text

        # Deleted: by its id alone, once and again; then it counts no more. A paused shop is told 200 all the same, and what it
        # said is dealt with later: no reading finds what was deleted.
        pause(site, number, paused=True)
        shop.delete(order)
        shop.tell("order.deleted", {"id": order})
        shop.tell("order.deleted", {"id": 123456789})
        gone = json.dumps({"id": order}).encode()
        headers = shop.headers("order.deleted", gone)
        assert [shop.deliver(headers, gone) for _time in range(3)] == [200, 200, 200]
        site.run_jobs()
        assert sums(site) == (1, 2200)
        pause(site, number, paused=False)
        assert sums(site) == (1, 0)
        assert not [hook for hook in shop.webhooks if hook["failures"]]

        # The shop switched a webhook off: it is said.
        shop.webhooks[1]["status"] = "disabled"
        with site.work() as work, work.begin():
            work.enqueue("syncs.watch")
        site.run_jobs()
        assert "order.updated" in page.get(f"/syncs/{number}").text
        for path in ("", "/mapping", "/reconcile", "/aside", "/edit"):
            answer = page.get(f"/syncs/{number}{path}")
            assert answer.status_code == 200
            assert "cs_of_the_shop" not in answer.text
            assert "whispered" not in answer.text
        assert page.post(f"/syncs/{number}/test").status_code == 200


@pytest.mark.database("sqlite")
def test_failures_of_the_shop(host: MakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop that is busy, broken or refuses, or deletes what was read: nothing that comes after it is lost or taken twice."""
    shop, another = Shop(), Shop()
    with woo.serving(shop) as url, woo.serving(shop) as moved, woo.serving(another) as other:
        site = host(
            "woo_sync", allow_private_hosts=tuple(place.removeprefix("http://") for place in (url, moved, other))
        )
        site.clock.freeze(shop.now)
        another.clock -= dt.timedelta(days=9)
        for place in range(150):
            shop.order(f"{place}.00", "completed", f"b{place}@example.com")
            another.order(f"{place}.00", "completed", f"b{place}@example.com")
        # So long ago that no later look would find them as changed.
        site.clock.move(minutes=60)
        number = connect(site, url)
        # The second page of orders is refused twice, then a page for people comes instead of data.
        shop.answers = []
        plain = shop.answer
        failing = [(429, {"Retry-After": "7"}, b"{}"), (503, {}, b"busy"), (200, {}, b"<html>maintenance</html>")]

        def answer(method: str, asked: str, place: str, _body: bytes) -> tuple[int, dict[str, str], bytes]:
            if "orders?" in asked and "offset=99&" in asked:
                if failing:
                    return failing.pop(0)
                # What came after these two moves to the first page.
                for gone in list(shop.orders)[:2] if len(shop.orders) == 150 else ():
                    shop.delete(gone)
            return plain(method, asked, place)

        shop.answer = answer  # type: ignore[method-assign]
        with site.work() as work, work.begin():
            work.enqueue("syncs.run", connection_id=number)
        for _attempt in range(4):
            site.run_jobs()
            site.clock.move(minutes=20)
        site.run_jobs()
        assert sums(site) == (150, sum(range(150)) * 100)
        pages = [
            asked
            for _method, asked in shop.asked
            if "orders?" in asked and "offset" not in asked and "modified" not in asked
        ]
        assert not failing
        assert len(pages) == 2, "the first page was only read again for what had moved there"
        shop.answer = plain  # type: ignore[method-assign]
        shop.answers = [woo._error(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")]
        with site.work() as work, work.begin():
            work.enqueue("syncs.run", connection_id=number)
        site.run_jobs()
        assert [job.state for job in site.jobs("syncs.run")][-1] == "failed"
        assert "refuses the keys" in site.client().get(f"/syncs/{number}").text
        assert (
            site.cli(
                "woo", "connect", "--name", "Second", "--url", "http://127.0.0.1:9", "--key", "a", "--secret", "b"
            ).exit_code
            == 0
        )
        done = site.cli("woo", "sync", "--name", "Main shop")
        assert done.exit_code == 0, done.output
        assert "0 new" in done.output
        # The two that were deleted, of which no webhook told.
        assert "2 records differ" in site.cli("woo", "reconcile", "--name", "Main shop").output
        monkeypatch.setattr(reconciling, "_AT_ONCE", 1)
        repair_in_parts(site, number)

        # The shop may move; another one, with orders of the same numbers, is refused.
        page = site.client()
        with site.work() as work:
            given = {"name": "Main shop", "version": str(connections.get(work, number).version)}
        for address, status in ((other, 422), ("http://127.0.0.1:9", 422), (moved, 303)):
            answer = page.post(f"/syncs/{number}/edit", data=given | {"url": address, "key": KEY, "secret": SECRET})
            assert (answer.status_code, "it is another one" in answer.text) == (status, address == other), answer.text


@pytest.mark.database("sqlite")
def test_a_shop_that_only_counts_pages(host: MakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where something before the shop takes no notice of where a page is to begin, its pages are counted."""
    monkeypatch.setattr(reader, "PAGE", 3)
    shop = Shop()
    with woo.serving(shop) as url:
        site = host("woo_sync", allow_private_hosts=(url.removeprefix("http://"),))
        site.clock.freeze(shop.now)
        for place in range(10):
            shop.order(f"{place}.00", "completed", f"b{place}@example.com")
        shop.offsets = False
        read(site, connect(site, url))
        assert sums(site) == (10, sum(range(10)) * 100)
