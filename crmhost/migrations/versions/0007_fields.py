"""Custom fields and the index of their values.

Revision ID: 0007
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_AT = sa.DateTime(timezone=True)


def _must(name: str, type_: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False, **options)


def _may(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=True)


def upgrade() -> None:
    op.create_table(
        "fields_field",
        _must("id", sa.Integer()),
        _must("object", sa.String(length=40)),
        _must("key", sa.String(length=40)),
        _must("label", sa.String(length=80)),
        _must("kind", sa.String(length=20)),
        _must("choices", sa.JSON()),
        _must("currency", sa.String(length=3)),
        _must("help", sa.String(length=300)),
        _must("section", sa.String(length=80)),
        _must("required", sa.Boolean()),
        _must("filterable", sa.Boolean()),
        _must("position", sa.Integer()),
        _must("revision", sa.Integer()),
        _must("indexed", sa.Integer()),
        _must("erasing", sa.Boolean()),
        _must("created_at", _AT),
        _may("deleted_at", _AT),
        sa.PrimaryKeyConstraint("id", name="pk_fields_field"),
        sa.UniqueConstraint("object", "key", name="uq_fields_field_key"),
    )
    op.create_table(
        "fields_value",
        _must("id", sa.Integer()),
        _must("field_id", sa.Integer()),
        _must("object_id", sa.Integer()),
        _may("text", sa.String(500).with_variant(sa.String(500, collation="C"), "postgresql")),
        _may("number", sa.Float()),
        _may("instant", _AT),
        sa.ForeignKeyConstraint(["field_id"], ["fields_field.id"], name="fk_fields_value_field_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_fields_value"),
    )
    op.create_index("ix_fields_value_object", "fields_value", ["field_id", "object_id"])
    for column in ("text", "number", "instant"):
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_fields_value_{column}",
            "fields_value",
            ["field_id", column, "object_id"],
            sqlite_where=there,
            postgresql_where=there,
        )
    _parts_of_texts()


def _parts_of_texts() -> None:
    """An index by parts of texts; keys of choices, which have a number too, are left out."""
    chosen = "text IS NOT NULL AND number IS NULL"
    if op.get_bind().dialect.name == "postgresql":
        # Named with its schema, because a trial works in one of its own and must not see the site's.
        schema = op.get_bind().scalar(
            sa.text("SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'pg_trgm'")
        )
        op.execute(
            f"CREATE INDEX ix_fields_value_parts ON fields_value USING gin (text {schema}.gin_trgm_ops) WHERE {chosen}"
        )
        return
    op.execute("CREATE VIEW fields_text AS SELECT id, text FROM fields_value WHERE text IS NOT NULL AND number IS NULL")
    op.execute(
        "CREATE VIRTUAL TABLE fields_fts USING fts5"
        "(text, content='fields_text', content_rowid='id', tokenize='trigram', detail='none')"
    )
    op.execute("INSERT INTO fields_fts(fields_fts, rank) VALUES ('automerge', 8)")
    op.execute("INSERT INTO fields_fts(fields_fts, rank) VALUES ('crisismerge', 64)")
    add = "INSERT INTO fields_fts(rowid, text) VALUES (new.id, new.text);"
    drop = "INSERT INTO fields_fts(fields_fts, rowid, text) VALUES ('delete', old.id, old.text);"
    for event, body, row in (("INSERT", add, "new"), ("DELETE", drop, "old")):
        op.execute(
            f"CREATE TRIGGER fields_value_{event.lower()} AFTER {event} ON fields_value"
            f" WHEN {row}.text IS NOT NULL AND {row}.number IS NULL BEGIN {body} END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE fields_fts")
        op.execute("DROP VIEW fields_text")
    op.drop_table("fields_value")
    op.drop_table("fields_field")
