"""Probe three lists its entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crmhost.testing import Host


def test_page(host: Callable[..., Host], probes: dict[str, Any]) -> None:
    """Its list shows the entries to an admin."""
    crm = host("probe_three", **probes)
    from plugins.probe_three import services

    with crm.work() as work, work.begin():
        services.add(work, 2)
    assert "Entry 00002" in crm.client().get("/probe-three/").text
