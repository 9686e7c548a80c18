"""The core's migrations make what the models say."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from crmhost.core.journal import models as journal_models
from crmhost.core.mail import models as mail_models
from crmhost.core.notifications import models as notifications_models
from crmhost.core.settings import models as settings_models
from crmhost.db import make_engine, metadata
from crmhost.host import migrate
from crmhost.host import tables as host_tables
from crmhost.work import tables as work_tables

MODELS = (journal_models, mail_models, notifications_models, settings_models, host_tables, work_tables)
#: What the tables of the core begin with; plugins that other tests imported have theirs in the same metadata.
PARTS = (
    "contacts",
    "fields",
    "statuses",
    "journal",
    "mail",
    "notifications",
    "files",
    "settings",
    "users",
    "host",
    "work",
    "audit",
    "search",
)
#: What only the migrations know, search on both databases, and an index that alembic can't compare.
OWN = ("search_fts", "fields_fts", "ix_search_document_text", "ix_fields_value_parts", "ix_contacts_contact_contacted")
INDEXES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
    "postgresql": "SELECT indexname FROM pg_indexes",
}


def _compared(thing: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    table = name if kind == "table" else thing.table.name
    return not (name or "").startswith(OWN) and str(table).split("_")[0] in PARTS


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
        with migrate.schema_transaction(engine) as connection:
            migrate.migrate(connection, migrate.CORE, migrate.CORE_VERSIONS, target)
        if target == "base":
            assert set(inspect(engine).get_table_names()) == {"crmhost_alembic_version"}
    assert set(inspect(engine).get_table_names()) == before
    engine.dispose()
