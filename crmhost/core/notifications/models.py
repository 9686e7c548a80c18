"""What users are told in the app."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, MessageJSON, UTCDateTime

_UNREAD: dict[str, Any] = {"sqlite_where": text("read_at IS NULL"), "postgresql_where": text("read_at IS NULL")}


class Notification(Base):
    """Something one user was told. ``text`` is English with holes (``%(name)s``), filled from ``data`` when it is shown.

    ``kind`` says what it is about (``rest_api.webhook_paused``); ``url`` is a path on this site, or empty.
    """

    __tablename__ = "notifications_notification"
    __table_args__ = (
        Index("ix_notifications_notification_user", "user_id", "id"),
        Index("ix_notifications_notification_unread", "user_id", "id", **_UNREAD),
        Index("ix_notifications_notification_created", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(80), default="", server_default="")
    text: Mapped[str] = mapped_column(String(500))
    data: Mapped[dict[str, Any]] = mapped_column(MessageJSON, default=dict)
    url: Mapped[str] = mapped_column(String(500), default="", server_default="")
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    read_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
