"""A site with transactions, and with invoices for tests."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crmhost.testing import Host
from plugins.transactions import services, values

BILLING = Path(__file__).resolve().parent / "billing"


class Books:
    """Short ways to add transactions and to read values."""

    def __init__(self, crm: Host, invoices: ModuleType | None = None) -> None:
        self.crm = crm
        self.invoices = invoices
        self._number = 0

    def add(self, amount: int = 10_000, currency: str = "EUR", **fields: Any) -> int:
        """Adds a transaction; gives its id."""
        self._number += 1
        given = {"ref": f"T{self._number}", "name": f"Order {self._number}", "status": "Completed"}
        given |= {"total": {"amount": amount, "currency": currency}, **fields}
        with self.crm.work() as work, work.begin():
            return services.create(work, given).id

    def change(self, number: int, **fields: Any) -> None:
        """Changes a transaction."""
        with self.crm.work() as work, work.begin():
            services.update(work, number, fields)

    def total(self, owner: int, object_type: str = "contact") -> dict[str, int]:
        """The value of a contact or company: currency -> total."""
        with self.crm.work() as work:
            return {row.currency: row.total for row in values.values_of(work, object_type, [owner]).get(owner, ())}

    def set(self, **settings: str) -> None:
        """Changes settings of the plugin, and runs what follows."""
        for key, value in settings.items():
            assert self.crm.cli("settings", "set", f"transactions.{key}", value).exit_code == 0
        self.crm.run_jobs()


@pytest.fixture
def books(host: Callable[..., Host]) -> Books:
    """A site with transactions alone."""
    return Books(host("transactions"))


@pytest.fixture
def billed(host: Callable[..., Host], tmp_path: Path) -> Iterator[Books]:
    """A site with transactions, and with invoices that tests put into ``books.invoices.INVOICES``."""
    home = tmp_path / "plugins"
    shutil.copytree(BILLING, home / "billing")
    crm = host("transactions", "billing", home_plugins=home)
    module = sys.modules["plugins.billing"]
    known: Mapping[int, Any] = module.INVOICES
    module.INVOICES.clear()
    yield Books(crm, module)
    assert known is module.INVOICES
    module.INVOICES.clear()
