"""An account and the CRM: all of history, webhooks in any order, what changes later, what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import stripe
from sqlalchemy import select

from crmhost.testing import Host
from plugins.stripe_sync import reader
from plugins.syncs import receiving
from plugins.syncs.api import connections
from plugins.syncs.models import Aside, Record
from plugins.transactions import api as transactions
from tests.peers.stripe_account import WEBHOOK_SECRET, Account
from tests.peers.woo import serving

from .test_shapes import CHARGE

MakeHost = Callable[..., Host]
CUSTOMER = {"id": "cus_1", "object": "customer", "created": 1767225600, "email": "ada@example.com", "name": "Ada King"}


@pytest.fixture
def account() -> Account:
    """What the account holds."""
    return Account()


@pytest.fixture
def url(account: Account) -> Iterator[str]:
    """Where the account is served."""
    with serving(account) as address:
        yield address


def connected(host: MakeHost, url: str) -> tuple[Host, int]:
    """A site that is connected to the account, and the connection's number."""
    site = host("stripe_sync", allow_private_hosts=(url.removeprefix("http://"),))
    with site.work() as work, work.begin():
        given = {
            "name": "Main",
            "api_key": "rk_test_1",
            "webhook_secret": f"whsec_old, {WEBHOOK_SECRET}",
            "api_base": url,
        }
        return site, connections.save(work, connections.source_of(work, "stripe"), given).id


def read(site: Host, number: int, *, full: bool = False) -> None:
    """Has a job read the account."""
    with site.work() as work, work.begin():
        work.enqueue("syncs.run", connection_id=number, full=full)
    site.run_jobs()


def told(site: Host, event: Mapping[str, Any]) -> int:
    """Delivers an event as Stripe does; gives the status of the answer."""
    body = json.dumps(event)
    header = stripe.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET, int(site.clock().timestamp()))
    answer = site.client("").post("/hooks/stripe/main", data=body, headers={"Stripe-Signature": header})
    return answer.status_code


