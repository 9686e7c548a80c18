"""Whether what is entered anew leads to the account or shop whose records are here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from crmhost.api import CrmError, Work

from . import former
from .models import Connection, Record
from .shapes import Incoming, Source

#: Records by which an account is told from others.
_SAMPLES = 3


def exchanged(source: Source, one: Connection, fields: Mapping[str, Any], secrets: Mapping[str, str]) -> str:
    """The field by which another account could be meant from now on; empty when none is."""
    if source.account:
        moved = former.address_of(source, fields) != former.address_of(source, one.fields)
        return source.account if moved else ""
    keys = (field.name for field in source.fields if field.kind == "secret" and field.required)
    return next((name for name in keys if name in secrets), "")


def sample(work: Work, source: Source, one: Connection) -> tuple[str, dict[str, dt.datetime | None]]:
    """A kind of records by which the account is told from others, and when some of its newest were made."""
    for kind in source.known_by:
        mine = (Record.connection_id == one.id, Record.kind == kind, Record.gone.is_(False))
        newest = select(Record.external_id, Record.at).where(*mine).order_by(Record.id.desc()).limit(_SAMPLES)
        if found := {row.external_id: row.at for row in work.session.execute(newest)}:
            return kind, found
    return "", {}


def is_same(
    source: Source, options: Mapping[str, Any], known: Mapping[str, dt.datetime | None], found: Iterable[Incoming]
) -> bool:
    """Whether one of the records that are known is among those found.

    Where an address tells accounts apart their numbers may be the same: then it has to be made at the same instant too.
    """
    for item in found:
        at = known.get(item.external_id)
        if item.gone:
            continue
        if not source.account or at is None:
            return True
        try:
            shaped = source.shape(item, options)
        except CrmError:
            continue
        if getattr(shaped, "at", None) == at:
            return True
    return False
