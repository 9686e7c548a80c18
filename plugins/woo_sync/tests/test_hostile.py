"""Whatever answers in the place of a shop, a sentence comes of it; whatever a shop sends, the rest of it is taken."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import select

from crmhost.api import GiveUp, RetryLater, Work, http
from crmhost.testing import Host
from plugins.syncs.api import Access
from plugins.syncs.models import Aside
from plugins.woo_sync.reader import Absent, WooReader, instant
from tests.peers import woo
from tests.peers.woo import KEY, SECRET, Shop

from .test_shop import connect, post, read, sums

MakeHost = Callable[..., Host]
NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def reader(url: str, send: Callable[..., http.Response]) -> WooReader:
    """What calls a shop, over a function in the place of the network."""
    fields = {"url": url, "key": KEY, "secret": SECRET, "webhook_secret": "w"}
    return WooReader(Access("shop", "Shop", fields, {}, NOW, send, cast("Work", None)))


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {}, b"<html>hello</html>"),
        (200, {}, b"[" * 200_000 + b"]" * 200_000),
        (200, {"x-wp-total": "²"}, b'"text"'),
        (200, {"x-wp-total": "9" * 5_000}, b"[NaN, 1, null]"),
        (200, {}, b'[{"id": {"a": [1e999]}}]'),
        (200, {}, b'{"id": "\xff'),
        (418, {}, b'{"code": {}, "message": ["<script>"]}'),
        (404, {}, b"[]"),
        (429, {"retry-after": "²"}, b""),
        (302, {"location": "https://elsewhere.example/"}, b""),
    ],
)
def test_answers_that_are_not_those_of_a_shop(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Each becomes a refusal in words or a later attempt, never a fault."""
    calls = reader("https://shop.example.com", lambda *_given, **_more: http.Response(status, headers, body))
    for ask in (calls.test, calls.watch, lambda: calls.page("order", None, None), lambda: calls.fetch("order", ["1"])):
        try:
            ask()
        except (GiveUp, RetryLater, Absent):
            continue


@pytest.mark.parametrize("hidden", [range(99, 103), range(150, 151), range(203, 206)])
@pytest.mark.parametrize("offsets", [True, False])
def test_records_that_are_counted_and_not_shown(hidden: range, offsets: bool) -> None:
    """Reading comes to an end, and to all others, where a shop counts records that it leaves out of its answers."""
    asked: list[str] = []

    def send(_method: str, url: str, **_more: Any) -> http.Response:
        asked.append(url)
        assert len(asked) < 20, asked
        query = dict(parse_qsl(urlsplit(url).query))
        start = int(query.get("offset", 0)) if offsets else 0
        start = start or (int(query.get("page", 1)) - 1) * 100
        rows = [{"id": number} for number in range(1, 206)[start : start + 100] if number not in hidden]
        return http.Response(200, {"x-wp-total": "205"}, json.dumps(rows).encode())

    calls, cursor, found = reader("https://shop.example.com", send), None, set[int]()
    while True:
        page = calls.page("order", cursor, None)
        found |= {int(item.external_id) for item in page.items}
        cursor = page.cursor
        if cursor is None:
            break
    assert found == set(range(1, 206)) - set(hidden)


def test_a_shop_without_encryption_gets_a_signature() -> None:
    """Over plain HTTP, on any host, the shop can check who asks, and the secret is not told."""
    asked: list[str] = []

    def send(_method: str, url: str, **_more: Any) -> http.Response:
        asked.append(url)
        return http.Response(200, {"x-wp-total": "0"}, b"[]")

    reader("http://shop.example.com:8080", send).page("order", None, NOW)
    assert Shop._signed("GET", asked[0], "shop.example.com:8080")
    assert SECRET not in asked[0]


def test_times_out_of_range() -> None:
    """A time that no calendar has is none."""
    assert instant("0001-01-01T00:00:00+14:00") is None
    assert instant("2026-02-31T00:00:00") is None
    assert instant("9999-12-31T23:59:59") is not None


def test_hostile_orders(host: MakeHost) -> None:
    """What can't be taken is set aside, each with its reason; good orders beside it come in."""
    shop = Shop()
    odd: list[dict[str, Any]] = [
        {"currency": "XXQ"}, {"currency": ["EUR"]}, {"total": "1e999999"}, {"total": "9" * 60}, {"total": {"a": 1}},
        {"date_created_gmt": "0001-01-01T00:00:00+14:00", "date_paid_gmt": None}, {"status": "<script>alert(1)</script>"},
        {"status": "s" * 5_000}, {"line_items": [{"name": "x" * 50_000, "quantity": "NaN", "total": "1"}]},
    ]  # fmt: skip
    harmless: list[dict[str, Any]] = [
        {"customer_note": "note " * 40_000}, {"payment_method_title": "\x00\ud800" + "p" * 900},
        {"billing": {"first_name": "<script>alert(1)</script>\x00\u202e", "email": "no address"}},
        {"line_items": "none", "refunds": 7, "coupon_lines": [3]}, {"number": "#" * 400},
        {"meta_data": [{"value": {"deep": [[[[[["\ud800"]]]]]]}}]},
    ]  # fmt: skip
    with woo.serving(shop) as url:
        site = host("woo_sync", allow_private_hosts=(url.removeprefix("http://"),))
        site.clock.freeze(shop.now)
        for more in (*odd, *harmless):
            shop.order(**{"total": "10.00", "status": "completed", **more})
        number = connect(site, url)
        read(site, number)
        with site.work() as work:
            aside = {row.external_id: str(row.reason) for row in work.session.scalars(select(Aside))}
        assert set(aside) == {str(name) for name in list(shop.orders)[: len(odd)]}, aside
        assert all(aside.values())
        assert sums(site) == (len(harmless), len(harmless) * 1000)

        # The same by webhooks: answered at once, whatever is in them.
        deliver = post(site)
        for body in (b"[" * 100_000, b'{"id": 1' + b"0" * 5_000 + b"}", b'{"id": ["x"]}', b"null", b"\xff"):
            assert deliver(shop.headers("order.updated", body), body) in (200, 400)
        big = json.dumps({"id": 1, "customer_note": "n" * 3_000_000}).encode()
        assert deliver(shop.headers("order.updated", big), big) == 413
        assert deliver({**shop.headers("order.updated", b"{}"), "X-WC-Webhook-Signature": "bm8="}, b"{}") == 401
        site.run_jobs()
        assert sums(site) == (len(harmless), len(harmless) * 1000)
        assert not [job.error for job in site.jobs() if job.state == "failed"]
