"""Calls a shop's REST interface (wc/v3): reading only, page by page, with its errors in words."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from crmhost.api import GiveUp, Message, RetryLater, http, texts
from plugins.syncs.api import Access, Finding, Incoming, Page

from .bought import categories_of

PAGE = 100
_LARGEST = 20 * 1024 * 1024
_TIMEOUTS = http.Timeouts(connect=10, read=60, total=90)
_BUSY = 429
#: Ways in which records of each step are asked for.
_STEPS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "product": ("products", {"status": "any"}),
    "customer": ("customers", {"role": "all"}),
    "order": ("orders", {"status": "any"}),
    "subscription": ("subscriptions", {"status": "any"}),
}
#: Customers that are read whole each time, as the shop can't say which of them changed; of more, only new ones are looked for.
_FEW = 1_000
#: Accounts of the shop's own people, who are no customers.
_STAFF = ("administrator", "shop_manager", "editor", "author", "contributor")
_OPTIONAL = ("subscription",)
_NO_RECORD = Message("The shop sent something that is no record: look whether this is the address of a shop.")
_DIGITS = re.compile(r"[0-9]{1,18}")


class Absent(Exception):  # the shop lacks it, which is no failure
    """The shop has no such resource."""


class WooReader:
    """See :class:`plugins.syncs.api.Reader`.

    :param access: with ``url``, ``key``, ``secret``, and ``webhook_secret``.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._base = str(access.fields["url"]).rstrip("/")
        #: The shop only counts pages.
        self._pages = False

    # --- what the syncs ask -------------------------------------------------------------------------------------------

    def test(self) -> Sequence[Finding]:
        """Tries the keys on each thing that is read."""
        found = [
            Finding(Message("The shop answers and takes the keys: %(number)s orders.", number=self._count("orders")))
        ]
        if urlsplit(self._base).scheme == "http":
            said = Message("The shop is called without encryption: give its address with https if it has one.")
            found.append(Finding(said, fine=False))
        try:
            self._count("customers", role="all")
        except GiveUp as error:
            found.append(Finding(error.why, fine=False))
        if not self._access.fields.get("webhook_secret"):
            said = Message(
                "There is no secret for webhooks yet: changes are seen every quarter of an hour, not at once."
            )
            found.append(Finding(said, fine=False))
        elif problem := self.watch():
            found.append(Finding(problem, fine=False))
        return found

    def steps(self) -> Sequence[str]:
        """Products before orders, as tags are made of their categories."""
        return list(_STEPS)

    def page(self, step: str, cursor: Any, since: dt.datetime | None) -> Page:
        """A page of a step, in the order of ids.

        What is deleted meanwhile moves what comes after it to an earlier page. So each page begins with the last row of the one
        before; where that is not there, it is looked for further in front.
        """
        path, given = _STEPS[step]
        asked = {**given, "per_page": PAGE, "orderby": "id", "order": "asc"}
        if since is not None and step == "customer":
            asked |= {"order": "desc"}
        elif since is not None:
            asked |= {"modified_after": f"{since.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}", "dates_are_gmt": "true"}
        read, last = _place(cursor)

        def ahead(row: Mapping[str, Any]) -> bool:
            return _id(row) < last if asked["order"] == "desc" else _id(row) > last

        try:
            start, rows, headers = self._rows(path, asked, read, ahead if last else None)
        except Absent:
            if step in _OPTIONAL:
                return Page([])
            raise GiveUp(_no_interface(self._base)) from None
        found = [row for row in rows if not last or ahead(row)]
        # Shops count records that they can't load or show, and leave them out: a page of nothing else is done with.
        total, done = _number(headers, "x-wp-total"), start + (len(rows) if found else PAGE)
        more = done < total if total is not None else len(rows) == PAGE
        if step == "customer" and since is not None and (total or 0) > _FEW:
            more = more and any(_since(row, since) for row in rows)
        items = [incoming(step, row) for row in found if not (step == "customer" and is_staff(row))]
        cursor = {"read": done, "last": _id(found[-1]) if found else 0} if more and rows else None
        return Page(items, cursor, total or 0)

    def _rows(
        self, path: str, asked: Mapping[str, Any], read: int, ahead: Callable[[Mapping[str, Any]], bool] | None
    ) -> tuple[int, list[Mapping[str, Any]], Mapping[str, str]]:
        """The rows from the last one that was read on, with the place of the first of them and the headers."""
        start = max(read - 1, 0)
        rows, headers = self._from(path, asked, start) if start and not self._pages else ([], {})
        if len(rows) > 1 and ahead is not None and not ahead(rows[-1]):
            # Nothing but what was read before: something in front of the shop ignores the offset, and gives the first page again.
            self._pages = True
        if self._pages or not start:
            number = read // PAGE + 1
            return (number - 1) * PAGE, *self._from(path, asked, 0, number)
        while ahead is not None and start and (not rows or ahead(rows[0])):
            start = max(start - PAGE, 0)
            rows, headers = self._from(path, asked, start)
        return start, rows, headers

    def _from(
        self, path: str, asked: Mapping[str, Any], start: int, number: int = 1
    ) -> tuple[list[Mapping[str, Any]], Mapping[str, str]]:
        place = {"offset": start} if start else {"page": number} if number > 1 else {}
        answer, headers = self._get(path, {**asked, **place})
        return _list(answer, self._base), headers

    def complete(self, items: Sequence[Incoming]) -> Sequence[Incoming]:
        """Orders with their refunds as the shop details them: an order itself does not say when money went back."""
        known = self._categories(items)
        return [self._with_more(item, known) for item in items]

    def _with_more(self, item: Incoming, known: Mapping[str, list[str]]) -> Incoming:
        if item.kind != "order" or item.gone:
            return item
        item = self._with_refunds(item)
        bought = [
            str(line.get("product_id")) for line in item.body.get("line_items") or () if isinstance(line, Mapping)
        ]
        names = sorted({name for product in bought for name in known.get(product, ())})
        return dataclasses.replace(item, more={**item.more, "categories": names}) if names else item

    def _categories(self, items: Sequence[Incoming]) -> Mapping[str, list[str]]:
        """The categories of the products of some orders, where tags are made of them."""
        if not self._access.options.get("tag_categories"):
            return {}
        lines = [line for item in items for line in item.body.get("line_items") or () if isinstance(line, Mapping)]
        return categories_of(self._access.work, self._access.key, {str(line.get("product_id")) for line in lines})

    def _with_refunds(self, item: Incoming) -> Incoming:
        refunds = item.body.get("refunds")
        if not refunds or "refunds" in item.more:
            return item
        try:
            rows, _headers = self._get(f"orders/{item.external_id}/refunds", {"per_page": PAGE})
        except Absent:
            return item
        except http.RequestError:
            # Told by a webhook of a shop that can't be reached just now: the amounts are known, the dates follow.
            return dataclasses.replace(item, more={**item.more, "incomplete": True})
        return dataclasses.replace(item, more={"refunds": _list(rows, self._base)})

    def fetch(self, kind: str, ids: Sequence[str]) -> Sequence[Incoming]:
        """Records as they are now; what is in the shop's bin comes as it is there."""
        found = []
        path = _STEPS[kind][0]
        for name in ids:
            try:
                row, _headers = self._get(f"{path}/{name}", {})
            except Absent:
                found.append(Incoming(kind=kind, external_id=name, gone=True))
            else:
                found.append(incoming(kind, row if isinstance(row, Mapping) else {}))
        return found

    def watch(self) -> str:
        """What is wrong with the webhooks that bring changes here."""
        try:
            rows, _headers = self._get("webhooks", {"per_page": PAGE, "status": "all"})
        except (Absent, GiveUp):
            return Message("These keys may not look at the webhooks of the shop: make them anew as an administrator.")
        ours = [row for row in _list(rows, self._base) if self._ours(str(row.get("delivery_url") or ""))]
        if not ours:
            return Message("The shop has no webhook that comes here: add one as the steps say.")
        off = [str(row.get("name") or row.get("topic")) for row in ours if row.get("status") != "active"]
        if off:
            return Message("The shop switched these webhooks off: %(names)s. Set them to active again.", names=off)
        return ""

    def _ours(self, address: str) -> bool:
        return urlsplit(address).path.rstrip("/").endswith(f"/hooks/woo/{self._access.key}")

    # --- calling ------------------------------------------------------------------------------------------------------

    def _count(self, path: str, **asked: str) -> int:
        try:
            _rows, headers = self._get(path, {**asked, "per_page": 1})
        except Absent:
            raise GiveUp(_no_interface(self._base)) from None
        return _number(headers, "x-wp-total") or 0

    def _get(self, path: str, asked: Mapping[str, Any]) -> tuple[Any, Mapping[str, str]]:
        """What the shop answers to one question.

        :raises Absent: when there is no such thing.
        :raises RetryLater: when it is busy or broken just now.
        :raises GiveUp: when it refuses the keys or the question.
        """
        url = f"{self._base}/wp-json/wc/v3/{path}"
        url = f"{url}?{urlencode(sorted(asked.items()))}" if asked else url
        url, headers = self._signed(url)
        answer = self._access.send("GET", url, headers=headers, timeouts=_TIMEOUTS, limit=_LARGEST)
        return self._read(answer)

    def _signed(self, url: str) -> tuple[str, dict[str, str]]:
        """The address and headers with the keys: in clear over HTTPS, as a signature (OAuth 1.0a) over plain HTTP."""
        key, secret = str(self._access.fields.get("key", "")), str(self._access.fields.get("secret", ""))
        if urlsplit(url).scheme == "https":
            return url, {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}
        return _with_signature(url, key, secret), {}

    def _read(self, answer: http.Response) -> tuple[Any, Mapping[str, str]]:
        status = answer.status
        if status == _BUSY or status >= 500:
            raise RetryLater(_seconds(answer.headers), _busy(status))
        if 300 <= status < 400:
            place = answer.headers.get("location", "")[:200]
            raise GiveUp(Message("The shop sends us on to “%(place)s”: give that address.", place=place))
        try:
            found = json.loads(answer.body, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            if status == 404:
                raise Absent from None
            if status in (401, 403):
                raise GiveUp(_refused(status, "", "")) from None
            # A page for people instead of data: such as that of a maintenance extension.
            raise RetryLater(
                0, Message("The shop answers with a page instead of data: it may be under maintenance.")
            ) from None
        if status == 200:
            return found, answer.headers
        table = found if isinstance(found, Mapping) else {}
        code, said = str(table.get("code") or ""), str(table.get("message") or "")[:200]
        if status == 404:
            raise Absent
        raise GiveUp(_refused(status, code, said))


def _place(cursor: Any) -> tuple[int, int]:
    """How many rows were read, and the id of the last one; 0 when that is not known."""
    if isinstance(cursor, Mapping):
        return int(cursor["read"]), int(cursor["last"])
    # As it was kept once: the number of the next page. What may have slipped by is read again.
    return (max(int(cursor or 1) - 2, 0) * PAGE, 0)


def _id(row: Mapping[str, Any]) -> int:
    name = str(row.get("id") or "")
    if not _DIGITS.fullmatch(name):
        raise GiveUp(_NO_RECORD)
    return int(name)


def _with_signature(url: str, key: str, secret: str) -> str:
    """An address signed as OAuth 1.0a says (RFC 5849, section 3.4). The library's client would not sign for plain HTTP, which is
    where shops want it.
    """
    from authlib.oauth1.rfc5849 import client_auth, signature  # not needed by shops that encrypt

    asked = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    asked += client_auth.ClientAuth(key).get_oauth_params(
        client_auth.generate_nonce(), client_auth.generate_timestamp()
    )
    base = signature.construct_base_string("GET", url, asked)
    signed = urlencode([*asked, ("oauth_signature", signature.hmac_sha1_signature(base, secret, ""))])
    return f"{url.partition('?')[0]}?{signed}"


def is_staff(row: Mapping[str, Any]) -> bool:
    """Whether an account is one of the shop's own people, who are no customers."""
    return str(row.get("role") or "") in _STAFF


def _since(row: Mapping[str, Any], since: dt.datetime) -> bool:
    made = instant(row.get("date_created_gmt"))
    return made is None or made >= since


def incoming(kind: str, row: Mapping[str, Any]) -> Incoming:
    """A record of the shop; its version is the second of its last change."""
    if row.get("id") in (None, ""):
        raise GiveUp(_NO_RECORD)
    body = {name: value for name, value in row.items() if name != "_links"}
    name = texts.clean_line(str(row["id"]))[:200]
    return Incoming(kind=kind, external_id=name, version=version_of(row), body=body)


def version_of(row: Mapping[str, Any]) -> int:
    """The second of the last change; 0 when the shop does not say."""
    at = instant(row.get("date_modified_gmt")) or instant(row.get("date_created_gmt"))
    return int(at.timestamp()) if at is not None else 0


def instant(text: object) -> dt.datetime | None:
    """A time of the shop in UTC, as its fields that end in ``_gmt`` have it."""
    if not isinstance(text, str) or not text:
        return None
    try:
        at = dt.datetime.fromisoformat(text)
        return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _list(rows: Any, base: str) -> list[Mapping[str, Any]]:
    if not isinstance(rows, list):
        raise GiveUp(_no_interface(base))
    return [row for row in rows if isinstance(row, Mapping)]


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "")
    return int(text) if _DIGITS.fullmatch(text) else None


def _seconds(headers: Mapping[str, str]) -> float:
    text = headers.get("retry-after", "")
    return min(float(text), 3600.0) if _DIGITS.fullmatch(text) else 0.0


def _busy(status: int) -> str:
    if status == _BUSY:
        return Message("The shop asks us to wait.")
    return Message("The shop has a fault just now (HTTP %(status)s).", status=str(status))


def _no_interface(base: str) -> str:
    return Message(
        "There is no WooCommerce at %(base)s, or its permalinks are “plain”: choose others under Settings > Permalinks there.",
        base=base,
    )


def _refused(status: int, code: str, said: str) -> str:
    if status in (401, 403):
        return Message(
            "The shop refuses the keys: make new ones with the permission Read, in its settings of WooCommerce under Advanced."
        )
    return Message(
        "The shop refuses the question (HTTP %(status)s %(code)s): %(said)s", status=str(status), code=code, said=said
    )
