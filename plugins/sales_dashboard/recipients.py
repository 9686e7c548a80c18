"""Tables of the reports by mail: who gets them, and who got which."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import UTCDateTime

from .models import Base


class Recipient(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A user who gets the reports of a frequency, ``weekly`` or ``monthly``."""

    __tablename__ = "sales_dashboard_recipient"

    frequency: Mapped[str] = mapped_column(String(10), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"), primary_key=True)


class Sent(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A report that went to a user, written in the transaction of its mail, so that it goes once. ``first_day`` of its days."""

    __tablename__ = "sales_dashboard_sent"
    __table_args__ = (Index("ix_sales_dashboard_sent_at", "at"),)

    frequency: Mapped[str] = mapped_column(String(10), primary_key=True)
    first_day: Mapped[dt.date] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
