"""Demo data: plainly invented, shaped like the real thing, and the same each time."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from crmhost import demo
from crmhost.core.contacts import queries, search
from crmhost.core.contacts.models import Contact
from crmhost.core.contacts.queries import ListQuery
from crmhost.core.journal.models import JournalEntry
from crmhost.core.settings import services as settings
from crmhost.core.statuses import services as statuses
from crmhost.core.statuses.models import StatusChange
from crmhost.testing import Clock, Host

NOW = dt.datetime(2026, 6, 15, 10, tzinfo=dt.UTC)


def test_demo_people_are_invented_and_shaped_like_real_ones(host: Callable[..., Host], clock: Clock) -> None:
    """Their addresses are nobody's; statuses form a funnel; history and journal lie in the eighteen months behind us."""
    clock.freeze(NOW)
    site = host()
    site.make.user("Admin", "admin@example.com")
    assert demo.load(site.site, contacts=300) == 300
    with site.work("Admin") as work:
        people = list(work.session.query(Contact))
        assert all(re.fullmatch(r"[\w.]+@example\.(com|net|org)", person.email) for person in people)
        assert all(NOW - dt.timedelta(days=560) < person.created_at < NOW for person in people)
        assert len({person.created_at.strftime("%Y-%m") for person in people}) >= 15
        counts = list(statuses.counts(work).values())
        assert sum(counts) == 300
        assert counts[0] > counts[2] > counts[3] > 0
        for person in people:
            path = list(work.session.query(StatusChange).filter_by(contact_id=person.id).order_by(StatusChange.id))
            assert path[0].old_id is None
            assert path[-1].new_id == person.status_id
            assert path[-1].at == person.status_since
            assert [change.at for change in path] == sorted(change.at for change in path)
        entries = list(work.session.query(JournalEntry))
        assert all(entry.at <= NOW for entry in entries)
        assert {"created", "status", "call", "note"} <= {entry.type for entry in entries}
        assert not [entry for entry in entries if entry.type == "imported"]
        assert search.find(work, "contact", people[0].email) == [people[0].id]
        assert queries.count(work, ListQuery(filters={"assigned_to": "me"})).number > 100
        assert settings.get(work, "site.demo") is True


def test_the_same_seed_gives_the_same_people_once(host: Callable[..., Host], clock: Clock) -> None:
    """Loading again adds nobody; another seed gives others."""
    clock.freeze(NOW)
    site = host()

    def names() -> list[tuple[str, str]]:
        with site.work() as work:
            return [(row.name, row.email) for row in work.session.query(Contact).order_by(Contact.id)]

    assert demo.load(site.site, contacts=20) == 20
    first = names()
    assert demo.load(site.site, contacts=20) == 0
    assert names() == first
    with site.work() as work:
        assert demo.load(work, contacts=20, seed=2) > 10
    assert names()[:20] == first
    assert demo.load(site.site, contacts=0) == 0
