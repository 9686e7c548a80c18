"""Probe two works alone."""

from __future__ import annotations

from collections.abc import Callable

from crmhost.testing import Host


def test_page(host: Callable[..., Host], probes: dict[str, object]) -> None:
    """Its page opens for an admin."""
    client = host("probe_two", **probes).client()
    assert client.get("/probe-two/").status_code == 200
