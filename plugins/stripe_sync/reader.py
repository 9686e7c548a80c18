"""Reads an account: lists page by page, what changed, and what stands beside charges."""

from __future__ import annotations

import dataclasses
import datetime as dt
import email.utils
import json
from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.api import GiveUp, Message
from plugins.syncs.api import Access, Finding, Incoming, Page

from . import calling
from .calling import Absent, Refused

PAGE = 100
#: Marks what a webhook told, as it is not stored yet: it is fetched again before it is taken.
TOLD = "crmhost_told"
#: Step -> the list that is read and what comes with each record.
_STEPS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "product": ("/v1/products", {}),
    "customer": ("/v1/customers", {}),
    "charge": ("/v1/charges", {"expand": ["data.balance_transaction", "data.customer", "data.refunds"]}),
    "invoice": ("/v1/invoices", {"expand": ["data.payments"]}),
    "subscription": ("/v1/subscriptions", {"status": "all", "expand": ["data.discounts.source.coupon"]}),
    "session": ("/v1/checkout/sessions", {}),
}
_EVENTS = "event"
#: What is read -> what Stripe calls the right to it where keys are made; what is expanded goes by its name.
_RIGHTS: Mapping[str, str] = {
    "product": "Products", "customer": "Customers", "charge": "Charges and Refunds", "invoice": "Invoices",
    "subscription": "Subscriptions", "session": "Checkout Sessions", "balance_transaction": "Balance",
    "refunds": "Charges and Refunds",
    "payments": "Invoices",
    "discounts.source.coupon": "Coupons",
    "/v1/disputes": "Disputes", "/v1/events": "Events", "/v1/webhook_endpoints": "Webhook Endpoints",
}  # fmt: skip
_BESIDE = ("/v1/disputes", "/v1/events", "/v1/webhook_endpoints")
#: Kinds of records that can be deleted there for good.
_LEAVES = ("product", "invoice")
#: Object of an event -> kind of record.
KINDS = {
    "customer": "customer",
    "charge": "charge",
    "invoice": "invoice",
    "subscription": "subscription",
    "checkout.session": "session",
    "product": "product",
}


_NOT_STRIPE = Message("What answers is not Stripe: look at the address of the interface.")


