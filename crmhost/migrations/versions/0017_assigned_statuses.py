"""The statuses of those that somebody has.

Revision ID: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_LIVE = sa.text("deleted_at IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_contacts_contact_assigned_status",
        "contacts_contact",
        ["assigned_to_id", "status_id"],
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    )


def downgrade() -> None:
    op.drop_index("ix_contacts_contact_assigned_status", "contacts_contact")
