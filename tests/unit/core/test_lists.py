"""The contact list: what it finds, in which order, page by page."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest

from crmhost.core.contacts import bulk, queries, search, whole
from crmhost.core.contacts import services as contacts
from crmhost.core.contacts.models import Contact
from crmhost.core.contacts.neighbours import neighbours
from crmhost.core.contacts.queries import ListQuery
from crmhost.core.journal import services as journal
from crmhost.errors import Forbidden, Invalid
from crmhost.testing import Clock, Host
from crmhost.work.unit import Work

NOW = dt.datetime(2026, 6, 15, 10, tzinfo=dt.UTC)
NAMES = ["Ann", "Émile", "Zoë", "Łukasz", "олена", "Bob", "ann", "李", "Øyvind", "Straße"]
STATUSES = ["Lead", "Customer", "Contacted", "Lead", "Refused"]


@pytest.fixture
def site(host: Callable[..., Host], clock: Clock) -> Host:
    clock.freeze(NOW)
    made = host()
    owner = made.actor("Contacts manager").user_id
    rows: list[dict[str, Any]] = [
        {
            "first_name": NAMES[number % 10],
            "last_name": f"Surname{number % 7}" if number % 3 else "",
            "email": f"person{number}@example.com" if number % 4 else "",
            "status": STATUSES[number % 5],
            "tags": ["even"] if number % 2 == 0 else [],
            "created_at": NOW - dt.timedelta(days=number // 3),
            "last_contacted_at": NOW - dt.timedelta(days=number) if number % 5 == 0 else None,
            "mobile_phone": f"+49 (171) 55-{number:03}",
            "source": "form" if number % 6 == 0 else "import",
            "assigned_to": owner if number % 10 == 0 else None,
        }
        for number in range(60)
    ]
    with made.work("Admin") as work, work.begin():
        assert {result.outcome for result in bulk.save_many(work, rows)} == {"added"}
    return made


@pytest.fixture(params=["few", "many"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether filters find few contacts, which are sorted, or many, so that the index of the order is read."""
    monkeypatch.setattr(queries, "NARROW", 5_000 if request.param == "few" else 2)
    return str(request.param)


def walk(work: Work, **query: Any) -> list[Contact]:
    """All rows of a list, page by page forward; checks that the way back gives the same pages."""
    pages = [queries.page(work, ListQuery(limit=7, **query))]
    while pages[-1].next:
        pages.append(queries.page(work, ListQuery(limit=7, after=pages[-1].next, **query)))
    assert pages[0].previous is None
    back = [pages[-1]]
    while back[-1].previous:
        back.append(queries.page(work, ListQuery(limit=7, before=back[-1].previous, **query)))
    assert [[row.id for row in page.rows] for page in reversed(back)] == [
        [row.id for row in page.rows] for page in pages
    ]
    return [row for page in pages for row in page.rows]


def everybody(work: Work) -> list[Contact]:
    return list(work.session.query(Contact).filter(Contact.deleted_at.is_(None)))


KEYS: dict[str, Callable[[Contact], Any]] = {
    "name": lambda row: row.sort_name,
    "first_name": lambda row: row.first_key,
    "email": lambda row: row.email_key,
    "created_at": lambda row: row.created_at,
    "updated_at": lambda row: row.updated_at,
    "last_contacted_at": lambda row: row.last_contacted_at or dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
    "status": lambda row: (row.status_id, row.created_at),
}


def test_each_order_shows_everybody_once(site: Host) -> None:
    """Page by page, forward and back, ties broken by the id."""
    with site.work("Admin") as work:
        for name, key in KEYS.items():
            wanted = [row.id for row in sorted(everybody(work), key=lambda row: (key(row), row.id))]
            assert [row.id for row in walk(work, sort=name)] == wanted, name
            assert [row.id for row in walk(work, sort=f"-{name}")] == wanted[::-1], name


def test_statuses_sort_in_the_sites_order(site: Host) -> None:
    """Rearranging the statuses rearranges the list."""
    from crmhost.core.statuses import services as statuses

    with site.work("Admin") as work:
        with work.begin():
            statuses.reorder(work, [statuses.find(work, "Refused").id, statuses.find(work, "Customer").id])
        for filters in ({}, {"tag": "even"}):
            found = [row.status.name for row in walk(work, sort="status", filters=filters)]
            assert list(dict.fromkeys(found)) == ["Refused", "Customer", "Lead", "Contacted"]


