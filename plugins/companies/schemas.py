"""The shapes of companies in the REST API, as they are taken and given."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import Schema, fields, validate

from crmhost.api import keyset


class Reference(fields.Field[Any]):
    """A record, by its name or its id."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise ma.ValidationError("Give a name or an id.")
        return value


def _reference(about: str, **options: Any) -> Reference:
    return Reference(metadata={"type": ["string", "integer"], "description": about}, **options)


def _text(about: str = "", **options: Any) -> fields.String:
    return fields.String(metadata={"description": about} if about else {}, **options)


def _id(**options: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=1, max=keyset.LARGEST_ID), **options)


class PageQuery(Schema):
    """Which page."""

    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(min=1, max=200, error="Give a number from 1 to 200."),
        metadata={"description": "How many records to give at most."},
    )
    after = _text("The “next” of the page before.", load_default="")


class CompanyQuery(PageQuery):
    """Which companies to list. Custom fields are filters too: ``custom.KEY``."""

    count = fields.Boolean(load_default=False, metadata={"description": "1 adds “total”, the number of all records."})
    q = _text("Words that name, e-mail or phone must hold.")
    sort = _text("name, email, created_at or updated_at, with “-” before it for the reverse order.")
    status = _text("Name or id of a status.")
    tag = _text("Name of a tag.")
    assigned_to = _text("E-mail or id of a user.")
    source = _text("Where the company came from, such as “api”.")
    contact_id = _text("Those that a contact belongs to.")

    class Meta:
        """Filters by custom fields are checked by the view."""

        unknown = ma.INCLUDE


class Phones(Schema):
    """Phone numbers, as typed."""

    main = fields.String(allow_none=True)
    second = fields.String(allow_none=True)


class Address(Schema):
    """A postal address; ``country`` is an ISO 3166 code of two letters."""

    line1 = fields.String(allow_none=True)
    line2 = fields.String(allow_none=True)
    city = fields.String(allow_none=True)
    county = fields.String(allow_none=True)
    postal_code = fields.String(allow_none=True)
    country = _text("ISO 3166 code of two letters, or the country's name.", allow_none=True)


class ExternalIdentity(Schema):
    """What a company is called in another system; the three together name one company."""

    source = _text("The other system, such as “woo”.", required=True)
    account = _text("Which shop or account of it; may be empty.", load_default="")
    id = _text("The id there.", required=True)


class CompanyFields(Schema):
    """What can be said of a company."""

    name = _text(required=True)
    status = _reference("Name (in any case) or id of a status.")
    email = fields.String(allow_none=True)
    phones = fields.Nested(Phones, allow_none=True)
    addresses = fields.List(
        fields.Nested(Address), validate=validate.Length(max=2, error="A company has at most two addresses.")
    )
    notes = fields.String(allow_none=True)
    tags = fields.List(
        fields.String(), metadata={"description": "Names; takes the place of the tags there are. New ones are made."}
    )
    assigned_to = _reference("E-mail or id of a user.", allow_none=True)
    external_ids = fields.List(fields.Nested(ExternalIdentity))
    socials = fields.Dict(keys=fields.String(), allow_none=True, metadata={"description": "Name → address."})
    custom = fields.Dict(
        keys=fields.String(),
        allow_none=True,
        metadata={"description": "Custom fields: key → value; null takes one away, others stay."},
    )
    source = _text("Where the company came from; “api” unless said otherwise.")
    created_at = _text("When the company was added, if that was before it came here.")
    id = fields.Integer(dump_only=True)
    value = fields.Raw(dump_only=True)
    updated_at = fields.AwareDateTime(dump_only=True)


class Company(Schema):
    """A company."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    status = _text("Name of the status.", required=True)
    email = fields.String(required=True)
    phones = fields.Nested(Phones, required=True)
    addresses = fields.List(fields.Nested(Address), required=True)
    notes = fields.String(required=True)
    tags = fields.List(fields.String(), required=True)
    assigned_to = fields.Integer(allow_none=True, required=True, metadata={"description": "Id of a user."})
    source = fields.String(required=True)
    external_ids = fields.List(fields.Nested(ExternalIdentity), required=True)
    socials = fields.Dict(keys=fields.String(), required=True)
    custom = fields.Dict(keys=fields.String(), required=True)
    value = fields.Raw(
        required=True,
        allow_none=True,
        metadata={"description": "What the company was worth so far; null while no plugin says it."},
    )
    created_at = fields.AwareDateTime(required=True)
    updated_at = fields.AwareDateTime(required=True)


class CompanyObject(Schema):
    """One company."""

    data = fields.Nested(Company, required=True)


class CompanyList(Schema):
    """A page of companies."""

    data = fields.List(fields.Nested(Company), required=True)
    next = fields.String(required=True, allow_none=True)
    total = fields.Integer()
    exact = fields.Boolean(metadata={"description": "Whether “total” is all of them; else at least so many."})
    note = _text("Says when not all hits of a search were looked at.")


class MemberFields(Schema):
    """Who is to belong to the company."""

    contact_id = _id(required=True)
    role = _text("Such as “Head of purchasing”.", load_default="")


class Person(Schema):
    """Somebody who belongs to a company."""

    contact_id = fields.Integer(required=True)
    name = fields.String(required=True)
    email = fields.String(required=True)
    role = fields.String(required=True)


class PersonList(Schema):
    """A page of people."""

    data = fields.List(fields.Nested(Person), required=True)
    next = fields.String(required=True, allow_none=True)


class EntryFields(Schema):
    """A journal entry to write."""

    type = _text("note, call, email, meeting …", load_default="note")
    summary = fields.String(load_default="")
    comment = fields.String(load_default="")
    outcome = fields.String(load_default="")
    pinned = fields.Boolean(load_default=False)


class Entry(Schema):
    """A journal entry."""

    id = fields.Integer(required=True)
    type = fields.String(required=True)
    at = fields.AwareDateTime(required=True)
    summary = fields.String(required=True)
    comment = fields.String(required=True)
    outcome = fields.String(required=True)
    by = _text("Who wrote it.", required=True)
    user_id = fields.Integer(required=True, allow_none=True)
    by_system = fields.Boolean(required=True)
    pinned = fields.Boolean(required=True)


class EntryObject(Schema):
    """One journal entry."""

    data = fields.Nested(Entry, required=True)


class EntryList(Schema):
    """A page of journal entries."""

    data = fields.List(fields.Nested(Entry), required=True)
    next = fields.String(required=True, allow_none=True)


class StatusFields(Schema):
    """A status to add."""

    name = fields.String(required=True)
    hue = _text("One of the twelve colours.", load_default="")


class Status(Schema):
    """A status of companies."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    hue = fields.String(required=True)
    position = fields.Integer(required=True)


class StatusObject(Schema):
    """One status."""

    data = fields.Nested(Status, required=True)


class StatusList(Schema):
    """All statuses."""

    data = fields.List(fields.Nested(Status), required=True)
    next = fields.String(required=True, allow_none=True)
