"""A campaign whose workers are killed reaches everybody once; the long form is ``./crm bench campaigns``."""

from __future__ import annotations

import pytest

from bench import campaigns
from bench.load import Start
from bench.sites import Place


@pytest.mark.slow
def test_kills_cost_nobody_their_mail_and_give_nobody_two(place: Place, forked: Start) -> None:
    """Two workers, killed in turn, a pause, double clicks and a server with bad days: one copy each or a reason."""
    assert campaigns.faults(place, recipients=150, kills=3, seed=3, start=forked) == 0
