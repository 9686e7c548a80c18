"""The shapes of segments in the REST API, as they are taken and given."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from crmhost.api import keyset
from plugins.rest_api.api import ContactSchema

_TREE = {
    "type": "array",
    "items": {"type": "object"},
    "description": "Conditions, `{“type”, “operator”, “value”}`, and groups, `{“match”, “conditions”}`. "
    "`GET /segments/conditions` lists the types with their operators.",
}


class PageQuery(Schema):
    """Which page."""

    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(min=1, max=200, error="Give a number from 1 to 200."),
        metadata={"description": "How many records to give at most."},
    )
    after = fields.String(load_default="", metadata={"description": "The “next” of the page before."})


class SegmentQuery(PageQuery):
    """Which segments to list."""

    count = fields.Boolean(load_default=False, metadata={"description": "1 adds “total”, the number of all records."})


class Conditions(Schema):
    """Conditions of which all or any have to hold."""

    match = fields.String(load_default="all", validate=validate.OneOf(["all", "any"]))
    conditions = fields.List(fields.Raw(), required=True, metadata=_TREE)


class PreviewFields(Conditions):
    """Conditions to be looked at; a name is taken and does nothing."""

    name = fields.String(load_default="")


class SegmentFields(Schema):
    """A segment to be saved."""

    name = fields.String(required=True)
    match = fields.String(validate=validate.OneOf(["all", "any"]))
    conditions = fields.List(fields.Raw(), required=True, metadata=_TREE)
    shared = fields.Boolean(
        metadata={"description": "False: its owner's alone. True when it is left out of a new one."}
    )


class Segment(Schema):
    """A segment."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    match = fields.String(required=True)
    conditions = fields.List(fields.Raw(), required=True, metadata=_TREE)
    shared = fields.Boolean(required=True)
    owner = fields.Integer(required=True, allow_none=True, metadata={"description": "Id of a user."})
    count = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Contacts in it that you may see, at “counted_at”; a list may give one a minute old."},
    )
    counted_at = fields.AwareDateTime(required=True, allow_none=True)
    problem = fields.String(
        required=True,
        metadata={"description": "Why it can't be used now, such as an extension that is off; else empty."},
    )
    created_at = fields.AwareDateTime(required=True)
    updated_at = fields.AwareDateTime(required=True)


class SegmentObject(Schema):
    """One segment."""

    data = fields.Nested(Segment, required=True)


class SegmentList(Schema):
    """A page of segments."""

    data = fields.List(fields.Nested(Segment), required=True)
    next = fields.String(required=True, allow_none=True)
    total = fields.Integer()


class Preview(Schema):
    """How many match now, and the five newest."""

    count = fields.Integer(required=True)
    sample = fields.List(fields.Nested(ContactSchema), required=True)


class MemberQuery(PageQuery):
    """Which contacts of a segment."""

    count = fields.Boolean(load_default=False, metadata={"description": "1 adds “total”, the number of all contacts."})
    sort = fields.String(load_default="-created_at", metadata={"description": "As of the list of contacts."})


class MemberList(Schema):
    """A page of contacts."""

    data = fields.List(fields.Nested(ContactSchema), required=True)
    next = fields.String(required=True, allow_none=True)
    total = fields.Integer()


class ExplainQuery(Schema):
    """Whom to explain."""

    contact = fields.Integer(
        required=True,
        validate=validate.Range(min=1, max=keyset.LARGEST_ID),
        metadata={"description": "Id of a contact."},
    )


class Explanation(Schema):
    """Why a contact is in a segment, or not: each condition with what the contact has."""

    contact = fields.Integer(required=True)
    in_ = fields.Boolean(required=True, data_key="in", attribute="in")
    match = fields.String(required=True)
    conditions = fields.List(
        fields.Raw(),
        required=True,
        metadata={
            "type": "array",
            "items": {"type": "object"},
            "description": "As in the segment, each with “holds” and, beside a condition, “has”: what the contact has; "
            "“hidden” instead when you may not see it.",
        },
    )


class ExplanationObject(Schema):
    """One explanation."""

    data = fields.Nested(Explanation, required=True)


class TypeSchema(Schema):
    """A type of conditions."""

    type = fields.String(required=True)
    label = fields.String(required=True)
    group = fields.String(required=True)
    kind = fields.String(required=True)
    operators = fields.List(fields.String(), required=True)


class TypeList(Schema):
    """All types."""

    data = fields.List(fields.Nested(TypeSchema), required=True)
    next = fields.String(required=True, allow_none=True)
