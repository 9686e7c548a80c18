"""The index of who left a sequence holds the step too: the figures are counted by it alone.

Revision ID: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_PLACE = "mail_campaigns_place"
_INDEX = f"ix_{_PLACE}_reason"


def _made(*columns: str) -> None:
    why = sa.text("reason <> ''")
    op.drop_index(_INDEX, _PLACE)
    op.create_index(_INDEX, _PLACE, columns, sqlite_where=why, postgresql_where=why)


def upgrade() -> None:
    _made("sequence_id", "reason", "contact_id", "step_id")


def downgrade() -> None:
    _made("sequence_id", "reason", "contact_id")
