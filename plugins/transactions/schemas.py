"""The shapes of transactions in the REST API, as they are taken and given."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields

from crmhost.api import keyset

_MOST = 200


def _said(text: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"description": text, **more}}


class Reference(fields.Field[Any]):
    """A record by its name or its id."""

    def __init__(self, text: str, **options: Any) -> None:
        super().__init__(**_said(text, type=["string", "integer"]), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise ma.ValidationError("Give a name or an id.")
        return value


class Amount(fields.Field[Any]):
    """Money: ``{"amount", "currency"}`` in minor units, or a number or text in the main unit."""

    def __init__(self, text: str, **options: Any) -> None:
        super().__init__(**_said(f"{text} {{“amount”: whole minor units, “currency”: ISO 4217}}."), **options)


class Line(ma.Schema):
    """What was bought."""

    title = fields.String()
    quantity = fields.Raw(**_said("A decimal number as text; 1 when left out."))
    unit_price = Amount("The price of one.")
    total = Amount("Of the line; quantity times price when left out.")


class ExternalId(ma.Schema):
    """What a transaction is called in another system; the three together name one."""

    source = fields.String(required=True)
    account = fields.String(load_default="")
    id = fields.String(required=True)


class TransactionFields(ma.Schema):
    """What can be said of a transaction. Fields that are left out stay as they are."""

    ref = fields.String(**_said("The reference; each is given once, whatever its case. Required for a new one."))
    name = fields.String(**_said("Required for a new one."))
    type = Reference(
        "Name (in any case) or id of a type; it says whether the transaction adds, subtracts or does nothing."
    )
    status = Reference("Name (in any case) or id of a status; settings say which count.")
    date = fields.String(**_said("RFC 3339; a date alone means noon in the site's time zone. Now, when left out."))
    total = Amount("What the customer pays: with taxes and shipping, after the discount.", allow_none=True)
    fee = Amount("What a payment provider keeps of it.", allow_none=True)
    tax = Amount("Taxes in the total.", allow_none=True)
    discount = Amount("What was taken off before the total.", allow_none=True)
    shipping = Amount("Shipping in the total.", allow_none=True)
    description = fields.String(allow_none=True)
    payment_method = fields.String(allow_none=True)
    contact_id = fields.Integer(strict=True, allow_none=True, validate=ma.validate.Range(1, keyset.LARGEST_ID))
    company_id = fields.Integer(strict=True, allow_none=True, validate=ma.validate.Range(1, keyset.LARGEST_ID))
    invoice_id = fields.Integer(
        strict=True,
        allow_none=True,
        validate=ma.validate.Range(1, keyset.LARGEST_ID),
        **_said("The invoice that it pays; it then counts to the invoice's contact."),
    )
    tags = fields.List(fields.String(), **_said("Names; takes the place of the tags there are."))
    lines = fields.List(fields.Nested(Line), **_said("Takes the place of the lines there are."))
    source = fields.String()
    external_ids = fields.List(fields.Nested(ExternalId))
    custom = fields.Dict(allow_none=True, **_said("Custom fields: key → value; null takes one away, others stay."))
    id = fields.Integer(dump_only=True)
    counts = fields.Boolean(dump_only=True)
    created_at = fields.String(dump_only=True)
    updated_at = fields.String(dump_only=True)


class GivenMoney(ma.Schema):
    """Money: whole minor units of a currency."""

    amount = fields.Integer(required=True)
    currency = fields.String(required=True)


class GivenLine(ma.Schema):
    """What was bought."""

    title = fields.String(required=True)
    quantity = fields.String(required=True)
    unit_price = fields.Nested(GivenMoney, required=True)
    total = fields.Nested(GivenMoney, required=True)


class GivenTransaction(ma.Schema):
    """A transaction."""

    id = fields.Integer(required=True)
    ref = fields.String(required=True)
    name = fields.String(required=True)
    type = fields.String(required=True)
    status = fields.String(required=True)
    date = fields.String(required=True, **_said("RFC 3339, in UTC.", format="date-time"))
    total = fields.Nested(GivenMoney, required=True)
    fee = fields.Nested(GivenMoney, required=True)
    tax = fields.Nested(GivenMoney, required=True)
    discount = fields.Nested(GivenMoney, required=True)
    shipping = fields.Nested(GivenMoney, required=True)
    description = fields.String(required=True)
    payment_method = fields.String(required=True)
    contact_id = fields.Integer(required=True, allow_none=True)
    company_id = fields.Integer(required=True, allow_none=True)
    invoice_id = fields.Integer(required=True, allow_none=True)
    tags = fields.List(fields.String(), required=True)
    lines = fields.List(fields.Nested(GivenLine), required=True)
    source = fields.String(required=True)
    external_ids = fields.List(fields.Nested(ExternalId), required=True)
    custom = fields.Dict(required=True)
    counts = fields.Boolean(required=True, **_said("Whether every sum holds it, by its status and type."))
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    updated_at = fields.String(required=True, metadata={"format": "date-time"})


class TransactionObject(ma.Schema):
    """One transaction."""

    data = fields.Nested(GivenTransaction, required=True)


class TransactionList(ma.Schema):
    """A page of transactions."""

    data = fields.List(fields.Nested(GivenTransaction), required=True)
    next = fields.String(required=True, allow_none=True)
    total = fields.Integer(**_said("With count=1."))
    exact = fields.Boolean(**_said("Whether “total” is all of them; else at least so many."))


class TransactionQuery(ma.Schema):
    """Which transactions to list. Custom fields filter too: custom.KEY=value."""

    limit = fields.Integer(load_default=50, validate=ma.validate.Range(1, _MOST))
    after = fields.String(load_default="", **_said("Cursor of the page, from “next”."))
    count = fields.Boolean(load_default=False, **_said("1 adds how many match."))
    q = fields.String(load_default="", **_said("Parts of words of reference, name, ids in other systems."))
    sort = fields.String(
        load_default="-date", **_said("date, created_at, updated_at, ref, name, total; “-” before it turns it.")
    )
    status = fields.String(**_said("Names or ids, separated by commas."))
    type = fields.String(**_said("Names or ids, separated by commas."))
    tag = fields.String(**_said("Names, separated by commas."))
    contact_id = fields.String(**_said("To whose value it counts."))
    company_id = fields.String(**_said("To whose value it counts."))
    invoice_id = fields.String()
    date_from = fields.String(**_said("First day, in the site's time zone."))
    date_to = fields.String(**_said("Last day, in the site's time zone."))
    total_min = fields.String(**_said("In the main unit of each currency."))
    total_max = fields.String(**_said("In the main unit of each currency."))
    currency = fields.String()
    source = fields.String()
    payment_method = fields.String()
    ref = fields.String(**_said("The reference, in any case."))
