"""The feed of the whole site as a list: what happened, with whom, by whom, under its days."""

from __future__ import annotations

import dataclasses
from typing import Any

from flask import get_template_attribute
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import select

from ...web.i18n import clock, long_day, moment
from ...web.tables import Cell, Table, TableColumn, TableCount, TableFilter, TablePage, TableQuery
from ...work.unit import Work
from ..days import day_bound
from ..keyset import valid_id
from ..records import services as records
from ..records.links import record_url
from ..text import sort_key
from ..users.models import User
from . import reading, services
from .panel import BY, Line, lines_of, status_hues
from .types import types


@dataclasses.dataclass(frozen=True)
class Told:
    """An entry with the record that it is about, as far as the reader may see that one: title and address."""

    line: Line
    subject: tuple[str, str] | None

    @property
    def id(self) -> int:
        """Id of the entry."""
        return self.line.entry.id


def table(work: Work) -> Table:
    """The list for who looks now."""
    hues = status_hues(work)
    users = work.session.execute(select(User.id, User.name, User.email))
    people = sorted(((str(row[0]), row[1] or row[2]) for row in users), key=lambda pair: sort_key(pair[1]))
    by = {"people": _("By people"), "system": _("By the system")}

    sentence = get_template_attribute("journal/entry.html", "told")

    return Table(
        id="journal",
        label=_("Journal"),
        fetch=fetch,
        count=count,
        group=lambda row: long_day(row.line.entry.at.astimezone(work.timezone)),
        columns=[
            TableColumn(id="what", label=_("What happened"), cell=lambda row: sentence(row.line, hues), fixed=True),
            TableColumn(id="record", label=_("With"), cell=_subject, css="c-mail"),
            TableColumn(id="who", label=_("By"), cell=lambda row: row.line.who or "–", css="c-user"),
            TableColumn(
                id="type", label=_("Type"), cell=lambda row: _(row.line.kind.label), css="c-status", shown=False
            ),
            TableColumn(id="when", label=_("When"), cell=_when, css="c-when"),
        ],
        card=("what", "when", [["record", "who"]]),
        filters=[
            TableFilter(id="by", label=_("By"), kind="choice", choices=list(by.items()), quick=True),
            TableFilter(
                id="type",
                label=_("Type"),
                kind="choice",
                choices=[(item.name, _(item.label)) for item in types(work).values()],
                quick=True,
            ),
            TableFilter(id="user", label=_("User"), kind="choice", choices=people, quick=True),
            TableFilter(id="from", label=_("From"), kind="day"),
            TableFilter(id="to", label=_("until"), kind="day"),
        ],
        empty=(_("Nothing happened yet"), _("Notes, calls and changes of contacts appear here, newest first."), "", ""),
    )


def chosen(work: Work, query: TableQuery) -> dict[str, Any]:
    """What the list is narrowed to, in the words of the service."""
    one = {name: values[0] for name, values in query.filters.items() if values}
    return {
        "type": one.get("type"),
        "user_id": valid_id(one.get("user")),
        "from_": day_bound(work, one.get("from", "")),
        "to": day_bound(work, one.get("to", ""), 1),
        "by": next((by for by in BY if by == one.get("by")), "all"),
    }


def fetch(work: Work, query: TableQuery) -> TablePage:
    """A page of the feed with the names of the records concerned, which are read for all at once."""
    found = services.feed(work, **chosen(work, query), after=query.after, before=query.before, limit=query.limit)
    wanted: dict[str, set[int]] = {}
    for entry in found.rows:
        wanted.setdefault(entry.object_type, set()).add(entry.object_id)
    titles = records.titles(work, wanted)

    def about(line: Line) -> tuple[str, str] | None:
        key = line.entry.object_type, line.entry.object_id
        return (titles[key], record_url(*key)) if key in titles else None

    return TablePage([Told(line, about(line)) for line in lines_of(work, found.rows)], found.next, found.previous)


def count(work: Work, query: TableQuery) -> TableCount:
    """How many entries match."""
    many = services.count(work, **chosen(work, query))
    return TableCount(many, many < reading.MOST_COUNTED)


def _subject(row: Told) -> Cell:
    return Markup('<a class="link-ink" href="{1}">{0}</a>').format(*row.subject) if row.subject else "–"


def _when(row: Told) -> Cell:
    at = row.line.entry.at
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), moment(at), clock(at))
