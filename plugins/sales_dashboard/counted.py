"""What counts, as conditions and columns of statements."""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Numeric, and_, case, func, literal, not_
from sqlalchemy import cast as sql_cast

from plugins.transactions import api as transactions
from plugins.transactions.api import Line, Transaction

_NOTHING = literal(0, BigInteger)
#: Who bought: the contact, else the company, whose ids stand below zero.
CUSTOMER = func.coalesce(Transaction.counted_contact_id, -Transaction.counted_company_id)


@dataclasses.dataclass(frozen=True)
class Narrowed:
    """One part of a dimension.

    :param dimension: tag, product, source, type, country or owner.
    :param key: id of the tag, type or user, title of the product, source, code of the country; empty for what has none.
    """

    dimension: str
    key: str


def whole(each: Any) -> ColumnElement[int]:
    """The sum of whole numbers, which PostgreSQL gives as a decimal."""
    return sql_cast(func.coalesce(func.sum(each), 0), BigInteger)


class Counting:
    """What counts, as conditions and columns."""

    def __init__(self, rule: transactions.Rule) -> None:
        self.counts = rule.condition()
        self.sale = and_(self.counts, not_(rule.subtracts()))
        self.refund = and_(self.counts, rule.subtracts())

    @property
    def gross(self) -> Any:
        """What a sale adds to the gross revenue."""
        return Transaction.total + Transaction.discount

    def sums(self) -> list[ColumnElement[int]]:
        """The numbers of :class:`.converting.Sums`, of transactions."""
        amounts = (self.gross, Transaction.discount, Transaction.fee, Transaction.tax)
        money = [whole(case((self.sale, amount), else_=0)) for amount in amounts]
        money.append(whole(case((self.refund, Transaction.total), else_=0)))
        numbers = [whole(case((condition, 1), else_=0)) for condition in (self.sale, self.refund)]
        return [*money, *numbers, whole(case((self.counts, 0), else_=1)), _NOTHING]

    def sums_of_lines(self) -> list[ColumnElement[int]]:
        """The same of lines, which hold no discounts, fees and taxes."""
        millionths = sql_cast(func.round(sql_cast(Line.quantity, Numeric(20, 6)) * 1_000_000), BigInteger)
        sold = whole(case((self.sale, millionths), else_=0))
        of_sales, refunds = (whole(case((some, Line.total), else_=0)) for some in (self.sale, self.refund))
        conditions = (self.sale, self.refund, not_(self.counts))
        numbers = [func.count(case((some, Line.transaction_id)).distinct()) for some in conditions]
        return [of_sales, _NOTHING, _NOTHING, _NOTHING, refunds, *numbers, sold]
