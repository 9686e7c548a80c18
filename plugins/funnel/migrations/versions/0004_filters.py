"""Indexes that hold all that filtered figures need.

Revision ID: 0004
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

_ENTERED = ["status_id", "live", "entered_at", "again_at", "next_id", "span"]
_CONTACT = ["contact_id", "live", "status_id", "entered_at", "again_at", "next_id", "span"]


def upgrade() -> None:
    _replace([*_ENTERED, "contact_id"], _CONTACT)


def downgrade() -> None:
    _replace(_ENTERED, ["contact_id"])


def _replace(entered: list[str], contact: list[str]) -> None:
    for name, columns in (("ix_funnel_stay_entered", entered), ("ix_funnel_stay_contact", contact)):
        op.drop_index(name, "funnel_stay")
        op.create_index(name, "funnel_stay", columns)
