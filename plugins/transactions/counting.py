"""What counts: the one place that says which transactions every figure holds, and with how much."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, false, func, literal
from sqlalchemy import cast as sql_cast

from crmhost.api import Work, texts

from . import kinds, settings
from .models import Status, Transaction, Type

E = TypeVar("E", bound=ColumnElement[Any])


def _once(build: Callable[[Any], E]) -> Callable[[Any], E]:
    """For a method that puts a part of statements together: what it gave once, it gives again."""

    @functools.wraps(build)
    def give(rule: Any) -> E:
        parts: dict[str, E] = rule.__dict__.setdefault("_parts", {})
        if build.__name__ not in parts:
            parts[build.__name__] = build(rule)
        return parts[build.__name__]

    return give


@dataclasses.dataclass(frozen=True, eq=False)
class Rule:
    """What counts, as the settings say it now.

    :param statuses: ids of the statuses that count.
    :param signs: type -> 1, -1 or 0.
    :param taxes: totals count with their taxes.
    :param discounts: discounts lower what counts.
    :param fees: fees lower what counts.
    """

    statuses: frozenset[int]
    signs: Mapping[int, int]
    taxes: bool
    discounts: bool
    fees: bool

    # --- in Python ----------------------------------------------------------------------------------------------------

    def counts(self, transaction: Any) -> bool:
        """Whether a transaction (or a row of its columns) counts."""
        return (
            transaction.deleted_at is None
            and transaction.status_id in self.statuses
            and self.signs.get(transaction.type_id, 0) != 0
        )

    def worth(self, transaction: Any) -> int:
        """What a transaction adds, in minor units of its currency; below zero for what it takes off."""
        if not self.counts(transaction):
            return 0
        amount = int(transaction.total)
        amount -= 0 if self.taxes else transaction.tax
        amount += 0 if self.discounts else transaction.discount
        amount -= transaction.fee if self.fees else 0
        return self.signs[transaction.type_id] * amount

    # --- in SQL -------------------------------------------------------------------------------------------------------

    @property
    def _adding(self) -> list[int]:
        return sorted(number for number, sign in self.signs.items() if sign > 0)

    @property
    def _subtracting(self) -> list[int]:
        return sorted(number for number, sign in self.signs.items() if sign < 0)

    @_once
    def condition(self) -> ColumnElement[bool]:
        """The condition that a transaction counts."""
        signed = [*self._adding, *self._subtracting]
        if not self.statuses or not signed:
            return and_(Transaction.deleted_at.is_(None), false())
        return and_(
            Transaction.deleted_at.is_(None),
            Transaction.status_id.in_(sorted(self.statuses)),
            Transaction.type_id.in_(signed),
        )

    @_once
    def amount(self) -> ColumnElement[int]:
        """What a transaction that counts adds."""
        amount: Any = Transaction.total
        if not self.taxes:
            amount = amount - Transaction.tax
        if not self.discounts:
            amount = amount + Transaction.discount
        if self.fees:
            amount = amount - Transaction.fee
        signed: ColumnElement[int] = case((self.subtracts(), -amount), else_=amount)
        return signed

    @_once
    def subtracts(self) -> ColumnElement[bool]:
        """The condition that a transaction is of a type that subtracts."""
        return Transaction.type_id.in_(self._subtracting) if self._subtracting else false()

    @_once
    def sum(self) -> ColumnElement[int]:
        """The sum of what counts, of the transactions that a statement chooses, those too that do not count."""
        return _whole(case((self.condition(), self.amount()), else_=literal(0)))

    @_once
    def refunded(self) -> ColumnElement[int]:
        """The sum of what was taken off."""
        return _whole(case((and_(self.condition(), self.subtracts()), -self.amount()), else_=literal(0)))

    @_once
    def number(self) -> ColumnElement[int]:
        """How many count."""
        return func.coalesce(func.sum(case((self.condition(), 1), else_=0)), 0)


def _whole(each: ColumnElement[int]) -> ColumnElement[int]:
    # PostgreSQL gives sums of whole numbers as decimals.
    return sql_cast(func.coalesce(func.sum(each), 0), BigInteger)


def rule(work: Work) -> Rule:
    """What counts now. The same settings give the same rule again, with all that was put together of it."""
    signs = tuple((kind.id, kind.sign) for kind in kinds.types(work))
    included = frozenset(status.id for status in settings.included(work))
    switches = (settings.TAXES, settings.DISCOUNTS, settings.FEES)
    return _rule(included, signs, *(bool(work.settings.get(key)) for key in switches))


@functools.lru_cache(maxsize=16)
def _rule(statuses: frozenset[int], signs: tuple[tuple[int, int], ...], *switches: bool) -> Rule:
    return Rule(statuses, dict(signs), *switches)


@dataclasses.dataclass(frozen=True)
class Judged:
    """A transaction with the names of its type and status.

    :param counts: whether sums hold it.
    :param sign: of its type: 1, -1 or 0.
    """

    one: Transaction
    type: str
    status: str
    counts: bool
    sign: int


def judged(work: Work, chosen: Select[Any], *, counting: bool = False) -> list[Judged]:
    """Transactions with what is known of their types and statuses, in one question.

    :param chosen: ``select(Transaction)`` with its conditions and order.
    :param counting: only those that count.
    """
    keys = {texts.fold(name) for name in work.settings.get(settings.INCLUDED) or ()}
    wanted = chosen.add_columns(Type.name, Type.sign, Status.name, Status.name_key)
    wanted = wanted.join(Type, Type.id == Transaction.type_id).join(Status, Status.id == Transaction.status_id)
    if counting:
        wanted = wanted.where(Type.sign != 0, Status.name_key.in_(sorted(keys)))
    return [
        Judged(one, kind, status, one.deleted_at is None and sign != 0 and key in keys, sign)
        for one, kind, sign, status, key in work.session.execute(wanted)
    ]
