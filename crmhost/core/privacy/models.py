"""Receipts of erased people."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, UTCDateTime


class Receipt(Base):
    """That a person was erased: when, by whom, and how many rows of each table; nothing that says who it was.

    ``contact_id`` is the number that the record had; it is never given again.
    """

    __tablename__ = "privacy_receipt"
    __table_args__ = (Index("ix_privacy_receipt_at", "at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int]
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    actor_label: Mapped[str] = mapped_column(String(200), default="")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    #: Table -> rows that were removed or emptied.
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    files: Mapped[int] = mapped_column(default=0)


class ReceiptHash(Base):
    """A keyed hash of an e-mail address of an erased person: tells whether that address was erased, and nobody the address."""

    __tablename__ = "privacy_receipt_hash"
    __table_args__ = (Index("ix_privacy_receipt_hash_hash", "address_hash"),)

    receipt_id: Mapped[int] = mapped_column(ForeignKey("privacy_receipt.id", ondelete="CASCADE"), primary_key=True)
    address_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
