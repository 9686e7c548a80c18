"""What is held of Stripe's on a person: told to them, and gone with them."""

from __future__ import annotations

import json
from collections.abc import Callable

from sqlalchemy import select

from crmhost.api import Contact, privacy
from crmhost.testing import Host
from plugins.stripe_sync.models import Settlement, Waiting
from plugins.syncs.api import Record, connections
from plugins.syncs.models import Aside
from plugins.transactions import api as transactions
from tests.peers.stripe_account import Account
from tests.peers.woo import serving

from .test_account import CUSTOMER, connected, event, read, sums, told
from .test_shapes import CHARGE


def test_who_is_erased_stays_erased(host: Callable[..., Host]) -> None:
    """Payments are in the export; erased, they stay as figures without a name, whatever Stripe tells of them later."""
    account = Account()
    fee = {"id": "txn_1", "object": "balance_transaction", "currency": "eur", "amount": 1800, "fee": 61, "net": 1739,
           "exchange_rate": 0.912345}  # fmt: skip
    account.put(fee)
    mine = {
        **CHARGE,
        "balance_transaction": "txn_1",
        "description": "Portrait of Ada",
        "billing_details": {"email": "ada@example.com", "name": "Ada King"},
    }
    subscription = {"id": "sub_1", "object": "subscription", "status": "active", "currency": "usd", "created": 1767225600,
                    "customer": "cus_1", "items": {"data": [{"price": {"unit_amount": 500, "nickname": "Pro"}}]}}  # fmt: skip
    for record in (
        CUSTOMER,
        mine,
        subscription,
        {**mine, "id": "ch_bad", "payment_intent": None, "amount_captured": "1.5"},
    ):
        account.put(record)
    with serving(account) as url:
        site, number = connected(host, url)
        read(site, number)
        with site.work("Admin") as work:
            ada = work.session.scalars(select(Contact.id)).one()
            held = json.dumps(privacy.document(work, ada), default=str)
            assert all(text in held for text in ("ch_1", "sub_1", "20.00 USD"))
            assert work.session.scalars(select(Aside.external_id)).all() == ["ch_bad"]
            tab = site.client().get(f"/contacts/{ada}?tab=stripe_sync").text
            assert "Fee 0.61 EUR, paid out 17.39 EUR: another currency, so the fee is in no figure of sales" in tab
            paid = work.session.scalars(select(transactions.Transaction)).one()
            page = site.client().get(f"/transactions/{paid.id}").text
            for text in ("€18.00", "1 USD = 0.912345 EUR", "€0.61", "in no figure of sales", "€17.39"):
                assert text in page
            with work.begin():
                privacy.erase(work, ada)

        del account.records["charges"]["ch_bad"]
        account.put({**CUSTOMER, "name": "Ada Lovelace"})
        account.put({**mine, "description": "Portrait of Ada, framed"})
        assert (
            told(site, event(1, "customer.updated", {**CUSTOMER, "name": "Ada Lovelace"}) | {"created": 1800000001})
            == 200
        )
        site.run_jobs()
        read(site, number, full=True)
        with site.work() as work:
            assert work.session.scalars(select(Contact.id)).all() == []
            assert work.session.scalars(select(Aside.external_id)).all() == []
            assert {row.contact_id for row in work.session.scalars(select(Record))} == {None}
            row = work.session.scalars(select(transactions.Transaction)).one()
            assert (row.contact_id, row.counted_contact_id) == (None, None)
            # The fee in the currency of the payout, as long as the account is connected.
            fees = select(Settlement.currency, Settlement.fee, Settlement.net)
            assert [tuple(row) for row in work.session.execute(fees)] == [("EUR", 61, 1739)]
            with work.begin():
                work.session.add(Waiting(record_id=4711, payer="cus_1"))
        # Switched off and on again, it forgets what belongs to no account that is there, and that alone.
        site.disable("stripe_sync")
        site.enable("stripe_sync")
        with site.work() as work:
            assert [tuple(row) for row in work.session.execute(fees)] == [("EUR", 61, 1739)]
            assert work.session.scalars(select(Waiting)).all() == []
            with work.begin():
                connections.remove(work, number)
            assert list(work.session.execute(fees)) == []
        assert sums(site) == {"USD": 2000}
        assert site.faults() == []
