"""What sources show of a contact on other pages, by the templates ``syncs/records.html`` and ``syncs/widget.html``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from crmhost.api import Message, Read, Work

from . import connections
from .models import Connection, Record

#: Records that the tab of a contact shows.
SHOWN = 50


@dataclasses.dataclass(frozen=True)
class Row:
    """A record as ``syncs/records.html`` shows it.

    :param name: what it is called, to be translated, with ``%(number)s``.
    :param url: where it is looked at; empty: nowhere.
    :param connection: the name of its connection, where there are several.
    :param status: to be translated.
    :param note: what else is said of it, to be translated.
    """

    record: Record
    name: str
    url: str
    connection: str
    status: str
    note: str = ""


def rows(
    work: Work,
    contact: Any,
    source_id: str,
    kinds: Mapping[str, str],
    path: str = "",
    notes: Callable[[Work, Sequence[Record]], Mapping[int, str]] | None = None,
) -> list[Row]:
    """The newest records of a contact at a source.

    :param kinds: kind of record -> what one is called, with ``%(number)s``.
    :param path: path on the address of the connection where a record is looked at, with ``%s``; else the record has one itself.
    :param notes: gives what else is said of some of the records, by their ids.
    """
    there = {one.id: one for one in connections.all_of(work, source_id)}
    labels = {status.key: status.label for status in connections.source_of(work, source_id).statuses}
    mine = select(Record).where(_mine(contact.id, source_id, kinds))
    records = list(work.session.scalars(mine.order_by(Record.at.desc(), Record.id.desc()).limit(SHOWN)))
    said = notes(work, records) if notes is not None else {}
    return [
        Row(
            record,
            kinds[record.kind],
            _web(
                f"{there[record.connection_id].fields.get('url', '')}{path % record.external_id}"
                if path
                else record.url
            ),
            there[record.connection_id].name if len(there) > 1 else "",
            Message("Deleted") if record.gone else labels.get(record.status) or _words(record.status),
            said.get(record.id, ""),
        )
        for record in records
    ]


def number_read(contact: Any, source_id: str, kinds: Mapping[str, str]) -> Read:
    """What asks how many records a contact has at a source."""
    return Read((f"syncs.{source_id}", contact.id), select(func.count()).where(_mine(contact.id, source_id, kinds)))


def _mine(contact_id: int, source_id: str, kinds: Mapping[str, str]) -> Any:
    there = select(Connection.id).where(Connection.source == source_id)
    return (Record.contact_id == contact_id) & Record.kind.in_(tuple(kinds)) & Record.connection_id.in_(there)


def _web(address: str) -> str:
    """An address that a page may link to: what the other side sends could be anything."""
    return address if address.startswith(("https://", "http://")) else ""


def _words(status: str) -> str:
    return status.replace("_", " ").capitalize()
