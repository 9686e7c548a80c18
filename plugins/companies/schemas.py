"""The shapes of companies in the REST API, as they are taken and given."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from crmhost.api import schemas


def _text(about: str = "", **options: Any) -> fields.String:
    return fields.String(metadata={"description": about} if about else {}, **options)


class CompanyQuery(schemas.ListQuery):
    """Which companies to list. Custom fields are filters too: ``custom.KEY``."""

    q = _text("Words that name, e-mail or phone must hold.")
    sort = _text("name, email, status, created_at, updated_at or custom.KEY, with “-” before it for the reverse order.")
    status = _text("Name or id of a status.")
    tag = _text("Name of a tag.")
    assigned_to = _text("E-mail or id of a user.")
    source = _text("Where the company came from, such as “api”.")
    contact_id = _text("Those that a contact belongs to.")


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


class CompanyFields(Schema):
    """What can be said of a company."""

    name = _text(required=True)
    status = schemas.Reference("Name (in any case) or id of a status.")
    email = fields.String(allow_none=True)
    phones = fields.Nested(Phones, allow_none=True)
    addresses = fields.List(
        fields.Nested(Address), validate=validate.Length(max=2, error="A company has at most two addresses.")
    )
    notes = fields.String(allow_none=True)
    tags = fields.List(
        fields.String(), metadata={"description": "Names; takes the place of the tags there are. New ones are made."}
    )
    assigned_to = schemas.Reference("E-mail or id of a user.", allow_none=True)
    external_ids = fields.List(fields.Nested(schemas.ExternalIdentity))
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
    external_ids = fields.List(fields.Nested(schemas.ExternalIdentity), required=True)
    socials = fields.Dict(keys=fields.String(), required=True)
    custom = fields.Dict(keys=fields.String(), required=True)
    value = fields.Raw(
        required=True,
        allow_none=True,
        metadata={"description": "What the company was worth so far; null while no plugin says it."},
    )
    created_at = fields.AwareDateTime(required=True)
    updated_at = fields.AwareDateTime(required=True)


CompanyObject = schemas.object_of(Company)
CompanyList = schemas.page_of(Company, note=_text("Says when not all hits of a search were looked at."))


class MemberFields(Schema):
    """Who is to belong to the company."""

    contact_id = schemas.RecordId(required=True)
    role = _text("Such as “Head of purchasing”.", load_default="")


class Person(Schema):
    """Somebody who belongs to a company."""

    contact_id = fields.Integer(required=True)
    name = fields.String(required=True)
    email = fields.String(required=True)
    role = fields.String(required=True)


PersonList = schemas.list_of(Person)


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


EntryObject = schemas.object_of(Entry)
EntryList = schemas.list_of(Entry)


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


StatusObject = schemas.object_of(Status)
StatusList = schemas.list_of(Status)
