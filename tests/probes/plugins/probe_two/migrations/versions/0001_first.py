"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "probe_two_note",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("contact_id", sa.Integer, sa.ForeignKey("contacts_contact.id", ondelete="SET NULL")),
        sa.Column("text", sa.String(200), nullable=False),
    )
    op.create_index("ix_probe_two_note_contact_id", "probe_two_note", ["contact_id"])
    op.create_table(
        "probe_two_badge",
        sa.Column(
            "contact_id",
            sa.Integer,
            sa.ForeignKey("contacts_contact.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("name", sa.String(40), nullable=False),
    )
    op.create_table(
        "probe_two_place",
        sa.Column("contact_id", sa.Integer, sa.ForeignKey("contacts_contact.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("list", sa.String(40), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("more", sa.JSON),
    )


def downgrade() -> None:
    for table in ("probe_two_place", "probe_two_badge", "probe_two_note"):
        op.drop_table(table)
