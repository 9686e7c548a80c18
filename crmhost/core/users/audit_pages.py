"""Settings > Audit: who changed what, from what, to what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from ...messages import Message
from ...web.i18n import moment
from ...web.request import current_work, requires
from ...web.tables import Cell, Table, TableColumn, TableCount, TableFilter, TablePage, TableQuery
from ...web.tables.pages import list_page
from ...work.tables import AuditEntry
from ...work.unit import Work
from ..days import day_bound
from ..keyset import valid_id
from ..records.links import record_url
from . import audit as log
from . import services

_LONGEST = 160


@requires("audit.view")
def audit() -> ResponseReturnValue:
    """The audit log, newest first."""
    work = current_work()
    return list_page("users/audit.html", table(work), work)


def table(work: Work) -> Table:
    """The list for who looks now."""
    users = [(str(user.id), user.name or user.email) for user, _role in services.all_users(work)]
    return Table(
        id="audit",
        label=_("Audit log"),
        fetch=fetch,
        count=count,
        columns=[
            TableColumn(id="when", label=_("When"), cell=lambda row: moment(row.at), css="c-org", fixed=True),
            TableColumn(id="who", label=_("Who"), cell=_who, css="c-user"),
            TableColumn(id="what", label=_("What"), cell=_what, card_cell=_action, css="c-mail"),
            TableColumn(id="record", label=_("Record"), cell=_record, css="c-user", shown=False),
            TableColumn(id="change", label=_("From and to"), cell=_change, card_cell=_change_in_short),
            TableColumn(id="address", label=_("Address"), cell=lambda row: row.address, css="c-user", shown=False),
        ],
        card=("what", "when", [["who", "record"], ["change"]]),
        filters=[
            TableFilter(
                id="action",
                label=_("What"),
                kind="choice",
                choices=[(prefix, _(label)) for prefix, label in KINDS],
                quick=True,
            ),
            TableFilter(id="user", label=_("User"), kind="choice", choices=users, quick=True),
            TableFilter(id="from", label=_("From"), kind="day"),
            TableFilter(id="to", label=_("until"), kind="day"),
            TableFilter(id="object_type", label=_("Kind of record"), help=_("Such as contact, user or setting.")),
            TableFilter(id="object_id", label=_("Record"), help=_("Its number or key, together with the kind.")),
        ],
        empty=(_("Nothing was changed yet"), _("Who changed what, from what, to what. Secrets are masked."), "", ""),
    )


def chosen(work: Work, query: TableQuery) -> log.Chosen:
    """What the list is narrowed to."""
    one = {name: values[0].strip()[:120] for name, values in query.filters.items() if values}
    return log.Chosen(
        one.get("action", ""),
        one.get("object_type", ""),
        one.get("object_id", ""),
        valid_id(one.get("user")),
        day_bound(work, one.get("from", "")),
        day_bound(work, one.get("to", ""), 1),
    )


def fetch(work: Work, query: TableQuery) -> TablePage:
    """A page of lines."""
    found = log.page(work, chosen(work, query), after=query.after, before=query.before, limit=query.limit)
    return TablePage(found.rows, found.next, found.previous)


def count(work: Work, query: TableQuery) -> TableCount:
    """How many lines match."""
    many = log.count(work, chosen(work, query))
    return TableCount(many, many < log.MOST_COUNTED)


def _plain(name: str) -> str:
    return name.replace(".", " ").replace("_", " ")


def _who(row: AuditEntry) -> Cell:
    return Markup('<span title="{}">{}</span>').format(row.address, row.actor_label)


def _action(row: AuditEntry) -> str:
    return str(_(_plain(row.action).capitalize()))


def _record(row: AuditEntry) -> Cell:
    if not row.object_id:
        return ""
    said = Markup('{} <span translate="no">{}</span>').format(_(_plain(row.object_type)), row.object_id)
    number = valid_id(row.object_id)
    url = record_url(row.object_type, number) if number else ""
    return Markup('<a href="{}">{}</a>').format(url, said) if url else said


def _what(row: AuditEntry) -> Cell:
    return Markup('<span title="{}">{}</span> <span class="meta">{}</span>').format(
        row.action, _action(row), _record(row)
    )


def _change(row: AuditEntry) -> Cell:
    lines = [_line(*line) for line in changes(row.before, row.after)]
    if len(lines) < 2:
        return Markup('<span class="soft" translate="no" title="{0}">{0}</span>').format(lines[0]) if lines else ""
    inside = Markup().join(
        Markup('<li class="text-wrap wrap-any" translate="no">{}</li>').format(line) for line in lines
    )
    return Markup('<details><summary class="soft">{}</summary><ul class="list-unstyled">{}</ul></details>').format(
        ngettext("%(num)d field", "%(num)d fields", len(lines)), inside
    )


def _change_in_short(row: AuditEntry) -> Cell:
    return Markup('<span translate="no">{}</span>').format(
        "; ".join(_line(*it) for it in changes(row.before, row.after))
    )


def _line(name: str, old: str, new: str) -> str:
    return f"{name}: {old} → {new}" if name else f"{old} → {new}"


#: Kinds of actions offered by the filter: prefix and English label.
KINDS = (
    ("contact.", Message("Contacts")),
    ("journal.", Message("Journal")),
    ("status.", Message("Statuses")),
    ("tag.", Message("Tags")),
    ("setting.", Message("Settings")),
    ("user.", Message("Users and sign-ins")),
    ("role.", Message("Roles")),
    ("token.", Message("Tokens")),
    ("plugin.", Message("Extensions")),
    ("job.", Message("Jobs")),
)


#: Actions that are written many at once, or by a name that is put together.
ACTIONS = (
    Message("Contact deleted"),
    Message("Contact restored"),
    Message("Contact imported"),
    Message("Contact updated"),
    Message("Setting changed"),
    Message("Plugin disabled"),
    Message("Plugin suspended"),
    Message("setting"),
)


def changes(before: Any, after: Any) -> list[tuple[str, str, str]]:
    """What changed, line by line: name, from, to."""
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        old = before if isinstance(before, Mapping) else {}
        new = after if isinstance(after, Mapping) else {}
        names = list(dict.fromkeys([*old, *new]))
        return [(name, _said(old.get(name)), _said(new.get(name))) for name in names if old.get(name) != new.get(name)]
    return [] if before is None and after is None else [("", _said(before), _said(after))]


def _said(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def add_audit_pages(blueprint: Blueprint) -> None:
    """Adds the page to the blueprint."""
    blueprint.add_url_rule("/settings/audit", view_func=audit)
