"""Invoices of a shop's orders: one each, once, to the cent, which follow what becomes of the order."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from crmhost.api import ContactEmail, Work, documents
from crmhost.testing import Host
from plugins.invoices.models import Invoice
from plugins.syncs import billing, bills, mapping
from plugins.syncs.api import Sale, connections
from plugins.transactions import api as transactions
from plugins.woo_sync.reader import incoming
from plugins.woo_sync.shaping import shape
from tests.peers import woo
from tests.peers.woo import Shop

from .test_shop import connect, read

MakeHost = Callable[..., Host]
SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "woocommerce"
TAXED: dict[str, Any] = {
    "total": "27.60", "total_tax": "4.60", "discount_total": "2.00", "shipping_total": "5.00",
    "line_items": [
        {"id": 1, "name": "Mug", "product_id": 7, "quantity": 2, "subtotal": "20.00", "total": "18.00",
         "taxes": [{"id": 1, "total": "3.60", "subtotal": "4.00"}]},
    ],
    "shipping_lines": [{"total": "5.00", "taxes": [{"id": 1, "total": "1.00"}]}],
    "tax_lines": [{"rate_id": 1, "label": "VAT", "rate_percent": 20}],
}  # fmt: skip


def invoices(work: Work) -> list[Invoice]:
    """All invoices and credit notes, the oldest first."""
    return list(work.session.scalars(select(Invoice).order_by(Invoice.id)))


def told(site: Host) -> list[tuple[str, int, int]]:
    """State, total and what is due of each."""
    with site.work() as work:
        return [(one.state, one.total, one.due) for one in invoices(work)]


def value(site: Host) -> int:
    """What the one buyer is worth."""
    with site.work() as work:
        (worth,) = transactions.values_of(work, "contact", [invoices(work)[0].contact_id or 0]).values()
        return worth[0].total


def contact_of(work: Work, email: str) -> int:
    """Who has an address."""
    return work.session.scalars(select(ContactEmail.contact_id).where(ContactEmail.email_key == email)).one()


def test_invoices_of_orders(host: MakeHost) -> None:
    """From the day it is switched on each paid order has one invoice, paid by its transaction; refunds are credited."""
    shop = Shop()
    with woo.serving(shop) as url:
        site = host("woo_sync", "invoices", allow_private_hosts=(url.removeprefix("http://"),))
        site.clock.freeze(shop.now)
        old = shop.order("8.00", "completed", "early@example.com")
        number = connect(site, url)
        read(site, number)
        shop.tick(60)
        site.clock.freeze(shop.now)
        with site.work("Admin") as work, work.begin():
            assert not invoices(work)
            mapping.save(work, number, {}, {billing.ON: True})
        site.run_jobs()
        order = shop.order(status="on-hold", **TAXED)
        read(site, number)
        assert told(site) == [], "nobody said what an order on hold is to become"
        shop.change(order, status="processing")
        read(site, number)
        assert told(site) == [("paid", 2760, 0)]
        with site.work() as work:
            (one,) = invoices(work)
            assert (one.net, one.discount, one.tax, one.shipping) == (2000, 200, 460, 500)
            assert (one.reference, one.paid_apart, one.sent_at, one.number) == (f"WC-{order}", 0, None, "INV-0001")
        assert value(site) == 2760, "the transaction counts, the invoice that it pays does not count again"

        # Again, wholly and twice at once: nothing comes twice.
        read(site, number, full=True)
        with site.work() as work, work.begin():
            one_ = connections.get(work, number)
            billing.again_due(work, one_)
            work.enqueue("syncs.invoices", connection_id=number)
        site.run_jobs()
        assert told(site) == [("paid", 2760, 0)]

        back = shop.refund(order, "7.60")
        read(site, number)
        assert told(site) == [("paid", 2760, 0), ("paid", -760, 0)]
        assert value(site) == 2000
        shop.unrefund(order, back)
        read(site, number)
        assert told(site) == [("paid", 2760, 0), ("void", -760, 0)]
        shop.refund(order, "27.60")
        shop.change(order, status="refunded")
        read(site, number)
        assert told(site)[0] == ("paid", 2760, 0)
        assert told(site)[2] == ("paid", -2760, 0)
        assert value(site) == 0, "who got all of it back is worth nothing"
        with site.work() as work:
            assert documents.calculate(invoices(work)[2].document).tax.amount == -460

        # An order that changes after it was paid gets another invoice; what somebody typed here stays.
        second = shop.order("10.00", "processing", "buyer@example.com")
        read(site, number)
        shop.change(second, total="12.00")
        read(site, number)
        assert told(site)[3:] == [("void", 1000, 0), ("paid", 1200, 0)]
        with site.work() as work:
            assert sorted(one.number for one in invoices(work) if not one.is_credit) == [
                "INV-0001",
                "INV-0002",
                "INV-0003",
            ]
        shop.trash(second)
        shop.restore(second)
        read(site, number)
        assert told(site)[3:] == [("void", 1000, 0), ("paid", 1200, 0)]

        # Given to another customer there: another invoice in its place, too; one that was sent stays, and the page says so.
        with site.work() as work:
            first, before = contact_of(work, "buyer@example.com"), invoices(work)[4]
            assert before.contact_id == first
        shop.change(second, billing={"first_name": "Grace", "email": "other@example.com"})
        read(site, number)
        assert told(site)[3:] == [("void", 1000, 0), ("void", 1200, 0), ("paid", 1200, 0)]
        with site.work() as work, work.begin():
            grace = contact_of(work, "other@example.com")
            after = invoices(work)[5]
            assert after.contact_id == grace
            assert transactions.values_of(work, "contact", [grace])[grace][0].total == 1200
            after.sent_at = work.now
        shop.change(second, billing={"first_name": "Joan", "email": "third@example.com"})
        read(site, number)
        with site.work() as work:
            assert (invoices(work)[5].contact_id, len(invoices(work))) == (grace, 6)
        page = site.client()
        assert "Somebody else has bought this since its invoice" in page.get(f"/syncs/{number}").text

        # Past ones too, when somebody asks for them; nobody was written to.
        assert f"/syncs/{number}/invoices" in page.get(f"/syncs/{number}").text
        assert page.post(f"/syncs/{number}/invoices").status_code == 303
        site.run_jobs()
        with site.work() as work:
            assert [one.total for one in invoices(work) if one.reference == f"WC-{old}"] == [800]
            assert len(invoices(work)) == 7
        assert f"/syncs/{number}/invoices" not in page.get(f"/syncs/{number}").text
        assert not [job.kind for job in site.jobs() if job.kind.startswith("mail.send")]
        assert {method for method, _url in shop.asked} == {"GET"}


@pytest.mark.database("sqlite")
def test_invoices_that_wait_are_void_or_written_here(host: MakeHost) -> None:
    """Unpaid ones follow the order until somebody here writes into them; cancelled, they are void; a draft goes."""
    shop = Shop()
    with woo.serving(shop) as url:
        site = host("woo_sync", allow_private_hosts=(url.removeprefix("http://"),))
        site.clock.freeze(shop.now)
        number = connect(site, url)
        wanted = {"on-hold": {"transaction": "Pending", "contact": "", "invoice": "issued"},
                  "pending": {"transaction": "Pending", "contact": "", "invoice": "draft"}}  # fmt: skip
        page = site.client()
        assert "Switch the extension “Invoices” on" in page.get(f"/syncs/{number}/mapping").text
        site.enable("invoices")
        assert "Switch the extension “Invoices” on" not in page.get(f"/syncs/{number}/mapping").text
        with site.work("Admin") as work, work.begin():
            mapping.save(work, number, wanted, {billing.ON: True})
        waits, nobody = shop.order("10.00", "on-hold"), shop.order("4.00", "on-hold", "", billing={"email": ""})
        draft = shop.order("5.00", "pending")
        read(site, number)
        assert told(site) == [("unpaid", 1000, 1000), ("draft", 500, 0)]
        # Neither was paid or sent: they follow to whom the orders are given there, until somebody here gives them to another one.
        for order in (waits, draft):
            shop.change(order, billing={"first_name": "Grace", "email": "other@example.com"})
        read(site, number)
        mine = site.make.contact()
        with site.work("Admin") as work, work.begin():
            grace = contact_of(work, "other@example.com")
            assert [one.contact_id for one in invoices(work)] == [grace, grace]
            work.service("invoices").change(invoices(work)[0].id, {"contact_id": mine})
        shop.change(waits, billing={"first_name": "Joan", "email": "third@example.com"})
        read(site, number)
        with site.work() as work:
            assert [one.contact_id for one in invoices(work)] == [mine, grace]
        assert told(site) == [("unpaid", 1000, 1000), ("draft", 500, 0)]
        assert "an invoice needs a contact" in page.get(f"/syncs/{number}").text
        shop.change(waits, total="11.00")
        shop.change(draft, status="cancelled")
        read(site, number)
        assert told(site)[0] == ("unpaid", 1100, 1100)
        with site.work("Admin") as work, work.begin():
            one, gone = invoices(work)
            assert gone.deleted_at is not None
            work.service("invoices").change(one.id, {"shipping": "3.00"})
        shop.change(waits, total="12.00")
        read(site, number)
        assert told(site)[0] == ("unpaid", 1400, 1400), "somebody wrote it anew here"
        shop.change(waits, status="cancelled")
        shop.change(nobody, status="cancelled")
        read(site, number)
        assert told(site)[0] == ("void", 1400, 0)
        shop.change(waits, status="completed")
        read(site, number)
        assert told(site)[2:] == [("paid", 1200, 0)]

        # A draft of a paid order: issued by hand, it has the order's payment without a change there.
        wanted["processing"] = {"transaction": "Completed", "contact": "", "invoice": "draft"}
        with site.work("Admin") as work, work.begin():
            mapping.save(work, number, wanted, {billing.ON: True})
        shop.order("7.00", "processing")
        read(site, number)
        assert told(site)[3:] == [("draft", 700, 0)]
        with site.work("Admin") as work, work.begin():
            work.service("invoices").change(invoices(work)[3].id, {"status": "Unpaid"})
        site.run_jobs()
        assert told(site)[3:] == [("paid", 700, 0)]


@pytest.mark.shared
def test_bills_of_recorded_orders() -> None:
    """Of every recorded and documented order the invoice comes to its total, with the shop's own tax where a rate tells it."""
    rows = json.loads((SHARED / "live" / "orders.json").read_text())
    rows += json.loads((SHARED / "docs" / "orders__list_all_orders.json").read_text())
    rows += json.loads(
        (SHARED / "subscriptions" / "subscription-orders__retrieve_subscription_orders.json").read_text()
    )
    for row in rows:
        sale = shape(incoming("order", row), {"invoices": True})
        assert isinstance(sale, Sale)
        sums = documents.calculate(bills.document(sale))
        assert sums.total.decimal == Decimal(row["total"]), row["id"]
        assert sums.tax.decimal == Decimal(row["total_tax"]), row["id"]
