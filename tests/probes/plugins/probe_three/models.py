"""Entries, and what they come to for each contact."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import plugin_base

Base = plugin_base("probe_three")


class Entry(Base):
    """An amount on a day, in cents."""

    __tablename__ = "probe_three_entry"
    __table_args__ = (
        Index("ix_probe_three_entry_contact_id", "contact_id"),
        Index("ix_probe_three_entry_day", "day", "id"),
        Index("ix_probe_three_entry_name", "name", "id"),
        Index("ix_probe_three_entry_amount", "amount", "id"),
        Index("ix_probe_three_entry_state", "state", "day", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(20))
    day: Mapped[dt.date] = mapped_column(Date)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))


class Sum(Base):
    """What the entries of a contact come to in a currency, in cents."""

    __tablename__ = "probe_three_sum"
    __table_args__ = (Index("ix_probe_three_sum_total", "currency", "total", "contact_id"),)

    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    total: Mapped[int] = mapped_column(BigInteger)
