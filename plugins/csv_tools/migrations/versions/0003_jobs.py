"""Imports and exports run as jobs; exports that were made stand in a table until they are swept.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    with op.batch_alter_table("csv_tools_run") as table:
        table.add_column(sa.Column("job_id", sa.Integer(), nullable=True))
    op.create_table(
        "csv_tools_export",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_key", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["file_id"], ["files_file.id"], ondelete="SET NULL"),
        sa.UniqueConstraint("job_key", name="uq_csv_tools_export_job_key"),
    )
    op.create_index("ix_csv_tools_export_file", "csv_tools_export", ["file_id"])
    op.create_index("ix_csv_tools_export_created", "csv_tools_export", ["created_at"])


def downgrade() -> None:
    op.drop_table("csv_tools_export")
    with op.batch_alter_table("csv_tools_run") as table:
        table.drop_column("job_id")
