"""Fees of charges, in the currency that the account is paid out in; charges whose customer is not known yet; disputes; payments
of invoices that were offered to clients.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import UTCDateTime, plugin_base

Base = plugin_base("stripe_sync")
_BIG = BigInteger().with_variant(Integer(), "sqlite")


class Settlement(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """The balance transaction of a charge. ``record_id`` is the charge's record; amounts in the currency's smallest unit here."""

    __tablename__ = "stripe_sync_settlement"

    record_id: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)
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

    record_id: Mapped[int] = mapped_column(_BIG, primary_key=True, autoincrement=False)
    payer: Mapped[str] = mapped_column(String(80))


class Dispute(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A dispute that the journal of a contact tells of. ``record_id`` is the charge's record, ``status`` the last one told."""

    __tablename__ = "stripe_sync_dispute"
    __table_args__ = (Index("ix_stripe_sync_dispute_record", "record_id"),)

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    record_id: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(40))


class Checkout(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A payment of an invoice of the CRM that was offered to a client: what one session of Stripe Checkout asks for.

    ``token`` is what the payment says it is for, and the address that the payer comes back to; ``back`` the sealed path of the
    invoice's page; ``turn`` counts those of an invoice; ``transaction_id`` is set once the money came in.
    """

    __tablename__ = "stripe_sync_checkout"
    __table_args__ = (
        UniqueConstraint("token", name="uq_stripe_sync_checkout_token"),
        UniqueConstraint("invoice_id", "turn", name="uq_stripe_sync_checkout_turn"),
    )

    id: Mapped[int] = mapped_column(_BIG, primary_key=True)
    token: Mapped[str] = mapped_column(String(60))
    connection_id: Mapped[int] = mapped_column(BigInteger)
    invoice_id: Mapped[int] = mapped_column(BigInteger)
    turn: Mapped[int] = mapped_column(Integer)
    currency: Mapped[str] = mapped_column(String(3))
    amount: Mapped[int] = mapped_column(BigInteger)
    session: Mapped[str] = mapped_column(String(120))
    back: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    transaction_id: Mapped[int | None] = mapped_column(BigInteger)
