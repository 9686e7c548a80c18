"""A site that sells."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.testing import Host
from plugins.sales_dashboard.tests.shops import Shop


@pytest.fixture
def shop(host: Callable[..., Host]) -> Shop:
    """A site with transactions and the dashboard."""
    return Shop(host("transactions", "sales_dashboard"))
