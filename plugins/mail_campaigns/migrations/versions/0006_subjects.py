"""Several subjects that are tried, and the job that begins a scheduled campaign.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_CAMPAIGN = "mail_campaigns_campaign"
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for column in (
        sa.Column("subjects", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("test_share", sa.Integer(), nullable=False, server_default="20"),
        sa.Column("test_figure", sa.String(10), nullable=False, server_default="clicked"),
        sa.Column("test_wait", sa.Integer(), nullable=False, server_default="240"),
        sa.Column("test_ends_at", _AT),
        sa.Column("winner", sa.Integer()),
        sa.Column("winner_how", sa.String(10), nullable=False, server_default=""),
        sa.Column("begin_job_id", sa.Integer()),
    ):
        op.add_column(_CAMPAIGN, column)


def downgrade() -> None:
    for name in (
        "begin_job_id",
        "winner_how",
        "winner",
        "test_ends_at",
        "test_wait",
        "test_figure",
        "test_share",
        "subjects",
    ):
        op.drop_column(_CAMPAIGN, name)
