"""Records of one side or of several that are one sale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from sqlalchemy import select

from crmhost.api import Work

from .models import Record, SameSale
from .shapes import Incoming, Sale

_SOME = 500

Wanted: TypeAlias = "Sequence[tuple[Incoming, Sale, Record]]"


def apart(wanted: Wanted) -> tuple[Wanted, Wanted]:
    """Records of which none is the sale of another, and the rest: such as an invoice, and the charge that paid it."""
    names: set[str] = set()
    now: list[tuple[Incoming, Sale, Record]] = []
    later: list[tuple[Incoming, Sale, Record]] = []
    for entry in wanted:
        same = set(entry[1].same)
        (now if names.isdisjoint(same) else later).append(entry)
        names |= same
    return now, later


def same_sales(work: Work, names: Iterable[str]) -> dict[str, int]:
    """What sales are called -> their transaction."""
    found: dict[str, int] = {}
    wanted = sorted({name[:200] for name in names})
    for start in range(0, len(wanted), _SOME):
        some = wanted[start : start + _SOME]
        rows = work.session.execute(select(SameSale.key, SameSale.transaction_id).where(SameSale.key.in_(some)))
        found |= {row[0]: row[1] for row in rows}
    return found
