"""The first table."""

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


def downgrade() -> None:
    op.drop_table("probe_two_note")
