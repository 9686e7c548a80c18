"""The shapes of invoices in the REST API, as they are taken and given."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields

from crmhost.api import keyset

_MOST = 200
_ID = ma.validate.Range(1, keyset.LARGEST_ID)


def _said(text: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"description": text, **more}}


class Amount(fields.Field[Any]):
    """Money: ``{"amount", "currency"}`` in minor units, or a number or text in the main unit."""

    def __init__(self, text: str, **options: Any) -> None:
        super().__init__(**_said(f"{text} {{“amount”: whole minor units, “currency”: ISO 4217}}."), **options)


class TaxRate(ma.Schema):
    """A tax: what it is called, and per cent as text."""

    name = fields.String(required=True)
    rate = fields.Raw(required=True, **_said("Per cent, as text: “20”, “5.5”.", type=["string", "number"]))


class Line(ma.Schema):
    """A line of an invoice."""

    title = fields.String()
    text = fields.String(allow_none=True)
    quantity = fields.Raw(**_said("A decimal number as text; 1 when left out.", type=["string", "number"]))
    unit_price = Amount("The price of one.")
    discount = fields.Raw(allow_none=True, **_said("Money, or per cent as text: “10%”."))
    taxes = fields.List(fields.Nested(TaxRate), allow_none=True)


class ExternalId(ma.Schema):
    """What an invoice is called in another system; the three together name one."""

    source = fields.String(required=True)
    account = fields.String(load_default="")
    id = fields.String(required=True)


class InvoiceFields(ma.Schema):
    """What can be said of an invoice. Fields that are left out stay as they are."""

    number = fields.String(
        **_said("Of an invoice that was numbered elsewhere; else it gets the next one when it leaves Draft.")
    )
    status = fields.String(
        **_said(
            "Draft, Unpaid, Paid or Void; Part-paid and Overdue follow from payments and the due date. Draft for a new one."
        )
    )
    date = fields.String(allow_none=True, **_said("Today, when left out.", format="date"))
    due_date = fields.String(
        allow_none=True, **_said("So many days later as the settings say, when left out.", format="date")
    )
    contact_id = fields.Integer(strict=True, allow_none=True, validate=_ID)
    company_id = fields.Integer(strict=True, allow_none=True, validate=_ID)
    currency = fields.String(**_said("Of all amounts; that of the site when left out."))
    lines = fields.List(fields.Nested(Line), **_said("Takes the place of the lines there are."))
    discount = fields.Raw(allow_none=True, **_said("Off all lines: money, or per cent as text."))
    shipping = Amount("Shipping, with tax when prices include it.", allow_none=True)
    shipping_taxes = fields.List(fields.Nested(TaxRate), allow_none=True)
    prices_include_tax = fields.Boolean()
    hours = fields.Boolean(**_said("Whether quantities are hours."))
    reference = fields.String(allow_none=True)
    notes = fields.String(allow_none=True)
    terms = fields.String(allow_none=True)
    language = fields.String(allow_none=True, **_said("Of its paper and mails; empty for the site's."))
    tags = fields.List(fields.String(), **_said("Names; takes the place of the tags there are."))
    source = fields.String()
    external_ids = fields.List(fields.Nested(ExternalId))
    custom = fields.Dict(allow_none=True, **_said("Custom fields: key → value; null takes one away, others stay."))
    id = fields.Integer(dump_only=True)
    totals = fields.Dict(dump_only=True)
    credits_id = fields.Integer(dump_only=True)
    created_at = fields.String(dump_only=True)
    updated_at = fields.String(dump_only=True)


class PaymentFields(ma.Schema):
    """A payment of an invoice; it becomes a transaction that is attached to it."""

    amount = Amount("What is due, when left out.", allow_none=True)
    date = fields.String(allow_none=True, **_said("RFC 3339 or a date; now, when left out."))
    status = fields.String(**_said("Name of a status of transactions; one that counts, when left out."))
    payment_method = fields.String(allow_none=True)
    ref = fields.String(**_said("The number of the invoice, when left out."))
    description = fields.String(allow_none=True)
    type = fields.String(**_said("Name of a type of transactions: “Refund” gives money back."))


class GivenMoney(ma.Schema):
    """Money: whole minor units of a currency."""

    amount = fields.Integer(required=True)
    currency = fields.String(required=True)


class GivenTax(ma.Schema):
    """What one rate comes to."""

    name = fields.String(required=True)
    rate = fields.String(required=True)
    base = fields.Nested(GivenMoney, required=True)
    amount = fields.Nested(GivenMoney, required=True)


class GivenTotals(ma.Schema):
    """What an invoice comes to: net − discount + tax + shipping = total."""

    net = fields.Nested(GivenMoney, required=True)
    discount = fields.Nested(GivenMoney, required=True)
    tax = fields.Nested(GivenMoney, required=True)
    taxes = fields.List(fields.Nested(GivenTax), required=True)
    shipping = fields.Nested(GivenMoney, required=True)
    total = fields.Nested(GivenMoney, required=True)
    paid = fields.Nested(GivenMoney, required=True)
    credited = fields.Nested(GivenMoney, required=True)
    due = fields.Nested(GivenMoney, required=True)
    subtotal = fields.Nested(GivenMoney, required=True)
    document_discount = fields.Nested(GivenMoney, required=True)


class GivenInvoice(ma.Schema):
    """An invoice, or a credit note: one with sums below zero and “credits_id”."""

    id = fields.Integer(required=True)
    number = fields.String(required=True, allow_none=True)
    status = fields.String(required=True)
    date = fields.String(required=True, metadata={"format": "date"})
    due_date = fields.String(required=True, metadata={"format": "date"})
    contact_id = fields.Integer(required=True, allow_none=True)
    company_id = fields.Integer(required=True, allow_none=True)
    credits_id = fields.Integer(required=True, allow_none=True)
    currency = fields.String(required=True)
    lines = fields.List(fields.Dict(), required=True)
    discount = fields.Raw(required=True, allow_none=True)
    shipping = fields.Raw(required=True, allow_none=True)
    shipping_taxes = fields.List(fields.Dict(), required=True)
    prices_include_tax = fields.Boolean(required=True)
    hours = fields.Boolean(required=True)
    totals = fields.Nested(GivenTotals, required=True)
    reference = fields.String(required=True)
    notes = fields.String(required=True)
    terms = fields.String(required=True)
    language = fields.String(required=True)
    tags = fields.List(fields.String(), required=True)
    source = fields.String(required=True)
    external_ids = fields.List(fields.Nested(ExternalId), required=True)
    custom = fields.Dict(required=True)
    issued_at = fields.String(required=True, allow_none=True)
    sent_at = fields.String(required=True, allow_none=True)
    paid_at = fields.String(required=True, allow_none=True)
    voided_at = fields.String(required=True, allow_none=True)
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    updated_at = fields.String(required=True, metadata={"format": "date-time"})


class InvoiceObject(ma.Schema):
    """One invoice."""

    data = fields.Nested(GivenInvoice, required=True)


class InvoiceList(ma.Schema):
    """A page of invoices."""

    data = fields.List(fields.Nested(GivenInvoice), required=True)
    next = fields.String(required=True, allow_none=True)
    total = fields.Integer(**_said("With count=1."))
    exact = fields.Boolean(**_said("Whether “total” is all of them; else at least so many."))


class PaymentObject(ma.Schema):
    """The transaction that is a payment."""

    data = fields.Dict(required=True)


class PaymentList(ma.Schema):
    """The transactions that are attached to an invoice."""

    data = fields.List(fields.Dict(), required=True)
    next = fields.String(required=True, allow_none=True)


class InvoiceQuery(ma.Schema):
    """Which invoices to list. Custom fields filter too: custom.KEY=value."""

    limit = fields.Integer(load_default=50, validate=ma.validate.Range(1, _MOST))
    after = fields.String(load_default="", **_said("Cursor of the page, from “next”."))
    count = fields.Boolean(load_default=False, **_said("1 adds how many match."))
    q = fields.String(load_default="", **_said("Parts of words of number, reference, titles of lines."))
    sort = fields.String(
        load_default="-date", **_said("date, due_date, created_at, number, total, due; “-” before it turns it.")
    )
    status = fields.String(**_said("Names, separated by commas."))
    tag = fields.String(**_said("Names, separated by commas."))
    contact_id = fields.String()
    company_id = fields.String()
    credits_id = fields.String(**_said("Credit notes of this invoice."))
    date_from = fields.String()
    date_to = fields.String()
    due_from = fields.String()
    due_to = fields.String()
    total_min = fields.String(**_said("In the main unit of each currency."))
    total_max = fields.String(**_said("In the main unit of each currency."))
    currency = fields.String()
    number = fields.String(**_said("The number, in any case."))
    reference = fields.String()
    source = fields.String()
