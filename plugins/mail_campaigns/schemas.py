"""The shapes of campaigns in the REST API, as they are taken and given."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields

from crmhost.web.api import rest
from plugins.rest_api.api import ContactSchema

from .queries import ORDERS

#: How an audience is written.
AUDIENCE = (
    "{“include”: […], “exclude”: […]}; a part is {“all”: true}, {“tag”: name}, {“status”: name}, {“segment”: id}, "
    "{“company_tag”: name} or {“company_status”: name}. These mean the people of the companies; with “companies”: “address” "
    "beside include and exclude their own addresses, with “both” these too."
)


class CampaignFields(ma.Schema):
    """What can be said of a campaign. Fields that are left out stay as they are."""

    name = fields.String(**rest.described("Required for a new one."))
    subject = fields.String(**rest.described("With placeholders such as {{ contact.first_name }}."))
    subjects = fields.List(fields.String(), **rest.described("Further subjects to try, at most three."))
    test_share = fields.Integer(**rest.described("Percent of the audience that they are tried with, 5 to 90."))
    test_figure = fields.String(
        **rest.described("What decides: clicked (with track_clicks), opened (with track_opens), or hand.")
    )
    test_wait = fields.Integer(**rest.described("Minutes from the last of the first mails until the best is chosen."))
    html = fields.String(**rest.described("Short for “content” of the kind html."))
    content = fields.String(**rest.described("Has to hold {{ unsubscribe.line }} before it is sent."))
    content_kind = fields.String(
        **rest.described("blocks (content is JSON: {“blocks”: […]}), rich, text, html or mjml.")
    )
    text = fields.String(**rest.described("The text part; made from the content while it is empty."))
    audience = fields.Dict(**rest.described(AUDIENCE))
    account = rest.RecordId("The mail account it is sent from; null for the default one.", allow_none=True)
    topic = rest.RecordId("What it is about; null for nothing that readers choose.", allow_none=True)
    track_clicks = fields.Boolean()
    track_opens = fields.Boolean(**rest.described("Counts only while the site lets openings be counted."))


class GivenCampaign(ma.Schema):
    """A campaign."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    state = fields.String(
        required=True, **rest.described("draft, scheduled, planning, testing, sending, paused, sent or cancelled.")
    )
    subject = fields.String(required=True)
    subjects = fields.List(fields.String(), required=True)
    test_share = fields.Integer(required=True)
    test_figure = fields.String(required=True)
    test_wait = fields.Integer(required=True)
    test_ends_at = fields.String(required=True, allow_none=True)
    winner = fields.Integer(
        required=True, allow_none=True, **rest.described("Number of the subject for the rest, 0 for the first.")
    )
    html = fields.String(required=True, **rest.described("The content, when it is of the kind html; else empty."))
    content = fields.String(required=True)
    content_kind = fields.String(required=True)
    text = fields.String(required=True)
    audience = fields.Dict(required=True, **rest.described(AUDIENCE))
    account = fields.Integer(required=True, allow_none=True)
    topic = fields.Integer(required=True, allow_none=True)
    track_clicks = fields.Boolean(required=True)
    track_opens = fields.Boolean(required=True)
    scheduled_at = fields.String(required=True, allow_none=True)
    started_at = fields.String(required=True, allow_none=True)
    ended_at = fields.String(required=True, allow_none=True)
    created_at = fields.String(required=True)
    updated_at = fields.String(required=True)


CampaignObject = rest.object_of(GivenCampaign)
CampaignList = rest.page_of(GivenCampaign)


class CampaignQuery(rest.ListQuery):
    """Which campaigns to list."""

    q = fields.String(load_default="", **rest.described("Parts of words of name and subject."))
    sort = fields.String(load_default="-updated_at", **rest.described(f"{', '.join(ORDERS)}; “-” before it turns it."))
    state = fields.String(**rest.described("Names, separated by commas."))


class AddressedCompany(ma.Schema):
    """A company that gets a campaign at its own address."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    email = fields.String(required=True)


class CampaignPreview(ma.Schema):
    """Who would get it now."""

    count = fields.Integer(required=True, **rest.described("How many get a mail."))
    sample = fields.List(fields.Nested(ContactSchema), required=True, **rest.described("The first contacts."))
    companies = fields.List(
        fields.Nested(AddressedCompany), required=True, **rest.described("The first companies that get it themselves.")
    )
    left_out = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        **rest.described(
            "How many of it get none, by reason: no_email, invalid, duplicate, unsubscribed, bounced, complained, topic."
        ),
    )
    looked = fields.Integer(
        required=True, **rest.described("Of so many of the audience “left_out” tells: all of a small one.")
    )
    matching = fields.Integer(
        required=True,
        **rest.described("All contacts of the audience, and the companies written to."),
    )


class SendFields(ma.Schema):
    """When it is sent."""

    at = fields.AwareDateTime(load_default=None, allow_none=True, **rest.described("An instant; now when left out."))


class WinnerFields(ma.Schema):
    """Which subject the rest gets."""

    subject = fields.Integer(
        load_default=None,
        allow_none=True,
        **rest.described("Its number, 0 for the first; the best so far when left out."),
    )


class SubjectStats(ma.Schema):
    """What became of one of several subjects."""

    subject = fields.String(required=True)
    sent = fields.Integer(required=True)
    delivered = fields.Integer(required=True)
    bounced = fields.Integer(required=True)
    complained = fields.Integer(required=True)
    unsubscribed = fields.Integer(required=True)
    clicked = fields.Integer(required=True)
    opened = fields.Integer(required=True)


class CampaignStats(ma.Schema):
    """What became of it, counted once for each mail."""

    planned = fields.Integer(required=True, **rest.described("Recipients."))
    left_out = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    waiting = fields.Integer(required=True)
    sent = fields.Integer(required=True)
    delivered = fields.Integer(required=True, **rest.described("Sent, and not returned."))
    failed = fields.Integer(required=True)
    uncertain = fields.Integer(
        data_key="unknown", attribute="unknown", required=True, **rest.described("Nobody knows whether they went out.")
    )
    skipped = fields.Integer(required=True)
    by_subject = fields.List(fields.Nested(SubjectStats), required=True, **rest.described("When several are tried."))
    bounced = fields.Integer(required=True)
    complained = fields.Integer(required=True)
    unsubscribed = fields.Integer(required=True)
    clicked = fields.Integer(required=True)
    opened = fields.Integer(
        required=True, **rest.described("Unreliable: programs open mails too, and people without being seen.")
    )
