"""Who bought before, without those who never did: PostgreSQL then takes this index for nothing else.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_NAME = "ix_sales_dashboard_bought_previous"


def upgrade() -> None:
    op.drop_index(_NAME, "sales_dashboard_bought")
    known = sa.text("previous IS NOT NULL")
    columns = ["currency", "previous", "day"]
    op.create_index(_NAME, "sales_dashboard_bought", columns, sqlite_where=known, postgresql_where=known)


def downgrade() -> None:
    op.drop_index(_NAME, "sales_dashboard_bought")
    op.create_index(_NAME, "sales_dashboard_bought", ["currency", "previous", "day"])
