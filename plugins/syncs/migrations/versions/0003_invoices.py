"""Invoices of sales.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "syncs_billed",
        sa.Column("record_id", _BIG, nullable=False, autoincrement=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("due", sa.Boolean(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=True),
        sa.Column("invoice_id", sa.Integer(), nullable=True),
        sa.Column("written", sa.String(32), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.Column("credits", sa.JSON(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("record_id"),
        sa.ForeignKeyConstraint(["record_id"], ["syncs_record.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["connection_id"], ["syncs_connection.id"], ondelete="CASCADE"),
    )
    for name, where in (("due", "due"), ("problem", "problem <> ''")):
        op.create_index(
            f"ix_syncs_billed_{name}", "syncs_billed", ["connection_id", "record_id"],
            sqlite_where=sa.text(where), postgresql_where=sa.text(where),
        )  # fmt: skip


def downgrade() -> None:
    op.drop_table("syncs_billed")
