"""Settings > Quotes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import Invalid, Message, Setting, Work

from .models import Template

VALID_DAYS, TEMPLATE, LINKS, LINK_DAYS = "quotes.valid_days", "quotes.template", "quotes.links", "quotes.link_days"
TELL = "quotes.tell"
MAIL_SUBJECT, MAIL_TEXT = "quotes.mail_subject", "quotes.mail_text"
_TEXT = (
    "<p>Dear {{ contact.first_name }},</p><p>here is our quote “{{ quote.title }}” for {{ quote.value }}.</p>"
    '<p><a href="{{ quote.link }}">Look at the quote and accept it</a></p><p>Kind regards<br>{{ site.name }}</p>'
)
_MOST_DAYS = 3650


def declared() -> list[Setting]:
    """The settings of the plugin."""
    return [
        Setting(
            key=VALID_DAYS, label="Days a quote is valid", kind="integer", default=30, validate=_days,
            help="Of a new quote; 0 for no end.",
        ),
        Setting(
            key=TEMPLATE, label="Template of a new quote", kind="choice", default="", choices=_templates,
            help="Its text begins with this template.",
        ),
        Setting(
            key=LINKS, label="Easy-access links", kind="boolean", default=True,
            help="On: who has the link of a quote opens it without signing in. Off: links lead to the client portal.",
        ),
        Setting(
            key=LINK_DAYS, label="Days a link holds", kind="integer", default=180, validate=_days,
            help="After a quote was sent; 0 until you revoke it.",
        ),
        Setting(
            key=TELL, label="Who is told", kind="choice", default="owner",
            choices=[("owner", Message("Who wrote the quote")), ("all", Message("Everybody who may write quotes"))],
            help="When a quote is seen, accepted or declined: in the app, and by mail when it is decided.",
        ),
        Setting(
            key=MAIL_SUBJECT, label="Subject of the mail with a quote", kind="text", default="Quote: {{ quote.title }}",
        ),
        Setting(
            key=MAIL_TEXT, label="Text of the mail with a quote", kind="long_text", default=_TEXT,
            help="HTML with placeholders; {{ quote.link }} is the page of the quote. It can be changed before each sending.",
        ),
    ]  # fmt: skip


def valid_until(work: Work, date: dt.date) -> dt.date | None:
    """The last day on which a new quote can be accepted."""
    days = int(work.settings.get(VALID_DAYS) or 0)
    return date + dt.timedelta(days=days) if days else None


def link_lasts(work: Work) -> dt.timedelta | None:
    """How long a link opens its quote."""
    days = int(work.settings.get(LINK_DAYS) or 0)
    return dt.timedelta(days=days) if days else None


def _days(_work: Work, value: Any) -> int:
    if not 0 <= int(value) <= _MOST_DAYS:
        raise Invalid(Message("Give a number of days between 0 and %(most)s.", most=_MOST_DAYS))
    return int(value)


def _templates(work: Work) -> Sequence[tuple[str, str]]:
    known = work.session.execute(select(Template.id, Template.name).order_by(Template.name_key))
    return [("", Message("Blank")), *((str(row.id), row.name) for row in known)]
