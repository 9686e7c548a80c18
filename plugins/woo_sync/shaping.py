"""What the records of a shop become here. Money is read from text, never as a float; times from the fields in UTC."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from crmhost.api import Invalid, Message, Money, money, record_fields, texts
from plugins.syncs.api import Bill, BillLine, Incoming, Other, Person, Refund, Sale, Subscribed, guest_id

from .reader import instant, version_of

#: Statuses whose orders are paid by what they are called.
PAID = ("processing", "completed")
#: Statuses of what the shop threw away.
THROWN_AWAY = ("trash",)
_STRIPE = ("ch_", "py_", "pi_")
_LONGEST = {"first_name": 120, "last_name": 120, "work_phone": 60, "address1_line1": 200, "address1_line2": 200,
            "address1_city": 120, "address1_county": 120, "address1_postal_code": 40}  # fmt: skip
_MOST_LINES = 200
_UNITS: Mapping[str, Literal["day", "week", "month", "year"]] = {
    "day": "day",
    "week": "week",
    "month": "month",
    "year": "year",
}
_MOST = 1000
#: Statuses of subscriptions: not paid yet, or thrown away; those that bring something.
_UNPAID = ("pending", "trash", "auto-draft", "")
_RUNNING = ("active", "pending-cancel")


@dataclasses.dataclass(frozen=True)
class Details:
    """What is kept of an order for segments: products as (id, name), coupons."""

    products: Sequence[tuple[str, str]]
    coupons: Sequence[str]


def shape(item: Incoming, options: Mapping[str, Any]) -> Sale | Person | Other:
    """What a record becomes; see :class:`plugins.syncs.api.Source`."""
    if item.kind == "order":
        return order(item, options)
    if item.kind == "customer":
        return customer(item.body)
    if item.kind == "subscription":
        return subscription(item)
    return Other(label=_plain(item.body.get("name"), 200), details=_categories(item.body))


# --- orders ----------------------------------------------------------------------------------------------------------


def order(item: Incoming, options: Mapping[str, Any]) -> Sale:
    """An order: a sale with its lines, and each refund."""
    body = item.body
    currency = _currency(body.get("currency"))
    status = _plain(body.get("status"), 60) or "pending"
    number = _plain(body.get("number"), 60) or item.external_id
    paid_at, made_at = instant(body.get("date_paid_gmt")), instant(body.get("date_created_gmt"))
    # A payment from before the order is none that happened: such dates come from copied orders.
    at = max(paid_at, made_at) if paid_at and made_at else paid_at or made_at
    if at is None:
        raise Invalid(Message("This order has no date."))
    refunds = _refunds(item, currency)
    products = _products(body)
    coupons = [_plain(line.get("code"), 200) for line in _rows(body, "coupon_lines")]
    charge = str(body.get("transaction_id") or "")
    amounts = {
        "total": _amount(body.get("total"), currency, "total"),
        "tax": _amount(body.get("total_tax"), currency, "tax"),
        "discount": _amount(body.get("discount_total"), currency, "discount"),
        "shipping": _amount(body.get("shipping_total"), currency, "shipping"),
    }
    return Sale(
        ref=f"{options.get('ref_prefix') or 'WC-'}{number}",
        name=_name(products, number),
        status=status,
        at=at,
        paid=_is_paid(status, paid_at, version_of(body), refunds),
        amounts=amounts,
        person=buyer(item),
        lines=_lines(body, currency),
        refunds=refunds,
        description=_plain(body.get("customer_note"), 2000),
        payment_method=_plain(body.get("payment_method_title"), 80),
        tags=_tags(products, coupons, item.more.get("categories") or (), options),
        same=[f"stripe:{charge}"] if charge.startswith(_STRIPE) else [],
        url=str(item.more.get("url") or ""),
        bill=_bill(body, currency) if options.get("invoices") else None,
        details=Details(products, [code for code in coupons if code]),
    )


def _is_paid(status: str, paid_at: dt.datetime | None, changed: int, refunds: Sequence[Refund]) -> bool:
    """Whether the money of an order came in.

    What was paid stays paid, whatever the order is called later. Was its payment the last that happened to it, then its status
    says itself whether the shop takes it for paid. What the shop threw away is no sale.
    """
    if status in THROWN_AWAY:
        return False
    if status in PAID or refunds:
        return True
    return paid_at is not None and changed > int(paid_at.timestamp())


def buyer(item: Incoming) -> Person | None:
    """Who bought: the customer with an account, else the guest by their address; without either the order alone says who."""
    body = item.body
    billing = _table(body, "billing")
    number = str(body.get("customer_id") or "0")
    emails = _emails(billing.get("email"))
    fields = _fields(billing)
    if number != "0":
        return Person(external_id=number, emails=emails, fields=fields)
    if emails:
        return Person(external_id=guest_id(emails[0]), emails=emails, fields=fields)
    if fields.get("first_name") or fields.get("last_name"):
        return Person(external_id=f"order-{item.external_id}", fields=fields)
    return None


def _refunds(item: Incoming, currency: str) -> list[Refund]:
    """The refunds of an order: named in it, detailed beside it; without details they are dated when the order changed last."""
    details = {str(row.get("id")): row for row in item.more.get("refunds") or () if isinstance(row, Mapping)}
    changed = instant(item.body.get("date_modified_gmt")) or instant(item.body.get("date_created_gmt"))
    found = []
    for row in _rows(item.body, "refunds"):
        name = str(row.get("id"))
        more = details.get(name, {})
        amount = _amount(more.get("amount") or row.get("total"), currency, "refund")
        at = instant(more.get("date_created_gmt")) or changed
        if at is None:
            raise Invalid(Message("This order has no date."))
        reason = _plain(more.get("reason") or row.get("reason") or row.get("refund"), 500)
        found.append(Refund(external_id=name, amount=Money(abs(amount.amount), currency), at=at, reason=reason))
    return found


def _products(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(line.get("product_id") or ""), _plain(line.get("name"), 200)) for line in _rows(body, "line_items")]


def _name(products: Sequence[tuple[str, str]], number: str) -> str:
    """What an order is called: what was bought, else its number."""
    names = [name for _product, name in products if name]
    if not names:
        return f"#{number}"
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    return texts.shorten(names[0], 190 - len(more)) + more


def _lines(body: Mapping[str, Any], currency: str) -> list[dict[str, Any]]:
    """What was bought at the price before discounts, and the fees that the shop asked or took off."""
    found: list[dict[str, Any]] = []
    for line in _rows(body, "line_items"):
        quantity = _decimal(line.get("quantity") if line.get("quantity") not in (None, "") else 1, "quantity")
        worth = _decimal(line.get("subtotal") if line.get("subtotal") not in (None, "") else line.get("total"), "line")
        each = worth / quantity if quantity else worth
        found.append(
            {
                "title": _plain(line.get("name"), 300), "quantity": f"{quantity:f}"[:20],
                "unit_price": _minor(each, currency), "total": _minor(worth, currency),
            }
        )  # fmt: skip
    for line in _rows(body, "fee_lines"):
        amount = _amount(line.get("total"), currency, "fee")
        found.append({"title": _plain(line.get("name"), 300), "quantity": "1", "unit_price": amount, "total": amount})
    if len(found) > _MOST_LINES:
        rest = found[_MOST_LINES - 1 :]
        amount = money.total([line["total"] for line in rest], currency)
        title = f"… +{len(rest)}"
        found = [*found[: _MOST_LINES - 1], {"title": title, "quantity": "1", "unit_price": amount, "total": amount}]
    return found


def _bill(body: Mapping[str, Any], currency: str) -> Bill:
    """What an invoice of an order says: each line with its discount and taxes, as the shop has them."""
    lines = [
        BillLine(
            title=_plain(line.get("name"), 200),
            quantity=_decimal(line.get("quantity") if line.get("quantity") not in (None, "") else 1, "quantity"),
            before=_amount(line.get("subtotal") or line.get("total"), currency, "line"),
            net=_amount(line.get("total"), currency, "line"),
            taxes=_taxes(line, "total", currency),
            taxes_before=_taxes(line, "subtotal", currency),
        )
        for line in _rows(body, "line_items")
    ]
    for line in _rows(body, "fee_lines"):
        fee = _amount(line.get("total"), currency, "fee")
        taxes = _taxes(line, "total", currency)
        lines.append(BillLine(title=_plain(line.get("name"), 200), before=fee, net=fee, taxes=taxes))
    posted: dict[str, Money] = {}
    for line in _rows(body, "shipping_lines"):
        for key, amount in _taxes(line, "total", currency).items():
            posted[key] = posted.get(key, Money.zero(currency)) + amount
    rates = {}
    for row in _rows(body, "tax_lines"):
        given = row.get("rate_percent")
        percent = str(_decimal(given, "rate")) if given not in (None, "") else None
        rates[str(row.get("rate_id"))] = (_plain(row.get("label"), 60), percent)
    shipping = _amount(body.get("shipping_total"), currency, "shipping")
    return Bill(lines=lines, shipping=shipping, shipping_taxes=posted, rates=rates)


def _taxes(line: Mapping[str, Any], name: str, currency: str) -> dict[str, Money]:
    return {
        str(row.get("id")): _amount(row[name], currency, "tax")
        for row in _rows(line, "taxes")
        if row.get(name) not in (None, "")
    }


def _tags(
    products: Sequence[tuple[str, str]], coupons: Sequence[str], categories: Sequence[str], options: Mapping[str, Any]
) -> list[str]:
    prefix = texts.clean_line(str(options.get("tag_prefix") or ""))
    names: list[str] = []
    for option, some in (
        ("tag_products", [name for _product, name in products]),
        ("tag_categories", categories),
        ("tag_coupons", coupons),
    ):
        if options.get(option):
            names += [f"{prefix} {name}".strip()[:80] if prefix else name[:80] for name in some if name]
    return list(dict.fromkeys(names))[:50]


# --- customers, subscriptions, products ------------------------------------------------------------------------------


def customer(body: Mapping[str, Any]) -> Person:
    """Somebody with an account in the shop."""
    billing = _table(body, "billing")
    own = {"first_name": body.get("first_name"), "last_name": body.get("last_name")}
    fields = {**_fields(billing), **{name: value for name, value in _fields(own).items() if value}}
    emails = list(dict.fromkeys([*_emails(body.get("email")), *_emails(billing.get("email"))]))
    return Person(external_id=str(body["id"]), emails=emails, fields=fields)


def subscription(item: Incoming) -> Other:
    """A subscription; the orders that it makes are sales of their own."""
    body = item.body
    currency = _currency(body.get("currency"))
    names = [name for _product, name in _products(body) if name]
    every = f"{body.get('billing_interval') or 1} {body.get('billing_period') or ''}".strip()
    return Other(
        status=str(body.get("status") or ""),
        label=texts.shorten(", ".join(names) or f"#{item.external_id}", 160) + f" ({every})",
        at=instant(body.get("start_date_gmt")) or instant(body.get("date_created_gmt")),
        amount=_amount(body.get("total"), currency, "total"),
        person=buyer(item),
        subscribed=_subscribed(item, currency),
    )


def _subscribed(item: Incoming, currency: str) -> Subscribed | None:
    """What a subscription brings; nothing for one that nobody paid yet, or whose rhythm is not known.

    One that waits for a payment, or was switched for another one, brings nothing from then on.
    """
    body = item.body
    status, unit, every = (str(body.get(name) or "") for name in ("status", "billing_period", "billing_interval"))
    begun = instant(body.get("start_date_gmt")) or instant(body.get("date_created_gmt"))
    if (
        begun is None
        or status in _UNPAID
        or unit not in _UNITS
        or not 0 < int(every if every.isdigit() else "1") < _MOST
    ):
        return None
    since = max(begun, instant(body.get("trial_end_date_gmt")) or begun)
    seen = instant(body.get("date_modified_gmt")) or begun
    until = instant(body.get("end_date_gmt"))
    if status not in _RUNNING:
        until = min(until or seen, seen)
    total = _amount(body.get("total"), currency, "total") - _amount(body.get("total_tax"), currency, "total_tax")
    return Subscribed(
        amount=total, unit=_UNITS[unit], every=int(every or 1), since=since, until=until, seen=max(seen, begun)
    )


def _categories(body: Mapping[str, Any]) -> list[str]:
    return [name for row in _rows(body, "categories") if (name := _plain(row.get("name"), 80))]


# --- one value each --------------------------------------------------------------------------------------------------


def _rows(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = body.get(name)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _table(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = body.get(name)
    return table if isinstance(table, Mapping) else {}


def _plain(value: object, longest: int) -> str:
    """A text as people read it: the shop sends some with the signs of HTML spelt out."""
    return texts.clean_line(html.unescape(str(value)))[:longest] if value not in (None, "") else ""


def _emails(value: object) -> list[str]:
    """The address, unless it is none."""
    try:
        return [record_fields.check_email(texts.clean_line(str(value)))] if value else []
    except ValueError:
        return []


def _fields(billing: Mapping[str, Any]) -> dict[str, str]:
    names = {
        "first_name": "first_name", "last_name": "last_name", "work_phone": "phone", "address1_line1": "address_1",
        "address1_line2": "address_2", "address1_city": "city", "address1_county": "state",
        "address1_postal_code": "postcode", "address1_country": "country",
    }  # fmt: skip
    found = {ours: _plain(billing.get(theirs), _LONGEST.get(ours, 2)) for ours, theirs in names.items()}
    return {name: text for name, text in found.items() if text}


def _currency(value: object) -> str:
    code = str(value or "").upper()
    if not money.known_currency(code):
        raise Invalid(Message("“%(code)s” is no currency.", code=code[:20]))
    return code


def _decimal(value: object, what: str) -> Decimal:
    try:
        found = Decimal(str(value if value not in (None, "") else "0"))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) >= Decimal(10) ** 15:
        raise Invalid(Message("“%(value)s” is no amount (%(what)s).", value=str(value)[:40], what=what))
    return found


def _minor(value: Decimal, currency: str) -> Money:
    """An amount rounded half up to the currency's smallest unit: some shops keep more digits than there are coins."""
    return Money(money.round_half_up(value.scaleb(money.digits_of(currency))), currency)


def _amount(value: object, currency: str, what: str) -> Money:
    return _minor(_decimal(value, what), currency)
