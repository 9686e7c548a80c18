"""The index of stays in the order in which they are summed up.

Revision ID: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.drop_index("ix_funnel_stay_entered", "funnel_stay")
    op.create_index(
        "ix_funnel_stay_flow",
        "funnel_stay",
        ["status_id", "live", "next_id", "span", "entered_at", "again_at", "seconds", "contact_id"],
    )


def downgrade() -> None:
    op.drop_index("ix_funnel_stay_flow", "funnel_stay")
    op.create_index(
        "ix_funnel_stay_entered",
        "funnel_stay",
        ["status_id", "live", "entered_at", "next_id", "span", "seconds", "again_at", "contact_id"],
    )
