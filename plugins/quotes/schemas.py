"""The shapes of quotes in the REST API, as they are taken and given."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields

from crmhost.api import keyset

from .queries import ORDERS

_MOST = 200


def _said(text: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"description": text, **more}}


def _id(text: str = "") -> fields.Integer:
    return fields.Integer(
        strict=True, allow_none=True, validate=ma.validate.Range(1, keyset.LARGEST_ID), **(_said(text) if text else {})
    )


_MONEY = "{“amount”: whole minor units, “currency”: ISO 4217}."


class ExternalId(ma.Schema):
    """What a quote is called in another system; the three together name one."""

    source = fields.String(required=True)
    account = fields.String(load_default="")
    id = fields.String(required=True)


class QuoteFields(ma.Schema):
    """What can be said of a quote. Fields that are left out stay as they are."""

    title = fields.String(**_said("Required for a new one."))
    contact_id = _id()
    company_id = _id()
    owner_id = _id("The user who is told what becomes of it.")
    value = fields.Raw(allow_none=True, **_said(f"What it is worth while it has no lines. {_MONEY}"))
    currency = fields.String(**_said("Of all amounts; ISO 4217."))
    date = fields.String(allow_none=True, **_said("A day; today, when left out.", format="date"))
    valid_until = fields.String(
        allow_none=True, **_said("The last day on which it can be accepted; null for no end.", format="date")
    )
    lines = fields.List(fields.Raw(), **_said("title, text, quantity, unit_price, discount, taxes of each."))
    discount = fields.Raw(allow_none=True, **_said("Of all lines: an amount, or a share such as 10%."))
    shipping = fields.Raw(allow_none=True, **_said(_MONEY))
    shipping_taxes = fields.List(fields.Raw())
    prices_include_tax = fields.Boolean()
    hours = fields.Boolean(**_said("Whether quantities are called hours."))
    content = fields.String(allow_none=True, **_said("HTML with placeholders such as {{ contact.first_name }}."))
    notes = fields.String(allow_none=True, **_said("For staff; the client never sees them."))
    language = fields.String()
    tags = fields.List(fields.String(), **_said("Names; takes the place of the tags there are."))
    source = fields.String()
    external_ids = fields.List(fields.Nested(ExternalId))
    custom = fields.Dict(allow_none=True, **_said("Custom fields: key → value; null takes one away, others stay."))
    status = fields.String(**_said("Follows from sending and deciding; only draft can be given, for a new one."))
    id = fields.Integer(dump_only=True)
    created_at = fields.String(dump_only=True)
    updated_at = fields.String(dump_only=True)


class SendFields(ma.Schema):
    """How a quote is sent."""

    mail = fields.Boolean(
        load_default=None, allow_none=True, **_said("Whether it is mailed; when left out, if there is an address.")
    )
    subject = fields.String(load_default="", **_said("Of the mail; that of the settings when left out."))
    content = fields.String(load_default="", **_said("HTML of the mail; that of the settings when left out."))


class GivenMoney(ma.Schema):
    """Money: whole minor units of a currency."""

    amount = fields.Integer(required=True)
    currency = fields.String(required=True)


class GivenQuote(ma.Schema):
    """A quote."""

    id = fields.Integer(required=True)
    title = fields.String(required=True)
    status = fields.String(required=True, **_said("draft, sent, viewed, accepted, declined or expired."))
    contact_id = fields.Integer(required=True, allow_none=True)
    company_id = fields.Integer(required=True, allow_none=True)
    owner_id = fields.Integer(required=True, allow_none=True)
    value = fields.Nested(GivenMoney, required=True)
    net = fields.Nested(GivenMoney, required=True)
    tax = fields.Nested(GivenMoney, required=True)
    total = fields.Nested(GivenMoney, required=True)
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
    external_ids = fields.List(fields.Nested(ExternalId), required=True)
    custom = fields.Dict(required=True)
    decline_reason = fields.String(required=True)
    sent_at = fields.String(required=True, allow_none=True)
    viewed_at = fields.String(required=True, allow_none=True)
    decided_at = fields.String(required=True, allow_none=True)
    created_at = fields.String(required=True)
    updated_at = fields.String(required=True)


class QuoteObject(ma.Schema):
    """One quote."""

    data = fields.Nested(GivenQuote, required=True)


class QuoteList(ma.Schema):
    """A page of quotes."""

    data = fields.List(fields.Nested(GivenQuote), required=True)
    next = fields.String(required=True, allow_none=True)
    total = fields.Integer(**_said("With count=1."))
    exact = fields.Boolean(**_said("Whether “total” is all of them; else at least so many."))


class SentQuote(ma.Schema):
    """Where the client opens the quote."""

    link = fields.String(required=True)


class QuoteQuery(ma.Schema):
    """Which quotes to list. Custom fields filter too: custom.KEY=value."""

    limit = fields.Integer(load_default=50, validate=ma.validate.Range(1, _MOST))
    after = fields.String(load_default="", **_said("Cursor of the page, from “next”."))
    count = fields.Boolean(load_default=False, **_said("1 adds how many match."))
    q = fields.String(load_default="", **_said("Parts of words of title and lines."))
    sort = fields.String(load_default="-date", **_said(f"{', '.join(ORDERS)}; “-” before it turns it."))
    status = fields.String(**_said("Names, separated by commas."))
    tag = fields.String(**_said("Names, separated by commas."))
    contact_id = fields.String()
    company_id = fields.String()
    owner_id = fields.String()
    date_from = fields.String()
    date_to = fields.String()
    valid_from = fields.String()
    valid_to = fields.String()
    value_min = fields.String(**_said("In the main unit of each currency."))
    value_max = fields.String(**_said("In the main unit of each currency."))
    currency = fields.String()
    source = fields.String()
