"""On which day an invoice was marked as paid, for statements; an index for contacts by what they owe.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("invoices_invoice", sa.Column("paid_apart_on", sa.Date(), nullable=True))
    invoice = sa.table(
        "invoices_invoice",
        sa.column("paid_apart_on", sa.Date()),
        sa.column("paid_apart", sa.BigInteger()),
        sa.column("paid_at", sa.DateTime(timezone=True)),
        sa.column("date", sa.Date()),
    )
    day = (
        sa.func.date(invoice.c.paid_at)
        if op.get_bind().dialect.name == "sqlite"
        else sa.cast(invoice.c.paid_at, sa.Date)
    )
    known = sa.func.coalesce(day, invoice.c.date)
    op.create_index("ix_invoices_invoice_state_contact", "invoices_invoice", ["state", "contact_id", "deleted_at"])
    op.execute(invoice.update().where(invoice.c.paid_apart != 0).values(paid_apart_on=known))


def downgrade() -> None:
    op.drop_index("ix_invoices_invoice_state_contact", "invoices_invoice")
    op.drop_column("invoices_invoice", "paid_apart_on")
