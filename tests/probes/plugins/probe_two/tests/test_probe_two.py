"""Probe two works alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crmhost.testing import Host


def test_page(host: Callable[..., Host], probes: dict[str, Any]) -> None:
    """Its page opens for an admin."""
    client = host("probe_two", **probes).client()
    assert client.get("/probe-two/").status_code == 200
