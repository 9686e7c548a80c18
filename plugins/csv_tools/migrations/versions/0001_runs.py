"""Runs of CSV import.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)


def _must(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False)


def _run() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["run_id"], ["csv_tools_run.id"], ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "csv_tools_run",
        _must("id", sa.Integer()),
        _must("kind", sa.String(60)),
        _must("file_name", sa.String(255)),
        _must("digest", sa.String(64)),
        _must("size", sa.BigInteger()),
        _must("kept", sa.Boolean()),
        _must("state", sa.String(12)),
        _must("file_format", sa.JSON()),
        _must("columns", sa.JSON()),
        _must("mapping", sa.JSON()),
        _must("dates", sa.JSON()),
        _must("signature", sa.String(64)),
        _must("match_by", sa.String(60)),
        _must("mode", sa.String(10)),
        _must("rehearsal", sa.JSON()),
        *(
            _must(name, sa.Integer())
            for name in ("total", "position", "added", "updated", "skipped", "refused", "remarked", "left_alone")
        ),
        sa.Column("undo_position", _BIG, nullable=True),
        _must("actor_label", sa.String(200)),
        sa.Column("user_id", sa.Integer(), nullable=True),
        _must("created_at", _AT),
        sa.Column("finished_at", _AT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["user_id"], ["users_user.id"], ondelete="SET NULL"),
    )
    op.create_index("ix_csv_tools_run_created", "csv_tools_run", ["created_at", "id"])
    op.create_index("ix_csv_tools_run_signature", "csv_tools_run", ["kind", "signature", "id"])
    op.create_table(
        "csv_tools_piece",
        _must("run_id", sa.Integer()),
        _must("number", sa.Integer()),
        _must("data", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("run_id", "number"),
        _run(),
    )
    op.create_table(
        "csv_tools_row",
        _must("id", _BIG),
        _must("run_id", sa.Integer()),
        _must("number", sa.Integer()),
        _must("line", sa.Integer()),
        _must("outcome", sa.String(8)),
        sa.Column("object_id", sa.Integer(), nullable=True),
        _must("reasons", sa.JSON()),
        _must("remarked", sa.Boolean()),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("cells", sa.JSON(), nullable=True),
        _must("left_alone", sa.Boolean()),
        sa.PrimaryKeyConstraint("id"),
        _run(),
    )
    op.create_index("ix_csv_tools_row_run", "csv_tools_row", ["run_id", "id"])
    op.create_index("ix_csv_tools_row_remarked", "csv_tools_row", ["run_id", "remarked", "id"])
    op.create_index("ix_csv_tools_row_object", "csv_tools_row", ["object_id"])


def downgrade() -> None:
    for table in ("csv_tools_row", "csv_tools_piece", "csv_tools_run"):
        op.drop_table(table)
