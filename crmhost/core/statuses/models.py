"""Contact statuses, their history, and how many contacts each holds."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, UTCDateTime


class Status(Base):
    """A contact status. ``name`` is a label and may change; ``name_key`` is it folded for matching."""

    __tablename__ = "statuses_status"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    name_key: Mapped[str] = mapped_column(String(80), unique=True)
    hue: Mapped[str] = mapped_column(String(10), default="grey")
    position: Mapped[int] = mapped_column(default=0)


class StatusChange(Base):
    """One change of one contact's status, whatever made it.

    ``old_id`` is empty for the first; the names outlive deleted statuses.
    """

    __tablename__ = "statuses_history"
    __table_args__ = (
        Index("ix_statuses_history_contact", "contact_id", "id"),
        Index("ix_statuses_history_new_at", "new_id", "at"),
        Index("ix_statuses_history_at", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
    old_id: Mapped[int | None] = mapped_column(ForeignKey("statuses_status.id", ondelete="SET NULL"))
    new_id: Mapped[int | None] = mapped_column(ForeignKey("statuses_status.id", ondelete="SET NULL"))
    old_name: Mapped[str] = mapped_column(String(80), default="")
    new_name: Mapped[str] = mapped_column(String(80), default="")
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    actor_label: Mapped[str] = mapped_column(String(200))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))


class StatusCount(Base):
    """Delta rows: the sum of ``amount`` per status is the number of contacts (not in the bin) that have it.

    Rows are only ever added, so that no row is hot, and folded now and then.
    """

    __tablename__ = "statuses_count"
    __table_args__ = (Index("ix_statuses_count_status", "status_id", "amount"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    status_id: Mapped[int] = mapped_column(ForeignKey("statuses_status.id", ondelete="CASCADE"))
    amount: Mapped[int]
