"""Parts that sources put on other pages: a contact's records there, and their connections on the dashboard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import func, select

from crmhost.api import Money, Read, Work
from crmhost.web.api import gettext, money, render_template

from . import connections
from .models import Connection, Record

#: Records that the tab of a contact shows.
SHOWN = 50


def contact_tab(
    work: Work,
    contact: Any,
    source_id: str,
    kinds: Mapping[str, str],
    *,
    none: tuple[str, str],
    address: Callable[[Connection, Record], str] = lambda _one, record: record.url,
) -> str:
    """The newest records of a contact at a source: content of a tab.

    :param kinds: kind of record -> what one is called, with ``%(number)s``.
    :param none: what stands there without records: a title and a sentence.
    :param address: where a record is looked at; empty: nowhere.
    """
    there = {one.id: one for one in connections.all_of(work, source_id)}
    source = connections.source_of(work, source_id)
    labels = {status.key: gettext(status.label) for status in source.statuses}
    mine = select(Record).where(_mine(contact.id, source_id, kinds))
    found = work.session.scalars(mine.order_by(Record.at.desc(), Record.id.desc()).limit(SHOWN))
    rows = [
        {
            "name": kinds[record.kind] % {"number": record.external_id},
            "label": record.label if record.label != record.external_id else "",
            "connection": there[record.connection_id].name if len(there) > 1 else "",
            "url": address(there[record.connection_id], record),
            "status": gettext("Deleted") if record.gone else labels.get(record.status) or _words(record.status),
            "at": record.at,
            "amount": money(Money(record.amount, record.currency)) if record.currency else "",
        }
        for record in found
    ]
    return render_template("syncs/records.html", rows=rows, none=none)


def contact_number(work: Work, contact: Any, source_id: str, kinds: Mapping[str, str]) -> int:
    """How many records a contact has at a source."""
    return int(work.rows(number_read(contact, source_id, kinds))[0][0])


def number_read(contact: Any, source_id: str, kinds: Mapping[str, str]) -> Read:
    """What :func:`contact_number` asks."""
    return Read((f"syncs.{source_id}", contact.id), select(func.count()).where(_mine(contact.id, source_id, kinds)))


def widget(work: Work, source_id: str, none: str) -> str:
    """Each connection of a source: when it was read, and what is wrong."""
    there = connections.all_of(work, source_id)
    return render_template("syncs/widget.html", connections=there, source_id=source_id, none=none)


def _mine(contact_id: int, source_id: str, kinds: Mapping[str, str]) -> Any:
    there = select(Connection.id).where(Connection.source == source_id)
    return (Record.contact_id == contact_id) & Record.kind.in_(tuple(kinds)) & Record.connection_id.in_(there)


def _words(status: str) -> str:
    return gettext(status.replace("_", " ").capitalize()) if status else ""
