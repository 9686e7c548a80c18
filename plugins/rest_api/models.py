"""What is remembered of writes that carried an ``Idempotency-Key``, webhooks and their deliveries."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import MessageLine, UTCDateTime, plugin_base

Base = plugin_base("rest_api")


class StoredAnswer(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """The answer to a write, stored in the transaction of the write itself; one row per user and key.

    ``fingerprint`` is the SHA-256 of method, address and body: the same key with another request is refused. ``body`` stands
    encrypted, for an answer may hold the secret of a webhook.
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


class Webhook(Base):  # type: ignore[misc, valid-type]
    """An address that is told of events, with what its owner may see.

    ``events``: names, ``object.*`` or ``*``. ``secret`` stands encrypted. ``failures`` counts those in a row, which began at
    ``failing_since``; until ``retry_at`` nothing is sent. A paused one (``paused_at``) keeps its deliveries until it is resumed.
    """

    __tablename__ = "rest_api_webhook"
    __table_args__ = (Index("ix_rest_api_webhook_user", "user_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"))
    label: Mapped[str] = mapped_column(String(120), default="")
    url: Mapped[str] = mapped_column(String(2000))
    events: Mapped[list[str]] = mapped_column(JSON)
    secret: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)
    paused_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    paused_why: Mapped[str] = mapped_column(MessageLine(300), default="")
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    retry_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)


#: What a delivery can be. ``held``: the webhook is paused; ``dropped``: its owner may not see the object any more.
STATES = ("due", "delivered", "failed", "held", "dropped")


class Delivery(Base):  # type: ignore[misc, valid-type]
    """One object of one event on its way to one webhook, with what was sent and answered last.

    ``token`` is the id that receivers see, the same at each attempt. An event is known by its number and its instant together:
    numbers of the outbox, which is emptied, may come again.
    """

    __tablename__ = "rest_api_delivery"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id", "event_at", "object_id", name="uq_rest_api_delivery_event"),
        Index("ix_rest_api_delivery_state", "webhook_id", "state", "id"),
        Index("ix_rest_api_delivery_webhook", "webhook_id", "id"),
        Index("ix_rest_api_delivery_created", "created_at"),
        Index("ix_rest_api_delivery_contact", "contact_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("rest_api_webhook.id", ondelete="CASCADE"))
    token: Mapped[str] = mapped_column(String(40))
    event: Mapped[str] = mapped_column(String(80))
    event_id: Mapped[int]
    event_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    object_id: Mapped[int]
    contact_id: Mapped[int | None]
    told: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    status: Mapped[int | None]
    milliseconds: Mapped[int | None]
    error: Mapped[str] = mapped_column(MessageLine(500), default="")
    request: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
