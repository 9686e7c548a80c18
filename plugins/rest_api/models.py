"""What is remembered of writes that carried an ``Idempotency-Key``."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import UTCDateTime, plugin_base

Base = plugin_base("rest_api")


class StoredAnswer(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """The answer to a write, stored in the transaction of the write itself; one row per user and key.

    ``fingerprint`` is the SHA-256 of method, address and body: the same key with another request is refused.
    """

    __tablename__ = "rest_api_idempotency"
    __table_args__ = (Index("ix_rest_api_idempotency_at", "at"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(default=0)
    headers: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    body: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
