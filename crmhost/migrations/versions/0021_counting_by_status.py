"""An index to count contacts of a status by.

Revision ID: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    live = sa.text("deleted_at IS NULL")
    op.create_index(
        "ix_contacts_contact_status_live",
        "contacts_contact",
        ["status_id", "id", "deleted_at"],
        sqlite_where=live,
        postgresql_where=live,
    )


def downgrade() -> None:
    op.drop_index("ix_contacts_contact_status_live", "contacts_contact")
