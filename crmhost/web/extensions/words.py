"""What the Extensions pages say, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from flask_babel import gettext as _
from flask_babel import ngettext

from ...host.attribution import Cost
from ...host.grants import Sentence, sentences
from ..i18n import number
from .adds import KINDS

__all__ = [
    "added",
    "errors",
    "granted",
    "may",
    "process",
    "queries",
    "rows",
    "sentences",
    "sign",
    "spent",
    "spent_each",
    "wanted_range",
]

_ADDED: Mapping[str, Callable[[int], str]] = {
    "menu": lambda n: ngettext("%(num)d menu item", "%(num)d menu items", n),
    "pages": lambda n: ngettext("%(num)d page", "%(num)d pages", n),
    "dashboard_widgets": lambda n: ngettext("%(num)d dashboard box", "%(num)d dashboard boxes", n),
    "dashboard_totals": lambda n: ngettext("%(num)d figure on the dashboard", "%(num)d figures on the dashboard", n),
    "contact_vitals": lambda n: ngettext("%(num)d contact figure", "%(num)d contact figures", n),
    "contact_boxes": lambda n: ngettext("%(num)d contact box", "%(num)d contact boxes", n),
    "contact_tabs": lambda n: ngettext("%(num)d contact tab", "%(num)d contact tabs", n),
    "record_tabs": lambda n: ngettext("%(num)d tab of all records", "%(num)d tabs of all records", n),
    "contact_columns": lambda n: ngettext("%(num)d list column", "%(num)d list columns", n),
    "contact_filters": lambda n: ngettext("%(num)d list filter", "%(num)d list filters", n),
    "contact_conditions": lambda n: ngettext("%(num)d condition of segments", "%(num)d conditions of segments", n),
    "contact_bulk_actions": lambda n: ngettext("%(num)d bulk action", "%(num)d bulk actions", n),
    "contact_form_parts": lambda n: ngettext(
        "%(num)d section of the contact form", "%(num)d sections of the contact form", n
    ),
    "quick_actions": lambda n: ngettext("%(num)d quick action", "%(num)d quick actions", n),
    "slots": lambda n: ngettext("%(num)d part of other pages", "%(num)d parts of other pages", n),
    "search": lambda n: ngettext("%(num)d kind of search hits", "%(num)d kinds of search hits", n),
    "mail_blocks": lambda n: ngettext("%(num)d block for mails", "%(num)d blocks for mails", n),
    "journal_types": lambda n: ngettext("%(num)d kind of journal entry", "%(num)d kinds of journal entries", n),
    "settings": lambda n: ngettext("%(num)d setting", "%(num)d settings", n),
    "permissions": lambda n: ngettext("%(num)d permission", "%(num)d permissions", n),
    "tables": lambda n: ngettext("%(num)d table", "%(num)d tables", n),
    "jobs": lambda n: ngettext("%(num)d job", "%(num)d jobs", n),
    "schedules": lambda n: ngettext("%(num)d schedule", "%(num)d schedules", n),
    "event_handlers": lambda n: ngettext("%(num)d event handler", "%(num)d event handlers", n),
    "webhooks": lambda n: ngettext("%(num)d incoming webhook", "%(num)d incoming webhooks", n),
    "api": lambda n: ngettext("%(num)d API address", "%(num)d API addresses", n),
    "cli_commands": lambda n: ngettext("%(num)d command", "%(num)d commands", n),
    "importers": lambda n: ngettext("%(num)d kind of import", "%(num)d kinds of import", n),
    "exporters": lambda n: ngettext("%(num)d kind of export", "%(num)d kinds of export", n),
    "health_checks": lambda n: ngettext("%(num)d health check", "%(num)d health checks", n),
    "services": lambda n: ngettext("%(num)d service for others", "%(num)d services for others", n),
    "hooks": lambda n: ngettext("%(num)d hook", "%(num)d hooks", n),
}


def added(numbers: Mapping[str, int]) -> str:
    """“1 page, 2 permissions, 4 tables”."""
    parts = [_ADDED[kind](numbers[kind]) for kind in KINDS if numbers.get(kind)]
    return ", ".join(parts) or _("Nothing")


def granted(sentence: Sentence) -> tuple[str, str]:
    """A line of the consent form: what it may do, and the details, which may be empty."""
    values = {
        name: value if name == "host" else _(value)  # a host is no word
        for name, value in sentence.values.items()
    }
    # French sets a blank before the colon; the one before a port has none after it.
    title, *rest = re.split(r"\s*:\s", _(sentence.message, **values), maxsplit=1)
    details = "".join(rest)
    return title, details[:1].upper() + details[1:]


def may(told: Iterable[Sentence]) -> str:
    """“Read and change contacts, call api.stripe.com”."""
    titles = [granted(sentence)[0] for sentence in told]
    parts = [title if place == 0 else title[:1].lower() + title[1:] for place, title in enumerate(titles)]
    return ", ".join(parts) or _("Nothing beyond its own data")


_SIGNS = {
    "contacts": "users",
    "journal": "notes",
    "settings": "settings",
    "users": "user-shield",
    "statuses": "flag",
    "files": "file",
    "mail": "mail",
    "pages": "door-enter",
    "net": "world",
}


def sign(sentence: Sentence) -> str:
    """Name of the icon beside a line of the consent form."""
    return _SIGNS.get(sentence.grants[0].partition(":")[0], "database")


def process(name: str) -> str:
    """A process as admins know it, from ``HOST:PID:KIND``."""
    host, pid, kind = name.rsplit(":", 2)
    kinds = {"web": _("web process"), "worker": _("worker"), "cli": _("command"), "test": _("test")}
    return str(_("%(kind)s %(pid)s on %(host)s", kind=kinds.get(kind, kind), pid=pid, host=host))


def wanted_range(text: str) -> str:
    """A range of versions as people write it: “≥ 1.2, < 2”."""
    signs = {">=": "≥ ", "<=": "≤ ", "==": "", "!=": "≠ ", "~=": "≈ "}
    parts = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        known = next((mark for mark in signs if part.startswith(mark)), "")
        parts.append(signs[known] + part.removeprefix(known).strip() if known else f"{part[0]} {part[1:].strip()}")
    return ", ".join(parts)


def spent(cost: Cost) -> str:
    """Time that its code took."""
    if cost.milliseconds >= 10_000:
        return str(_("%(number)s s", number=number(cost.milliseconds / 1000, 1)))
    return str(_("%(number)s ms", number=number(cost.milliseconds, 1 if cost.milliseconds < 10 else 0)))


def spent_each(cost: Cost) -> str:
    """What the time comes to for each call, for the hint."""
    mean = cost.milliseconds / cost.calls if cost.calls else 0.0
    calls = ngettext("%(text)s call", "%(text)s calls", cost.calls, text=number(cost.calls))
    return str(_("Time in its code in the last hour: %(calls)s, %(mean)s ms each", calls=calls, mean=number(mean, 1)))


def queries(cost: Cost) -> str:
    """Queries that its code made."""
    return str(ngettext("%(text)s query", "%(text)s queries", cost.queries, text=number(cost.queries)))


def errors(cost: Cost) -> str:
    """Errors of its code."""
    if not cost.errors:
        return str(_("No errors"))
    return str(ngettext("%(text)s error", "%(text)s errors", cost.errors, text=number(cost.errors)))


def rows(count: int, tables: int, *, exact: bool) -> str:
    """“12,408 rows in 4 tables”."""
    many = number(count) + ("" if exact else "+")
    in_rows = ngettext("%(text)s row", "%(text)s rows", count, text=many)
    in_tables = ngettext("%(num)d table", "%(num)d tables", tables)
    return str(_("%(rows)s in %(tables)s", rows=in_rows, tables=in_tables))
