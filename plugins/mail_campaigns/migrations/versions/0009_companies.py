"""Companies that get a campaign at their own address: how far they are written down, and those that are left out.

Revision ID: 0009
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
_CAMPAIGN, _LEFT, _BEFORE = "mail_campaigns_campaign", "mail_campaigns_left", "mail_campaigns_left_out"


def _goes(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], ondelete="CASCADE")


def _columns() -> list[Any]:
    return [
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        _goes("campaign_id", f"{_CAMPAIGN}.id"),
        _goes("contact_id", "contacts_contact.id"),
    ]


def upgrade() -> None:
    op.add_column(_CAMPAIGN, sa.Column("companies_to", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        _LEFT,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer()),
        sa.Column("object_type", sa.String(60), nullable=False),
        sa.Column("object_id", sa.Integer()),
        *_columns(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute(
        f"INSERT INTO {_LEFT} (campaign_id, contact_id, object_type, reason)"  # noqa: S608  # names of this file
        f" SELECT campaign_id, contact_id, '', reason FROM {_BEFORE} ORDER BY campaign_id, contact_id"
    )
    op.drop_table(_BEFORE)
    of_record = sa.text("object_id IS NOT NULL")
    op.create_index(f"ix_{_LEFT}_reason", _LEFT, ["campaign_id", "reason", "id"])
    op.create_index(f"ix_{_LEFT}_contact", _LEFT, ["contact_id", "campaign_id"], unique=True)
    op.create_index(
        f"ix_{_LEFT}_object", _LEFT, ["object_type", "object_id"], sqlite_where=of_record, postgresql_where=of_record
    )


def downgrade() -> None:
    op.create_table(
        _BEFORE,
        sa.Column("contact_id", sa.Integer(), nullable=False),
        *_columns(),
        sa.PrimaryKeyConstraint("campaign_id", "contact_id"),
    )
    op.execute(
        f"INSERT INTO {_BEFORE} (campaign_id, contact_id, reason)"  # noqa: S608  # names of this file
        f" SELECT campaign_id, contact_id, reason FROM {_LEFT} WHERE contact_id IS NOT NULL"
    )
    op.drop_table(_LEFT)
    op.create_index(f"ix_{_BEFORE}_reason", _BEFORE, ["campaign_id", "reason", "contact_id"])
    op.create_index(f"ix_{_BEFORE}_contact", _BEFORE, ["contact_id"])
    op.drop_column(_CAMPAIGN, "companies_to")
