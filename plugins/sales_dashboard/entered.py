"""Tables of what staff enter: other fees and goals."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Index, String, text, true
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import Actor, Money, UTCDateTime, texts

from .models import Base

KIND = "sales_fee"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


_LIVE = _where("deleted_at IS NULL")


class Fee(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A fee besides those of transactions, in minor units of its currency.

    ``every`` is empty for one that falls once, else month, quarter or year; it falls then on the same day of each from ``day``
    on, the last time on ``until`` or before. ``version`` grows with each change.
    """

    __tablename__ = "sales_dashboard_fee"
    __table_args__ = (
        Index("ix_sales_dashboard_fee_day", "day", "id", **_LIVE),
        Index("ix_sales_dashboard_fee_name", "name_key", "id", **_LIVE),
        Index("ix_sales_dashboard_fee_falls", "every", "day", **_LIVE),
        Index("ix_sales_dashboard_fee_deleted", "deleted_at", "id", **_where("deleted_at IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(texts.folded(200))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    day: Mapped[dt.date]
    every: Mapped[str] = mapped_column(String(10), default="")
    until: Mapped[dt.date | None]
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    @classmethod
    def visible_to(cls, _actor: Actor) -> ColumnElement[bool]:
        """Fees that are not in the bin; they belong to no contact."""
        return cls.deleted_at.is_(None)

    @classmethod
    def within_reach(cls, _actor: Actor) -> ColumnElement[bool]:
        """All of them, those in the bin too."""
        return true()

    @property
    def money(self) -> Money:
        """Its amount."""
        return Money(self.amount, self.currency)


class Goal(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """What a figure shall come to in each month, quarter or year: minor units of the currency, which is empty for counts."""

    __tablename__ = "sales_dashboard_goal"
    __table_args__ = (Index("uq_sales_dashboard_goal", "metric", "every", "currency", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(String(40))
    every: Mapped[str] = mapped_column(String(10))
    currency: Mapped[str] = mapped_column(String(3), default="")
    target: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(default=1)
