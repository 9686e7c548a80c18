"""Easy-access links, and who opened them.

Revision ID: 0013
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_AT = sa.DateTime(timezone=True)


def _must(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False)


def upgrade() -> None:
    op.create_table(
        "links_link",
        _must("id", sa.Integer()),
        _must("token_hash", sa.String(64)),
        _must("sealed", sa.Text()),
        _must("object_type", sa.String(40)),
        _must("object_id", sa.Integer()),
        _must("created_at", _AT),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("expires_at", _AT, nullable=True),
        sa.Column("revoked_at", _AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_links_link"),
        sa.UniqueConstraint("token_hash", name="uq_links_link_token_hash"),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users_user.id"], name="fk_links_link_created_by_id", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_links_link_object", "links_link", ["object_type", "object_id", "id"])
    op.create_index("ix_links_link_expires", "links_link", ["expires_at"])
    op.create_table(
        "links_opening",
        _must("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite")),
        _must("link_id", sa.Integer()),
        _must("at", _AT),
        _must("address", sa.String(60)),
        _must("agent", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name="pk_links_opening"),
        sa.ForeignKeyConstraint(["link_id"], ["links_link.id"], name="fk_links_opening_link_id", ondelete="CASCADE"),
    )
    op.create_index("ix_links_opening_link", "links_opening", ["link_id", "at"])
    op.create_index("ix_links_opening_at", "links_opening", ["at"])


def downgrade() -> None:
    op.drop_table("links_opening")
    op.drop_table("links_link")
