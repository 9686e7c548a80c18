"""Links of campaigns whose clicks are counted.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "mail_campaigns_link",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "number"),
        sa.ForeignKeyConstraint(["campaign_id"], ["mail_campaigns_campaign.id"], ondelete="CASCADE"),
    )


def downgrade() -> None:
    op.drop_table("mail_campaigns_link")
