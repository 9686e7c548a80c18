"""A Stripe account on this machine that answers as the documents of its interface say: lists, single records, errors, events."""

from __future__ import annotations

import email.utils
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

WEBHOOK_SECRET = "whsec_of_the_account"
#: Objects -> the path of their list.
_PATHS = {
    "customer": "customers", "charge": "charges", "invoice": "invoices", "subscription": "subscriptions",
    "checkout.session": "checkout/sessions", "product": "products", "refund": "refunds", "dispute": "disputes",
    "balance_transaction": "balance_transactions", "event": "events",
}  # fmt: skip


class Account:
    """The account's records. ``asked`` are the requests it got, ``answers`` what it says to the next ones instead of data;
    ``keys`` what was asked for under which key, and what came of it.
    """

    reads_headers = True

    def __init__(self) -> None:
        self.records: dict[str, dict[str, dict[str, Any]]] = {path: {} for path in _PATHS.values()}
        self.changed: dict[str, int] = {}
        self.asked: list[tuple[str, str]] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.opened: dict[str, str] = {}
        #: Lists that the key may not read, and names of what it may not have expanded.
        self.closed: set[str] = set()
        #: The account's clock, in seconds.
        self.now = 1795348800
        self.keys: dict[str, tuple[tuple[str, bytes], tuple[int, dict[str, str], bytes]]] = {}

    def put(self, record: Mapping[str, Any]) -> None:
        """Adds a record, or has it be so from now on."""
        self.records[_PATHS[record["object"]]][record["id"]] = dict(record)

    def happen(self, event: Mapping[str, Any]) -> None:
        """Has what an event tells be so, unless something newer was told of the same record."""
        record = event["data"]["object"]
        if event["type"].startswith("v2.") or record.get("object") not in _PATHS or "created" not in event:
            return
        if self.changed.get(record["id"], 0) > event["created"]:
            return
        self.changed[record["id"]] = event["created"]
        if event["type"] == "customer.deleted":
            record = {"id": record["id"], "object": "customer", "deleted": True}
        self.put(record)

    def pay(self, session: str, **changes: Any) -> dict[str, Any]:
        """Somebody pays on the page of a session; gives the charge. One that is closed takes nothing."""
        asked = self.records["checkout/sessions"][session]
        assert asked["status"] == "open", asked["status"]
        number = f"{session}_{len(self.records['charges'])}"
        charge = {
            "id": f"ch_{number}", "object": "charge", "amount": asked["amount_total"], "amount_refunded": 0, "captured": True,
            "amount_captured": asked["amount_total"], "paid": True, "status": "succeeded", "currency": asked["currency"],
            "created": 1767229200, "customer": None, "payment_intent": f"pi_{number}", "metadata": asked["metadata"],
            "billing_details": {"email": asked["customer_email"], "name": "Ada King"}, **changes,
        }  # fmt: skip
        going = {"succeeded": "succeeded", "pending": "processing", "failed": "requires_payment_method"}[
            charge["status"]
        ]
        intent = {"id": f"pi_{number}", "object": "payment_intent", "status": going, "latest_charge": charge["id"]}
        paid = "paid" if charge["status"] == "succeeded" else "unpaid"
        self.put({**asked, "status": "complete", "payment_status": paid, "payment_intent": intent, "url": None})
        self.put(charge)
        return charge

    def answer(
        self, method: str, url: str, _host: str, body: bytes = b"", *, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer to a request; under a key that is known, the answer that was given then."""
        status, given, said = self._answer(method, url, body, headers)
        return status, {"Date": email.utils.formatdate(self.now, usegmt=True), **given}, said

    def _answer(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        self.asked.append((method, url))
        if self.answers:
            return self.answers.pop(0)
        split = urlsplit(url)
        asked = {name: values[-1] for name, values in parse_qs(split.query).items()}
        path = split.path.removeprefix("/v1/")
        wanted = {text.removeprefix("data.") for name, text in parse_qsl(split.query) if name.startswith("expand[")}
        if self.closed & {path, path.rpartition("/")[0], *wanted}:
            return _said(403, {"error": {"type": "invalid_request_error", "message": "This needs another permission."}})
        if method == "POST":
            return self._made(path, body, headers["Idempotency-Key"])
        if path in self.records:
            after = asked.get("starting_after", "")
            if after and (after not in self.records[path] or self.records[path][after].get("deleted")):
                error = {"type": "invalid_request_error", "code": "resource_missing", "param": "starting_after"}
                return _said(400, {"error": {**error, "message": f"No such object: {after}"}})
            return _said(200, self._list(path, asked))
        folder, _slash, name = path.rpartition("/")
        record = self.records.get(folder, {}).get(name)
        if record is None:
            error = {
                "type": "invalid_request_error",
                "code": "resource_missing",
                "message": f"No such object: '{name}'",
            }
            return _said(404, {"error": error})
        return _said(200, self._whole(record))

    def _made(self, path: str, body: bytes, key: str) -> tuple[int, dict[str, str], bytes]:
        """What becomes of something that is to be made or changed, once for each key."""
        if key in self.keys:
            known, said = self.keys[key]
            error = {"type": "idempotency_error", "message": "Keys can only be used with the same parameters."}
            return said if known == (path, body) else _said(400, {"error": error})
        said = self._expired(path.split("/")[-2]) if path.endswith("/expire") else _said(200, self._opened(body))
        self.keys[key] = ((path, body), said)
        return said

    def _expired(self, name: str) -> tuple[int, dict[str, str], bytes]:
        """A session that nobody can pay any more."""
        session = self.records["checkout/sessions"][name]
        if session["status"] != "open":
            return _said(
                400, {"error": {"type": "invalid_request_error", "message": "Only open sessions can be expired."}}
            )
        self.put({**session, "status": "expired", "url": None})
        return _said(200, self.records["checkout/sessions"][name])

    def _opened(self, body: bytes) -> dict[str, Any]:
        """A checkout session that was asked for, with its page; ``opened`` is what it was asked with."""
        self.opened = dict(parse_qsl(body.decode()))
        name = f"cs_{len(self.records['checkout/sessions']) + 1}"
        given = {field[9:-1]: text for field, text in self.opened.items() if field.startswith("metadata[")}
        self.put(
            {
                "id": name, "object": "checkout.session", "url": f"https://checkout.example.com/c/{name}", "status": "open",
                "payment_status": "unpaid", "payment_intent": None, "metadata": given, "created": 1767229200,
                "amount_total": int(self.opened["line_items[0][price_data][unit_amount]"]),
                "currency": self.opened["line_items[0][price_data][currency]"],
                "customer_email": self.opened.get("customer_email"),
            }
        )  # fmt: skip
        return self.records["checkout/sessions"][name]

    def _whole(self, record: dict[str, Any]) -> dict[str, Any]:
        """A charge with what its readers ask to have expanded."""
        customer = self.records["customers"].get(str(record.get("customer")))
        return {**record, "customer": customer} if record["object"] == "charge" and customer else record

    def _list(self, path: str, asked: Mapping[str, str]) -> dict[str, Any]:
        rows = [row for row in self.records[path].values() if not row.get("deleted")]
        rows.sort(key=lambda row: (row.get("created") or 0, row["id"]), reverse=True)
        since = int(asked.get("created[gte]", 0))
        rows = [row for row in rows if (row.get("created") or 0) >= since]
        rows = [row for row in rows if "charge" not in asked or row.get("charge") == asked["charge"]]
        names = [row["id"] for row in rows]
        start = names.index(asked["starting_after"]) + 1 if "starting_after" in asked else 0
        limit = int(asked.get("limit", 10))
        some = rows[start : start + limit]
        return {
            "object": "list",
            "url": f"/v1/{path}",
            "has_more": len(rows) > start + limit,
            "data": [self._whole(row) for row in some],
        }


def _said(status: int, body: Mapping[str, Any]) -> tuple[int, dict[str, str], bytes]:
    return status, {}, json.dumps(body).encode()
