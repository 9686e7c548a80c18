"""Clients pay an invoice over Stripe: who may, what is asked for, and the payment that comes back, once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from crmhost.api import contacts, links, notifications
from crmhost.testing import Host
from plugins.invoices import paying
from plugins.invoices import services as invoices
from plugins.invoices.models import KIND, Invoice
from plugins.invoices.sending import LASTS
from plugins.stripe_sync import checkout
from plugins.syncs.api import connections
from plugins.transactions import api as transactions
from tests.clients import account as access
from tests.clients import sign_in
from tests.peers.stripe_account import Account
from tests.peers.woo import serving

from .test_account import WEBHOOK_SECRET, event, told

pytestmark = pytest.mark.database("sqlite")


class Shop:
    """A site whose clients pay to an account, and one of them, with invoices over 640.00 EUR each."""

    def __init__(self, site: Host, account: Account, url: str) -> None:
        self.site, self.account = site, account
        self.client = site.client("")
        site.actor()
        with site.work() as work, work.begin():
            self.ada = contacts.create(work, {"first_name": "Ada", "email": "ada@example.com"}).id
            given = {"name": "Main", "api_key": "rk_test_1", "webhook_secret": WEBHOOK_SECRET, "api_base": url}
            self.one = connections.save(work, connections.source_of(work, "stripe"), {**given, "pay": True}).id

    def invoice(self, **fields: Any) -> int:
        """An invoice that was issued; gives its number."""
        lines = [{"title": "Hall", "unit_price": fields.pop("price", "640.00")}]
        given = {"contact_id": self.ada, "lines": lines, "status": "Unpaid", "currency": "EUR", **fields}
        with self.site.work() as work, work.begin():
            return invoices.create(work, given).id

    def page(self, number: int) -> str:
        """The path of the page that its link opens."""
        with self.site.work() as work, work.begin():
            return f"/invoices/d/{links.token_of(work, KIND, number, LASTS)}"

    def pay(self, page: str, client: FlaskClient | None = None) -> Any:
        """Presses the button on a page; gives the answer."""
        return self.press(self.sealed(page, client), client)

    def sealed(self, page: str, client: FlaskClient | None = None) -> str:
        """What the button on a page sends."""
        found = re.search(r'name="invoice" value="([^"]+)"', (client or self.client).get(page).text)
        assert found is not None
        return found[1]

    def press(self, sealed: str, client: FlaskClient | None = None) -> Any:
        """Presses a button that was seen before."""
        return (client or self.client).post("/stripe/pay", data={"invoice": sealed})

    def tell(self, number: int, charge: dict[str, Any]) -> None:
        """Stripe tells of a charge."""
        # After the last answer of the account: what is older is known.
        later = {"created": 1800000000 + number}
        assert told(self.site, event(number, f"charge.{charge['status']}", charge) | later) == 200
        self.site.run_jobs()

    def due(self, number: int) -> tuple[str, int]:
        """State of an invoice, and what is due."""
        with self.site.work() as work:
            invoice = work.session.get_one(Invoice, number)
            return invoice.state, invoice.due

    def news(self) -> list[str]:
        """What staff was told of payments."""
        with self.site.work("Admin") as work:
            rows = [row for row in notifications.page(work).rows if row.kind == "stripe_sync.unsettled"]
            return [notifications.said(row, str) for row in reversed(rows)]

    def rows(self) -> int:
        """How many rows all tables of payments have: reading adds none."""
        with self.site.work() as work:
            tables = (checkout.Checkout, transactions.Transaction)
            return sum(work.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


@pytest.fixture
def shop(host: Callable[..., Host]) -> Iterator[Shop]:
    """A site whose clients can pay online."""
    account = Account()
    with serving(account) as url:
        made = host("invoices", "portal", "stripe_sync", allow_private_hosts=(url.removeprefix("http://"),))
        yield Shop(made, account, url)
        assert made.faults() == []


def thanks(shop: Shop) -> str:
    """The path that Stripe sends the payer of the newest session back to."""
    return shop.account.opened["success_url"].partition("localhost")[2]


def test_an_invoice_is_paid_once(shop: Shop) -> None:
    """Two tabs and a double click lead to one page; return, webhook and repeats pay it once; what goes back is due again."""
    number = shop.invoice()
    page = shop.page(number)
    shop.account.answers = [(503, {}, b"busy")] * 2
    assert shop.pay(page).status_code == 409
    sealed = shop.sealed(page)
    for answer in (shop.press(sealed), shop.press(sealed), shop.pay(page)):
        assert 'content="0;url=https://checkout.example.com/c/cs_1"' in answer.text
        assert "€640.00" in answer.text
    opened = shop.account.opened
    assert opened["line_items[0][price_data][unit_amount]"] == "64000"
    assert (opened["mode"], opened["customer_email"]) == ("payment", "ada@example.com")
    assert len(shop.account.records["checkout/sessions"]) == 1

    back = thanks(shop)
    before = shop.rows()
    gone = shop.client.get(back.replace("thanks", "cancelled"))
    assert "Nothing was paid" in gone.text
    assert f'href="{page}"' in gone.text
    charge = shop.account.pay("cs_1")
    assert "is being confirmed" in shop.client.get(back).text
    assert shop.rows() == before
    # Back on the page by the back button, while the money is on its way: no second page opens.
    again = shop.press(sealed)
    assert (again.status_code, again.headers["Location"]) == (303, back)
    assert shop.client.post(f"{back}/look").status_code == 204
    shop.site.run_jobs()
    assert shop.due(number) == ("paid", 0)
    for attempt in (1, 1, 2):
        shop.tell(attempt, charge)
    assert (shop.due(number), shop.news()) == (("paid", 0), [])
    assert shop.rows() == before + 1
    assert "came in" in shop.client.get(back).text
    over = shop.press(sealed)
    assert (over.status_code, "Nothing is due" in over.text) == (409, True)

    refund = {
        "id": "re_1",
        "object": "refund",
        "amount": 14_000,
        "charge": charge["id"],
        "status": "succeeded",
        "created": 1767300001,
    }
    shop.account.put(refund)
    shop.account.put({**charge, "amount_refunded": 14_000})
    shop.tell(3, {**charge, "amount_refunded": 14_000})
    assert shop.due(number) == ("part_paid", 14_000)
    assert "c/cs_2" in shop.pay(page).text
    assert shop.account.opened["line_items[0][price_data][unit_amount]"] == "14000"
    # The refund failed at the payer's bank: the money is still here.
    shop.account.put({**refund, "status": "failed"})
    shop.account.put(charge)
    shop.tell(4, charge)
    assert shop.due(number) == ("paid", 0)


def test_what_is_due_changes_while_stripes_page_is_open(shop: Shop) -> None:
    """A page over another amount is closed before the next opens; money that comes all the same is kept, and staff is told."""
    number = shop.invoice()
    page = shop.page(number)
    shop.pay(page)
    with shop.site.work() as work, work.begin():
        paying.record_payment(work, number, {"amount": "240.00"})
    assert "c/cs_2" in shop.pay(page).text
    assert shop.account.records["checkout/sessions"]["cs_1"]["status"] == "expired"
    assert shop.account.opened["line_items[0][price_data][unit_amount]"] == "40000"

    # Paid otherwise while they look at Stripe's page: the money is a transaction of theirs, and nobody is told that all is well.
    back = thanks(shop)
    with shop.site.work() as work, work.begin():
        paying.record_payment(work, number, {"amount": "400.00"})
    shop.tell(1, shop.account.pay("cs_2"))
    assert shop.due(number) == ("paid", 0)
    said = ["400.00 EUR came in over Stripe that can’t be put to invoice 1: look at it."]
    assert [text.replace(text.split("invoice ")[1].split(":")[0], "1") for text in shop.news()] == said
    assert "was not open any more" in shop.client.get(back).text
    with shop.site.work() as work:
        loose = select(transactions.Transaction).where(transactions.Transaction.invoice_id.is_(None))
        assert [row.contact_id for row in work.session.scalars(loose)] == [shop.ada]

    # Less is due than was paid.
    other = shop.invoice()
    shop.pay(shop.page(other))
    with shop.site.work() as work, work.begin():
        paying.record_payment(work, other, {"amount": "600.00"})
    shop.tell(2, shop.account.pay("cs_3"))
    assert shop.due(other) == ("paid", -60_000)
    assert "600.00 EUR more than was due" in shop.news()[-1]

    # A debit that is on its way, then fails: what is due can be paid anew.
    third = shop.invoice(currency="JPY", price="500")
    page = shop.page(third)
    shop.pay(page)
    assert shop.account.opened["line_items[0][price_data][unit_amount]"] == "500"
    debit = shop.account.pay("cs_4", status="pending")
    shop.tell(3, debit)
    assert (shop.due(third), shop.pay(page).status_code) == (("unpaid", 500), 303)
    shop.account.put(
        {**shop.account.records["checkout/sessions"]["cs_4"], "payment_intent": {"status": "requires_payment_method"}}
    )
    shop.tell(4, {**debit, "status": "failed"})
    assert "c/cs_5" in shop.pay(page).text
    # In another currency than the invoice, or over another account: it stays a transaction like others.
    shop.tell(5, shop.account.pay("cs_5", currency="usd"))
    shop.tell(
        6,
        {
            **debit,
            "id": "ch_x",
            "payment_intent": "pi_x",
            "metadata": {checkout.METADATA: "forged"},
            "status": "succeeded",
        },
    )
    assert (shop.due(third), len(shop.news())) == (("unpaid", 500), 3)


def test_who_sees_an_invoice_may_pay_it(shop: Shop) -> None:
    """Who has the link while it holds, the client in the portal; nobody with a forged, foreign, revoked or expired button."""
    number = shop.invoice()
    page = shop.page(number)
    sealed = shop.sealed(page)
    for forged in ("", "1", sealed[:-4] + "AAAA"):
        assert shop.press(forged).status_code == 404
    for address in ("/stripe/thanks/none", "/stripe/cancelled/none"):
        assert shop.client.get(address).status_code == 404
    assert shop.client.post("/stripe/thanks/none/look").status_code == 404
    with shop.site.work() as work, work.begin():
        links.revoke(work, KIND, number)
    assert shop.press(sealed).status_code == 404

    sealed = shop.sealed(shop.page(number))
    shop.site.clock.move(days=LASTS.days + 1)
    assert shop.press(sealed).status_code == 404
    browser = sign_in(shop.site, shop.ada)
    mine = shop.sealed(f"/portal/invoices/{number}", browser)
    assert "c/cs_1" in shop.press(mine, browser).text
    access(shop.site, shop.ada, enabled=False)
    assert shop.press(mine, browser).status_code == 404
    access(shop.site, shop.ada, enabled=True)
    other = shop.site.make.contact()
    with shop.site.work() as work, work.begin():
        invoices.update(work, number, {"contact_id": other})
    assert shop.press(mine, browser).status_code == 404

    # Drafts are there for nobody; of what is void or was paid, the page says so.
    draft = shop.invoice(status="Draft")
    assert browser.get(f"/portal/invoices/{draft}").status_code == 404
    void = shop.invoice()
    sealed = shop.sealed(shop.page(void))
    with shop.site.work() as work, work.begin():
        invoices.void(work, void)
    assert (shop.press(sealed).status_code, len(shop.account.records["checkout/sessions"])) == (409, 1)
    assert "Pay online" not in shop.client.get(shop.page(void)).text
    with shop.site.work() as work, work.begin():
        connections.pause(work, shop.one, paused=True)
    assert "Pay online" not in shop.client.get(shop.page(shop.invoice())).text