FILTERS: dict[str, tuple[dict[str, str], Callable[[Contact, Work], bool]]] = {
    "status": ({"status": "customer"}, lambda row, work: row.status.name == "Customer"),
    "statuses": ({"status": "customer,Refused"}, lambda row, work: row.status.name in ("Customer", "Refused")),
    "tag": ({"tag": "EVEN"}, lambda row, work: (row.id - 1) % 2 == 0),
    "assigned": ({"assigned_to": "contacts.manager@example.com"}, lambda row, work: row.assigned_to_id is not None),
    "nobody": ({"assigned_to": "nobody"}, lambda row, work: row.assigned_to_id is None),
    "me": ({"assigned_to": "me"}, lambda row, work: False),
    "days": (
        {"not_contacted": "30"},
        lambda row, work: row.last_contacted_at is None or row.last_contacted_at < NOW - dt.timedelta(days=30),
    ),
    "source": ({"source": "form"}, lambda row, work: row.source == "form"),
    "created": (
        {"created_from": "2026-06-01", "created_to": "2026-06-10"},
        lambda row, work: 1 <= row.created_at.day <= 10 and row.created_at.month == 6,
    ),
    "several": (
        {"status": "Lead", "tag": "even", "source": "import"},
        lambda row, work: row.status.name == "Lead" and row.id % 2 == 1 and row.source == "import",
    ),
    "none": ({"status": "", "tag": " "}, lambda row, work: True),
}


def test_a_filter_shows_exactly_its_contacts(site: Host, way: str) -> None:
    """Whether it finds few or many, in every order; the count is the number of rows."""
    with site.work("Admin") as work:
        for sort in ("-created_at", "name", "status", "last_contacted_at"):
            everyone = walk(work, sort=sort)
            for name, (filters, matches) in FILTERS.items():
                query = ListQuery(filters=filters, sort=sort)
                wanted = [row.id for row in everyone if matches(row, work)]
                assert [row.id for row in walk(work, sort=sort, filters=filters)] == wanted, (name, sort)
                assert queries.count(work, query) == queries.Count(len(wanted), exact=True), name
                assert [key for run in queries.ids(work, query, 4) for key in run] == sorted(wanted), name


def test_the_count_stops_where_it_gets_slow(site: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond ten thousand it says “at least”, unless the number is kept anyway."""
    monkeypatch.setattr(whole, "COUNTED", 10)
    with site.work("Admin") as work:
        assert queries.count(work, ListQuery(filters={"tag": "even"})) == queries.Count(10, exact=False)
        assert queries.count(work, ListQuery()) == queries.Count(60, exact=True)
        assert queries.count(work, ListQuery(filters={"status": "lead,customer"})) == queries.Count(36, exact=True)


WRONG: list[tuple[dict[str, str], str]] = [
    ({"status": "costumer"}, "Did you mean “Customer”"),
    ({"tag": "evem"}, "Did you mean “even”"),
    ({"assigned_to": "x@example.com"}, "no user"),
    ({"not_contacted": "-1"}, "number of days"),
    ({"not_contacted": "9" * 50}, "number of days"),
    ({"created_from": "yesterday"}, "not a day"),
    ({"created_to": "9999-12-31"}, "not a day"),
    ({"moon": "full"}, "no filter “moon”"),
    ({"moon\x00'": "\x00full"}, "no filter"),
]


def test_a_filter_that_cant_be_understood_says_so(site: Host) -> None:
    """With a hint where one can be given."""
    with site.work("Admin") as work:
        for filters, words in WRONG:
            with pytest.raises(Invalid, match=words):
                queries.page(work, ListQuery(filters=filters))


FORGED: list[list[Any]] = [
    ["-created_at", "t:x", 1],
    ["created_at", "t:2026-01-01", 1],
    ["created_at", "t:2026-01-01T00:00:00+00:00", 10**40],
    ["created_at", 1, 1],
    ["name", "s:a", 1],
]


def test_a_broken_or_forged_cursor_is_refused(site: Host) -> None:
    """Whatever stands in the address, there is an answer; an empty cursor is the first page."""
    broken = ["x", "AAAA", "e30", "W10", "=" * 9, "\x00", "é", base64.urlsafe_b64encode(b"[" * 900).decode()]
    forged = [base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=") for data in FORGED]
    with site.work("Admin") as work:
        assert queries.page(work, ListQuery(after="")).rows
        for cursor in (*broken, *forged):
            with pytest.raises(Invalid, match="start again"):
                queries.page(work, ListQuery(after=cursor))


def test_orders_that_there_are_not_are_refused(site: Host) -> None:
    """An unknown order is told, and the bin's own order is the bin's alone."""
    with site.work("Admin") as work:
        for sort in ("moon", "-", "deleted_at", "--name"):
            with pytest.raises(Invalid, match="can't be sorted"):
                queries.page(work, ListQuery(sort=sort))


# --- search ----------------------------------------------------------------------------------------------------------


SEARCHES = {
    "person13@exa": 1,
    "urname6 łuk": 1,
    "EMILE surname1": 1,
    "+49 171 55-001": 1,
    "55001": 1,
    "олена SURNAME4": 1,
    "strasse": 6,
    "nobody here": 0,
    "%%%": 0,
    "___": 0,
    '"""': 0,
    "' OR 1=1 --": 0,
    "a" * 5_000: 0,
}


