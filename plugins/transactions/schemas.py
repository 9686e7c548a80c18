"""The shapes of transactions in the REST API, as they are taken and given."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields

from crmhost.web.api import rest


class Line(ma.Schema):
    """What was bought."""

    title = fields.String()
    quantity = fields.Raw(**rest.described("A decimal number as text; 1 when left out."))
    unit_price = rest.Amount("The price of one.")
    total = rest.Amount("Of the line; quantity times price when left out.")


class TransactionFields(rest.RecordFields):
    """What can be said of a transaction. Fields that are left out stay as they are."""

    ref = fields.String(
        **rest.described("The reference; each is given once, whatever its case. Required for a new one.")
    )
    name = fields.String(**rest.described("Required for a new one."))
    type = rest.Reference(
        "Name (in any case) or id of a type; it says whether the transaction adds, subtracts or does nothing."
    )
    status = rest.Reference("Name (in any case) or id of a status; settings say which count.")
    date = fields.String(
        **rest.described("RFC 3339; a date alone means noon in the site's time zone. Now, when left out.")
    )
    total = rest.Amount("What the customer pays: with taxes and shipping, after the discount.", allow_none=True)
    fee = rest.Amount("What a payment provider keeps of it.", allow_none=True)
    tax = rest.Amount("Taxes in the total.", allow_none=True)
    discount = rest.Amount("What was taken off before the total.", allow_none=True)
    shipping = rest.Amount("Shipping in the total.", allow_none=True)
    description = fields.String(allow_none=True)
    payment_method = fields.String(allow_none=True)
    contact_id = rest.RecordId(allow_none=True)
    company_id = rest.RecordId(allow_none=True)
    invoice_id = rest.RecordId("The invoice that it pays; it then counts to the invoice's contact.", allow_none=True)
    lines = fields.List(fields.Nested(Line), **rest.described("Takes the place of the lines there are."))
    counts = fields.Boolean(dump_only=True)


class GivenLine(ma.Schema):
    """What was bought."""

    title = fields.String(required=True)
    quantity = fields.String(required=True)
    unit_price = fields.Nested(rest.GivenMoney, required=True)
    total = fields.Nested(rest.GivenMoney, required=True)


class GivenTransaction(ma.Schema):
    """A transaction."""

    id = fields.Integer(required=True)
    ref = fields.String(required=True)
    name = fields.String(required=True)
    type = fields.String(required=True)
    status = fields.String(required=True)
    date = fields.String(required=True, **rest.described("RFC 3339, in UTC.", format="date-time"))
    total = fields.Nested(rest.GivenMoney, required=True)
    fee = fields.Nested(rest.GivenMoney, required=True)
    tax = fields.Nested(rest.GivenMoney, required=True)
    discount = fields.Nested(rest.GivenMoney, required=True)
    shipping = fields.Nested(rest.GivenMoney, required=True)
    description = fields.String(required=True)
    payment_method = fields.String(required=True)
    contact_id = fields.Integer(required=True, allow_none=True)
    company_id = fields.Integer(required=True, allow_none=True)
    invoice_id = fields.Integer(required=True, allow_none=True)
    tags = fields.List(fields.String(), required=True)
    lines = fields.List(fields.Nested(GivenLine), required=True)
    source = fields.String(required=True)
    external_ids = fields.List(fields.Nested(rest.ExternalIdentity), required=True)
    custom = fields.Dict(required=True)
    counts = fields.Boolean(required=True, **rest.described("Whether every sum holds it, by its status and type."))
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    updated_at = fields.String(required=True, metadata={"format": "date-time"})


TransactionObject = rest.object_of(GivenTransaction)
TransactionList = rest.page_of(GivenTransaction)


class TransactionQuery(rest.ListQuery):
    """Which transactions to list. Custom fields filter too: custom.KEY=value."""

    q = fields.String(load_default="", **rest.described("Parts of words of reference, name, ids in other systems."))
    sort = fields.String(
        load_default="-date",
        **rest.described("date, created_at, updated_at, ref, name, total; “-” before it turns it."),
    )
    status = fields.String(**rest.described("Names or ids, separated by commas."))
    type = fields.String(**rest.described("Names or ids, separated by commas."))
    tag = fields.String(**rest.described("Names, separated by commas."))
    contact_id = fields.String(**rest.described("To whose value it counts."))
    company_id = fields.String(**rest.described("To whose value it counts."))
    invoice_id = fields.String()
    date_from = fields.String(**rest.described("First day, in the site's time zone."))
    date_to = fields.String(**rest.described("Last day, in the site's time zone."))
    total_min = fields.String(**rest.described("In the main unit of each currency."))
    total_max = fields.String(**rest.described("In the main unit of each currency."))
    currency = fields.String()
    source = fields.String()
    payment_method = fields.String()
    ref = fields.String(**rest.described("The reference, in any case."))
