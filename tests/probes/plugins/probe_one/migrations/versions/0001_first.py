"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "probe_one_score",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("contact_id", sa.Integer, sa.ForeignKey("contacts_contact.id", ondelete="CASCADE"), nullable=False),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("remark", sa.String(200), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("custom", sa.JSON, nullable=False),
    )
    op.create_index("ix_probe_one_score_contact_id", "probe_one_score", ["contact_id"])
    op.create_table(
        "probe_one_member",
        sa.Column("contact_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("status_id", sa.Integer, nullable=False),
    )
    op.create_table(
        "probe_one_rollup",
        sa.Column("status_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("contacts", sa.Integer, nullable=False),
    )
    op.create_table(
        "probe_one_heard",
        sa.Column("event_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(80), nullable=False),
    )


def downgrade() -> None:
    for table in ("probe_one_heard", "probe_one_rollup", "probe_one_member", "probe_one_score"):
        op.drop_table(table)