def event(number: int, kind: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """An event of the account's."""
    return {"id": f"evt_{number}", "object": "event", "type": kind, "created": 1767300000 + number, "livemode": False,
            "data": {"object": dict(record)}}  # fmt: skip


def sums(site: Host) -> dict[str, int]:
    """What all transactions are worth, by currency."""
    with site.work() as work:
        rule = transactions.rule(work)
        found: dict[str, int] = {}
        for row in work.session.scalars(select(transactions.Transaction)):
            found[row.currency] = found.get(row.currency, 0) + rule.worth(row)
        return {currency: worth for currency, worth in found.items() if worth}


def test_history_and_what_changes_later(
    host: MakeHost, account: Account, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of all charges, once; refunds, disputes and their end by webhooks and by catching up; refusals in words."""
    monkeypatch.setattr(reader, "PAGE", 5)
    account.put(CUSTOMER)
    for number in range(1, 13):
        account.put({**CHARGE, "id": f"ch_{number}", "payment_intent": f"pi_{number}", "amount": 100 + number,
                     "amount_captured": 100 + number, "created": 1767229200 + number})  # fmt: skip
    site, number = connected(host, url)
    account.answers = [
        (429, {"Retry-After": "1"}, b'{"error": {"type": "rate_limit_error"}}'),
        (503, {}, b"<html>Busy</html>"),
    ]
    read(site, number)
    site.clock.move(hours=1)
    site.run_jobs()
    site.clock.move(hours=1)
    site.run_jobs()
    whole = sum(range(101, 113))
    assert sums(site) == {"USD": whole}
    read(site, number, full=True)
    assert sums(site) == {"USD": whole}

    refund = {
        "id": "re_1",
        "object": "refund",
        "amount": 30,
        "charge": "ch_1",
        "status": "succeeded",
        "created": 1767300001,
    }
    account.put(refund)
    back = {**account.records["charges"]["ch_1"], "amount_refunded": 30}
    account.put(back)
    assert told(site, event(1, "refund.created", refund)) == 200
    assert told(site, event(1, "refund.created", refund)) == 200
    dispute = {
        "id": "dp_1",
        "object": "dispute",
        "amount": 102,
        "charge": "ch_2",
        "status": "lost",
        "created": 1767300002,
    }
    account.put(dispute)
    assert told(site, event(2, "charge.dispute.closed", dispute)) == 200
    site.run_jobs()
    assert sums(site) == {"USD": whole - 30 - 102}
    account.put({**dispute, "status": "won"})
    changed = event(3, "charge.dispute.closed", {**dispute, "status": "won"})
    account.put({**changed, "created": int(site.clock().timestamp())})
    read(site, number)
    assert sums(site) == {"USD": whole - 30}

    assert {method for method, _url in account.asked} == {"GET"}
    account.answers = [(401, {}, b'{"error": {"type": "invalid_request_error", "message": "Invalid API Key"}}')] * 9
    with site.work("Admin") as work:
        findings = connections.test(work, connections.get(work, number))
    assert [finding.fine for finding in findings] == [False]
    assert "key" in findings[0].text
    refused_keys(site, account, number)
    account.answers, account.closed = [], {"balance_transaction", "disputes", "subscriptions"}
    with site.work("Admin") as work:
        findings = connections.test(work, connections.get(work, number))
    assert "Balance, Disputes, Subscriptions" in findings[1].text
    account.put({**CHARGE, "id": "ch_13", "payment_intent": "pi_13", "balance_transaction": "txn_1"})
    account.closed.remove("subscriptions")
    read(site, number, full=True)
    assert sums(site) == {"USD": whole - 30 + 2000}


@pytest.mark.database("sqlite")
def test_what_stood_last_is_deleted_meanwhile(
    host: MakeHost, account: Account, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that would begin after a product which is gone: Stripe refuses that, and the list is read from its beginning."""
    monkeypatch.setattr(reader, "PAGE", 2)
    for number in range(1, 6):
        account.put(
            {"id": f"prod_{number}", "object": "product", "name": f"Plan {number}", "created": 1767229200 + number}
        )
    site, number = connected(host, url)
    plain, gone = account.answer, {**account.records["products"]["prod_4"], "deleted": True}

    def answer(method: str, asked: str, place: str, *more: Any, **named: Any) -> tuple[int, dict[str, str], bytes]:
        if "starting_after=prod_4" in asked:
            account.put(gone)
        return plain(method, asked, place, *more, **named)

    account.answer = answer  # type: ignore[method-assign]
    read(site, number)
    with site.work() as work:
        names = work.session.scalars(select(Record.external_id).where(Record.kind == "product"))
        assert sorted(names) == [f"prod_{number}" for number in range(1, 6)]


def refused_keys(site: Host, account: Account, number: int) -> None:
    """A key is exchanged for one of the same account and mode alone: what is behind the connection is that account's."""
    page, path = site.client(), f"/syncs/{number}/edit"

    def exchanged(key: str) -> tuple[int, str]:
        with site.work() as work:
            one = connections.get(work, number)
            given = {**one.fields, "name": one.name, "api_key": key, "version": str(one.version)}
        answer = page.post(path, data=given)
        return answer.status_code, answer.text

    account.answers = [(401, {}, b'{"error": {"type": "invalid_request_error", "message": "Invalid API Key"}}')]
    status, said = exchanged("rk_test_wrong")
    assert (status, "Stripe refuses the key" in said) == (422, True)
    account.answers, charges = [], account.records["charges"]
    account.records["charges"] = {}
    status, said = exchanged("rk_live_1")
    assert (status, "it is one of another account, or of the other mode" in said) == (422, True)
    with site.work("Admin") as work:
        one = connections.get(work, number)
        given = ["--name", one.name, "--api-key", "rk_live_1", "--api-base", one.fields["api_base"]]
    assert "it is one of another account" in site.cli("stripe", "connect", *given).output
    account.records["charges"] = charges
    with site.work("Admin") as work:
        assert connections.secret(work, connections.get(work, number), "api_key") == "rk_test_1"
    assert exchanged("rk_test_2")[0] == 303


@pytest.mark.database("sqlite")
def test_events_that_are_not_ours_or_not_whole_change_nothing(host: MakeHost, account: Account, url: str) -> None:
    """Forged, of another mode or account, of unknown kinds, thin or broken: an answer, and nothing stored."""
    site, number = connected(host, url)
    given = [
        "--name",
        "Other",
        "--api-key",
        "rk_test_2",
        "--webhook-secret",
        "whsec_1",
        "--api-base",
        "http://127.0.0.1:9",
    ]
    said = site.cli("stripe", "connect", *given)
    assert (said.exit_code, "Warning: " in said.output, "/hooks/stripe/other" in said.output) == (0, True, True)
    assert site.cli("stripe", "sync", "--full", "--name", "Main").exit_code == 0
    assert "Both sides agree" in site.cli("stripe", "reconcile", "--name", "Main").output
    client = site.client("")
    assert client.post("/hooks/stripe/nobody", data="{}").status_code == 404
    assert client.post("/hooks/stripe/main", data="{}", headers={"Stripe-Signature": "t=1,v1=0"}).status_code == 400
    charge = event(1, "charge.succeeded", CHARGE)
    for changes in (
        {"livemode": True},
        {"account": "acct_2"},
        {"object": "v2.core.event"},
        {"data": {}},
        {"data": None},
    ):
        assert told(site, {**charge, **changes}) == 200, changes
    assert told(site, event(2, "radar.early_fraud_warning.created", {"id": "issfr_1", "object": "radar"})) == 200
    assert told(site, event(3, "charge.succeeded", {"id": "ch_9", "object": "charge"})) == 200
    assert told(site, event(4, "charge.succeeded", {**CHARGE, "id": "ch_8", "amount_captured": "1.5"})) == 200
    site.run_jobs()
    assert sums(site) == {}
    with site.work() as work:
        assert sorted(work.session.scalars(select(Aside.external_id))) == ["ch_8", "ch_9"]

    # While it is paused Stripe gets its 200, so that it keeps the endpoint on; what it told is taken afterwards, once.
    with site.work("Admin") as work, work.begin():
        connections.pause(work, number, paused=True)
    account.put({**CHARGE, "id": "ch_7"})
    late = event(5, "charge.succeeded", {**CHARGE, "id": "ch_7"})
    assert [told(site, late) for _time in range(3)] == [200, 200, 200]
    site.run_jobs()
    assert sums(site) == {}
    with site.work("Admin") as work, work.begin():
        assert receiving.waiting(work, connections.get(work, number)) == 1
        connections.pause(work, number, paused=False)
    site.run_jobs()
    assert told(site, late) == 200
    site.run_jobs()
    assert sums(site) == {"USD": 2000}
