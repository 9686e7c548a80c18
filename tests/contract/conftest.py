"""The site of a test of the contract."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.testing import Clock, Host
from tests.contract.world import World
from tests.probes import ONLY


@pytest.fixture
def world(host: Callable[..., Host], clock: Clock) -> World:
    """A site with the probes found and off, whose clock stands still."""
    clock.freeze()
    return World(host(**ONLY))
