"""Mappings are saved under a name; a run knows where its mapping came from and what every row gets.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("csv_tools_run", sa.Column("origin", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("csv_tools_run", sa.Column("constants", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("csv_tools_run", sa.Column("counted", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_table(
        "csv_tools_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("name_key", sa.String(80), nullable=False),
        sa.Column("signature", sa.String(64), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("dates", sa.JSON(), nullable=False),
        sa.Column("constants", sa.JSON(), nullable=False),
        sa.Column("match_by", sa.String(60), nullable=False),
        sa.Column("mode", sa.String(10), nullable=False),
        sa.Column("actor_label", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "name_key", name="uq_csv_tools_mapping_name"),
    )


def downgrade() -> None:
    op.drop_table("csv_tools_mapping")
    for column in ("origin", "constants", "counted"):
        op.drop_column("csv_tools_run", column)
