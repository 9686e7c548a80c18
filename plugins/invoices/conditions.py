"""What segments can ask of contacts' invoices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select

from crmhost.api import ConditionType, Message, Work

from .models import Invoice
from .paying import STATES

_GROUP = Message("Invoices")


def types() -> list[ConditionType]:
    """All of them; credit notes and what is void are no invoices here."""
    return [
        ConditionType(
            id="invoice_count",
            label="Number of invoices",
            group=_GROUP,
            kind="count",
            zero=True,
            where=lambda _work, test: (
                _theirs().where(Invoice.state != "void").group_by(Invoice.contact_id).having(test.on(func.count()))
            ),
            values=_counts,
            permission="invoices.view",
        ),
        ConditionType(
            id="invoice_status",
            label="Has an invoice with status",
            group=_GROUP,
            kind="choices",
            choices=lambda _work: list(STATES.items()),
            where=lambda _work, test: _theirs().where(test.on(Invoice.state)),
            values=_states,
            permission="invoices.view",
        ),
    ]


def _theirs() -> Select[Any]:
    return select(Invoice.contact_id).where(
        Invoice.deleted_at.is_(None), Invoice.credits_id.is_(None), Invoice.contact_id.is_not(None)
    )


def _counts(work: Work, ids: Sequence[int]) -> dict[int, int]:
    mine = _theirs().add_columns(func.count()).where(Invoice.state != "void", Invoice.contact_id.in_(ids))
    return {row[0]: row[1] for row in work.session.execute(mine.group_by(Invoice.contact_id))}


def _states(work: Work, ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = _theirs().add_columns(Invoice.state).where(Invoice.contact_id.in_(ids)).distinct().order_by(Invoice.state)
    for contact_id, state in work.session.execute(rows):
        found.setdefault(contact_id, []).append(state)
    return found
