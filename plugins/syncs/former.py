"""Connections that were removed: connected anew, an account or shop is known again, and who was erased stays so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import String, cast, delete, select

from crmhost.api import Conflict, Message, Work, texts

from .models import ERASED, Connection, Former, Record, fresh, keep
from .shapes import Source


def address_of(source: Source, fields: Mapping[str, Any]) -> str:
    """What tells an account or shop from others; empty where its source does not say."""
    given = str(fields.get(source.account) or "") if source.account else ""
    return texts.fold(given).partition("://")[2].rstrip("/")[:500] or texts.fold(given)[:500]


def check_once(source: Source, fields: Mapping[str, Any], others: Sequence[Connection]) -> None:
    """:raises Conflict: when one of the other connections is to the same account or shop: all of it would count twice."""
    address = address_of(source, fields)
    for other in others:
        if address and address_of(source, other.fields) == address:
            raise Conflict(
                Message("This one is connected already, as “%(name)s”.", name=other.name), field=source.account
            )


def remember(work: Work, source: Source | None, one: Connection) -> None:
    """Keeps what has to be known of a connection that is removed. Call it before its records go."""
    erased = select(Record.kind, Record.external_id, Record.parent).where(
        Record.connection_id == one.id, cast(Record.kept, String).contains(f'"{ERASED}"')
    )
    work.session.merge(
        Former(
            source=one.source,
            key=one.key,
            address=address_of(source, one.fields) if source is not None else "",
            fields=one.fields if source is None else {},
            erased=[list(row) for row in work.session.execute(erased.order_by(Record.id))],
        )
    )


def key_of(work: Work, source: Source, fields: Mapping[str, Any], taken: Sequence[str]) -> str:
    """What the same account or shop was called in addresses and ids when it was connected before; empty if it was not."""
    address = address_of(source, fields)
    if not address:
        return ""
    known = select(Former).where(
        Former.source == source.id, Former.address.in_([address, ""]), Former.key.not_in(taken)
    )
    for row in work.session.scalars(known.order_by(Former.key)):
        if address in (row.address, address_of(source, row.fields)):
            return row.key
    return ""


def keys_of_others(work: Work, source: Source, fields: Mapping[str, Any]) -> list[str]:
    """What other accounts or shops were called in addresses and ids before they were removed.

    Contacts and transactions keep those ids: another shop of the same key would take its customer 5 for theirs.
    """
    address = address_of(source, fields)
    rows = work.session.scalars(select(Former).where(Former.source == source.id))
    known = {row.key: row.address or address_of(source, row.fields) for row in rows}
    return [key for key, theirs in known.items() if theirs and theirs != address]


def restore(work: Work, one: Connection) -> None:
    """Has a new connection know whose records name nobody any more."""
    mine = (Former.source == one.source, Former.key == one.key)
    erased = work.session.scalar(select(Former.erased).where(*mine)) or []
    records = []
    for kind, name, parent in erased:
        record = fresh(one, kind, name)
        record.parent, record.kept = parent, [ERASED]
        records.append(record)
    keep(work, records)
    work.session.execute(delete(Former).where(*mine), execution_options={"synchronize_session": False})
