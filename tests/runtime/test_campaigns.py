"""Campaigns and sequences whose workers are killed reach everybody once; the long forms are ``./crm bench campaigns`` and
``./crm bench sequences``.
"""

from __future__ import annotations

import pytest

from bench import campaigns, sequences
from bench.load import Start
from bench.sites import Place


@pytest.mark.slow
def test_kills_cost_nobody_their_mail_and_give_nobody_two(place: Place, forked: Start) -> None:
    """Two workers, killed in turn, a pause, double clicks and a server with bad days: one copy each or a reason."""
    assert campaigns.faults(place, recipients=150, kills=3, seed=3, start=forked) == 0


# On PostgreSQL, whose workers write at the same time; ./crm bench sequences has both databases.
@pytest.mark.slow
@pytest.mark.database("postgresql")
def test_kills_in_a_sequence_and_in_a_release_lose_and_double_nothing(place: Place, forked: Start) -> None:
    """People enter, get three mails, and one of two subjects goes to the rest; killed in each of it, halted, clicked twice."""
    assert sequences.faults(place, recipients=40, kills=3, seed=5, start=forked) == 0
