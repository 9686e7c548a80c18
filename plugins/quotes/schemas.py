"""The shapes of quotes in the REST API, as they are taken and given."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields

from crmhost.web.api import rest

from .queries import ORDERS

_MONEY = "{“amount”: whole minor units, “currency”: ISO 4217}."


class QuoteFields(rest.RecordFields):
    """What can be said of a quote. Fields that are left out stay as they are."""

    title = fields.String(**rest.described("Required for a new one."))
    contact_id = rest.RecordId(allow_none=True)
    company_id = rest.RecordId(allow_none=True)
    owner_id = rest.RecordId("The user who is told what becomes of it.", allow_none=True)
    value = fields.Raw(allow_none=True, **rest.described(f"What it is worth while it has no lines. {_MONEY}"))
    currency = fields.String(**rest.described("Of all amounts; ISO 4217."))
    date = fields.String(allow_none=True, **rest.described("A day; today, when left out.", format="date"))
    valid_until = fields.String(
        allow_none=True, **rest.described("The last day on which it can be accepted; null for no end.", format="date")
    )
    lines = fields.List(fields.Raw(), **rest.described("title, text, quantity, unit_price, discount, taxes of each."))
    discount = fields.Raw(allow_none=True, **rest.described("Of all lines: an amount, or a share such as 10%."))
    shipping = fields.Raw(allow_none=True, **rest.described(_MONEY))
    shipping_taxes = fields.List(fields.Raw())
    prices_include_tax = fields.Boolean()
    hours = fields.Boolean(**rest.described("Whether quantities are called hours."))
    content = fields.String(
        allow_none=True, **rest.described("HTML with placeholders such as {{ contact.first_name }}.")
    )
    notes = fields.String(allow_none=True, **rest.described("For staff; the client never sees them."))
    language = fields.String()
    status = fields.String(
        **rest.described("Follows from sending and deciding; only draft can be given, for a new one.")
    )


class SendFields(ma.Schema):
    """How a quote is sent."""

    mail = fields.Boolean(
        load_default=None,
        allow_none=True,
        **rest.described("Whether it is mailed; when left out, if there is an address."),
    )
    subject = fields.String(load_default="", **rest.described("Of the mail; that of the settings when left out."))
    content = fields.String(load_default="", **rest.described("HTML of the mail; that of the settings when left out."))


class GivenQuote(ma.Schema):
    """A quote."""

    id = fields.Integer(required=True)
    title = fields.String(required=True)
    status = fields.String(required=True, **rest.described("draft, sent, viewed, accepted, declined or expired."))
    contact_id = fields.Integer(required=True, allow_none=True)
    company_id = fields.Integer(required=True, allow_none=True)
    owner_id = fields.Integer(required=True, allow_none=True)
    value = fields.Nested(rest.GivenMoney, required=True)
    net = fields.Nested(rest.GivenMoney, required=True)
    tax = fields.Nested(rest.GivenMoney, required=True)
    total = fields.Nested(rest.GivenMoney, required=True)
    date = fields.String(required=True)
    valid_until = fields.String(required=True, allow_none=True)
    lines = fields.List(fields.Raw(), required=True)
    discount = fields.Raw(required=True, allow_none=True)
    shipping = fields.Raw(required=True, allow_none=True)
    shipping_taxes = fields.List(fields.Raw(), required=True)
    prices_include_tax = fields.Boolean(required=True)
    hours = fields.Boolean(required=True)
    content = fields.String(required=True)
    notes = fields.String(required=True)
    language = fields.String(required=True)
    tags = fields.List(fields.String(), required=True)
    source = fields.String(required=True)
    external_ids = fields.List(fields.Nested(rest.ExternalIdentity), required=True)
    custom = fields.Dict(required=True)
    decline_reason = fields.String(required=True)
    sent_at = fields.String(required=True, allow_none=True)
    viewed_at = fields.String(required=True, allow_none=True)
    decided_at = fields.String(required=True, allow_none=True)
    created_at = fields.String(required=True)
    updated_at = fields.String(required=True)


QuoteObject = rest.object_of(GivenQuote)
QuoteList = rest.page_of(GivenQuote)


class SentQuote(ma.Schema):
    """Where the client opens the quote."""

    link = fields.String(required=True)


class QuoteQuery(rest.ListQuery):
    """Which quotes to list. Custom fields filter too: custom.KEY=value."""

    q = fields.String(load_default="", **rest.described("Parts of words of title and lines."))
    sort = fields.String(load_default="-date", **rest.described(f"{', '.join(ORDERS)}; “-” before it turns it."))
    status = fields.String(**rest.described("Names, separated by commas."))
    tag = fields.String(**rest.described("Names, separated by commas."))
    contact_id = fields.String()
    company_id = fields.String()
    owner_id = fields.String()
    date_from = fields.String()
    date_to = fields.String()
    valid_from = fields.String()
    valid_to = fields.String()
    value_min = fields.String(**rest.described("In the main unit of each currency."))
    value_max = fields.String(**rest.described("In the main unit of each currency."))
    currency = fields.String()
    source = fields.String()
