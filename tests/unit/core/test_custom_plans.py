"""Lists by custom fields are served by indexes on both databases, and cost as many queries whatever their length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select, text

from crmhost.core.contacts import bulk, filters, queries
from crmhost.core.contacts.models import Contact
from crmhost.core.contacts.queries import ListQuery
from crmhost.core.fields import conditions
from crmhost.core.fields import services as fields
from crmhost.core.fields.models import FieldValue
from crmhost.errors import Invalid
from crmhost.testing import Host
from crmhost.work.unit import Work

from . import test_plans
from .test_plans import Plans

FIELDS = (
    {"label": "Nick", "kind": "text"},
    {"label": "Size", "kind": "number"},
    {"label": "Born", "kind": "date"},
    {"label": "Tier", "kind": "choice", "choices": ["Gold", "Silver"]},
    {"label": "Likes", "kind": "choices", "choices": ["Tea", "Cake"]},
)
FILTERS: list[dict[str, str]] = [
    {"custom.nick": "nick 7"},
    {"custom.nick.contains": "ick 7"},
    {"custom.nick.contains": "k"},
    {"custom.size.from": "20"},
    {"custom.size.from": "20", "custom.size.to": "30"},
    {"custom.born.to": "1990-01-01"},
    {"custom.tier": "Gold"},
    {"custom.likes": "Tea,Cake"},
    {"custom.tier": "Gold", "status": "Lead"},
    {"custom.size.empty": "yes"},
]
SORTS = ("custom.nick", "custom.size", "custom.born", "custom.tier")


def values(number: int) -> dict[str, Any]:
    found: dict[str, Any] = {"nick": f"Nick {number}", "size": number, "born": f"19{number % 90 + 10}-01-01"}
    return {**found, "tier": "Gold" if number % 3 else "Silver", "likes": ["Tea"] if number % 2 else ["Tea", "Cake"]}


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    made = host()
    rows = [{"first_name": f"Ann {n}", "custom": values(n) if n % 5 else {}} for n in range(200)]
    with made.work("Admin") as work, work.begin():
        for field in FIELDS:
            fields.add(work, field)
        bulk.save_many(work, [{**row, "email": f"ann{n}@example.com"} for n, row in enumerate(rows)])
    with made.site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    return made


def test_lists_by_custom_fields_are_read_from_indexes(site: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """In each order with each filter, whether the filter finds few or many; first page, one in the middle, the count."""
    monkeypatch.setattr(test_plans, "BIG", (*test_plans.BIG, FieldValue.__tablename__))
    with site.work("Admin") as work:
        plans = Plans(work)
        for narrow in (5_000, 2):
            monkeypatch.setattr(queries, "NARROW", narrow)
            monkeypatch.setattr(filters, "NARROW", narrow)
            for sort in (*SORTS, "created_at"):
                for given in ({}, {"status": "Lead"}, *FILTERS):
                    # Few are sorted here, whichever way; many are read from an index, which must serve both ways.
                    for sign in ("", "-") if narrow == 2 or not given else ("-",):
                        query: dict[str, Any] = {"sort": sign + sort, "filters": given, "limit": 3}
                        with plans.good((narrow, query)):
                            page = queries.page(work, ListQuery(**query))
                        if page.next:
                            with plans.good(("middle", narrow, query)):
                                queries.page(work, ListQuery(after=page.next, **query))


def test_pages_lead_through_all_contacts_and_back(site: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order, each once, those without a value last; however the filter is answered."""
    with site.work("Admin") as work:
        for sort in (*(sign + name for name in SORTS for sign in ("", "-")), "created_at"):
            for given in (
                {},
                {"custom.tier": "Gold"},
                {"custom.size.from": "20", "custom.size.to": "90"},
                {"q": "ann 1"},
            ):
                whole = []
                for narrow in (5_000, 2):
                    monkeypatch.setattr(queries, "NARROW", narrow)
                    monkeypatch.setattr(filters, "NARROW", narrow)
                    whole.append(walked(work, sort, dict(given)))
                assert whole[0] == whole[1], (sort, given)
        ids = walked(work, "-custom.size", {})
        sizes = [site.contact(key).custom.get("size") for key in ids]
        assert sizes == sorted((size for size in sizes if size is not None), reverse=True) + [None] * 40


