"""Contacts with statuses, tags, journal and search.

Revision ID: 0002
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_AT = sa.DateTime(timezone=True)
# Contacts that were never contacted sort as if it had been long ago.
_CONTACTED = sa.text("coalesce(last_contacted_at, '1970-01-01 00:00:00.000000')")


def _where(condition: str, on_sqlite: str = "") -> dict[str, Any]:
    """A partial index; its condition must be written as the queries write it, for SQLite to see that it holds."""
    return {"sqlite_where": sa.text(on_sqlite or condition), "postgresql_where": sa.text(condition)}


_LIVE = _where("deleted_at IS NULL")


def _must(name: str, type_: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=False, **options)


def _may(name: str, type_: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, nullable=True)


def _folded(length: int) -> Any:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    _contacts()
    _history()
    _search()


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_fts")
    for table in reversed(_TABLES):
        op.drop_table(table)


def _contacts() -> None:
    op.create_table(
        "statuses_status",
        _must("id", sa.Integer()),
        _must("name", sa.String(length=80)),
        _must("name_key", sa.String(length=80)),
        _must("hue", sa.String(length=10)),
        _must("position", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_statuses_status"),
        sa.UniqueConstraint("name_key", name="uq_statuses_status_name_key"),
    )
    op.create_table(
        "contacts_contact",
        _must("id", sa.Integer()),
        _must("prefix", sa.String(length=40)),
        _must("first_name", sa.String(length=120)),
        _must("last_name", sa.String(length=120)),
        _must("email", sa.String(length=254)),
        _must("sort_name", _folded(250)),
        _must("first_key", _folded(120)),
        _must("email_key", _folded(254)),
        _must("home_phone", sa.String(length=60)),
        _must("work_phone", sa.String(length=60)),
        _must("mobile_phone", sa.String(length=60)),
        _must("address1", sa.JSON()),
        _must("address2", sa.JSON()),
        _must("notes", sa.Text()),
        _must("avatar", sa.String(length=200)),
        _must("source", sa.String(length=60)),
        _must("reason", sa.JSON()),
        _must("socials", sa.JSON()),
        _must("custom", sa.JSON()),
        _must("status_id", sa.Integer()),
        _must("status_since", _AT),
        _may("assigned_to_id", sa.Integer()),
        _must("created_at", _AT),
        _must("updated_at", _AT),
        _may("last_contacted_at", _AT),
        _may("deleted_at", _AT),
        _may("merged_into_id", sa.Integer()),
        _must("version", sa.Integer(), server_default="1"),
        sa.ForeignKeyConstraint(
            ["assigned_to_id"], ["users_user.id"], name="fk_contacts_contact_assigned_to_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["contacts_contact.id"], name="fk_contacts_contact_merged_into_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["status_id"], ["statuses_status.id"], name="fk_contacts_contact_status_id"),
        sa.PrimaryKeyConstraint("id", name="pk_contacts_contact"),
        # The id of an erased contact is never given again.
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_contacts_contact_assigned_created", "contacts_contact", ["assigned_to_id", "created_at", "id"], **_LIVE
    )
    op.create_index("ix_contacts_contact_contacted", "contacts_contact", [_CONTACTED, "id"], **_LIVE)
    op.create_index("ix_contacts_contact_created", "contacts_contact", ["created_at", "id"], **_LIVE)
    op.create_index(
        "ix_contacts_contact_deleted", "contacts_contact", ["deleted_at", "id"], **_where("deleted_at IS NOT NULL")
    )
    op.create_index("ix_contacts_contact_email", "contacts_contact", ["email_key", "id"], **_LIVE)
    op.create_index("ix_contacts_contact_first", "contacts_contact", ["first_key", "id"], **_LIVE)
    op.create_index(
        "ix_contacts_contact_merged", "contacts_contact", ["merged_into_id"], **_where("merged_into_id IS NOT NULL")
    )
    op.create_index("ix_contacts_contact_name", "contacts_contact", ["sort_name", "id"], **_LIVE)
    op.create_index("ix_contacts_contact_source_created", "contacts_contact", ["source", "created_at", "id"], **_LIVE)
    op.create_index(
        "ix_contacts_contact_status_created", "contacts_contact", ["status_id", "created_at", "id"], **_LIVE
    )
    op.create_index("ix_contacts_contact_status_name", "contacts_contact", ["status_id", "sort_name", "id"], **_LIVE)
    op.create_index("ix_contacts_contact_updated", "contacts_contact", ["updated_at", "id"], **_LIVE)
    op.create_table(
        "contacts_email",
        _must("id", sa.Integer()),
        _must("contact_id", sa.Integer()),
        _must("email", sa.String(length=254)),
        _must("email_key", _folded(254)),
        _must("main", sa.Boolean()),
        _must("active", sa.Boolean()),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts_contact.id"], name="fk_contacts_email_contact_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_contacts_email"),
    )
    op.create_index("ix_contacts_email_contact", "contacts_email", ["contact_id"])
    op.create_index(
        "uq_contacts_email_active", "contacts_email", ["email_key"], unique=True, **_where("active", "active = 1")
    )
    op.create_table(
        "contacts_external_id",
        _must("id", sa.Integer()),
        _must("kind", sa.String(length=40)),
        _must("source", sa.String(length=60)),
        _must("account", sa.String(length=120)),
        _must("external_id", sa.String(length=200)),
        _must("object_id", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_contacts_external_id"),
        sa.UniqueConstraint("kind", "source", "account", "external_id", name="uq_contacts_external_id"),
    )
    op.create_index("ix_contacts_external_id_object", "contacts_external_id", ["kind", "object_id"])
    op.create_table(
        "contacts_tag",
        _must("id", sa.Integer()),
        _must("name", sa.String(length=80)),
        _must("name_key", sa.String(length=80)),
        _must("hue", sa.String(length=10)),
        sa.PrimaryKeyConstraint("id", name="pk_contacts_tag"),
        sa.UniqueConstraint("name_key", name="uq_contacts_tag_name_key"),
    )
    op.create_table(
        "contacts_tagging",
        _must("tag_id", sa.Integer()),
        _must("object_type", sa.String(length=40)),
        _must("object_id", sa.Integer()),
        sa.ForeignKeyConstraint(["tag_id"], ["contacts_tag.id"], name="fk_contacts_tagging_tag_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tag_id", "object_type", "object_id", name="pk_contacts_tagging"),
    )
    op.create_index("ix_contacts_tagging_object", "contacts_tagging", ["object_type", "object_id", "tag_id"])


def _history() -> None:
    op.create_table(
        "statuses_history",
        _must("id", sa.Integer()),
        _must("contact_id", sa.Integer()),
        _may("old_id", sa.Integer()),
        _may("new_id", sa.Integer()),
        _must("old_name", sa.String(length=80)),
        _must("new_name", sa.String(length=80)),
        _must("at", _AT),
        _must("actor_label", sa.String(length=200)),
        _may("user_id", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts_contact.id"], name="fk_statuses_history_contact_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["new_id"], ["statuses_status.id"], name="fk_statuses_history_new_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["old_id"], ["statuses_status.id"], name="fk_statuses_history_old_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users_user.id"], name="fk_statuses_history_user_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_statuses_history"),
    )
    op.create_index("ix_statuses_history_at", "statuses_history", ["at"])
    op.create_index("ix_statuses_history_contact", "statuses_history", ["contact_id", "id"])
    op.create_index("ix_statuses_history_new_at", "statuses_history", ["new_id", "at"])
    op.create_table(
        "statuses_count",
        _must("id", sa.Integer()),
        _must("status_id", sa.Integer()),
        _must("amount", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["status_id"], ["statuses_status.id"], name="fk_statuses_count_status_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_statuses_count"),
    )
    op.create_index("ix_statuses_count_status", "statuses_count", ["status_id", "amount"])
    op.create_table(
        "journal_entry",
        _must("id", sa.Integer()),
        _must("object_type", sa.String(length=40)),
        _must("object_id", sa.Integer()),
        _may("contact_id", sa.Integer()),
        _must("type", sa.String(length=80)),
        _must("at", _AT),
        _must("summary", sa.String(length=300)),
        _must("comment", sa.Text()),
        _must("outcome", sa.Text()),
        _must("data", sa.JSON()),
        _must("actor_label", sa.String(length=200)),
        _may("user_id", sa.Integer()),
        _must("by_system", sa.Boolean()),
        _must("is_contact", sa.Boolean()),
        _must("pinned", sa.Boolean()),
        _must("created_at", _AT),
        _must("version", sa.Integer(), server_default="1"),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts_contact.id"], name="fk_journal_entry_contact_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users_user.id"], name="fk_journal_entry_user_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_journal_entry"),
    )
    op.create_index("ix_journal_entry_at", "journal_entry", ["at", "id"])
    op.create_index("ix_journal_entry_contact", "journal_entry", ["contact_id", "at"])
    op.create_index("ix_journal_entry_object", "journal_entry", ["object_type", "object_id", "at", "id"])
    op.create_index(
        "ix_journal_entry_people", "journal_entry", ["at", "id"], **_where("NOT by_system", "by_system = 0")
    )
    op.create_index("ix_journal_entry_type_at", "journal_entry", ["type", "at", "id"])
    op.create_index("ix_journal_entry_user_at", "journal_entry", ["user_id", "at", "id"])


def _search() -> None:
    op.create_table(
        "search_document",
        _must("id", sa.Integer()),
        _must("owner", sa.String(length=40)),
        _must("object_id", sa.Integer()),
        _must("text", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_search_document"),
        sa.UniqueConstraint("owner", "object_id", name="uq_search_document_object"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        # Named with its schema, because a trial works in one of its own and must not see the site's.
        schema = op.get_bind().scalar(
            sa.text("SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'pg_trgm'")
        )
        op.execute(f"CREATE INDEX ix_search_document_text ON search_document USING gin (text {schema}.gin_trgm_ops)")
        return
    # Without positions the index is half as large; the words themselves are compared with the found texts.
    op.execute(
        "CREATE VIRTUAL TABLE search_fts USING fts5"
        "(text, content='search_document', content_rowid='id', tokenize='trigram', detail='none')"
    )
    # Fewer, larger merges: the slowest batch of a long import took 93 ms instead of 350 ms.
    op.execute("INSERT INTO search_fts(search_fts, rank) VALUES ('automerge', 8)")
    op.execute("INSERT INTO search_fts(search_fts, rank) VALUES ('crisismerge', 64)")
    add = "INSERT INTO search_fts(rowid, text) VALUES (new.id, new.text);"
    drop = "INSERT INTO search_fts(search_fts, rowid, text) VALUES ('delete', old.id, old.text);"
    for event, body in (("INSERT", add), ("DELETE", drop), ("UPDATE OF id, text", f"{drop} {add}")):
        name = f"search_document_{event[:6].lower()}"
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON search_document BEGIN {body} END")


_TABLES = [
    "statuses_status",
    "contacts_contact",
    "contacts_email",
    "contacts_external_id",
    "contacts_tag",
    "contacts_tagging",
    "statuses_history",
    "statuses_count",
    "journal_entry",
    "search_document",
]
