"""Connections, what came from them, and what could not be taken.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_AT = sa.DateTime(timezone=True)
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _must(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False)


def _may(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=True)


def _index(table: str, name: str, *columns: str, where: str = "") -> None:
    some: dict[str, Any] = {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)} if where else {}
    op.create_index(f"ix_syncs_{table}_{name}", f"syncs_{table}", list(columns), **some)


def _of_connection() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["connection_id"], ["syncs_connection.id"], ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "syncs_connection",
        _must("id", sa.Integer()),
        _must("source", sa.String(40)),
        _must("key", sa.String(60)),
        _must("name", sa.String(80)),
        *(_must(name, sa.JSON()) for name in ("fields", "secrets", "options", "cursors", "counts")),
        _must("paused", sa.Boolean()),
        _must("problem", sa.Text()),
        _may("problem_at", _AT),
        _must("hooks_problem", sa.Text()),
        _must("failures", sa.Integer()),
        _must("run_key", sa.String(60)),
        *(_may(name, _AT) for name in ("run_until", "read_at", "heard_at")),
        _must("created_at", _AT),
        _must("version", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", "key", name="uq_syncs_connection_key"),
    )
    op.create_table(
        "syncs_record",
        _must("id", _BIG),
        _must("connection_id", sa.Integer()),
        _must("kind", sa.String(30)),
        _must("external_id", sa.String(200)),
        _must("parent", sa.String(200)),
        _must("version", sa.BigInteger()),
        _must("digest", sa.String(32)),
        _must("status", sa.String(60)),
        *(_must(name, sa.Boolean()) for name in ("paid", "counts", "gone")),
        _must("object_type", sa.String(40)),
        _may("object_id", sa.Integer()),
        _may("contact_id", sa.Integer()),
        _may("at", _AT),
        _must("currency", sa.String(3)),
        _must("amount", sa.BigInteger()),
        _must("label", sa.String(200)),
        _must("url", sa.String(500)),
        _must("written", sa.JSON()),
        _must("kept", sa.JSON()),
        sa.PrimaryKeyConstraint("id"),
        _of_connection(),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts_contact.id"], ondelete="SET NULL"),
        sa.UniqueConstraint("connection_id", "kind", "external_id", name="uq_syncs_record_external"),
    )
    _index("record", "contact", "contact_id", "kind", "at", where="contact_id IS NOT NULL")
    _index("record", "object", "object_type", "object_id", where="object_id IS NOT NULL")
    _index("record", "at", "connection_id", "at", where="at IS NOT NULL")
    _index("record", "kind_at", "kind", "at", "contact_id", where="at IS NOT NULL")
    _index("record", "parent", "connection_id", "kind", "parent", where="parent <> ''")
    op.create_table(
        "syncs_aside",
        _must("id", sa.Integer()),
        _must("connection_id", sa.Integer()),
        _must("kind", sa.String(30)),
        _must("external_id", sa.String(200)),
        _must("version", sa.BigInteger()),
        _must("reason", sa.Text()),
        _must("body", sa.JSON()),
        _must("email_key", sa.String(254)),
        _must("at", _AT),
        _must("tries", sa.Integer()),
        sa.PrimaryKeyConstraint("id"),
        _of_connection(),
        sa.UniqueConstraint("connection_id", "kind", "external_id", name="uq_syncs_aside_external"),
    )
    _index("aside", "email", "email_key", where="email_key <> ''")
    op.create_table(
        "syncs_received",
        _must("id", _BIG),
        _must("connection_id", sa.Integer()),
        _must("event_id", sa.String(200)),
        _must("topic", sa.String(120)),
        _must("kind", sa.String(30)),
        _must("external_id", sa.String(200)),
        _may("body", sa.JSON()),
        _must("at", _AT),
        _may("done_at", _AT),
        sa.PrimaryKeyConstraint("id"),
        _of_connection(),
        sa.UniqueConstraint("connection_id", "event_id", name="uq_syncs_received_event"),
    )
    _index("received", "open", "connection_id", "id", where="done_at IS NULL")
    _index("received", "at", "at")
    op.create_table(
        "syncs_same_sale",
        _must("key", sa.String(200)),
        _must("transaction_id", sa.Integer()),
        sa.PrimaryKeyConstraint("key"),
    )
    _index("same_sale", "transaction", "transaction_id")
    op.create_table(
        "syncs_month",
        _must("connection_id", sa.Integer()),
        _must("month", sa.Date()),
        _must("currency", sa.String(3)),
        _must("their_number", sa.Integer()),
        _must("their_sum", sa.BigInteger()),
        _must("our_number", sa.Integer()),
        _must("our_sum", sa.BigInteger()),
        _must("at", _AT),
        sa.PrimaryKeyConstraint("connection_id", "month", "currency"),
        _of_connection(),
    )
    op.create_table(
        "syncs_difference",
        _must("id", sa.Integer()),
        _must("connection_id", sa.Integer()),
        _must("month", sa.Date()),
        _must("kind", sa.String(30)),
        _must("external_id", sa.String(200)),
        _must("currency", sa.String(3)),
        _may("theirs", sa.BigInteger()),
        _may("ours", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id"),
        _of_connection(),
        sa.UniqueConstraint("connection_id", "kind", "external_id", name="uq_syncs_difference_external"),
    )
    _index("difference", "month", "connection_id", "month", "id")


def downgrade() -> None:
    for name in ("difference", "month", "same_sale", "received", "aside", "record", "connection"):
        op.drop_table(f"syncs_{name}")
