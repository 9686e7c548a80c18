"""What the records of Stripe become here, in the shapes of its interface before and after 2025-03-31 ("basil")."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.api import Invalid, Message, Money, record_fields, texts
from plugins.syncs.api import Incoming, Other, Person, Refund, Sale, guest_id

from .amounts import amount, currency_of
from .checkout import METADATA
from .parsed import id_of as _id
from .parsed import instant as _instant
from .parsed import rows as _rows
from .parsed import table as _table
from .parsed import text as _text
from .recurring import subscribed

#: Refunds whose money does not go back, or came back.
_NO_REFUND = ("failed", "canceled")
#: Disputes that took the money away; those that are only asked about (``warning_…``) did not, those that were won gave it back.
_TAKEN = ("needs_response", "under_review", "lost")
_OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
_MOST_LINES = 200


@dataclasses.dataclass(frozen=True)
class Settled:
    """A balance transaction: what a charge brought, in the currency that the account is paid out in."""

    name: str
    amount: Money
    fee: Money
    net: Money
    exchange_rate: str


@dataclasses.dataclass(frozen=True)
class Disputed:
    """A dispute of a charge: the payer's bank asks for the money, or for what speaks for it."""

    name: str
    status: str
    amount: Money
    reason: str
    at: dt.datetime


@dataclasses.dataclass(frozen=True)
class Kept:
    """What is kept of a charge besides its sale: its fee, the invoice of the CRM that it pays, sealed, and its disputes."""

    settled: Settled | None
    pays: str = ""
    disputes: Sequence[Disputed] = ()


def shape(item: Incoming, options: Mapping[str, Any]) -> Sale | Person | Other:
    """What a record becomes; see :class:`plugins.syncs.api.Source`."""
    body = item.body
    if item.kind == "customer":
        return customer(body)
    if item.kind == "charge":
        return charge(item)
    if item.kind == "invoice":
        return invoice(item)
    if item.kind == "subscription":
        return subscription(item, options)
    if item.kind == "session":
        return session(item)
    return Other(label=_text(body.get("name"), 200), status="active" if body.get("active") else "")


# --- charges ---------------------------------------------------------------------------------------------------------


def charge(item: Incoming) -> Sale:
    """A charge: a sale of what was captured, with its refunds; money that a dispute took away is one of them."""
    body = item.body
    currency = currency_of(body.get("currency"))
    captured = bool(body.get("captured", True))
    paid = bool(body.get("paid", body.get("status") == "succeeded")) and captured and body.get("status") == "succeeded"
    # Nobody captures nothing: what says so is of a time before that was told.
    whole = (body.get("amount_captured") if captured else None) or body.get("amount")
    if whole is None:
        raise Invalid(Message("This charge has no amount."))
    total = amount(whole, currency, "amount")
    settled = _settled(item)
    amounts = {"total": total}
    if settled is not None and settled.fee.currency == currency:
        amounts["fee"] = settled.fee
    disputes = [row for row in body.get("disputes") or () if isinstance(row, Mapping)]
    refunds = _refunds(item, currency, total, disputes)
    return Sale(
        ref=item.external_id,
        name=_text(body.get("description"), 190) or item.external_id,
        status=_status(body, disputes, refunds, total, captured=captured),
        at=_at(body),
        paid=paid,
        amounts=amounts,
        person=_payer(item),
        refunds=refunds,
        description=_text(body.get("failure_message"), 500),
        payment_method=_method(body),
        same=_names(item.external_id, body.get("payment_intent"), body.get("invoice")),
        url=_text(body.get("receipt_url"), 500) or _page(item, "payments"),
        details=Kept(
            settled,
            _text(_table(body.get("metadata")).get(METADATA), 500),
            [_dispute(row, currency) for row in disputes],
        ),
    )


def _status(
    body: Mapping[str, Any],
    disputes: Sequence[Mapping[str, Any]],
    refunds: Sequence[Refund],
    total: Money,
    *,
    captured: bool,
) -> str:
    status = str(body.get("status") or "")
    if status in ("failed", "pending"):
        return status
    if not captured:
        return "uncaptured"
    states = [str(row.get("status")) for row in disputes]
    if "lost" in states:
        return "lost"
    if any(state in _OPEN for state in states):
        return "disputed"
    back = sum(refund.amount.amount for refund in refunds)
    if back and back >= total.amount:
        return "refunded"
    return "partially_refunded" if back else "succeeded"


