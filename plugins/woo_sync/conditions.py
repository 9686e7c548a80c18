"""What segments can ask of orders: products, coupons, when, how many, how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, select

from crmhost.api import ConditionTest, ConditionType, Message, Money, Work
from plugins.syncs.api import Connection, Record

from .models import Bought, CouponUse
from .source import ID

_GROUP = Message("WooCommerce")
_SEE = "transactions.view"


def types() -> list[ConditionType]:
    """All of them; what was not paid is no order here."""
    return [
        ConditionType(
            id="woo_sync.product", label="Bought the product", group=_GROUP, kind="text", permission=_SEE,
            where=lambda _work, test: _bought().where(test.on(Bought.name_key)),
            values=lambda work, ids: _several(work, ids, Bought.contact_id, Bought.name),
        ),
        ConditionType(
            id="woo_sync.coupon", label="Used the coupon", group=_GROUP, kind="text", permission=_SEE,
            where=lambda _work, test: _used().where(test.on(CouponUse.code_key)),
            values=lambda work, ids: _several(work, ids, CouponUse.contact_id, CouponUse.code),
        ),
        ConditionType(
            id="woo_sync.ordered", label="Ordered", group=_GROUP, kind="instant", permission=_SEE,
            where=lambda _work, test: _orders().where(test.on(Record.at)),
            values=lambda work, ids: _several(work, ids, Record.contact_id, Record.at, *_counted()),
        ),
        ConditionType(
            id="woo_sync.orders", label="Number of orders", group=_GROUP, kind="count", zero=True, permission=_SEE,
            where=lambda _work, test: _orders().group_by(Record.contact_id).having(test.on(func.count())),
            values=_numbers,
        ),
        ConditionType(
            id="woo_sync.spent", label="Spent in the shop", group=_GROUP, kind="money", zero=True, permission=_SEE,
            where=_spent,
            values=_sums,
        ),
    ]  # fmt: skip


def _bought() -> Select[Any]:
    return select(Bought.contact_id).where(Bought.contact_id.is_not(None))


def _used() -> Select[Any]:
    return select(CouponUse.contact_id).where(CouponUse.contact_id.is_not(None))


def _counted(*kinds: str) -> tuple[Any, ...]:
    return (Record.kind.in_(kinds or ("order",)), Record.at.is_not(None), Record.counts, Record.contact_id.is_not(None))


def _orders() -> Select[Any]:
    return select(Record.contact_id).where(*_counted())


def _several(work: Work, ids: Sequence[int], who: Any, what: Any, *more: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for contact_id, value in work.session.execute(
        select(who, what).where(who.in_(ids), *more).distinct().order_by(what)
    ):
        found.setdefault(contact_id, []).append(value)
    return found


def _numbers(work: Work, ids: Sequence[int]) -> dict[int, int]:
    mine = _orders().add_columns(func.count()).where(Record.contact_id.in_(ids)).group_by(Record.contact_id)
    return {row[0]: row[1] for row in work.session.execute(mine)}


def _theirs() -> Select[Any]:
    """Orders and refunds of shops, by contact and currency."""
    shops = select(Connection.id).where(Connection.source == ID)
    mine = (*_counted("order", "refund"), Record.connection_id.in_(shops))
    return select(Record.contact_id).where(*mine).group_by(Record.contact_id, Record.currency)


def _spent(_work: Work, test: ConditionTest) -> Select[Any]:
    return _theirs().having(test.on(func.sum(Record.amount), currency=Record.currency))


def _sums(work: Work, ids: Sequence[int]) -> dict[int, list[Money]]:
    found: dict[int, list[Money]] = {}
    mine = _theirs().add_columns(func.sum(Record.amount), Record.currency).where(Record.contact_id.in_(ids))
    for contact_id, amount, currency in work.session.execute(mine):
        found.setdefault(contact_id, []).append(Money(int(amount), currency))
    return found
