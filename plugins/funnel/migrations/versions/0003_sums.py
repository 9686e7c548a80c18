"""Sums of stays by week.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_SECONDS = {
    "sqlite": "CAST(strftime('%s', entered_at) AS INTEGER)",
    "postgresql": "CAST(floor(extract(epoch FROM entered_at)) AS BIGINT)",
}


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "funnel_flow",
        sa.Column("id", key, nullable=False),
        sa.Column("status_id", sa.Integer(), nullable=False),
        sa.Column("week", sa.Integer(), nullable=False),
        sa.Column("next_id", sa.Integer(), nullable=True),
        sa.Column("span", sa.Integer(), nullable=True),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_funnel_flow_week", "funnel_flow", ["status_id", "week", "next_id", "span", "amount"])
    op.add_column("funnel_stay", sa.Column("week", sa.Integer(), server_default="0", nullable=False))
    seconds = _SECONDS[op.get_bind().dialect.name]
    # Division cuts off towards zero, weeks before 1970 count downwards.
    op.execute(
        f"UPDATE funnel_stay SET week = CASE WHEN {seconds} >= 0 THEN {seconds} / 604800 "  # noqa: S608
        f"ELSE ({seconds} - 604799) / 604800 END"
    )
    op.create_index(
        "ix_funnel_stay_entered", "funnel_stay", ["status_id", "live", "entered_at", "again_at", "next_id", "span"]
    )
    came_back = sa.text("again_at IS NOT NULL")
    op.create_index(
        "ix_funnel_stay_again",
        "funnel_stay",
        ["status_id", "live", "again_at", "entered_at", "next_id", "span"],
        sqlite_where=came_back,
        postgresql_where=came_back,
    )
    op.execute(
        "INSERT INTO funnel_flow (status_id, week, next_id, span, amount) SELECT status_id, week, next_id, span, count(*) "
        "FROM funnel_stay WHERE live AND again_at IS NULL GROUP BY status_id, week, next_id, span"
    )


def downgrade() -> None:
    op.drop_table("funnel_flow")
    op.drop_index("ix_funnel_stay_again", "funnel_stay")
    op.drop_index("ix_funnel_stay_entered", "funnel_stay")
    op.drop_column("funnel_stay", "week")
