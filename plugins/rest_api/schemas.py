"""The shapes of the core's records, as they are taken and given."""

from __future__ import annotations

from marshmallow import INCLUDE, Schema, fields, validate

from crmhost.api import schemas

from .fields import Anything, Flag, Free, Instant, Moment, Number, Text, after, counted, limit

# --- contacts --------------------------------------------------------------------------------------------------------


class Phones(Schema):
    """Phone numbers, as typed."""

    home = Text(allow_none=True)
    work = Text(allow_none=True)
    mobile = Text(allow_none=True)


class Address(Schema):
    """A postal address; ``country`` is an ISO 3166 code of two letters."""

    line1 = Text(allow_none=True)
    line2 = Text(allow_none=True)
    city = Text(allow_none=True)
    county = Text(allow_none=True)
    postal_code = Text(allow_none=True)
    country = Text("ISO 3166 code of two letters, or the country's name.", allow_none=True)


class ContactFields(Schema):
    """What can be said of a contact. Fields that are left out stay as they are."""

    prefix = Text(allow_none=True)
    first_name = Text(allow_none=True)
    last_name = Text(allow_none=True)
    email = Text("The main address.", allow_none=True)
    emails = fields.List(
        Text(), metadata={"description": "All addresses, the main one first; takes the place of those there are."}
    )
    phones = fields.Nested(Phones, allow_none=True)
    addresses = fields.List(
        fields.Nested(Address), validate=validate.Length(max=2, error="A contact has at most two addresses.")
    )
    notes = Text(allow_none=True)
    tags = fields.List(
        Text(), metadata={"description": "Names; takes the place of the tags there are. New ones are made."}
    )
    status = schemas.Reference("Name (in any case) or id of a status.")
    assigned_to = schemas.Reference("E-mail or id of a user.", allow_none=True)
    external_ids = fields.List(fields.Nested(schemas.ExternalIdentity))
    socials = Free("Social profiles: name → address.", allow_none=True)
    custom = Free(
        "Custom fields: key → value, each as its kind wants it; null takes one away, others stay.", allow_none=True
    )
    source = Text("Where the contact came from; “api” unless said otherwise.")
    created_at = Moment("When the contact was added, if that was before it came here.")
    id = Number(dump_only=True)
    value = Anything(dump_only=True)
    updated_at = Instant(dump_only=True)
    last_contacted_at = Instant(dump_only=True)


class GivenPhones(Schema):
    """Phone numbers; empty texts where there are none."""

    home = Text(required=True)
    work = Text(required=True)
    mobile = Text(required=True)


class GivenAddress(Schema):
    """A postal address; parts that are empty are left out."""

    line1 = Text()
    line2 = Text()
    city = Text()
    county = Text()
    postal_code = Text()
    country = Text("ISO 3166 code of two letters.")


class Contact(Schema):
    """A contact."""

    id = Number(required=True)
    status = Text("Name of the status.", required=True)
    prefix = Text(required=True)
    first_name = Text(required=True)
    last_name = Text(required=True)
    email = Text("The main address.", required=True)
    emails = fields.List(Text(), required=True)
    phones = fields.Nested(GivenPhones, required=True)
    addresses = fields.List(fields.Nested(GivenAddress), required=True)
    notes = Text(required=True)
    tags = fields.List(Text(), required=True)
    assigned_to = Number("Id of a user.", allow_none=True, required=True)
    source = Text(required=True)
    external_ids = fields.List(fields.Nested(schemas.ExternalIdentity), required=True)
    socials = Free(required=True)
    custom = Free(required=True)
    value = Anything("What the contact was worth so far; null while no plugin says it.", required=True)
    created_at = Instant(required=True)
    updated_at = Instant(required=True)
    last_contacted_at = Instant(allow_none=True, required=True)


class ContactQuery(Schema):
    """Which contacts to list. Plugins add filters of their own."""

    limit = limit()
    after = after()
    count = counted()
    q = fields.String(metadata={"description": "Words that name, e-mail or phone must hold."})
    sort = fields.String(
        metadata={"description": "A field, with “-” before it for the reverse order.", "default": "-created_at"}
    )
    status = fields.String(metadata={"description": "Name or id of a status."})
    tag = fields.String(metadata={"description": "Name of a tag."})
    assigned_to = fields.String(metadata={"description": "E-mail or id of a user."})
    source = fields.String(metadata={"description": "Where the contact came from, such as “api”."})
    created_from = fields.String(metadata={"description": "Added on this day or later."})
    created_to = fields.String(metadata={"description": "Added on this day or earlier."})
    not_contacted = fields.String(metadata={"description": "Not contacted for so many days."})

    class Meta:
        """Filters of plugins are checked by the view."""

        unknown = INCLUDE


class BulkContacts(Schema):
    """Up to 1,000 contacts to add or update."""

    contacts = fields.List(
        Free("As for POST /contacts."),
        required=True,
        validate=validate.Length(max=1000, error="Give at most 1,000 contacts at once."),
    )
    match = fields.String(
        load_default="email",
        validate=validate.OneOf(["email", "external_id"], error="Choose email or external_id."),
        metadata={"description": "What tells that a contact is there already; the other of the two is tried after it."},
    )
    mode = fields.String(
        load_default="update",
        validate=validate.OneOf(["update", "skip", "fill"], error="Choose update, skip or fill."),
        metadata={"description": "What happens with those: updated, skipped, or filled where they are empty."},
    )


class BulkResult(Schema):
    """What became of one row."""

    row = Number("Its place in the request, from 0.", required=True)
    outcome = fields.String(required=True, metadata={"enum": ["added", "updated", "skipped", "refused"]})
    id = Number("The contact; null when the row was refused.", allow_none=True, required=True)
    reasons = fields.List(Text(), required=True)


