"""Duplicates are found by indexes, however many contacts there are."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import text

from crmhost.core.contacts import bulk
from crmhost.core.merging import duplicates, keys
from crmhost.core.privacy import services as privacy
from crmhost.testing import Host
from tests.unit.core.test_plans import Plans


def test_duplicates_are_read_from_indexes(host: Callable[..., Host]) -> None:
    """A page and one in the middle, of all kinds and of one, the hint of the form, and whether an address was erased."""
    site = host()
    rows = [
        {
            "first_name": "Ann",
            "last_name": f"Nr {n % 60}",
            "email": f"a{n}@example.com",
            "work_phone": f"555000{n % 60}",
        }
        for n in range(180)
    ]
    with site.work("Admin") as work, work.begin():
        bulk.save_many(work, rows)
    site.run_jobs()
    with site.site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    with site.work("Admin") as work:
        plans = Plans(work)
        for kind in ("", *keys.KINDS):
            with plans.good(kind):
                page = duplicates.page(work, kind=kind, limit=5)
            if page.next:
                with plans.good(("middle", kind)):
                    duplicates.page(work, kind=kind, limit=5, after=page.next)
        with plans.good("hint"):
            assert duplicates.alike(work, {"first_name": "Ann", "last_name": "Nr 5", "work_phone": "5550005"}, but=1)
        with plans.good("receipts"):
            privacy.receipts(work)
            privacy.find(work, "nobody@example.com")