class StripeReader:
    """See :class:`plugins.syncs.api.Reader`.

    :param access: with ``api_key``, ``webhook_secret``, ``api_base``.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._client = calling.client(access)
        #: Paths that can't be read, and names of what can't be expanded, asked for once; whether the key lacks the right.
        self._closed: dict[str, bool] = {}

    # --- what the syncs ask -------------------------------------------------------------------------------------------

    def test(self) -> Sequence[Finding]:
        """Tries the key on each thing that is read."""
        for step, (path, given) in _STEPS.items():
            try:
                self._expanded(path, {"limit": 1}, given)
            except Absent:
                continue
            except GiveUp:
                if step == "charge":
                    raise
                self._closed[step] = True
        for path in _BESIDE:
            self._maybe(path, {"limit": 1})
        lacking = sorted({right for name, right in _RIGHTS.items() if self._closed.get(name)})
        said = Message("Stripe answers and takes the key; it is one of %(mode)s.", mode=Message("the live mode"))
        if not is_live(str(self._access.fields["api_key"])):
            said = Message(
                "Stripe answers and takes the key. It is one of the test mode: only test payments come in. "
                "For real ones, connect a key of the live mode."
            )
        found = [Finding(said)]
        if lacking:
            said = Message("The key lacks these rights, so that something will be missing: %(names)s.", names=lacking)
            found.append(Finding(said, fine=False))
        if not self._access.fields.get("webhook_secret"):
            said = Message(
                "There is no secret for webhooks yet: changes are seen every quarter of an hour, not at once."
            )
            found.append(Finding(said, fine=False))
        elif problem := self.watch():
            found.append(Finding(problem, fine=False))
        return found

    def steps(self) -> Sequence[str]:
        """Products first, as tags are made of their names; changes of what is old last."""
        return [*_STEPS, _EVENTS]

    def page(self, step: str, cursor: Any, since: dt.datetime | None) -> Page:
        """A page of a step, newest first; what is made meanwhile comes with the next reading, which begins before this one."""
        asked: dict[str, Any] = {"limit": PAGE}
        if cursor is not None:
            asked["starting_after"] = str(cursor)
        if since is not None:
            asked["created"] = {"gte": int(since.timestamp())}
        if step == _EVENTS:
            return self._changes(asked) if since is not None else Page([])
        path, given = _STEPS[step]
        try:
            answer, now = self._expanded(path, asked, given)
        except Absent:
            # What stood last was deleted, so nothing says where to go on: all of it again, which is quick where it is known.
            return self.page(step, None, since) if cursor is not None else Page([])
        rows = _rows(answer)
        items = [
            Incoming(
                kind=step,
                external_id=str(row["id"]),
                version=now,
                body=self._disputed(row) if step == "charge" else row,
            )
            for row in rows
        ]
        return Page(items, rows[-1]["id"] if rows and answer.get("has_more") else None)

    def _changes(self, asked: dict[str, Any]) -> Page:
        """What changed of older records, as the account's events of the last 30 days tell it."""
        try:
            answer, _now = self._get("/v1/events", asked)
        except (Absent, GiveUp) as error:
            if isinstance(error, Absent) and "starting_after" in asked:
                del asked["starting_after"]
                return self._changes(asked)
            return Page([])
        rows = _rows(answer)
        items = {(item.kind, item.external_id): item for row in reversed(rows) if (item := told(row)) is not None}
        return Page(list(items.values()), rows[-1]["id"] if rows and answer.get("has_more") else None)

    def complete(self, items: Sequence[Incoming]) -> Sequence[Incoming]:
        """The records as they are now where an event told of them; charges with all refunds, disputes and fees."""
        found = []
        for item in items:
            now = self._again(item) if not item.gone and (TOLD in item.body or not item.body) else item
            if now is not None:
                found.append(self._with_more(now) if now.kind == "charge" and not now.gone else now)
        return found

    def _again(self, item: Incoming) -> Incoming | None:
        """The record as it is now; where the account can't be asked for it, as it was told, if it was."""
        try:
            return self._one(item.kind, item.external_id)
        except (Absent, GiveUp):
            body = {name: value for name, value in item.body.items() if name != TOLD}
            return dataclasses.replace(item, body=body) if body else None

    def _with_more(self, item: Incoming) -> Incoming:
        body, more = item.body, dict(item.more)
        refunds = body.get("refunds")
        known = isinstance(refunds, Mapping) and not refunds.get("has_more") and bool(_rows(refunds))
        if body.get("amount_refunded") and not known:
            more["refunds"] = self._beside("/v1/refunds", item.external_id)
        if isinstance(body.get("balance_transaction"), str):
            more["balance"] = self._maybe(f"/v1/balance_transactions/{body['balance_transaction']}", {})
        return dataclasses.replace(item, more={name: value for name, value in more.items() if value is not None})

    def _disputed(self, row: Mapping[str, Any], *, asked: bool = False) -> Mapping[str, Any]:
        """A charge with its disputes: a charge itself does not change when one is decided."""
        if not (asked or row.get("disputed") or row.get("dispute")):
            return row
        disputes = self._beside("/v1/disputes", str(row["id"]))
        return {**row, "disputes": disputes} if disputes else row

    def _beside(self, path: str, charge: str) -> list[Mapping[str, Any]] | None:
        answer = self._maybe(path, {"charge": charge, "limit": PAGE})
        return _rows(answer) if answer is not None else None

    def _maybe(self, path: str, asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """An answer, or ``None`` where the key may not read it or there is none."""
        try:
            return self._get(path, asked)[0] if _root(path) not in self._closed else None
        except Refused:
            self._closed[_root(path)] = True
            return None
        except (Absent, GiveUp):
            return None

    def fetch(self, kind: str, ids: Sequence[str]) -> Sequence[Incoming]:
        """Records as they are now. Charges and customers never leave Stripe: who does not find one asks with another key."""
        found = []
        for name in ids:
            try:
                found.append(self._one(kind, name, disputes=True))
            except Absent:
                if kind in _LEAVES:
                    found.append(Incoming(kind=kind, external_id=name, gone=True))
        return found

    def _one(self, kind: str, name: str, *, disputes: bool = False) -> Incoming:
        path, given = _STEPS[kind]
        body, now = self._expanded(
            f"{path}/{name}", {}, {"expand": [field.removeprefix("data.") for field in given.get("expand", ())]}
        )
        if kind == "charge":
            body = self._disputed(body, asked=disputes)
        return Incoming(kind=kind, external_id=name, version=now, body=body, gone=bool(body.get("deleted")))

    def watch(self) -> str:
        """What is wrong with the endpoint that brings changes here; nothing where the key may not look."""
        answer = self._maybe("/v1/webhook_endpoints", {"limit": PAGE})
        if answer is None:
            return ""
        mine = [
            row
            for row in _rows(answer)
            if str(row.get("url") or "").rstrip("/").endswith(f"/hooks/stripe/{self._access.key}")
        ]
        if not mine:
            return Message("Stripe has no webhook endpoint that comes here: add one as the steps say.")
        if any(row.get("status") == "enabled" for row in mine):
            return ""
        return Message("Stripe switched the webhook endpoint off: enable it again under Developers > Webhooks.")

    # --- calling ------------------------------------------------------------------------------------------------------

    def post(self, path: str, given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """Asks Stripe to make something; with the same key twice, it is made once.

        :raises RetryLater: when Stripe is busy or broken just now.
        :raises GiveUp: when it refuses.
        """
        try:
            # Asked for twice at the same moment, Stripe refuses the second until the first is answered.
            return self._call("post", path, {**given, "idempotency_key": key, "max_network_retries": 1})[0]
        except Absent as error:
            raise GiveUp(Message("Stripe has no such page.")) from error

    def session(self, name: str) -> Mapping[str, Any]:
        """A session of Stripe Checkout with its payment intent.

        :raises Absent: when there is none of that name.
        :raises RetryLater: as :meth:`post`; and GiveUp.
        """
        return self._get(f"/v1/checkout/sessions/{name}", {"expand": ["payment_intent"]})[0]

    def _expanded(self, path: str, asked: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
        """An answer with all that is to come with it, but for what the key may not read or the other side knows nothing of.

        :raises GiveUp: when the records themselves may not be read, or without it a paid invoice would count beside its charge.
        """
        rest = {name: value for name, value in given.items() if name != "expand"}
        wanted = [field for field in given.get("expand", ()) if field.removeprefix("data.") not in self._closed]
        try:
            found = self._get(path, {**rest, **asked, **({"expand": wanted} if wanted else {})})
        except GiveUp as error:
            if not wanted:
                raise
            self._get(path, {**rest, **asked})
            for field in wanted:
                try:
                    self._get(path, {**rest, **asked, "expand": [field]})
                except GiveUp as why:
                    self._closed[field.removeprefix("data.")] = isinstance(why, Refused)
            if all(field.removeprefix("data.") not in self._closed for field in wanted):
                raise
            found = self._expanded(path, asked, given)
            if "payments" in self._closed and any(map(_unlinked, _rows(found[0]) or [found[0]])):
                raise error
        return found

    def _get(self, path: str, asked: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
        return self._call("get", path, asked)

    def _call(self, method: str, path: str, given: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
        """An answer, and the second on Stripe's clock at which it was given.

        :raises Absent: when there is no such record.
        :raises RetryLater: when Stripe is busy or broken just now.
        :raises GiveUp: when it refuses the key or the question.
        """
        import stripe

        try:
            answer: Any = self._client.raw_request(method, path, **given)
            body = json.loads(answer.body, parse_float=str, parse_constant=str)
        except stripe.StripeError as error:
            raise calling.failure(error) from error
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            # The library takes for granted that an answer is one of Stripe's.
            raise GiveUp(_NOT_STRIPE) from error
        if not isinstance(body, Mapping):
            raise GiveUp(_NOT_STRIPE)
        return body, self._second(answer.headers)

    def _second(self, headers: Mapping[str, str]) -> int:
        text = headers.get("date") or headers.get("Date") or ""
        try:
            at = email.utils.parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            at = self._access.now
        return int(at.timestamp())


def told(event: Mapping[str, Any]) -> Incoming | None:
    """The record that an event tells of, marked as told; ``None`` when it tells of nothing that is read.

    Refunds and disputes are told as their charge, of which only the id is known then.
    """
    data = event.get("data")
    row = data.get("object") if isinstance(data, Mapping) else None
    if not isinstance(row, Mapping) or not row.get("object"):
        return None
    made = event.get("created")
    version = made if isinstance(made, int) else 0
    kind = KINDS.get(str(row["object"]))
    if kind is None:
        charge = _paid_by(row) if row["object"] == "payment_intent" else row.get("charge")
        charge = charge.get("id") if isinstance(charge, Mapping) else charge
        wanted = row["object"] in ("refund", "dispute", "payment_intent") and isinstance(charge, str) and charge
        return Incoming(kind="charge", external_id=str(charge), version=version) if wanted else None
    if not isinstance(row.get("id"), str):
        return None
    if row.get("deleted") or (str(event.get("type")).endswith(f"{row['object']}.deleted") and kind != "subscription"):
        return Incoming(kind=kind, external_id=row["id"], version=version, gone=True)
    return Incoming(kind=kind, external_id=row["id"], version=version, body={**row, TOLD: True})


def _unlinked(row: Mapping[str, Any]) -> bool:
    """Whether an invoice says nothing of its payments, where it could have been paid by a charge."""
    return row.get("object") == "invoice" and not any(name in row for name in ("payments", "charge", "payment_intent"))


def _root(path: str) -> str:
    return "/".join(path.split("/")[:3])


def _paid_by(intent: Mapping[str, Any]) -> object:
    """The charge of a payment intent: before 2022-11-15 the first of its list."""
    before = _rows(intent["charges"]) if isinstance(intent.get("charges"), Mapping) else []
    return intent.get("latest_charge") or (before[0]["id"] if before else None)


def is_live(key: str) -> bool:
    """Whether a key is one of the live mode."""
    return "_live_" in key[:12]


def _rows(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = answer.get("data")
    return [row for row in rows if isinstance(row, Mapping) and row.get("id")] if isinstance(rows, list) else []
