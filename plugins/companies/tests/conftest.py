"""Sites with companies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmhost.testing import Host
from plugins.companies import members, services

Make = Callable[..., int]


@pytest.fixture
def crm(host: Callable[..., Host]) -> Host:
    """A site with companies, the REST API and CSV import."""
    return host("companies", "rest_api", "csv_tools")


@pytest.fixture
def company(crm: Host) -> Make:
    """A factory: ``company("Acme", email="…")`` gives the id of a new company."""

    def make(name: str = "Acme", people: tuple[int, ...] = (), **fields: Any) -> int:
        with crm.work() as work, work.begin():
            made = services.create(work, {"name": name, **fields}).id
            for contact_id in people:
                members.join(work, made, contact_id)
            return made

    return make
