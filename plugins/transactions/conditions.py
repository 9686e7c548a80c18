"""What segments can ask of contacts' transactions: those that count, as every figure has it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select

from crmhost.api import ConditionTest, ConditionType, Message, Money, Work

from .models import Value
from .values import values_of

_GROUP = Message("Transactions")
_FIGURES = ("equals", "not_equals", "gt", "gte", "lt", "lte", "between")


def types() -> list[ConditionType]:
    """All of them."""
    return [
        ConditionType(
            id="transaction_count",
            label="Number of transactions",
            group=_GROUP,
            kind="count",
            zero=True,
            where=lambda _work, test: _by_contact().having(test.on(func.sum(Value.number))),
            values=lambda work, ids: {key: sum(row.number for row in rows) for key, rows in _of(work, ids).items()},
            permission="transactions.view",
        ),
        ConditionType(
            id="total_value",
            label="Total value",
            group=_GROUP,
            kind="money",
            zero=True,
            operators=_FIGURES,
            where=_total,
            values=lambda work, ids: {
                key: [Money(row.total, row.currency) for row in rows] for key, rows in _of(work, ids).items()
            },
            permission="transactions.view",
        ),
        ConditionType(
            id="last_transaction_at",
            label="Last transaction",
            group=_GROUP,
            kind="instant",
            where=lambda _work, test: _by_contact().having(test.on(func.max(Value.last_at))),
            values=lambda work, ids: _instants(work, ids, "last_at", max),
            permission="transactions.view",
        ),
        ConditionType(
            id="first_transaction_at",
            label="First transaction",
            group=_GROUP,
            kind="instant",
            where=lambda _work, test: _by_contact().having(test.on(func.min(Value.first_at))),
            values=lambda work, ids: _instants(work, ids, "first_at", min),
            permission="transactions.view",
        ),
    ]


def _by_contact() -> Select[Any]:
    return select(Value.object_id).where(Value.object_type == "contact").group_by(Value.object_id)


def _total(_work: Work, test: ConditionTest) -> Select[Any]:
    return select(Value.object_id).where(Value.object_type == "contact", test.on(Value.total, currency=Value.currency))


def _of(work: Work, ids: Sequence[int]) -> Mapping[int, Sequence[Value]]:
    return values_of(work, "contact", ids)


def _instants(work: Work, ids: Sequence[int], name: str, choose: Any) -> dict[int, dt.datetime]:
    found = {key: [moment for row in rows if (moment := getattr(row, name))] for key, rows in _of(work, ids).items()}
    return {key: choose(moments) for key, moments in found.items() if moments}
