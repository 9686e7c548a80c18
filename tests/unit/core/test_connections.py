"""Connections to the database that are kept."""

from __future__ import annotations

import pytest

from crmhost import db
from crmhost.db import make_engine


@pytest.mark.database("postgresql")
def test_a_connection_that_rested_while_the_database_was_away_is_made_anew(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes after a restart of PostgreSQL notices nothing of it."""
    engine, other = make_engine(database_url), make_engine(database_url)
    try:
        with engine.connect() as connection:
            first = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with other.connect() as connection:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({first}, 5000)")
        monkeypatch.setattr(db, "PING_AFTER", 0.0)
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() != first
    finally:
        engine.dispose()
        other.dispose()
