"""Whether openings of a campaign are counted.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    column = sa.Column("track_opens", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("mail_campaigns_campaign", column)


def downgrade() -> None:
    op.drop_column("mail_campaigns_campaign", "track_opens")
