"""The contact list sorted by a column of a plugin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from crmhost.core.contacts import bulk, queries
from crmhost.core.contacts.neighbours import neighbours
from crmhost.core.contacts.queries import ListQuery
from crmhost.errors import Invalid
from crmhost.host.registry import open_namespace
from crmhost.testing import Host
from crmhost.work.unit import Work
from tests.probes import FOLDER
from tests.unit.core.test_plans import BIG, Plans

open_namespace([FOLDER])

from plugins.probe_three import services  # noqa: E402  # a probe can be imported from now on

NAME = "probe_three_total"


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    """A site with 60 contacts, of whom each third has no sum, and two have the same."""
    made = host("probe_three", home_plugins=FOLDER)
    with made.work("Admin") as work, work.begin():
        rows = [{"first_name": f"Ann {n}", "tags": ["even"] if n % 2 == 0 else []} for n in range(60)]
        ids = [result.id or 0 for result in bulk.save_many(work, rows)]
        services.total(work, {key: key * 7919 % 50 * 10**9 for key in ids if key % 3})
    with made.site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return made


def listed(work: Work, sort: str, **filters: str) -> list[int]:
    """Ids in the order of the list, page by page forwards; and backwards it is the same."""
    seen: list[int] = []
    page = queries.page(work, ListQuery(sort=sort, filters=filters, limit=7))
    while True:
        seen += [contact.id for contact in page.rows]
        if page.next is None:
            break
        page = queries.page(work, ListQuery(sort=sort, filters=filters, limit=7, after=page.next))
    back = [contact.id for contact in page.rows]
    while page.previous is not None:
        page = queries.page(work, ListQuery(sort=sort, filters=filters, limit=7, before=page.previous))
        back = [contact.id for contact in page.rows] + back
    assert back == seen
    return seen


def test_the_list_follows_the_values(site: Host) -> None:
    """Both ways, those without a value last; neighbours follow it; the other currency's sums do not count."""
    with site.work("Admin") as work:
        everybody = [contact.id for contact in queries.page(work, ListQuery(limit=100)).rows]
        sums = {key: int(value) for key, value in services.totals(work, everybody).items()}
        empty = sorted(set(everybody) - set(sums))
        rising = sorted(sums, key=lambda key: (sums[key], key))
        assert listed(work, NAME) == rising + empty
        assert listed(work, f"-{NAME}") == rising[::-1] + empty[::-1]
        tagged = set(listed(work, NAME, tag="even"))
        assert listed(work, NAME, tag="even") == [key for key in rising + empty if key in tagged]
        order = rising + empty
        contact = site.contact(order[10])
        assert neighbours(work, ListQuery(sort=NAME), contact) == (order[9], order[11])
    assert site.faults() == []


def test_it_is_refused_to_whom_the_column_is_not_shown(site: Host) -> None:
    """Without the permission, with the plugin off, and by a cursor that was made up."""
    with site.work("Quotes manager") as work, pytest.raises(Invalid):
        queries.page(work, ListQuery(sort=NAME))
    with site.work("Admin") as work:
        first = queries.page(work, ListQuery(sort=NAME, limit=5)).next
        assert first is not None
        for cursor in ("x", queries.page(work, ListQuery(limit=5)).next):
            with pytest.raises(Invalid):
                queries.page(work, ListQuery(sort=NAME, after=cursor))
    site.disable("probe_three")
    with site.work("Admin") as work, pytest.raises(Invalid):
        queries.page(work, ListQuery(sort=NAME, after=first))


def test_an_index_serves_it(site: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page is read by the plugin's index, and those without a value by the number; nothing is read whole or sorted."""
    monkeypatch.setattr("tests.unit.core.test_plans.BIG", (*BIG, "probe_three_sum"))
    with site.work("Admin") as work:
        plans = Plans(work)
        for sort in (NAME, f"-{NAME}"):
            page = queries.page(work, ListQuery(sort=sort, limit=7))
            for query in (
                ListQuery(sort=sort, limit=7),
                ListQuery(sort=sort, limit=7, after=page.next),
                ListQuery(sort=sort, limit=7, before=page.next),
            ):
                with plans.good(query):
                    queries.page(work, query)
