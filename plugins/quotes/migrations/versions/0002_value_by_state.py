"""What quotes of some states are worth is read from an index.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    alive = sa.text("deleted_at IS NULL")
    columns = ["state", "currency", "value"]
    op.create_index("ix_quotes_quote_state_value", "quotes_quote", columns, sqlite_where=alive, postgresql_where=alive)


def downgrade() -> None:
    op.drop_index("ix_quotes_quote_state_value", "quotes_quote")
