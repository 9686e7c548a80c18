"""Merges, keys of duplicates, receipts of erased people.

Revision ID: 0011
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_AT = sa.DateTime(timezone=True)
_FOLDED = sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql")


def _must(name: str, type_: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False, **options)


def _may(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=True)


def _key(table: str, column: str, target: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}", ondelete=ondelete)


def upgrade() -> None:
    _merges()
    _duplicates()
    _receipts()
    _find_duplicates()


def downgrade() -> None:
    for table in (
        "privacy_receipt_hash",
        "privacy_receipt",
        "merging_distinct",
        "merging_group",
        "merging_key",
        "merging_step",
        "merging_merge",
    ):
        op.drop_table(table)


def _merges() -> None:
    op.create_table(
        "merging_merge",
        _must("id", sa.Integer()),
        _must("winner_id", sa.Integer()),
        _must("loser_ids", sa.JSON()),
        _must("changes", sa.JSON()),
        _must("stayed", sa.JSON()),
        _must("kept", sa.Boolean(), server_default=sa.text("true")),
        _must("at", _AT),
        _must("actor_label", sa.String(length=200)),
        _may("user_id", sa.Integer()),
        _may("undone_at", _AT),
        _must("undone_by", sa.String(length=200)),
        _key("merging_merge", "winner_id", "contacts_contact"),
        _key("merging_merge", "user_id", "users_user", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_merging_merge"),
    )
    op.create_index("ix_merging_merge_winner", "merging_merge", ["winner_id", "id"])
    op.create_index("ix_merging_merge_kept", "merging_merge", ["kept", "at"])
    op.create_table(
        "merging_step",
        _must("id", sa.Integer()),
        _must("merge_id", sa.Integer()),
        _must("loser_id", sa.Integer()),
        _must("plugin", sa.String(length=60)),
        _must("table_name", sa.String(length=64)),
        _must("column_name", sa.String(length=64)),
        _must("kind", sa.String(length=10)),
        _must("rows", sa.JSON()),
        _key("merging_step", "merge_id", "merging_merge"),
        sa.PrimaryKeyConstraint("id", name="pk_merging_step"),
    )
    op.create_index("ix_merging_step_merge", "merging_step", ["merge_id", "id"])


def _duplicates() -> None:
    op.create_table(
        "merging_key",
        _must("contact_id", sa.Integer()),
        _must("kind", sa.String(length=10)),
        _must("key", _FOLDED),
        _key("merging_key", "contact_id", "contacts_contact"),
        sa.PrimaryKeyConstraint("contact_id", "kind", "key", name="pk_merging_key"),
    )
    op.create_index("ix_merging_key_key", "merging_key", ["kind", "key", "contact_id"])
    op.create_table(
        "merging_group",
        _must("kind", sa.String(length=10)),
        _must("key", _FOLDED),
        _must("size", sa.Integer()),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_merging_group"),
    )
    op.create_table(
        "merging_distinct",
        _must("low_id", sa.Integer(), autoincrement=False),
        _must("high_id", sa.Integer(), autoincrement=False),
        _key("merging_distinct", "low_id", "contacts_contact"),
        _key("merging_distinct", "high_id", "contacts_contact"),
        sa.PrimaryKeyConstraint("low_id", "high_id", name="pk_merging_distinct"),
    )
    op.create_index("ix_merging_distinct_high", "merging_distinct", ["high_id"])


def _receipts() -> None:
    op.create_table(
        "privacy_receipt",
        _must("id", sa.Integer()),
        _must("contact_id", sa.Integer()),
        _must("at", _AT),
        _must("actor_label", sa.String(length=200)),
        _may("user_id", sa.Integer()),
        _must("counts", sa.JSON()),
        _must("files", sa.Integer()),
        _key("privacy_receipt", "user_id", "users_user", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_privacy_receipt"),
    )
    op.create_index("ix_privacy_receipt_at", "privacy_receipt", ["at", "id"])
    op.create_table(
        "privacy_receipt_hash",
        _must("receipt_id", sa.Integer()),
        _must("address_hash", sa.String(length=64)),
        _key("privacy_receipt_hash", "receipt_id", "privacy_receipt"),
        sa.PrimaryKeyConstraint("receipt_id", "address_hash", name="pk_privacy_receipt_hash"),
    )
    op.create_index("ix_privacy_receipt_hash_hash", "privacy_receipt_hash", ["address_hash"])


def _find_duplicates() -> None:
    """Contacts that are there already get their keys by a job."""
    if not op.get_bind().scalar(sa.text("SELECT EXISTS (SELECT 1 FROM contacts_contact)")):
        return
    job = sa.table(
        "work_job",
        *(sa.column(name) for name in ("plugin", "kind", "actor", "state")),
        sa.column("arguments", sa.JSON()),
        sa.column("due_at", _AT),
        sa.column("created_at", _AT),
        sa.column("attempts", sa.Integer()),
    )
    now = dt.datetime.now(dt.UTC)
    if op.get_bind().dialect.name == "sqlite":
        now = now.replace(tzinfo=None)
    values = {"plugin": "merging", "kind": "merging.fill", "actor": "crmhost", "state": "due", "attempts": 0}
    op.execute(job.insert().values(**values, arguments={}, due_at=now, created_at=now))
