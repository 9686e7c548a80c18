"""The first table."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TABLE, SUMS = "probe_three_entry", "probe_three_sum"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("contact_id", sa.Integer, sa.ForeignKey("contacts_contact.id", ondelete="CASCADE"), nullable=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
    )
    op.create_index("ix_probe_three_entry_contact_id", TABLE, ["contact_id"])
    op.create_index("ix_probe_three_entry_day", TABLE, ["day", "id"])
    op.create_index("ix_probe_three_entry_name", TABLE, ["name", "id"])
    op.create_index("ix_probe_three_entry_amount", TABLE, ["amount", "id"])
    op.create_index("ix_probe_three_entry_state", TABLE, ["state", "day", "id"])
    op.create_table(
        SUMS,
        sa.Column("contact_id", sa.Integer, sa.ForeignKey("contacts_contact.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("currency", sa.String(3), primary_key=True),
        sa.Column("total", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_probe_three_sum_total", SUMS, ["currency", "total", "contact_id"])


def downgrade() -> None:
    op.drop_table(SUMS)
    op.drop_table(TABLE)
