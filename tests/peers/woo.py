"""A shop on this machine that answers as the documents of its REST interface say: pages, signatures, errors, webhooks."""

from __future__ import annotations

import base64
import contextlib
import copy
import datetime as dt
import hashlib
import hmac
import json
import math
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

KEY, SECRET = "ck_of_the_shop", "cs_of_the_shop"
WEBHOOK_SECRET = "whispered"
#: Failures in a row of a webhook after which the shop switches it off.
MOST_FAILURES = 5

#: Posts a webhook: headers and body; gives the status of the answer.
Deliver = Callable[[dict[str, str], bytes], int]


class Shop:
    """The shop's state. ``asked`` are the requests it got, ``answers`` what it says to the next ones instead of data."""

    def __init__(self) -> None:
        self.orders: dict[int, dict[str, Any]] = {}
        self.refunds: dict[int, list[dict[str, Any]]] = {}
        self.customers: dict[int, dict[str, Any]] = {}
        self.products: dict[int, dict[str, Any]] = {}
        self.subscriptions: dict[int, dict[str, Any]] | None = None
        self.webhooks: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str]] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.deliver: Deliver | None = None
        #: Whether it takes notice of where a page is to begin.
        self.offsets = True
        # As the shop writes times: UTC that does not say so.
        self.clock = dt.datetime.now(dt.UTC).replace(microsecond=0, tzinfo=None)
        self._ids = 100
        self._deliveries = 0

    # --- what happens in the shop -------------------------------------------------------------------------------------

    @property
    def now(self) -> dt.datetime:
        """The time in the shop."""
        return self.clock.replace(tzinfo=dt.UTC)

    def tick(self, seconds: int = 1) -> str:
        """The time, a while later."""
        self.clock += dt.timedelta(seconds=seconds)
        return self.clock.isoformat()

    def number(self) -> int:
        """The next number: orders, refunds and customers share them here."""
        self._ids += 1
        return self._ids

    def order(
        self, total: str = "10.00", status: str = "pending", email: str = "buyer@example.com", **more: Any
    ) -> int:
        """Somebody orders."""
        number, at = self.number(), self.tick()
        line = {"id": 1, "name": "Mug", "product_id": 7, "quantity": 1, "subtotal": total, "total": total}
        self.orders[number] = {
            "id": number, "number": str(number), "status": status, "currency": "EUR", "date_created_gmt": at,
            "date_modified_gmt": at, "date_paid_gmt": at if status in ("processing", "completed") else None, "total": total,
            "total_tax": "0.00", "discount_total": "0.00", "shipping_total": "0.00", "customer_id": 0,
            "billing": {"first_name": "Ada", "last_name": "Buyer", "email": email, "country": "FR", "city": "Lyon"},
            "payment_method_title": "Card", "transaction_id": "", "line_items": [line], "fee_lines": [], "coupon_lines": [],
            "refunds": [], **more,
        }  # fmt: skip
        self.refunds[number] = []
        self.tell("order.created", self.orders[number])
        return number

    def change(self, number: int, **fields: Any) -> None:
        """An order changes; the shop notes when it is paid."""
        row = self.orders[number]
        row.update(fields)
        row["date_modified_gmt"] = self.tick()
        if row["status"] in ("processing", "completed") and not row["date_paid_gmt"]:
            row["date_paid_gmt"] = row["date_modified_gmt"]
        self.tell("order.updated", row)

    def refund(self, number: int, amount: str) -> int:
        """Money goes back; the shop has no topic for that, the order changes."""
        made = self.number()
        row = {
            "id": made,
            "date_created_gmt": self.tick(),
            "amount": amount,
            "reason": "Broken",
            "refunded_payment": False,
        }
        self.refunds[number].append(row)
        named = {"id": made, "reason": "Broken", "total": f"-{amount}"}
        self.change(number, refunds=[*self.orders[number]["refunds"], named])
        return made

    def unrefund(self, number: int, refund: int) -> None:
        """A refund is deleted."""
        self.refunds[number] = [row for row in self.refunds[number] if row["id"] != refund]
        self.change(number, refunds=[row for row in self.orders[number]["refunds"] if row["id"] != refund])

    def trash(self, number: int) -> None:
        """An order goes into the shop's bin, which is told like a deletion; lists leave it out from then on."""
        row = self.orders[number]
        row["before_trash"], row["status"], row["date_modified_gmt"] = row["status"], "trash", self.tick()
        self.tell("order.deleted", {"id": number})

    def restore(self, number: int) -> None:
        """An order comes back out of the bin."""
        row = self.orders[number]
        row["status"], row["date_modified_gmt"] = row.pop("before_trash"), self.tick()
        self.tell("order.restored", row)

    def register(self, email: str, **fields: Any) -> int:
        """Somebody makes an account."""
        number, at = self.number(), self.tick()
        billing = {"first_name": "", "last_name": "", "email": email, "city": "", "country": ""}
        self.customers[number] = {
            "id": number, "email": email, "role": "customer", "first_name": "", "last_name": "", "billing": billing,
            "date_created_gmt": at, "date_modified_gmt": at, **fields,
        }  # fmt: skip
        self.tell("customer.created", self.customers[number])
        return number

    def edit_customer(self, number: int, **fields: Any) -> None:
        """Somebody changes their account."""
        self.customers[number].update(fields, date_modified_gmt=self.tick())
        self.tell("customer.updated", self.customers[number])

    def product(self, name: str, *categories: str) -> int:
        """A product is offered."""
        number, at = self.number(), self.tick()
        self.products[number] = {
            "id": number, "name": name, "status": "publish", "date_created_gmt": at, "date_modified_gmt": at,
            "categories": [{"id": place, "name": name} for place, name in enumerate(categories)],
        }  # fmt: skip
        self.tell("product.created", self.products[number])
        return number

    def delete(self, number: int) -> None:
        """An order goes for good."""
        del self.orders[number], self.refunds[number]
        self.tick()
        self.tell("order.deleted", {"id": number})

    def add_webhook(self, key: str, topic: str = "order.updated") -> dict[str, Any]:
        """A webhook is saved, and pinged."""
        hook = {"id": len(self.webhooks) + 1, "name": topic, "topic": topic, "status": "active", "failures": 0,
                "delivery_url": f"https://crm.example.com/hooks/woo/{key}"}  # fmt: skip
        assert self.deliver is not None
        if (
            self.deliver({"Content-Type": "application/x-www-form-urlencoded"}, f"webhook_id={hook['id']}".encode())
            != 200
        ):
            raise ValueError("the shop refuses to save a webhook whose address does not answer 200")
        self.webhooks.append(hook)
        return hook

    def tell(self, topic: str, row: dict[str, Any]) -> None:
        """Delivers to the webhooks of a topic; after too many failures in a row one is switched off."""
        body = json.dumps(row).replace("/", "\\/").encode()
        for hook in self.webhooks:
            if hook["topic"] == topic and hook["status"] == "active" and self.deliver is not None:
                status = self.deliver(self.headers(topic, body, hook["id"]), body)
                hook["failures"] = 0 if 200 <= status < 300 else hook["failures"] + 1
                if hook["failures"] > MOST_FAILURES:
                    hook["status"] = "disabled"

    def headers(self, topic: str, body: bytes, hook: int = 1) -> dict[str, str]:
        """What the shop sends with a webhook."""
        self._deliveries += 1
        signature = base64.b64encode(hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).digest()).decode()
        return {"Content-Type": "application/json", "X-WC-Webhook-Topic": topic, "X-WC-Webhook-Signature": signature,
                "X-WC-Webhook-ID": str(hook), "X-WC-Webhook-Delivery-ID": str(self._deliveries)}  # fmt: skip

    # --- what it answers ----------------------------------------------------------------------------------------------

    def answer(self, method: str, url: str, host: str, _body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        """The answer to a request."""
        self.asked.append((method, url))
        if self.answers:
            return self.answers.pop(0)
        if method != "GET":
            return _error(401, "woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources.")
        if not self._signed(method, url, host):
            return _error(401, "woocommerce_rest_authentication_error", "Consumer key is invalid.")
        parts = urlsplit(url)
        path = parts.path.partition("/wp-json/wc/v3/")[2].split("/")
        query = dict(parse_qsl(parts.query))
        if len(path) == 3 and path[2] == "refunds" and int(path[1]) in self.refunds:
            return _rows(self.refunds[int(path[1])], query)
        table = {
            "orders": self.orders, "customers": self.customers, "products": self.products, "subscriptions": self.subscriptions,
            "webhooks": {row["id"]: row for row in self.webhooks},
        }.get(path[0])  # fmt: skip
        if table is None:
            return _error(404, "rest_no_route", "No route was found matching the URL and request method.")
        if len(path) == 2:
            if int(path[1]) not in table:
                return _error(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
            return 200, {}, json.dumps(table[int(path[1])]).encode()
        return _rows(list(table.values()), query if self.offsets else {**query, "offset": "0"})

    @staticmethod
    def _signed(method: str, url: str, host: str) -> bool:
        """Over plain HTTP the shop takes a signature (RFC 5849) and nothing else."""
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        given = query.pop("oauth_signature", "")
        if query.get("oauth_consumer_key") != KEY:
            return False
        pairs = "&".join(f"{quote(name, '~')}={quote(value, '~')}" for name, value in sorted(query.items()))
        base = "&".join(quote(part, "~") for part in (method, f"http://{host}{parts.path}", pairs))
        digest = hmac.new(f"{quote(SECRET, '~')}&".encode(), base.encode(), hashlib.sha1).digest()
        return hmac.compare_digest(given, base64.b64encode(digest).decode())


def _rows(rows: list[dict[str, Any]], query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    size = int(query.get("per_page", 10))
    start = int(query.get("offset", 0)) or (int(query.get("page", 1)) - 1) * size
    if not 1 <= size <= 100:
        return _error(400, "rest_invalid_param", "Invalid parameter(s): per_page")
    if "modified_after" in query:
        if query.get("dates_are_gmt") != "true":
            return _error(400, "rest_invalid_param", "The times would be those of the shop's zone.")
        rows = [row for row in rows if row["date_modified_gmt"] > query["modified_after"]]
    if query.get("status", "any") == "any":
        rows = [row for row in rows if row.get("status") != "trash"]
    rows = sorted(rows, key=lambda row: row["id"], reverse=query.get("order", "desc") == "desc")
    headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(math.ceil(len(rows) / size))}
    return 200, headers, json.dumps(copy.copy(rows[start : start + size])).encode()


def _error(status: int, code: str, message: str) -> tuple[int, dict[str, str], bytes]:
    return status, {}, json.dumps({"code": code, "message": message, "data": {"status": status}}).encode()


@contextlib.contextmanager
def serving(shop: Shop) -> Iterator[str]:
    """The shop's address, for the time of a ``with``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            given = self.rfile.read(int(self.headers["Content-Length"] or 0))
            more = {"headers": self.headers} if getattr(shop, "reads_headers", False) else {}
            status, headers, body = shop.answer(self.command, self.path, self.headers["Host"], given, **more)
            self.send_response_only(status)
            for name, value in {
                "Date": self.date_time_string(),
                "Content-Type": "application/json",
                **headers,
                "Content-Length": str(len(body)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815  # the names of the library

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