def _refunds(item: Incoming, currency: str, total: Money, disputes: Sequence[Mapping[str, Any]]) -> list[Refund]:
    """The refunds of a charge. What Stripe says was refunded counts, also where the single refunds are not told."""
    body = item.body
    given = item.more.get("refunds")
    rows = given if given is not None else (body.get("refunds") or {}).get("data") or ()
    left = min(amount(body.get("amount_refunded"), currency, "refund").amount, total.amount)
    found: list[Refund] = []
    for row in rows:
        worth = amount(row.get("amount"), currency, "refund").amount
        if row.get("status") in _NO_REFUND or not 0 < worth <= left:
            continue
        left -= worth
        reason = _text(row.get("reason"), 200).replace("_", " ")
        found.append(Refund(external_id=str(row["id"]), amount=Money(worth, currency), at=_at(row), reason=reason))
    if left:
        found.append(Refund(external_id=f"{item.external_id}-rest", amount=Money(left, currency), at=_at(body)))
    rest = total.amount - sum(refund.amount.amount for refund in found)
    for row in disputes:
        worth = min(amount(row.get("amount"), currency, "dispute").amount, rest)
        if row.get("status") not in _TAKEN or worth <= 0:
            continue
        rest -= worth
        told = _dispute(row, currency)
        found.append(
            Refund(
                external_id=str(row["id"]), amount=Money(worth, currency), at=told.at, reason=f"Dispute: {told.reason}"
            )
        )
    return found


def _dispute(row: Mapping[str, Any], currency: str) -> Disputed:
    worth = amount(row.get("amount"), currency, "dispute")
    reason = _text(row.get("reason"), 80).replace("_", " ")
    return Disputed(str(row["id"])[:80], _text(row.get("status"), 40), worth, reason, _at(row))


def _settled(item: Incoming) -> Settled | None:
    """The fee of a charge, which its balance transaction alone knows: in that one's currency."""
    row = item.body.get("balance_transaction")
    row = row if isinstance(row, Mapping) else item.more.get("balance")
    if not isinstance(row, Mapping):
        return None
    currency = currency_of(row.get("currency"))
    whole, fee, net = (amount(row.get(name), currency, name) for name in ("amount", "fee", "net"))
    return Settled(str(row.get("id") or "")[:80], whole, fee, net, str(row.get("exchange_rate") or "")[:40])


def _method(body: Mapping[str, Any]) -> str:
    details = body.get("payment_method_details")
    kind = str(details.get("type") or "") if isinstance(details, Mapping) else ""
    more = details.get(kind) if isinstance(details, Mapping) else None
    brand = str(more.get("brand") or "") if isinstance(more, Mapping) else ""
    return _text((brand or kind).replace("_", " ").capitalize(), 80)


# --- people ----------------------------------------------------------------------------------------------------------


def customer(body: Mapping[str, Any]) -> Person:
    """A customer."""
    emails = _emails(body.get("email"))
    return Person(external_id=str(body["id"]), emails=emails, fields=_fields(body))


def _payer(item: Incoming) -> Person | None:
    """Who paid: the customer, else the guest by their address, else nobody knows."""
    body = item.body
    billing = _table(body.get("billing_details"))
    emails = list(dict.fromkeys([*_emails(billing.get("email")), *_emails(body.get("receipt_email"))]))
    owner = _id(body.get("customer"))
    if owner:
        known = _table(body.get("customer"))
        emails = list(dict.fromkeys([*_emails(known.get("email")), *emails]))
        return Person(external_id=owner, emails=emails, fields={**_fields(billing), **_fields(known)})
    if emails:
        return Person(external_id=guest_id(emails[0]), emails=emails, fields=_fields(billing))
    return None


def _of_customer(body: Mapping[str, Any], details: Mapping[str, Any], tags: Sequence[str] = ()) -> Person | None:
    emails = _emails(details.get("email"))
    owner = _id(body.get("customer"))
    if owner or emails:
        return Person(external_id=owner or guest_id(emails[0]), emails=emails, fields=_fields(details), tags=tags)
    return None


def _fields(person: Mapping[str, Any]) -> dict[str, str]:
    first, _space, last = _text(person.get("name"), 240).partition(" ")
    address = _table(person.get("address"))
    found = {
        "first_name": first[:120], "last_name": last[:120], "work_phone": _text(person.get("phone"), 60),
        "address1_line1": _text(address.get("line1"), 200), "address1_line2": _text(address.get("line2"), 200),
        "address1_city": _text(address.get("city"), 120), "address1_county": _text(address.get("state"), 120),
        "address1_postal_code": _text(address.get("postal_code"), 40), "address1_country": _text(address.get("country"), 2),
    }  # fmt: skip
    return {name: text for name, text in found.items() if text}


# --- invoices, subscriptions, checkout -------------------------------------------------------------------------------


def invoice(item: Incoming) -> Sale | Other:
    """An invoice. Once paid it is the same sale as its charge, to which it adds lines, discount and tax."""
    body = item.body
    currency = currency_of(body.get("currency"))
    status = str(body.get("status") or ("paid" if body.get("paid") else "open"))
    number = _text(body.get("number"), 100) or item.external_id
    details = {name: body.get(f"customer_{name}") for name in ("email", "name", "phone", "address")}
    person = _of_customer(body, details)
    paid = amount(body.get("amount_paid"), currency, "amount_paid")
    moved = _table(body.get("status_transitions")).get("paid_at")
    at = _instant(moved) or _at(body)
    url = _text(body.get("hosted_invoice_url"), 500) or _page(item, "invoices")
    if status != "paid" or not paid:
        total = paid if status == "paid" else amount(body.get("total", body.get("amount_due")), currency, "total")
        return Other(status=status, label=number, at=at, amount=total, person=person, url=url)
    return Sale(
        ref=number,
        name=number,
        status="paid",
        at=at,
        paid=True,
        amounts={
            "total": paid,
            "tax": _tax(body, currency),
            "discount": _sum(body, "total_discount_amounts", currency),
        },
        person=person,
        lines=_lines(body, currency),
        same=_names(*_payments(body), item.external_id),
        url=url,
    )


