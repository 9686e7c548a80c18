"""Sequences have a topic and may count openings; editions know their sequence, also when the step is gone; who left, by reason.

Revision ID: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_CAMPAIGN, _SEQUENCE, _STEP, _PLACE = (f"mail_campaigns_{name}" for name in ("campaign", "sequence", "step", "place"))


def upgrade() -> None:
    op.add_column(_SEQUENCE, sa.Column("topic_id", sa.Integer()))
    op.add_column(_SEQUENCE, sa.Column("track_opens", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column(_CAMPAIGN, sa.Column("sequence_id", sa.Integer()))
    campaign, step = (sa.table(name, sa.column("id"), sa.column("sequence_id")) for name in (_CAMPAIGN, _STEP))
    campaign.append_column(sa.column("step_id"))
    of_step = sa.select(step.c.sequence_id).where(step.c.id == campaign.c.step_id).scalar_subquery()
    op.execute(sa.update(campaign).where(campaign.c.step_id.is_not(None)).values(sequence_id=of_step))
    op.create_index(f"ix_{_CAMPAIGN}_sequence", _CAMPAIGN, ["sequence_id", "id"])
    why = sa.text("reason <> ''")
    columns = ["sequence_id", "reason", "contact_id"]
    op.create_index(f"ix_{_PLACE}_reason", _PLACE, columns, sqlite_where=why, postgresql_where=why)


def downgrade() -> None:
    op.drop_index(f"ix_{_PLACE}_reason", _PLACE)
    op.drop_index(f"ix_{_CAMPAIGN}_sequence", _CAMPAIGN)
    op.drop_column(_CAMPAIGN, "sequence_id")
    for name in ("track_opens", "topic_id"):
        op.drop_column(_SEQUENCE, name)
