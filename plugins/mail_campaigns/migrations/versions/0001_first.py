"""Campaigns, who was left out of them, and what recipients did.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_AT = sa.DateTime(timezone=True)
_CAMPAIGN = "mail_campaigns_campaign"


def _folded(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _must(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False)


def _goes(column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        _CAMPAIGN,
        _must("id", sa.Integer()),
        _must("name", sa.String(200)),
        _must("name_key", _folded(200)),
        _must("state", sa.String(10)),
        _must("before_pause", sa.String(10)),
        _must("subject", sa.String(300)),
        _must("content_kind", sa.String(10)),
        _must("content", sa.Text()),
        _must("text", sa.Text()),
        *(sa.Column(name, sa.Integer()) for name in ("template_id", "account_id", "mailing_id", "owner_id")),
        _must("audience", sa.JSON()),
        _must("track_clicks", sa.Boolean()),
        _must("planned_to", sa.Integer()),
        _must("planned", sa.Integer()),
        _must("left_out", sa.JSON()),
        *(_must(name, _AT) for name in ("created_at", "updated_at")),
        *(sa.Column(name, _AT) for name in ("scheduled_at", "started_at", "ended_at")),
        _must("version", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
        _goes("owner_id", "users_user.id", "SET NULL"),
        sqlite_autoincrement=True,
    )
    for name, columns in (
        ("updated", ("updated_at", "id")),
        ("name", ("name_key", "id")),
        ("state", ("state", "updated_at", "id")),
        ("mailing", ("mailing_id",)),
    ):
        op.create_index(f"ix_{_CAMPAIGN}_{name}", _CAMPAIGN, list(columns))
    op.create_table(
        "mail_campaigns_left_out",
        _must("campaign_id", sa.Integer()),
        _must("contact_id", sa.Integer()),
        _must("reason", sa.String(20)),
        sa.PrimaryKeyConstraint("campaign_id", "contact_id"),
        _goes("campaign_id", f"{_CAMPAIGN}.id", "CASCADE"),
        _goes("contact_id", "contacts_contact.id", "CASCADE"),
    )
    op.create_index(
        "ix_mail_campaigns_left_out_reason", "mail_campaigns_left_out", ["campaign_id", "reason", "contact_id"]
    )
    op.create_index("ix_mail_campaigns_left_out_contact", "mail_campaigns_left_out", ["contact_id"])
    op.create_table(
        "mail_campaigns_event",
        _must("campaign_id", sa.Integer()),
        _must("mail_id", sa.Integer()),
        _must("kind", sa.String(12)),
        _must("link", sa.Integer()),
        sa.Column("contact_id", sa.Integer()),
        _must("sure", sa.String(15)),
        _must("at", _AT),
        sa.PrimaryKeyConstraint("campaign_id", "mail_id", "kind", "link"),
        _goes("campaign_id", f"{_CAMPAIGN}.id", "CASCADE"),
        _goes("contact_id", "contacts_contact.id", "CASCADE"),
    )
    op.create_index("ix_mail_campaigns_event_kind", "mail_campaigns_event", ["campaign_id", "kind", "at"])
    op.create_index("ix_mail_campaigns_event_contact", "mail_campaigns_event", ["contact_id", "at"])


def downgrade() -> None:
    for table in ("mail_campaigns_event", "mail_campaigns_left_out", _CAMPAIGN):
        op.drop_table(table)
