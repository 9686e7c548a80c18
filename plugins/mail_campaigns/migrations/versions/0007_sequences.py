"""Sequences, their steps, and who is where in them.

Revision ID: 0007
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_AT = sa.DateTime(timezone=True)
_CAMPAIGN, _SEQUENCE, _STEP, _PLACE = (f"mail_campaigns_{name}" for name in ("campaign", "sequence", "step", "place"))


def _must(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False)


def _goes(column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], ondelete=ondelete)


def upgrade() -> None:
    for column in (
        sa.Column("step_id", sa.Integer()),
        sa.Column("step_round", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("step_open", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column(_CAMPAIGN, column)
    op.create_index(f"ix_{_CAMPAIGN}_step", _CAMPAIGN, ["step_id", "step_round", "id"])
    op.create_table(
        _SEQUENCE,
        _must("id", sa.Integer()),
        _must("name", sa.String(200)),
        _must("name_key", sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")),
        *(_must(name, sa.Boolean()) for name in ("is_on", "gathered", "track_clicks")),
        _must("audience", sa.JSON()),
        _must("joins", sa.String(10)),
        *(sa.Column(name, sa.Integer()) for name in ("leave_segment", "account_id", "user_id")),
        *(_must(name, _AT) for name in ("created_at", "updated_at")),
        _must("version", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
        _goes("user_id", "users_user.id", "SET NULL"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        _STEP,
        *(_must(name, sa.Integer()) for name in ("id", "sequence_id", "place")),
        _must("subject", sa.String(300)),
        _must("content_kind", sa.String(10)),
        *(_must(name, sa.Text()) for name in ("content", "text")),
        sa.Column("template_id", sa.Integer()),
        *(_must(name, sa.Integer()) for name in ("wait_number", "opens", "closes", "version")),
        _must("wait_unit", sa.String(10)),
        _must("office", sa.Boolean()),
        _must("updated_at", _AT),
        sa.PrimaryKeyConstraint("id"),
        _goes("sequence_id", f"{_SEQUENCE}.id", "CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        _PLACE,
        *(_must(name, sa.Integer()) for name in ("sequence_id", "contact_id", "round")),
        sa.Column("step_id", sa.Integer()),
        _must("state", sa.String(10)),
        _must("reason", sa.String(20)),
        _must("entered_at", _AT),
        *(sa.Column(name, _AT) for name in ("due_at", "ended_at")),
        sa.PrimaryKeyConstraint("sequence_id", "contact_id"),
        _goes("sequence_id", f"{_SEQUENCE}.id", "CASCADE"),
        _goes("contact_id", "contacts_contact.id", "CASCADE"),
    )
    for table, name, columns in (
        (_SEQUENCE, "updated", ["updated_at", "id"]),
        (_SEQUENCE, "name", ["name_key", "id"]),
        (_SEQUENCE, "on", ["is_on", "id"]),
        (_STEP, "place", ["sequence_id", "place", "id"]),
        (_PLACE, "contact", ["contact_id"]),
        (_PLACE, "state", ["sequence_id", "state", "contact_id"]),
        (_PLACE, "step", ["sequence_id", "step_id", "state", "contact_id"]),
    ):
        op.create_index(f"ix_{table}_{name}", table, columns)
    due = sa.text("due_at IS NOT NULL")
    op.create_index(
        f"ix_{_PLACE}_due", _PLACE, ["sequence_id", "due_at", "contact_id"], sqlite_where=due, postgresql_where=due
    )


def downgrade() -> None:
    for table in (_PLACE, _STEP, _SEQUENCE):
        op.drop_table(table)
    op.drop_index(f"ix_{_CAMPAIGN}_step", _CAMPAIGN)
    for name in ("step_open", "step_round", "step_id"):
        op.drop_column(_CAMPAIGN, name)
