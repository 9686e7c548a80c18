"""The shapes of invoices in the REST API, as they are taken and given."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields

from crmhost.api import keyset
from crmhost.web.api import rest

_ID = ma.validate.Range(1, keyset.LARGEST_ID)


class TaxRate(ma.Schema):
    """A tax: what it is called, and per cent as text."""

    name = fields.String(required=True)
    rate = fields.Raw(required=True, **rest.described("Per cent, as text: “20”, “5.5”.", type=["string", "number"]))


class Line(ma.Schema):
    """A line of an invoice."""

    title = fields.String()
    text = fields.String(allow_none=True)
    quantity = fields.Raw(**rest.described("A decimal number as text; 1 when left out.", type=["string", "number"]))
    unit_price = rest.Amount("The price of one.")
    discount = fields.Raw(allow_none=True, **rest.described("Money, or per cent as text: “10%”."))
    taxes = fields.List(fields.Nested(TaxRate), allow_none=True)


class InvoiceFields(rest.RecordFields):
    """What can be said of an invoice. Fields that are left out stay as they are."""

    number = fields.String(
        **rest.described("Of an invoice that was numbered elsewhere; else it gets the next one when it leaves Draft.")
    )
    status = fields.String(
        **rest.described(
            "Draft, Unpaid, Paid or Void; Part-paid and Overdue follow from payments and the due date. Draft for a new one."
        )
    )
    date = fields.String(allow_none=True, **rest.described("Today, when left out.", format="date"))
    due_date = fields.String(
        allow_none=True, **rest.described("So many days later as the settings say, when left out.", format="date")
    )
    contact_id = rest.RecordId(allow_none=True)
    company_id = rest.RecordId(allow_none=True)
    currency = fields.String(**rest.described("Of all amounts; that of the site when left out."))
    lines = fields.List(fields.Nested(Line), **rest.described("Takes the place of the lines there are."))
    discount = fields.Raw(allow_none=True, **rest.described("Off all lines: money, or per cent as text."))
    shipping = rest.Amount("Shipping, with tax when prices include it.", allow_none=True)
    shipping_taxes = fields.List(fields.Nested(TaxRate), allow_none=True)
    prices_include_tax = fields.Boolean()
    hours = fields.Boolean(**rest.described("Whether quantities are hours."))
    reference = fields.String(allow_none=True)
    notes = fields.String(allow_none=True)
    terms = fields.String(allow_none=True)
    language = fields.String(allow_none=True, **rest.described("Of its paper and mails; empty for the site's."))
    totals = fields.Dict(dump_only=True)
    credits_id = fields.Integer(dump_only=True)


class PaymentFields(ma.Schema):
    """A payment of an invoice; it becomes a transaction that is attached to it."""

    amount = rest.Amount("What is due, when left out.", allow_none=True)
    date = fields.String(allow_none=True, **rest.described("RFC 3339 or a date; now, when left out."))
    status = fields.String(**rest.described("Name of a status of transactions; one that counts, when left out."))
    payment_method = fields.String(allow_none=True)
    ref = fields.String(**rest.described("The number of the invoice, when left out."))
    description = fields.String(allow_none=True)
    type = fields.String(**rest.described("Name of a type of transactions: “Refund” gives money back."))
    receipt = fields.Boolean(**rest.described("Whether the customer gets a mail that it came."))


class GivenTax(ma.Schema):
    """What one rate comes to."""

    name = fields.String(required=True)
    rate = fields.String(required=True)
    base = fields.Nested(rest.GivenMoney, required=True)
    amount = fields.Nested(rest.GivenMoney, required=True)


class GivenTotals(ma.Schema):
    """What an invoice comes to: net − discount + tax + shipping = total."""

    net = fields.Nested(rest.GivenMoney, required=True)
    discount = fields.Nested(rest.GivenMoney, required=True)
    tax = fields.Nested(rest.GivenMoney, required=True)
    taxes = fields.List(fields.Nested(GivenTax), required=True)
    shipping = fields.Nested(rest.GivenMoney, required=True)
    total = fields.Nested(rest.GivenMoney, required=True)
    paid = fields.Nested(rest.GivenMoney, required=True)
    credited = fields.Nested(rest.GivenMoney, required=True)
    due = fields.Nested(rest.GivenMoney, required=True)
    subtotal = fields.Nested(rest.GivenMoney, required=True)
    document_discount = fields.Nested(rest.GivenMoney, required=True)


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
    external_ids = fields.List(fields.Nested(rest.ExternalIdentity), required=True)
    custom = fields.Dict(required=True)
    issued_at = fields.String(required=True, allow_none=True)
    sent_at = fields.String(required=True, allow_none=True)
    paid_at = fields.String(required=True, allow_none=True)
    voided_at = fields.String(required=True, allow_none=True)
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    updated_at = fields.String(required=True, metadata={"format": "date-time"})


InvoiceObject = rest.object_of(GivenInvoice)
InvoiceList = rest.page_of(GivenInvoice)


class PaymentObject(ma.Schema):
    """The transaction that is a payment."""

    data = fields.Dict(required=True)


class PaymentList(ma.Schema):
    """The transactions that are attached to an invoice."""

    data = fields.List(fields.Dict(), required=True)
    next = fields.String(required=True, allow_none=True)


class StatementQuery(ma.Schema):
    """Whose statement, of which days: one of “contact_id” and “company_id”."""

    contact_id = fields.Integer(validate=_ID)
    company_id = fields.Integer(validate=_ID)
    date_from = fields.Date(**rest.described("Twelve months before “date_to”, when left out."))
    date_to = fields.Date(**rest.described("Today, when left out."))


class StatementEntry(ma.Schema):
    """What moved the balance: above zero what was invoiced, below what was paid or credited."""

    kind = fields.String(required=True, **rest.described("invoice, credit_note, payment, refund or marked_paid."))
    id = fields.Integer(required=True, **rest.described("Of the invoice, credit note or transaction."))
    label = fields.String(required=True)
    invoice_id = fields.Integer(required=True)
    number = fields.String(required=True)
    date = fields.String(required=True, metadata={"format": "date"})
    amount = fields.Nested(rest.GivenMoney, required=True)
    balance = fields.Nested(rest.GivenMoney, required=True)


class StatementAging(ma.Schema):
    """What is open at the end of “date_to”, by how late it is then."""

    not_due = fields.Nested(rest.GivenMoney, required=True)
    to_30 = fields.Nested(rest.GivenMoney, required=True)
    to_60 = fields.Nested(rest.GivenMoney, required=True)
    to_90 = fields.Nested(rest.GivenMoney, required=True)
    over_90 = fields.Nested(rest.GivenMoney, required=True)


class StatementAccount(ma.Schema):
    """One currency: opening + invoiced + credited + paid = closing = aging + credit."""

    currency = fields.String(required=True)
    opening = fields.Nested(rest.GivenMoney, required=True)
    invoiced = fields.Nested(rest.GivenMoney, required=True)
    credited = fields.Nested(rest.GivenMoney, required=True)
    paid = fields.Nested(rest.GivenMoney, required=True)
    closing = fields.Nested(rest.GivenMoney, required=True)
    aging = fields.Nested(StatementAging, required=True)
    credit = fields.Nested(rest.GivenMoney, required=True, **rest.described("What was paid too much, below zero."))
    entries = fields.List(fields.Nested(StatementEntry), required=True)


class GivenStatement(ma.Schema):
    """A statement of account: each currency apart."""

    contact_id = fields.Integer()
    company_id = fields.Integer()
    date_from = fields.String(required=True, metadata={"format": "date"})
    date_to = fields.String(required=True, metadata={"format": "date"})
    accounts = fields.List(fields.Nested(StatementAccount), required=True)


class StatementObject(ma.Schema):
    """One statement."""

    data = fields.Nested(GivenStatement, required=True)


class InvoiceQuery(rest.ListQuery):
    """Which invoices to list. Custom fields filter too: custom.KEY=value."""

    q = fields.String(load_default="", **rest.described("Parts of words of number, reference, titles of lines."))
    sort = fields.String(
        load_default="-date",
        **rest.described("date, due_date, created_at, number, total, due; “-” before it turns it."),
    )
    status = fields.String(**rest.described("Names, separated by commas."))
    tag = fields.String(**rest.described("Names, separated by commas."))
    contact_id = fields.String()
    company_id = fields.String()
    credits_id = fields.String(**rest.described("Credit notes of this invoice."))
    date_from = fields.String()
    date_to = fields.String()
    due_from = fields.String()
    due_to = fields.String()
    total_min = fields.String(**rest.described("In the main unit of each currency."))
    total_max = fields.String(**rest.described("In the main unit of each currency."))
    currency = fields.String()
    number = fields.String(**rest.described("The number, in any case."))
    reference = fields.String()
    source = fields.String()
