"""Tags that were deleted or merged, and the records that carried them, so that they can be brought back.

Revision ID: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "contacts_tag_kept",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("hue", sa.String(10), nullable=False),
        sa.Column("winner_id", sa.Integer()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_contacts_tag_kept_at", "contacts_tag_kept", ["at"])
    op.create_table(
        "contacts_tagging_kept",
        sa.Column(
            "kept_id",
            sa.Integer(),
            sa.ForeignKey("contacts_tag_kept.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("object_type", sa.String(40), primary_key=True),
        sa.Column("object_id", sa.Integer(), primary_key=True),
        sa.Column("moved", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_contacts_tagging_kept_object", "contacts_tagging_kept", ["object_type", "object_id"])


def downgrade() -> None:
    op.drop_table("contacts_tagging_kept")
    op.drop_table("contacts_tag_kept")