def _payments(body: Mapping[str, Any]) -> list[object]:
    """The charge and payment intent of an invoice: its own fields, or since basil those of its payments."""
    names: list[object] = [body.get("charge"), body.get("payment_intent")]
    for row in _rows(body.get("payments")):
        payment = _table(row.get("payment"))
        names += [payment.get("charge"), payment.get("payment_intent")]
    return names


def _tax(body: Mapping[str, Any], currency: str) -> Money:
    if body.get("tax") is not None:
        return amount(body["tax"], currency, "tax")
    field = "total_taxes" if body.get("total_taxes") is not None else "total_tax_amounts"
    return _sum(body, field, currency)


def _sum(body: Mapping[str, Any], field: str, currency: str) -> Money:
    rows = body.get(field)
    each = [amount(row.get("amount"), currency, field) for row in rows or () if isinstance(row, Mapping)]
    return sum(each, Money.zero(currency))


def _lines(body: Mapping[str, Any], currency: str) -> list[dict[str, Any]] | None:
    table = _table(body.get("lines"))
    rows = _rows(table)
    if not rows or table.get("has_more") or len(rows) > _MOST_LINES:
        return None
    found = []
    for row in rows:
        total = amount(row.get("amount"), currency, "line")
        quantity = row.get("quantity")
        number = quantity if isinstance(quantity, int) and quantity > 0 else 1
        exact = number if total.amount % number == 0 else 1
        found.append(
            {
                "title": _text(row.get("description"), 300), "quantity": str(exact),
                "unit_price": Money(total.amount // exact, currency), "total": total,
            }
        )  # fmt: skip
    return found


def subscription(item: Incoming, options: Mapping[str, Any]) -> Other:
    """A subscription; its invoices bring the money."""
    body = item.body
    items = _rows(body.get("items"))
    prices = [(_table(row.get("price")) or _table(row.get("plan")), row.get("quantity") or 1) for row in items]
    names = [_text(price.get("nickname") or _product(price), 80) for price, _quantity in prices]
    currency = currency_of(body.get("currency") or next((price.get("currency") for price, _q in prices), ""))
    each = [amount(price.get("unit_amount", price.get("amount")), currency, "price") for price, _quantity in prices]
    total = sum(
        (Money(one.amount * int(q), currency) for one, (_p, q) in zip(each, prices, strict=True)), Money.zero(currency)
    )
    every = next((_table(price.get("recurring")).get("interval") or price.get("interval") for price, _q in prices), "")
    label = ", ".join(name for name in names if name) or item.external_id
    tags = _tags([name for name in names if name], options) if body.get("status") in ("active", "trialing") else []
    return Other(
        status=str(body.get("status") or ""),
        label=f"{texts.shorten(label, 160)} ({every})" if every else texts.shorten(label, 180),
        at=_instant(body.get("start_date")) or _at(body),
        amount=total,
        person=_of_customer(body, {}, tags),
        url=_page(item, "subscriptions"),
        subscribed=subscribed(body, currency, _instant(item.version or None) or _at(body)),
    )


def _product(price: Mapping[str, Any]) -> str:
    product = price.get("product")
    return str(product.get("name") or "") if isinstance(product, Mapping) else ""


def _tags(names: Sequence[str], options: Mapping[str, Any]) -> list[str]:
    if not options.get("tag_plans"):
        return []
    prefix = texts.clean_line(str(options.get("tag_prefix") or ""))
    return list(dict.fromkeys(f"{prefix} {name}".strip()[:80] for name in names))[:50]


def session(item: Incoming) -> Other:
    """A checkout: who bought. The money comes with its charge."""
    body = item.body
    code = body.get("currency")
    total = amount(body.get("amount_total"), currency_of(code), "amount_total") if code else None
    status = str(body.get("payment_status") or body.get("status") or "")
    person = _of_customer(body, _table(body.get("customer_details")))
    at = _instant(body.get("created"))
    return Other(status=status, label=item.external_id, at=at, amount=total, person=person)


# --- one value each --------------------------------------------------------------------------------------------------


def _names(*names: object) -> list[str]:
    """What a sale is called: its charge, payment intent and invoice."""
    return list(dict.fromkeys(f"stripe:{name}" for one in names if (name := _id(one))))


def _page(item: Incoming, path: str) -> str:
    """Where staff look at a record at Stripe."""
    mode = "" if item.body.get("livemode") else "test/"
    return f"https://dashboard.stripe.com/{mode}{path}/{item.external_id}"


def _emails(value: object) -> list[str]:
    """The address, unless it is none."""
    try:
        return [record_fields.check_email(texts.clean_line(str(value)))] if value else []
    except ValueError:
        return []


def _at(body: Mapping[str, Any]) -> dt.datetime:
    at = _instant(body.get("created"))
    if at is None:
        raise Invalid(Message("This record has no date."))
    return at
