"""Topics of campaigns, and which of them people want.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_CAMPAIGN = "mail_campaigns_campaign"


def upgrade() -> None:
    op.create_table(
        "mail_campaigns_topic",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("name_key", sa.String(80), nullable=False),
        sa.Column("description", sa.String(300), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "mail_campaigns_choice",
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("address_hash", sa.String(64), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("topic_id", "address_hash"),
        sa.ForeignKeyConstraint(["topic_id"], ["mail_campaigns_topic.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_mail_campaigns_choice_address", "mail_campaigns_choice", ["address_hash", "topic_id"])
    op.add_column(_CAMPAIGN, sa.Column("topic_id", sa.Integer()))
    op.create_index("ix_mail_campaigns_campaign_topic", _CAMPAIGN, ["topic_id", "state"])


def downgrade() -> None:
    op.drop_index("ix_mail_campaigns_campaign_topic", _CAMPAIGN)
    op.drop_column(_CAMPAIGN, "topic_id")
    op.drop_table("mail_campaigns_choice")
    op.drop_table("mail_campaigns_topic")
