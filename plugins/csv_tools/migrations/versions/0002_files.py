"""Files of runs are the host's, no longer pieces in a table.

What was uploaded and not imported is dropped with its run: choose the file again. What was being imported is stopped: its rows
stand and can be undone, the rest is imported by uploading the file again.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("DELETE FROM csv_tools_run WHERE kept AND state IN ('uploading', 'draft')")
    op.execute("UPDATE csv_tools_run SET state = 'stopped' WHERE kept AND state = 'running'")
    op.drop_table("csv_tools_piece")
    with op.batch_alter_table("csv_tools_run") as table:
        table.add_column(sa.Column("file_id", sa.Integer(), nullable=True))
        table.create_foreign_key("fk_csv_tools_run_file_id", "files_file", ["file_id"], ["id"], ondelete="SET NULL")
    op.create_index("ix_csv_tools_run_file", "csv_tools_run", ["file_id"])


def downgrade() -> None:
    op.drop_index("ix_csv_tools_run_file", "csv_tools_run")
    with op.batch_alter_table("csv_tools_run") as table:
        table.drop_constraint("fk_csv_tools_run_file_id", type_="foreignkey")
        table.drop_column("file_id")
    op.create_table(
        "csv_tools_piece",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number"),
        sa.ForeignKeyConstraint(["run_id"], ["csv_tools_run.id"], ondelete="CASCADE"),
    )
