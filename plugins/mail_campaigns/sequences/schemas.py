"""The shapes of sequences in the REST API, as they are taken and given."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields

from crmhost.web.api import rest

from ..reasons import LEFT
from ..schemas import AUDIENCE
from . import inside, waits

_REASONS = ", ".join(LEFT)
_CLOCK = "A time of day in the site's zone, such as 09:00."


class SequenceFields(ma.Schema):
    """What can be said of a sequence. Fields that are left out stay as they are."""

    name = fields.String(**rest.described("Required for a new one."))
    audience = fields.Dict(**rest.described(f"Who enters. {AUDIENCE}"))
    joins = fields.String(
        **rest.described("always (who comes into the audience later enters too) or start (who is in it at the start).")
    )
    leave_segment = rest.RecordId("Who is in this segment before a mail leaves; null for nobody.", allow_none=True)
    account = rest.RecordId("The mail account it is sent from; null for the default one.", allow_none=True)
    topic = rest.RecordId("What it is about; who does not want that leaves. Null for nothing.", allow_none=True)
    track_clicks = fields.Boolean()
    track_opens = fields.Boolean(**rest.described("Counts only while the site lets openings be counted."))


class GivenSequence(ma.Schema):
    """A sequence; its mails are its steps."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    state = fields.String(required=True, **rest.described("on or off."))
    audience = fields.Dict(required=True, **rest.described(f"Who enters. {AUDIENCE}"))
    joins = fields.String(required=True)
    leave_segment = fields.Integer(required=True, allow_none=True)
    account = fields.Integer(required=True, allow_none=True)
    topic = fields.Integer(required=True, allow_none=True)
    track_clicks = fields.Boolean(required=True)
    track_opens = fields.Boolean(required=True)
    inside = fields.Integer(required=True, **rest.described("Contacts that get further mails."))
    finished = fields.Integer(required=True, **rest.described("Contacts that are through."))
    left = fields.Integer(required=True, **rest.described("Contacts that left before the last mail."))
    created_at = fields.String(required=True)
    updated_at = fields.String(required=True)


SequenceObject = rest.object_of(GivenSequence)
SequenceList = rest.page_of(GivenSequence)


class SequenceQuery(rest.ListQuery):
    """Which sequences to list."""

    q = fields.String(load_default="", **rest.described("Parts of words of the name."))
    sort = fields.String(load_default="-updated_at", **rest.described("updated_at, name; “-” before it turns it."))
    state = fields.String(**rest.described("on or off."))


class StepFields(ma.Schema):
    """What can be said of a mail of a sequence. Fields that are left out stay as they are."""

    subject = fields.String(**rest.described("With placeholders such as {{ contact.first_name }}."))
    content = fields.String(**rest.described("Has to hold {{ unsubscribe.line }} before the sequence starts."))
    content_kind = fields.String(
        **rest.described("blocks (content is JSON: {“blocks”: […]}), rich, text, html or mjml.")
    )
    text = fields.String(**rest.described("The text part; made from the content while it is empty."))
    wait_number = fields.Integer(strict=True, **rest.described("So many units after the mail before, or entering."))
    wait_unit = fields.String(**rest.described(f"{', '.join(waits.UNITS)}."))
    office = fields.Boolean(**rest.described("On weekdays only, between “opens” and “closes”."))
    opens = fields.String(**rest.described(_CLOCK))
    closes = fields.String(**rest.described(_CLOCK))


class GivenStep(ma.Schema):
    """A mail of a sequence."""

    id = fields.Integer(required=True)
    place = fields.Integer(required=True, **rest.described("1 for the first."))
    subject = fields.String(required=True)
    content = fields.String(required=True)
    content_kind = fields.String(required=True)
    text = fields.String(required=True)
    wait_number = fields.Integer(required=True)
    wait_unit = fields.String(required=True)
    office = fields.Boolean(required=True)
    opens = fields.String(required=True)
    closes = fields.String(required=True)
    updated_at = fields.String(required=True)


StepObject = rest.object_of(GivenStep)
StepList = rest.list_of(GivenStep)


class MoveFields(ma.Schema):
    """Where a mail of a sequence goes."""

    by = fields.Integer(
        required=True,
        strict=True,
        validate=ma.validate.Range(-50, 50),
        **rest.described("So many places on; back when it is below 0."),
    )


class GivenPerson(ma.Schema):
    """Somebody who is or was in a sequence."""

    contact_id = fields.Integer(required=True)
    name = fields.String(required=True)
    email = fields.String(required=True)
    state = fields.String(required=True, **rest.described(f"{', '.join(inside.STATES)}."))
    reason = fields.String(required=True, **rest.described(f"Why they left: {_REASONS}; else empty."))
    place = fields.Integer(
        required=True, allow_none=True, **rest.described("Of the mail that comes next, or before which they left.")
    )
    due_at = fields.String(required=True, allow_none=True, **rest.described("When the next mail is due."))
    entered_at = fields.String(required=True)
    ended_at = fields.String(required=True, allow_none=True)


PersonList = rest.page_of(GivenPerson)


class PersonQuery(rest.PageQuery):
    """Which people of a sequence to list: who is inside by when their next mail is due, others by their number."""

    state = fields.String(load_default="", **rest.described(f"{', '.join(inside.STATES)}."))
    reason = fields.String(load_default="", **rest.described(f"Why they left: {_REASONS}."))
    step = rest.RecordId("Id of the mail that comes next.", load_default=None)
    count = fields.Boolean(load_default=False, **rest.described("1 adds “total”, the number of all."))


class PeopleFields(ma.Schema):
    """Contacts that enter."""

    contacts = fields.List(
        rest.RecordId(),
        required=True,
        validate=ma.validate.Length(1, 1_000),
        **rest.described("Their ids, at most 1,000."),
    )


class Entered(ma.Schema):
    """How many contacts entered."""

    entered = fields.Integer(required=True)


class StepStats(ma.Schema):
    """What became of a mail of a sequence."""

    id = fields.Integer(required=True)
    place = fields.Integer(required=True)
    entered = fields.Integer(required=True, **rest.described("Contacts that came to it."))
    waiting = fields.Integer(required=True, **rest.described("Contacts that wait for it."))
    sent = fields.Integer(required=True)
    clicked = fields.Integer(required=True)
    opened = fields.Integer(required=True, **rest.described("Unreliable: programs open mails too."))
    left = fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True, **rest.described("Reason → contacts.")
    )


class SequenceStats(ma.Schema):
    """What became of a sequence."""

    inside = fields.Integer(required=True)
    finished = fields.Integer(required=True)
    left = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    steps = fields.List(fields.Nested(StepStats), required=True)
