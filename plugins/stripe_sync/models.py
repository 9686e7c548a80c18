"""Fees of charges, in the currency that the account is paid out in; charges whose customer is not known yet."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import plugin_base

Base = plugin_base("stripe_sync")


class Settlement(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """The balance transaction of a charge. ``record_id`` is the charge's record; amounts in the currency's smallest unit here."""

    __tablename__ = "stripe_sync_settlement"

    record_id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(String(80))
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[int] = mapped_column(BigInteger)
    fee: Mapped[int] = mapped_column(BigInteger)
    net: Mapped[int] = mapped_column(BigInteger)
    exchange_rate: Mapped[str] = mapped_column(String(40))


class Waiting(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A charge or invoice that came before its customer. ``record_id`` is its record, ``payer`` the customer's id there."""

    __tablename__ = "stripe_sync_waiting"
    __table_args__ = (Index("ix_stripe_sync_waiting_payer", "payer"),)

    record_id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False
    )
    payer: Mapped[str] = mapped_column(String(80))
