"""Kills at random moments lose nothing and double nothing; the long form is ``./crm bench faults``."""

from __future__ import annotations

import pytest

from bench import faults
from bench.load import Start


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sqlite", pytest.param("postgresql", marks=pytest.mark.database)])
def test_kills_lose_and_double_nothing(name: str, forked: Start) -> None:
    """A killed web process and killed workers (with PostgreSQL: or database and broker) leave each effect there once."""
    assert faults.faults(name, kills=3, changes=60, seed=3, start=forked) == 0