def walked(work: Work, sort: str, given: dict[str, str]) -> list[int]:
    q = given.pop("q", "")
    query: dict[str, Any] = {"q": q, "sort": sort, "filters": given, "limit": 37}
    found, page = [], queries.page(work, ListQuery(**query))
    found += [contact.id for contact in page.rows]
    while page.next:
        page = queries.page(work, ListQuery(after=page.next, **query))
        found += [contact.id for contact in page.rows]
    back = [contact.id for contact in page.rows]
    while page.previous:
        page = queries.page(work, ListQuery(before=page.previous, **query))
        back = [contact.id for contact in page.rows] + back
    assert found == back
    assert queries.count(work, ListQuery(**query)).number == len(found) == len(set(found))
    return found


def test_a_page_costs_the_same_queries_at_any_length(site: Host) -> None:
    """With columns, two filters and the order of custom fields: as many for a hundred rows, three more than without."""
    client = site.client()
    client.post(
        "/arrange/columns/contacts", data={"do": "keep", "column": ["custom.nick", "custom.size", "custom.tier"]}
    )
    custom = "sort=-custom.size&custom.tier=gold&custom.size.from=1"
    found: list[list[str]] = []
    for query in ("rows=25", f"{custom}&rows=25", f"{custom}&rows=100"):
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any, seen: list[str] = seen) -> None:
            if statement.startswith("SELECT"):
                seen.append(statement)

        client.get(f"/contacts/?{query}")
        event.listen(site.site.engine, "before_cursor_execute", note)
        assert client.get(f"/contacts/?{query}").status_code == 200
        event.remove(site.site.engine, "before_cursor_execute", note)
        found.append(seen)
    plain, short, long = map(len, found)
    assert short == long <= plain + 3, found[1]


CONDITIONS: list[tuple[str, str, Any, set[int]]] = [
    ("nick", "equals", "NICK 7", {7}),
    ("nick", "contains", "ck 7", {7, 71, 72, 73, 74, 76, 77, 78, 79}),
    ("nick", "starts_with", "nick 19", {19, 191, 192, 193, 194, 196, 197, 198, 199}),
    ("nick", "any_of", ["Nick 1", "nick 2", "nobody"], {1, 2}),
    ("size", "between", ["3", 6], {3, 4, 6}),
    ("size", "gt", 197, {198, 199}),
    ("size", "gte", 198, {198, 199}),
    ("size", "lt", 3, {1, 2}),
    ("size", "lte", "2", {1, 2}),
    ("born", "before", "1911-06-01", {1, 91, 181}),
    ("born", "after", "1998-06-01", {89, 179}),
    ("born", "in_last_days", 30, set()),
    ("tier", "not_equals", "gold", {number for number in range(200) if number % 5 == 0 or number % 3 == 0}),
    ("likes", "has", "Cake", {number for number in range(200) if number % 5 and number % 2 == 0}),
    ("likes", "has_not", "Tea", {number for number in range(200) if number % 5 == 0}),
    ("size", "empty", None, {number for number in range(200) if number % 5 == 0}),
]


def test_conditions_by_operator(site: Host) -> None:
    """What segments and others ask: the same from the index and row by row."""
    with site.work("Admin") as work:
        for key, operator, value, expected in CONDITIONS:
            found = conditions.condition(work, "contact", key, operator, value)
            rows = work.session.scalars(select(Contact.first_name).where(found.holds(Contact.id)))
            numbers = {int(name.split()[1]) for name in rows}
            assert numbers == expected, (key, operator)
            listed = select(Contact.first_name).where(Contact.id.in_(found.ids(work)))
            inside = {int(name.split()[1]) for name in work.session.scalars(listed)}
            others = (set(range(200)) - numbers) & inside
            assert inside == (others if found.negated else numbers), (key, operator)


def test_what_can_not_be_asked_is_said(site: Host) -> None:
    """Operators that a kind does not have, values that are none, fields that lists can't filter by."""
    with site.work("Admin") as work:
        with work.begin():
            fields.add(work, {"label": "Story", "kind": "long_text"})
        for key, operator, value in (
            ("size", "contains", "1"),
            ("size", "between", [1]),
            ("size", "gt", ""),
            ("size", "equals", "x"),
            ("tier", "equals", "Tin"),
            ("nick", "equals", " "),
            ("nick", "any_of", []),
            ("nick", "roughly", "x"),
            ("born", "in_last_days", "-3"),
            ("story", "equals", "x"),
            ("hat", "equals", "x"),
        ):
            with pytest.raises(Invalid):
                conditions.condition(work, "contact", key, operator, value)
