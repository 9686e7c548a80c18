"""The core's migrations make what the models say."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from crmhost.core.journal import models as journal_models
from crmhost.core.mail import models as mail_models
from crmhost.core.merging import models as merging_models
from crmhost.core.notifications import models as notifications_models
from crmhost.core.numbering import models as numbering_models
from crmhost.core.privacy import models as privacy_models
from crmhost.core.settings import models as settings_models
from crmhost.db import make_engine, metadata
from crmhost.host import migrate
from crmhost.host import tables as host_tables
from crmhost.host.ownership import core_tables
from crmhost.work import tables as work_tables

MODELS = (
    journal_models,
    mail_models,
    merging_models,
    notifications_models,
    numbering_models,
    privacy_models,
    settings_models,
    host_tables,
    work_tables,
)
#: What only the migrations know, search on both databases, and an index that alembic can't compare.
OWN = (
    "search_fts",
    "fields_fts",
    "crmhost_alembic_version",
    "ix_search_document_text",
    "ix_fields_value_parts",
    "ix_contacts_contact_contacted",
)
INDEXES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
    "postgresql": "SELECT indexname FROM pg_indexes",
}


def _compared(thing: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
    """Plugins that other tests imported have their tables in the same metadata; the database has the core's alone."""
    table = str(name if kind == "table" else thing.table.name)
    return not (name or "").startswith(OWN) and (reflected or table in core_tables())


@pytest.mark.filterwarnings("ignore:autogenerate skipping", "ignore:Skipped unsupported reflection of expression")
def test_models_and_migrations_agree(database_url: str) -> None:
    """Tables, columns, types and indexes are the same."""
    engine = make_engine(database_url)
    with engine.connect() as connection:
        options = {"compare_type": True, "include_object": _compared}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        names = set(connection.scalars(text(INDEXES[engine.dialect.name])))
        assert "ix_contacts_contact_contacted" in names
    engine.dispose()


def test_the_core_can_be_taken_down_and_made_anew(database_url: str) -> None:
    """Down to nothing and up again leaves the same tables."""
    engine = make_engine(database_url)
    before = set(inspect(engine).get_table_names())
    for target in ("base", "head"):
        _migrate(engine, target)
        if target == "base":
            assert set(inspect(engine).get_table_names()) == {"crmhost_alembic_version"}
    assert set(inspect(engine).get_table_names()) == before
    engine.dispose()


def test_settings_and_jobs_of_stored_files_keep_their_values(database_url: str) -> None:
    """The built-in plugin has another id; what was set under the one before holds."""
    engine = make_engine(database_url)
    _migrate(engine, "base")
    _migrate(engine, "0007")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO settings_value (plugin, key, value, updated_at) VALUES"
            " ('files', 'files.max_size_mb', '7', '2026-01-02 03:04:05')"
        )
        for kind in ("files.remove", "files.sweep"):
            connection.exec_driver_sql(
                "INSERT INTO work_job (plugin, kind, arguments, state, due_at, created_at, actor) VALUES"
                f" ('files', '{kind}', '{{}}', 'due', '2026-01-02 03:04:05', '2026-01-02 03:04:05', 'x')"
            )
    _migrate(engine, "head")
    with engine.begin() as connection:
        found = connection.execute(text("SELECT plugin, key FROM settings_value")).all()
        assert [tuple(row) for row in found] == [("storage", "storage.max_size_mb")]
        kinds = connection.scalars(text("SELECT kind FROM work_job WHERE plugin = 'storage' ORDER BY id")).all()
        assert kinds == ["storage.remove", "storage.sweep"]
    engine.dispose()


def _migrate(engine: Engine, target: str) -> None:
    with migrate.schema_transaction(engine) as connection:
        migrate.migrate(connection, migrate.CORE, migrate.CORE_VERSIONS, target)
