"""What segments can ask of contacts' quotes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select

from crmhost.api import ConditionType, Message, Work

from .models import Quote
from .queries import counts
from .states import STATES

_GROUP = Message("Quotes")


def types() -> list[ConditionType]:
    """All of them."""
    return [
        ConditionType(
            id="quote_count",
            label="Number of quotes",
            group=_GROUP,
            kind="count",
            zero=True,
            where=lambda _work, test: _theirs().group_by(Quote.contact_id).having(test.on(func.count())),
            values=lambda work, ids: counts(work, "contact_id", ids),
            permission="quotes.view",
        ),
        ConditionType(
            id="quote_status",
            label="Has a quote with status",
            group=_GROUP,
            kind="choices",
            choices=lambda _work: list(STATES.items()),
            where=lambda _work, test: _theirs().where(test.on(Quote.state)),
            values=_states,
            permission="quotes.view",
        ),
    ]


def _theirs() -> Select[Any]:
    return select(Quote.contact_id).where(Quote.deleted_at.is_(None), Quote.contact_id.is_not(None))


def _states(work: Work, ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows = _theirs().add_columns(Quote.state).where(Quote.contact_id.in_(ids)).distinct().order_by(Quote.state)
    for contact_id, state in work.session.execute(rows):
        found.setdefault(contact_id, []).append(state)
    return found
