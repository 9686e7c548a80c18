"""Campaigns on the web: the key of their page, and whether they are in the archive.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_CAMPAIGN = "mail_campaigns_campaign"


def upgrade() -> None:
    op.add_column(_CAMPAIGN, sa.Column("web_key", sa.String(40), nullable=False, server_default=""))
    op.add_column(_CAMPAIGN, sa.Column("archived", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_mail_campaigns_campaign_web", _CAMPAIGN, ["web_key"])
    op.create_index("ix_mail_campaigns_campaign_archive", _CAMPAIGN, ["archived", "started_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_mail_campaigns_campaign_archive", _CAMPAIGN)
    op.drop_index("ix_mail_campaigns_campaign_web", _CAMPAIGN)
    op.drop_column(_CAMPAIGN, "archived")
    op.drop_column(_CAMPAIGN, "web_key")
