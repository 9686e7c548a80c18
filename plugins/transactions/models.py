"""Transactions, their lines, the lists of their types and statuses, and what is summed up from them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, ColumnElement, ForeignKey, Index, Integer, String, Text, and_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import Actor, Contact, Money, UTCDateTime, plugin_base, texts

Base = plugin_base("transactions")
#: Kind of record, as tags, journal, search, custom fields and ids in other systems know it.
KIND = "transaction"
#: A number of rows that outgrows 32 bits.
BigId = BigInteger().with_variant(Integer(), "sqlite")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


_LIVE = _where("deleted_at IS NULL")


class Type(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A type of transactions. ``sign`` says whether it adds (1), subtracts (-1) or does nothing (0)."""

    __tablename__ = "transactions_type"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    name_key: Mapped[str] = mapped_column(String(80), unique=True)
    sign: Mapped[int]
    position: Mapped[int] = mapped_column(default=0)


class Status(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A status of transactions. ``name`` is a label and may change; ``name_key`` is it folded for matching."""

    __tablename__ = "transactions_status"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    name_key: Mapped[str] = mapped_column(String(80), unique=True)
    position: Mapped[int] = mapped_column(default=0)


class Transaction(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """Money that came in, went back, or is offered; all amounts in minor units of one currency.

    ``counted_contact_id`` and ``counted_company_id`` say to whose value it counts: the invoice's contact and company when it is
    attached to one, else its own. ``day`` is the day of ``at`` in the site's zone. ``version`` grows with each change (ETag). A
    transaction in the bin has ``deleted_at``.
    """

    __tablename__ = "transactions_transaction"
    __table_args__ = (
        Index("ix_transactions_transaction_at", "at", "id", **_LIVE),
        Index("ix_transactions_transaction_created", "created_at", "id", **_LIVE),
        Index("ix_transactions_transaction_updated", "updated_at", "id", **_LIVE),
        Index("ix_transactions_transaction_total", "currency", "total", "id", **_LIVE),
        Index("ix_transactions_transaction_name", "name_key", "id", **_LIVE),
        Index("ix_transactions_transaction_status_at", "status_id", "at", "id", **_LIVE),
        Index("ix_transactions_transaction_type_at", "type_id", "at", "id", **_LIVE),
        Index("ix_transactions_transaction_contact", "counted_contact_id", "at", "id", **_LIVE),
        Index("ix_transactions_transaction_company", "counted_company_id", "at", "id", **_LIVE),
        Index("ix_transactions_transaction_day", "day", "currency", **_LIVE),
        Index("ix_transactions_transaction_invoice", "invoice_id", **_where("invoice_id IS NOT NULL")),
        Index("ix_transactions_transaction_own_contact", "contact_id", **_where("contact_id IS NOT NULL")),
        # Without its condition SQLite would read this one for “IS NULL” and sort everything.
        Index("ix_transactions_transaction_deleted", "deleted_at", "id", **_where("deleted_at IS NOT NULL")),
        Index("uq_transactions_transaction_ref", "ref_key", unique=True, **_LIVE),
        Index(
            "uq_transactions_transaction_key", "idempotency_key", unique=True, **_where("idempotency_key IS NOT NULL")
        ),
        # The id of an erased transaction is never given again.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(120))
    ref_key: Mapped[str] = mapped_column(texts.folded(120))
    name: Mapped[str] = mapped_column(String(200), default="")
    name_key: Mapped[str] = mapped_column(texts.folded(200), default="")
    type_id: Mapped[int] = mapped_column(ForeignKey("transactions_type.id"))
    status_id: Mapped[int] = mapped_column(ForeignKey("transactions_status.id"))
    currency: Mapped[str] = mapped_column(String(3))
    #: What the customer pays: with taxes and shipping, after the discount. The fee is what a payment provider keeps of it.
    total: Mapped[int] = mapped_column(BigInteger, default=0)
    fee: Mapped[int] = mapped_column(BigInteger, default=0)
    tax: Mapped[int] = mapped_column(BigInteger, default=0)
    discount: Mapped[int] = mapped_column(BigInteger, default=0)
    shipping: Mapped[int] = mapped_column(BigInteger, default=0)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    day: Mapped[dt.date]
    description: Mapped[str] = mapped_column(Text, default="")
    payment_method: Mapped[str] = mapped_column(String(80), default="")
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="SET NULL"))
    counted_contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="SET NULL"))
    #: Records of other extensions, which may be off or gone: no foreign keys.
    company_id: Mapped[int | None]
    counted_company_id: Mapped[int | None]
    invoice_id: Mapped[int | None]
    #: manual, import, api, or the id of a sync plugin.
    source: Mapped[str] = mapped_column(String(60), default="manual")
    #: A payment that is told twice with one key is stored once.
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    custom: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Transactions that are not in the bin and that the actor may see."""
        alive = cls.deleted_at.is_(None)
        return and_(alive, cls.within_reach(actor)) if actor.only_assigned else alive

    @classmethod
    def within_reach(cls, actor: Actor) -> ColumnElement[bool]:
        """Transactions that a limited actor may see, those in the bin too: of the contacts that they see."""
        return cls.counted_contact_id.in_(select(Contact.id).where(Contact.visible_to(actor)))

    @property
    def title(self) -> str:
        """What to call it: its name, else its reference."""
        return self.name or self.ref

    def money(self, field: str) -> Money:
        """One of its amounts: ``total``, ``fee``, ``tax``, ``discount`` or ``shipping``."""
        return Money(getattr(self, field), self.currency)


class Line(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """What was bought. ``quantity`` is a decimal number as text."""

    __tablename__ = "transactions_line"
    __table_args__ = (Index("ix_transactions_line_transaction", "transaction_id", "position"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transactions_transaction.id", ondelete="CASCADE"))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(300), default="")
    quantity: Mapped[str] = mapped_column(String(20), default="1")
    unit_price: Mapped[int] = mapped_column(BigInteger, default=0)
    total: Mapped[int] = mapped_column(BigInteger, default=0)


class Value(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """What a contact or company is worth in one currency: derived, never written by hand.

    ``transactions`` is the sum of what counts, refunds taken off; ``refunded`` what was taken off. ``total`` adds the paid part
    of invoices that no transaction is attached to. ``number``, ``first_at`` and ``last_at`` are of the transactions that count.
    """

    __tablename__ = "transactions_value"
    __table_args__ = (Index("ix_transactions_value_total", "object_type", "currency", "total", "object_id"),)

    object_type: Mapped[str] = mapped_column(String(40), primary_key=True)
    object_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    transactions: Mapped[int] = mapped_column(BigInteger)
    refunded: Mapped[int] = mapped_column(BigInteger)
    invoiced: Mapped[int] = mapped_column(BigInteger)
    paid: Mapped[int] = mapped_column(BigInteger)
    total: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int]
    first_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    last_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)


class Day(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """What came in on a day of the site's zone in one currency: derived. ``left_out`` is how many do not count."""

    __tablename__ = "transactions_day"

    day: Mapped[dt.date] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int]
    left_out: Mapped[int]
