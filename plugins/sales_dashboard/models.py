"""What is kept of the figures: derived from the transactions, never written by hand."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Boolean, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import plugin_base

Base = plugin_base("sales_dashboard")
#: A number of rows that outgrows 32 bits.
BigId = BigInteger().with_variant(Integer(), "sqlite")
_KNOWN, _NEW = text("previous IS NOT NULL"), text("previous IS NULL")


class Sum(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """What the transactions of a day or month come to in one currency; fields as in :class:`.converting.Sums`.

    ``dimension`` is empty for all of them, else ``key`` says which part they are. ``grain`` is day or month, ``start`` its first
    day. Days that stand in :class:`Dirty` are out of date, and so are their months.
    """

    __tablename__ = "sales_dashboard_sum"
    __table_args__ = (
        Index("ix_sales_dashboard_sum_key", "dimension", "grain", "key", "start"),
        # The rows of a span lie beside one another.
        {"sqlite_with_rowid": False},
    )

    dimension: Mapped[str] = mapped_column(String(10), primary_key=True)
    grain: Mapped[str] = mapped_column(String(5), primary_key=True)
    start: Mapped[dt.date] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    key: Mapped[str] = mapped_column(String(300), primary_key=True)
    month: Mapped[dt.date]
    gross: Mapped[int] = mapped_column(BigInteger)
    discounts: Mapped[int] = mapped_column(BigInteger)
    fees: Mapped[int] = mapped_column(BigInteger)
    taxes: Mapped[int] = mapped_column(BigInteger)
    refunds: Mapped[int] = mapped_column(BigInteger)
    sales: Mapped[int]
    refunds_number: Mapped[int]
    left_out: Mapped[int]
    quantity: Mapped[int] = mapped_column(BigInteger)


class Dirty(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A day whose sums are to be made anew. Rows are only added; whoever makes the sums anew removes those that it saw before.

    ``parts``: only what the day comes to by country, owner or tag changed, not the whole.
    """

    __tablename__ = "sales_dashboard_dirty"
    __table_args__ = (Index("ix_sales_dashboard_dirty_day", "day", "parts", "month"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    day: Mapped[dt.date]
    month: Mapped[dt.date]
    parts: Mapped[bool]


class Bought(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A day on which a customer bought: maintained inside each transaction.

    ``currency`` is empty for all currencies together, whose ``gross`` is 0. ``customer`` is the id of a contact; that of a
    company stands below zero. ``previous`` is the day on which the customer bought before, ``first_month`` the month of the first
    purchase, ``month`` that of the day. ``again``: not the first day of the customer in the month.
    """

    __tablename__ = "sales_dashboard_bought"
    __table_args__ = (
        # Who bought in a span, and for how much.
        Index("ix_sales_dashboard_bought_day", "currency", "day", "previous", "customer", "gross"),
        # Without those who never bought before: else PostgreSQL takes it for spans of days, and goes through all of it.
        Index(
            "ix_sales_dashboard_bought_previous",
            "currency",
            "previous",
            "day",
            sqlite_where=_KNOWN,
            postgresql_where=_KNOWN,
        ),
        # Who bought for the first time.
        Index(
            "ix_sales_dashboard_bought_first",
            "currency",
            "day",
            "customer",
            sqlite_where=_NEW,
            postgresql_where=_NEW,
        ),
        Index("ix_sales_dashboard_bought_cohort", "currency", "first_month", "month", "again", "gross"),
        {"sqlite_with_rowid": False},
    )

    customer: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    previous: Mapped[dt.date | None]
    month: Mapped[dt.date]
    first_month: Mapped[dt.date]
    again: Mapped[bool] = mapped_column(Boolean)
    gross: Mapped[int] = mapped_column(BigInteger)


class Buyers(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """How many customers bought in a day, week or month, or how many more or fewer: the rows of one kind add up.

    ``previous``: of months, the month in which they bought before; of days and weeks, ``start`` for those who bought before.
    Empty for those who never did. Rows are only ever added, so that no row is hot, and folded by a job.
    """

    __tablename__ = "sales_dashboard_buyers"
    __table_args__ = (Index("ix_sales_dashboard_buyers_start", "currency", "grain", "start", "previous", "amount"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    currency: Mapped[str] = mapped_column(String(3))
    grain: Mapped[str] = mapped_column(String(5))
    start: Mapped[dt.date]
    previous: Mapped[dt.date | None]
    amount: Mapped[int]
