"""Quotes, what of them was sent and accepted, and templates.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_AT = sa.DateTime(timezone=True)


def _folded(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _must(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False)


def _may(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=True)


def _index(name: str, *columns: str, where: str = "") -> None:
    some: dict[str, Any] = {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)} if where else {}
    op.create_index(f"ix_quotes_quote_{name}", "quotes_quote", list(columns), **some)


def upgrade() -> None:
    op.create_table(
        "quotes_quote",
        _must("id", sa.Integer()),
        _must("title", sa.String(200)),
        _must("title_key", _folded(200)),
        _must("state", sa.String(12)),
        _must("document", sa.JSON()),
        _must("currency", sa.String(3)),
        *(_must(name, sa.BigInteger()) for name in ("net", "discount", "tax", "shipping", "total", "value")),
        *(_may(name, sa.Integer()) for name in ("contact_id", "company_id", "owner_id")),
        _must("date", sa.Date()),
        _may("valid_until", sa.Date()),
        _must("content", sa.Text()),
        _must("notes", sa.Text()),
        _must("language", sa.String(10)),
        _must("source", sa.String(60)),
        _must("custom", sa.JSON()),
        _may("version_id", sa.Integer()),
        *(_may(name, _AT) for name in ("sent_at", "viewed_at", "decided_at")),
        _must("decline_reason", sa.Text()),
        _must("created_at", _AT),
        _must("updated_at", _AT),
        _may("deleted_at", _AT),
        _must("version", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts_contact.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["owner_id"], ["users_user.id"], ondelete="SET NULL"),
        sqlite_autoincrement=True,
    )
    alive = "deleted_at IS NULL"
    _index("date", "date", "id", where=alive)
    _index("created", "created_at", "id", where=alive)
    _index("valid", "valid_until", "id", where=alive)
    _index("title", "title_key", "id", where=alive)
    _index("value", "currency", "value", "id", where=alive)
    _index("state_date", "state", "date", "id", where=alive)
    _index("state_valid", "state", "valid_until")
    _index("contact", "contact_id", "date", "id")
    _index("company", "company_id", "date", "id")
    _index("owner", "owner_id", "date", "id")
    _index("deleted", "deleted_at", "id", where="deleted_at IS NOT NULL")
    op.create_table(
        "quotes_version",
        _must("id", sa.Integer()),
        _must("quote_id", sa.Integer()),
        _must("number", sa.Integer()),
        _must("title", sa.String(200)),
        _must("html", sa.Text()),
        _must("document", sa.JSON()),
        _must("currency", sa.String(3)),
        _must("value", sa.BigInteger()),
        _must("date", sa.Date()),
        _may("valid_until", sa.Date()),
        _must("client", sa.String(250)),
        _must("sender", sa.JSON()),
        _must("language", sa.String(10)),
        _must("digest", sa.String(64)),
        _must("made_at", _AT),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["quote_id"], ["quotes_quote.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_quotes_version_quote", "quotes_version", ["quote_id", "number"], unique=True)
    op.create_table(
        "quotes_acceptance",
        _must("quote_id", sa.Integer()),
        _must("version_id", sa.Integer()),
        _must("kind", sa.String(8)),
        _must("name", sa.String(200)),
        _may("drawing", sa.LargeBinary()),
        _must("email", sa.String(254)),
        _must("address", sa.String(60)),
        _must("agent", sa.String(300)),
        _must("by", sa.String(120)),
        _must("at", _AT),
        _must("code", sa.String(40)),
        _must("digest", sa.String(64)),
        sa.PrimaryKeyConstraint("quote_id"),
        sa.UniqueConstraint("code"),
        sa.ForeignKeyConstraint(["quote_id"], ["quotes_quote.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["version_id"], ["quotes_version.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_quotes_acceptance_version", "quotes_acceptance", ["version_id"])
    op.create_table(
        "quotes_template",
        _must("id", sa.Integer()),
        _must("name", sa.String(120)),
        _must("name_key", _folded(120)),
        _must("title", sa.String(200)),
        _must("content", sa.Text()),
        _must("builtin", sa.String(40)),
        _must("updated_at", _AT),
        _must("version", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name_key"),
    )


def downgrade() -> None:
    for name in ("template", "acceptance", "version", "quote"):
        op.drop_table(f"quotes_{name}")