class RevealedText(Schema):
    """The encrypted text of a custom field."""

    value = Text("Empty when there is none.", required=True)


class RemoveQuery(Schema):
    """How to remove a contact."""

    erase = fields.Boolean(
        load_default=False,
        metadata={
            "description": "1 erases the person for good instead, with everything that plugins hold; a receipt stays."
        },
    )


class PersonalData(Schema):
    """What is held on a person."""

    exported_at = Instant(required=True)
    contact_id = Number(required=True)
    contacts = fields.List(Free(), required=True, metadata={"description": "The contact, and those merged into it."})
    emails = fields.List(Free(), required=True)
    external_ids = fields.List(fields.Nested(schemas.ExternalIdentity), required=True)
    statuses = fields.List(Free(), required=True)
    journal = fields.List(Free(), required=True)
    mails = fields.List(Free(), required=True)
    files = fields.List(Free(), required=True)
    plugins = Free("By plugin: “tables” by the manifest, “told” by its code while it is on.", required=True)


class MergeFields(ContactFields):
    """Values that the contact that stays is to have, where it should not keep its own."""

    class Meta:
        """All addresses, tags and ids are kept, and the oldest and newest dates."""

        exclude = (
            "emails",
            "tags",
            "external_ids",
            "source",
            "created_at",
            "updated_at",
            "last_contacted_at",
            "id",
            "value",
        )


class MergeRequest(Schema):
    """Contacts to merge into the one of the address."""

    from_ = fields.List(
        Number(least=1),
        required=True,
        data_key="from",
        validate=validate.Length(min=1, max=9, error="Give one to nine contacts."),
        metadata={"description": "Ids of the contacts that go."},
    )
    fields_ = fields.Nested(MergeFields, data_key="fields", load_default=dict, allow_none=True)


class Merged(Schema):
    """A merge."""

    merge_id = Number("What undoes it: POST /merges/ID/undo.", required=True)


class UndoRequest(Schema):
    """How to undo a merge."""

    edited = Flag(
        "Whether records that were edited since go back too; else they are listed and stay.", load_default=False
    )


class Stayed(Schema):
    """Records, or a field, that an undo left alone."""

    table = Text("Table of the records; empty for a field.", required=True)
    field = Text("Field of the contact; empty for records.", required=True)
    rows = Number(required=True)
    why = fields.String(required=True, metadata={"enum": ["edited", "gone"]})


class Undone(Schema):
    """What an undone merge left alone."""

    merge_id = Number(required=True)
    stayed = fields.List(fields.Nested(Stayed), required=True)


# --- journal ---------------------------------------------------------------------------------------------------------


class EntryFields(Schema):
    """A journal entry to write."""

    type = Text("note, call, email, meeting …", load_default="note")
    summary = Text(load_default="", allow_none=True)
    comment = Text(load_default="", allow_none=True)
    outcome = Text(load_default="", allow_none=True)
    at = Moment("When it happened; now unless said otherwise.", allow_none=True, load_default=None)
    pinned = Flag(load_default=False)


class Entry(Schema):
    """A journal entry."""

    id = Number(required=True)
    object_type = Text(required=True)
    object_id = Number(required=True)
    type = Text(required=True)
    at = Instant(required=True)
    summary = Text(required=True)
    comment = Text(required=True)
    outcome = Text(required=True)
    data = Free(required=True)
    by = Text("Who wrote it.", required=True)
    user_id = Number(allow_none=True, required=True)
    by_system = Flag(required=True)
    pinned = Flag(required=True)


class JournalQuery(Schema):
    """Which entries of one contact to list."""

    limit = limit()
    after = after()
    by = fields.String(
        load_default="all",
        validate=validate.OneOf(["all", "people", "system"], error="Choose all, people or system."),
        metadata={"description": "Whose entries."},
    )


class FeedQuery(Schema):
    """Which entries of the whole site to list."""

    limit = limit()
    after = after()
    type = fields.String(load_default=None)
    user_id = fields.Integer(load_default=None)
    from_ = fields.String(data_key="from", load_default=None, metadata={"description": "From this day or instant on."})
    to = fields.String(load_default=None, metadata={"description": "Up to this day (inclusive) or instant."})


# --- statuses, tags, users -------------------------------------------------------------------------------------------


class StatusFields(Schema):
    """A status to add."""

    name = Text(required=True)
    hue = Text("One of the twelve colours.", load_default="")


class StatusChange(Schema):
    """What to change of a status."""

    name = Text()
    hue = Text("One of the twelve colours.")
    position = Number("Its place in the list, from 0.")


class GivenStatus(Schema):
    """A status of contacts."""

    id = Number(required=True)
    name = Text(required=True)
    hue = Text(required=True)
    position = Number(required=True)
    count = Number("Contacts that have it; null for who may not see contacts.", allow_none=True, required=True)


class StatusHeir(Schema):
    """What to do with the contacts of a status that goes."""

    heir = fields.String(load_default=None, metadata={"description": "Name or id of the status that they get."})


class TagFields(Schema):
    """A tag to add."""

    name = Text(required=True)
    hue = Text("One of the twelve colours.", load_default="")


class TagChange(Schema):
    """What to change of a tag."""

    name = Text()
    hue = Text("One of the twelve colours.")


class GivenTag(Schema):
    """A tag."""

    id = Number(required=True)
    name = Text(required=True)
    hue = Text(required=True)


class GivenUser(Schema):
    """A user; ``role`` is null for who may not manage users."""

    id = Number(required=True)
    email = Text(required=True)
    name = Text(required=True)
    role = Text(allow_none=True, required=True)
    active = Flag(required=True)


class Paging(Schema):
    """A page of a list."""

    limit = limit()
    after = after()
    count = counted()