def test_search_finds_every_word_anywhere(site: Host, way: str) -> None:
    """In names, addresses and phones, without regard to case and accents; in any order, alone and with a filter."""
    with site.work("Admin") as work:
        rows = everybody(work)
        for q, number in SEARCHES.items():
            found = {row.id for row in walk(work, q=q, sort="name")}
            assert found == expected(rows, q), q
            assert bool(found) == bool(number), q
            with_filter = {row.id for row in walk(work, q=q, filters={"tag": "even"})}
            assert with_filter == {key for key in found if key % 2 == 1}, q
            assert queries.count(work, ListQuery(q=q)) == queries.Count(len(found), exact=True)
            assert [key for run in queries.ids(work, ListQuery(q=q), 2) for key in run] == sorted(found)
        for q in ("\x00\x00\x00", "   "):
            assert len(walk(work, q=q)) == 60


def expected(rows: list[Contact], q: str) -> set[int]:
    words = queries.phone_words(q)
    texts = {
        row.id: search.fold(
            f"{row.first_name} {row.last_name} {row.email} {''.join(filter(str.isdigit, row.mobile_phone))}"
        )
        for row in rows
    }
    return {key for key, text in texts.items() if all(word in text for word in words)}


def test_one_or_two_letters_find_beginnings(site: Host, way: str) -> None:
    """Of first names, last names and addresses."""
    with site.work("Admin") as work:
        for q, wanted in {"zo": "Zoë", "ZO": "Zoë", "李": "李", "ол": "олена", "ly": "", "øy": "Øyvind"}.items():
            assert {row.first_name for row in walk(work, q=q)} == ({wanted} if wanted else set()), q
            assert {row.first_name for row in walk(work, q=q, filters={"source": "form"})} <= (
                {wanted} if wanted else set()
            )


