"""What the core itself shows on the dashboard: the number of contacts, the latest ones, the latest activity."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from flask import render_template
from flask_babel import gettext as _
from flask_babel import ngettext

from ...contributions import Total, Widget
from ...core.contacts import queries
from ...core.contacts.cells import source_label
from ...core.contacts.queries import ListQuery
from ...core.journal import activity
from ...core.journal.describe import Part
from ...core.journal.models import JournalEntry
from ...core.journal.panel import Line, lines_of, status_hues
from ...core.journal.routes import feed_context
from ...core.journal.services import Entries
from ...messages import Message
from ...work.unit import Work
from ..i18n import number
from . import arrivals

NEWEST = 10
LATEST = 9


def totals() -> Sequence[Total]:
    """The number of contacts."""
    return [
        Total(
            label="Contacts",
            value=contacts_total,
            endpoint="contacts.index",
            permission="contacts.view",
            order=10,
            reads=lambda work: queries.count_reads(work, _this_month(work)),
        )
    ]


def widgets() -> Sequence[Widget]:
    """Latest contacts and latest activity."""
    return [
        Widget(
            id="arrivals",
            title="How many contacts came in?",
            render=arrivals.render,
            permission="contacts.view",
            span=6,
            order=10,
        ),
        Widget(
            id="contacts",
            title="Latest contacts",
            render=latest_contacts,
            endpoint="contacts.index",
            permission="contacts.view",
            span=6,
            order=200,
        ),
        Widget(
            id="activity",
            title="Latest activity",
            render=latest_activity,
            endpoint="journal.index",
            permission="journal.view",
            span=6,
            order=210,
        ),
    ]


def contacts_total(work: Work) -> tuple[str, str]:
    """How many contacts there are, and how many of them came this month."""
    whole = queries.count(work, ListQuery())
    new = queries.count(work, _this_month(work))
    return _text(whole), _("%(number)s new this month", number=_text(new)) if new.number else _("None new this month")


def _this_month(work: Work) -> ListQuery:
    return ListQuery(filters={"created_from": work.today.replace(day=1).isoformat()})


def _text(count: queries.Count) -> str:
    return number(count.number) + ("" if count.exact else "+")


def latest_contacts(work: Work) -> str:
    """The newest contacts with their status."""
    rows = queries.page(work, ListQuery(sort="-created_at", limit=NEWEST)).rows
    whence = {
        contact.id: _in_words((contact.reason or {}).get("text")) or source_label(contact.source) for contact in rows
    }
    return render_template("dashboard/contacts.html", contacts=rows, whence=whence)


def latest_activity(work: Work) -> str:
    """What happened lately, with everybody; an import is one line."""
    found = activity.latest(work, LATEST)
    shown = feed_context(work, Entries([item for item in found if isinstance(item, JournalEntry)], None))
    lines = {line.entry.id: line for line in shown["lines"]}
    shown["lines"] = [lines[item.id] if isinstance(item, JournalEntry) else _import_line(work, item) for item in found]
    return render_template("dashboard/activity.html", hues_of_statuses=status_hues(work), clocks=False, **shown)


def _in_words(text: str | None) -> str:
    """A text as it is, a message in the reader's language."""
    return str(_(text)) if isinstance(text, Message) else text or ""


def _import_line(work: Work, found: activity.Imported) -> Line:
    text = number(found.number) + ("" if found.exact else "+")
    said = ngettext("Imported %(text)s contact", "Imported %(text)s contacts", found.number, text=text)
    entry = JournalEntry(type=activity.IMPORTED, at=found.at, actor_label=found.actor_label, by_system=True, data={})
    why = _in_words(found.why)
    [line] = lines_of(work, [entry])
    return dataclasses.replace(line, parts=[Part(_("%(what)s: %(why)s", what=said, why=why) if why else said)])
