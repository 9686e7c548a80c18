"""Webhooks and their deliveries.

Revision ID: 0002
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_AT = sa.DateTime(timezone=True)


def _must(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False)


def _may(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=True)


def upgrade() -> None:
    # Answers are stored encrypted from here on; those that are not are at most a day old.
    op.execute("DELETE FROM rest_api_idempotency")
    op.create_table(
        "rest_api_webhook",
        _must("id", sa.Integer()),
        _must("user_id", sa.Integer()),
        _must("label", sa.String(length=120)),
        _must("url", sa.String(length=2000)),
        _must("events", sa.JSON()),
        _must("secret", sa.Text()),
        _must("created_at", _AT),
        _must("version", sa.Integer()),
        _may("paused_at", _AT),
        _must("paused_why", sa.String(length=300)),
        _must("failures", sa.Integer()),
        _may("failing_since", _AT),
        _may("retry_at", _AT),
        sa.ForeignKeyConstraint(["user_id"], ["users_user.id"], name="fk_rest_api_webhook_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_rest_api_webhook"),
    )
    op.create_index("ix_rest_api_webhook_user", "rest_api_webhook", ["user_id", "id"])
    op.create_table(
        "rest_api_delivery",
        _must("id", sa.Integer()),
        _must("webhook_id", sa.Integer()),
        _must("token", sa.String(length=40)),
        _must("event", sa.String(length=80)),
        _must("event_id", sa.Integer()),
        _must("event_at", _AT),
        _must("object_id", sa.Integer()),
        _may("contact_id", sa.Integer()),
        _must("told", sa.JSON()),
        _must("state", sa.String(length=10)),
        _must("attempts", sa.Integer()),
        _must("failures", sa.Integer()),
        _must("created_at", _AT),
        _may("last_at", _AT),
        _may("status", sa.Integer()),
        _may("milliseconds", sa.Integer()),
        _must("error", sa.String(length=500)),
        _may("request", sa.Text()),
        _may("answer", sa.Text()),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["rest_api_webhook.id"], name="fk_rest_api_delivery_webhook_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_rest_api_delivery"),
        sa.UniqueConstraint("webhook_id", "event_id", "event_at", "object_id", name="uq_rest_api_delivery_event"),
    )
    op.create_index("ix_rest_api_delivery_state", "rest_api_delivery", ["webhook_id", "state", "id"])
    op.create_index("ix_rest_api_delivery_webhook", "rest_api_delivery", ["webhook_id", "id"])
    op.create_index("ix_rest_api_delivery_created", "rest_api_delivery", ["created_at"])
    op.create_index("ix_rest_api_delivery_contact", "rest_api_delivery", ["contact_id"])


def downgrade() -> None:
    op.drop_table("rest_api_delivery")
    op.drop_table("rest_api_webhook")