def test_a_common_word_shows_its_first_hits_and_says_so(site: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The note says that there are more; what is done to all matches takes them all."""
    monkeypatch.setattr(queries, "HITS", 10)
    with site.work("Admin") as work:
        for q in ("example", "s"):
            page = queries.page(work, ListQuery(q=q, sort="name"))
            assert len(page.rows) == 10
            assert "More than 10" in page.note
            assert queries.count(work, ListQuery(q=q)) == queries.Count(10, exact=False)
        assert sum(len(run) for run in queries.ids(work, ListQuery(q="example"))) == 45


def test_search_is_kept_up_to_date(site: Host) -> None:
    """Changed names are found by the new one only, deleted contacts not at all."""
    with site.work("Admin") as work:
        with work.begin():
            contacts.update(work, 3, {"first_name": "Xaverius", "email": "xaverius@example.com"})
        assert search.find(work, "contact", "xaver") == [3]
        assert [row.id for row in walk(work, q="person2@")] == []
        with work.begin():
            contacts.to_bin(work, [3])
        assert walk(work, q="xaver") == []
        assert [row.id for row in walk(work, q="xaver", filters={"in_bin": "1"})] == [3]


def test_records_of_plugins_are_found_the_same_way(site: Host) -> None:
    """Each kind of record is found among its own; a text put again replaces the old one."""
    with site.work() as work:
        with work.begin():
            search.put(work, "invoice", [(1, "INV-2026 Élan"), (2, "INV-2027")])
            search.put(work, "invoice", [(2, "INV-2027 Nordwind")])
        assert sorted(search.find(work, "invoice", "inv")) == [1, 2]
        assert search.find(work, "invoice", "elan inv") == [1]
        assert search.find(work, "invoice", "nordw") == [2]
        assert search.find(work, "invoice", "in") == []
        assert search.find(work, "contact", "nordw") == []
        assert len(search.find(work, "invoice", "inv", 1)) == 1
        with work.begin():
            search.drop(work, "invoice", [1, 2])
        assert search.find(work, "invoice", "inv") == []


# --- who sees what ---------------------------------------------------------------------------------------------------


def test_a_limited_user_sees_their_own(site: Host, way: str) -> None:
    """In lists, searches, counts and all matches, with every filter."""
    with site.work("Contacts manager", only_assigned=True) as work:
        assert walk(work) == []
        with work.begin():
            mine = [
                contacts.create(work, {"first_name": "Ann", "email": f"mine{n}@example.com", "tags": ["even"]}).id
                for n in range(5)
            ]
        for query in (
            {},
            {"sort": "name"},
            {"q": "ann"},
            {"q": "a"},
            {"filters": {"tag": "even"}},
            {"q": "mine", "filters": {"status": "lead"}},
        ):
            assert sorted(row.id for row in walk(work, **query)) == mine, query
            assert queries.count(work, ListQuery(**query)).number == 5
            assert [key for run in queries.ids(work, ListQuery(**query)) for key in run] == mine
        assert walk(work, filters={"assigned_to": "contacts.manager@example.com"}) == []
        assert walk(work, q="person13") == []


def test_neighbours_in_a_list(site: Host) -> None:
    """The contact before and the one after, in the order and with the filters of the list."""
    with site.work("Admin") as work:
        query = ListQuery(sort="name", filters={"tag": "even"})
        rows = walk(work, sort="name", filters={"tag": "even"})
        assert neighbours(work, query, rows[4]) == (rows[3].id, rows[5].id)
        assert neighbours(work, query, rows[0]) == (None, rows[1].id)
        assert neighbours(work, query, rows[-1]) == (rows[-2].id, None)


def test_the_bin_shows_what_was_deleted_last_first(site: Host, clock: Clock) -> None:
    """With filters and search of its own; merged contacts are not among them."""
    with site.work("Admin") as work:
        for number in (5, 9, 2):
            clock.move(minutes=1)
            with work.begin():
                contacts.to_bin(work, [number])
        assert [row.id for row in walk(work, filters={"in_bin": "1"}, sort="name")] == [2, 9, 5]
        assert [row.id for row in walk(work, filters={"in_bin": "1", "tag": "even"})] == [9, 5]
        assert queries.count(work, ListQuery(filters={"in_bin": "1"})) == queries.Count(3, exact=True)
        assert len(walk(work)) == 57


def test_a_filter_of_a_plugin_works_like_any_other(site: Host, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its condition is combined with the others; one that fails says so instead of showing everybody."""
    from crmhost.contributions import Filter

    declared = [
        Filter(id="long", label="Long name", condition=lambda work, text: Contact.first_name == text, plugin="names"),
        Filter(id="broken", label="Broken", condition=lambda work, text: 1 / 0, plugin="names"),  # type: ignore[arg-type,return-value]
        Filter(
            id="secret",
            label="Secret",
            condition=lambda work, text: Contact.id > 0,
            plugin="names",
            permission="names.see",
        ),
    ]
    with site.work("Contacts manager") as work:
        real = work.generation.contributions
        monkeypatch.setattr(
            work.generation, "contributions", lambda hook: tuple(declared) if hook == "contact_filters" else real(hook)
        )
        found = walk(work, filters={"long": "Zoë", "tag": "even"}, sort="name")
        assert {row.first_name for row in found} == {"Zoë"}
        assert len(found) == 6
        with pytest.raises(Invalid, match="does not work at the moment"):
            queries.page(work, ListQuery(filters={"broken": "x"}))
        with pytest.raises(Forbidden):
            queries.page(work, ListQuery(filters={"secret": "x"}))


def test_the_list_needs_its_permission(site: Host) -> None:
    """Somebody without any permission sees neither list nor counts."""
    from crmhost.work.unit import Actor

    with site.work() as work:
        work.actor = Actor("client", "visitor")
        for function in (queries.page, queries.count, queries.ids):
            with pytest.raises(Forbidden):
                function(work, ListQuery())  # type: ignore[operator]
        with pytest.raises(Forbidden):
            journal.feed(work)
