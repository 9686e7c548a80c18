"""Lets the probes' own tests find the probes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.probes import ONLY


@pytest.fixture
def probes() -> dict[str, Any]:
    """Keywords for ``host(…)``: a site that finds the probes and nothing else."""
    return ONLY
