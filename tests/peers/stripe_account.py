"""A Stripe account on this machine that answers as the documents of its interface say: lists, single records, errors, events."""

from __future__ import annotations

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
    """The account's records. ``asked`` are the requests it got, ``answers`` what it says to the next ones instead of data."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, dict[str, Any]]] = {path: {} for path in _PATHS.values()}
        self.changed: dict[str, int] = {}
        self.asked: list[tuple[str, str]] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.opened: dict[str, str] = {}

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

    def answer(self, method: str, url: str, _host: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer to a request."""
        self.asked.append((method, url))
        if self.answers:
            return self.answers.pop(0)
        split = urlsplit(url)
        asked = {name: values[-1] for name, values in parse_qs(split.query).items()}
        path = split.path.removeprefix("/v1/")
        if method == "POST":
            return _said(200, self._opened(body))
        if path in self.records:
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

    def _opened(self, body: bytes) -> dict[str, Any]:
        """A checkout session that was asked for, with its page; ``opened`` is what it was asked with."""
        self.opened = dict(parse_qsl(body.decode()))
        return {"id": "cs_1", "object": "checkout.session", "url": "https://checkout.example.com/c/cs_1"}

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
    return status, {"Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, json.dumps(body).encode()
