"""Who bought for the first time, and when: for customers by country and owner.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_NAME = "ix_sales_dashboard_bought_first"


def upgrade() -> None:
    new = sa.text("previous IS NULL")
    columns = ["currency", "day", "customer"]
    op.create_index(_NAME, "sales_dashboard_bought", columns, sqlite_where=new, postgresql_where=new)


def downgrade() -> None:
    op.drop_index(_NAME, "sales_dashboard_bought")
