"""To whom the invoice of a sale was written.

Revision ID: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("syncs_billed", sa.Column("billed_to", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE syncs_billed SET billed_to = (SELECT contact_id FROM syncs_record"
        " WHERE syncs_record.id = syncs_billed.record_id) WHERE invoice_id IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_column("syncs_billed", "billed_to")
