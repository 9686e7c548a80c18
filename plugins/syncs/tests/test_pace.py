"""Transactions of imports: as many records as fit, and nothing stored of what was read before somebody else wrote."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from crmhost.api import Contact, contacts
from crmhost.testing import Host
from plugins.syncs import pace as pacing
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


@pytest.mark.database("sqlite")
def test_less_at_once_while_somebody_waits(host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction for which somebody waited is followed by small ones, for some seconds; then they grow again."""
    site = host()
    now, used = 0.0, itertools.count(step=0.03)
    monkeypatch.setattr(pacing, "time", SimpleNamespace(thread_time=lambda: next(used), monotonic=lambda: now))

    def webhook() -> None:
        with site.work() as other, other.begin():
            contacts.create(other, {"first_name": "Waited"})

    def crowded() -> None:
        contacts.create(work, {"first_name": "Import"})
        waiting.start()
        while waiting.is_alive() and not work.awaited:
            pass

    with site.work() as work:
        pace = Pace(work)
        pace.take(20, lambda: None)
        assert pace.size == 30
        assert (pace.share(99), pace.share(31), pace.share(30)) == (25, 16, 30), "equal parts"
        waiting = threading.Thread(target=webhook)
        pace.take(20, crowded)
        waiting.join()
        assert pace.size == 8
        now = 4.9
        pace.take(8, lambda: None)
        assert pace.size == 4
        now = 5.1
        pace.take(4, lambda: None)
        assert pace.size == 12
        assert work.session.scalar(select(func.count(Contact.id))) == 2
