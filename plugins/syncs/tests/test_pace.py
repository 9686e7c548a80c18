"""Transactions of imports: as many records as fit, and nothing stored of what was read before somebody else wrote."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from crmhost.api import Contact, contacts
from crmhost.testing import Host
from plugins.syncs.pace import Pace


@pytest.mark.database("sqlite")
def test_who_was_overtaken_reads_anew(host: Callable[..., Host]) -> None:
    """Others may write while a batch reads; it then begins again, and its size follows from how long it takes."""
    site = host()
    seen: list[int] = []

    def take() -> str:
        seen.append(work.session.scalar(select(func.count(Contact.id))) or 0)
        if len(seen) == 1:
            with site.work() as other, other.begin():
                contacts.create(other, {"first_name": "Meanwhile"})
        contacts.create(work, {"first_name": f"Number {seen[-1]}"})
        return "done"

    with site.work() as work:
        pace = Pace(work)
        before = pace.size
        assert pace.take(1_000, take) == "done"
        assert seen == [0, 1]
        assert pace.size > before
        assert sorted(work.session.scalars(select(Contact.first_name))) == ["Meanwhile", "Number 1"]
