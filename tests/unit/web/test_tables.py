"""Lists of a plugin's own records have everything that the contact list has."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from crmhost.core.lists.models import ListChange, ListPart
from crmhost.host.registry import open_namespace
from crmhost.testing import Host
from tests.probes import FOLDER
from tests.unit.web.conftest import Reader
from tests.unit.web.people import ONE

open_namespace([FOLDER])

from plugins.probe_three import services  # noqa: E402  # a probe can be imported from now on
from plugins.probe_three.models import Entry  # noqa: E402

LIST = "/probe-three/"


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    """A site with the probe."""
    return host("probe_three", home_plugins=FOLDER)


def entries(site: Host, number: int = 60) -> None:
    """Adds entries."""
    with site.work() as work, work.begin():
        services.add(work, number)


def states(site: Host) -> dict[str, int]:
    """State -> number of entries."""
    found: dict[str, int] = {}
    with site.site.sessions() as session:
        for state in session.scalars(select(Entry.state)):
            found[state] = found.get(state, 0) + 1
    return found


def address(pattern: str, text: str) -> str:
    """An address in a page."""
    found = re.search(pattern, text)
    assert found is not None, pattern
    return html.unescape(found.group(1))


def test_pages_by_keyset_hold_every_row_once(site: Host, reader: Reader) -> None:
    """In each order, forwards and back; a cursor that was made up is refused, not failed on."""
    entries(site)
    for sort in ("day", "-day", "name", "-amount"):
        seen: list[str] = []
        page = reader.get(f"{LIST}?sort={sort}&rows=25").text
        while True:
            seen += re.findall(r"<td><button[^>]*>(Entry \d+)<", page)
            if 'rel="next"' not in page:
                break
            page = reader.get(address(r'rel="next" href="([^"]+)"', page)).text
        assert len(seen) == len(set(seen)) == 60, sort
        back = reader.get(address(r'rel="prev" href="([^"]+)"', page)).text
        assert re.findall(r"<td><button[^>]*>(Entry \d+)<", back) == seen[25:50]
    for cursor in ("x", "W10", "WyJkYXkiLCJkOjIwMjYtMDEtMDEiLDk5OTk5OTk5OTk5OTk5XQ"):
        assert reader.get(f"{LIST}?after={cursor}").status_code == 422


def test_total_and_sums_come_after_the_page(site: Host, reader: Reader) -> None:
    """One request brings both, over all that match and not the page alone; a list on one page asks for its sums only."""
    entries(site)
    page = reader.get(f"{LIST}?rows=25").text
    assert "€1,830.00" not in page
    part = reader.get(address(r'<dl class="crm-sums"[^>]*hx-get="([^"]+)"', page), htmx=True).text
    assert "<dt>Total</dt><dd>€1,830.00</dd>" in part
    assert re.search(r'hx-swap-oob="true">of <b>60</b>', part)
    page = reader.get(f"{LIST}?q=00007").text
    assert "of <b>1</b>" in page
    part = reader.get(address(r'<dl class="crm-sums"[^>]*hx-get="([^"]+)"', page), htmx=True).text
    assert "<dd>€7.00</dd>" in part
    assert "<b>" not in part
    assert "crm-sums" not in reader.get(f"{LIST}?q=nothing").text


@ONE
def test_an_action_reaches_what_is_ticked_and_can_be_taken_back(site: Host, reader: Reader) -> None:
    """The toast has an Undo; what somebody changed since stays; a second Undo has nothing to do."""
    entries(site, 5)
    form = {"ids": ["1", "2", "2", "999", "x"], "do": "state:paid", "back": f"{LIST}?sort=name"}
    answer = reader.post(LIST, form)
    assert (answer.status_code, answer.location) == (303, f"{LIST}?sort=name")
    toast = reader.toasts()
    assert "2 entries marked." in toast
    assert states(site) == {"paid": 2, "open": 3}
    undo = address(r'action="(/probe-three/\?undo=\d+)"', toast)
    with site.work() as work, work.begin():
        services.set_state(work, [2], "open")
        services.set_state(work, [2], "paid")
        services.set_state(work, [1], "open")
    assert Reader(site, "CRM manager").post(undo).status_code == 303
    assert states(site) == {"paid": 1, "open": 4}
    reader.post(undo)
    assert "1 is as it was" in reader.toasts()
    assert states(site) == {"open": 5}
    reader.post(undo)
    assert "nothing left to take back" in reader.toasts()
    reader.post(LIST, {"do": "state:paid"})
    assert "Nothing was selected" in reader.toasts()


def test_an_action_reaches_all_that_match(site: Host, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """On other pages too, those that match alone; more than a part by a job, those that matched when it was asked for.

    The list says how far the job is, the person is told when it is done, and takes it back as one.
    """
    monkeypatch.setattr("crmhost.core.lists.services.PART", 20)
    entries(site)
    form = {"everything": "1", "list": f"{LIST}?state=open&q=Entry 0004&sort=name", "do": "state:paid"}
    reader.post(LIST, form)
    assert "10 entries marked." in reader.toasts()
    many = {**form, "list": f"{LIST}?state=open"}
    first, second = (reader.post(LIST, many).location for _ in range(2))
    assert re.search(r"job=\d+", first)
    assert "Change many rows" in reader.get(first).text
    with site.work() as work, work.begin():
        services.add(work, 1)
        services.set_state(work, [1], "paid")
    site.run_jobs()
    assert states(site) == {"paid": 60, "open": 1}
    page = reader.get(first).text
    assert "49 rows were changed" in page
    assert "0 rows were changed" in reader.get(second).text
    assert "49 rows were changed" in reader.get("/notifications/").text
    undo = address(r'action="(/probe-three/\?undo=\d+)"', page)
    assert Reader(site, "CRM manager").post(undo).status_code == 303
    assert "job=" in reader.post(undo).location
    site.run_jobs()
    assert states(site) == {"open": 50, "paid": 11}
    assert "undo=" not in reader.get(first).text
    job = reader.post(LIST, many).location
    with site.site.sessions() as session:
        change = session.scalars(select(ListChange.id).order_by(ListChange.id.desc())).first()
    reader.post(f"{LIST}?undo={change}")
    site.run_jobs()
    assert states(site) == {"open": 50, "paid": 11}
    assert "is done" in reader.get(job).text


@ONE
def test_pages_are_walked_where_a_list_gives_no_ids(
    site: Host, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that match are reached all the same."""
    monkeypatch.setattr("crmhost.web.tables.acting.WALKED", 7)
    monkeypatch.setattr("plugins.probe_three.routes.ids", None)
    entries(site, 30)
    reader.post(LIST, {"everything": "1", "list": f"{LIST}?state=open", "do": "state:paid"})
    assert states(site) == {"paid": 30}


@ONE
def test_odd_requests_change_nothing(site: Host, reader: Reader) -> None:
    """Unknown actions and choices, a selection that can't be read, and readers who may not: told, never failed on."""
    entries(site, 3)
    for form in (
        {"do": "nothing", "ids": "1"},
        {"do": "state:gone", "ids": "1"},
        {"do": "", "ids": "1"},
        {"do": "state:paid", "everything": "1", "list": "/?" + "a=1&" * 300},
        {"do": "state:paid", "everything": "1", "list": f"{LIST}?state=gone"},
    ):
        assert reader.post(LIST, form).status_code == 303, form
    only = Reader(site, "Read only")
    assert only.post(LIST, {"do": "state:paid", "ids": "1"}).status_code == 303
    assert only.post(f"{LIST}?edit=name&id=1", {"value": "x"}).status_code == 404
    assert only.post(f"{LIST}?undo=1").status_code == 303
    assert 'data-select name="ids"' not in only.get(LIST).text
    assert states(site) == {"open": 3}
    limited = Reader(site, "CRM manager", only_assigned=True)
    assert "Entry 0000" not in limited.get(LIST).text
    limited.post(LIST, {"do": "state:paid", "ids": ["1", "2"]})
    limited.post(LIST, {"do": "state:paid", "everything": "1", "list": LIST})
    assert limited.post(f"{LIST}?edit=name&id=1", {"value": "x"}).status_code == 404
    assert states(site) == {"open": 3}


@ONE
def test_a_cell_is_changed_where_it_stands(site: Host, reader: Reader) -> None:
    """Its form comes when it is pressed, the cell comes back changed with an Undo; a refusal stands at the field."""
    entries(site, 2)
    page = reader.get(LIST).text
    ask = address(r'id="probe-entries-name-1" [^>]*hx-get="([^"]+)"', page)
    assert 'value="Entry 00001"' in reader.get(ask, htmx=True).text
    assert reader.get(ask).location == LIST
    answer = reader.post(ask, {"value": " "}, htmx=True)
    assert answer.status_code == 422
    assert "Give it a name." in answer.text
    answer = reader.post(ask, {"value": "Re<b>named"}, htmx=True)
    assert "innerHTML:#probe-entries-name-1" in answer.text
    assert "Re&lt;b&gt;named" in answer.text
    undo = address(r'"undo": "([^"]+)"', answer.headers["HX-Trigger"])
    reader.post(undo)
    assert "It is as it was" in reader.toasts()
    assert "Entry 00001" in reader.get(LIST).text
    state = f"{LIST}?edit=state&id=2"
    form = reader.get(state, htmx=True).text
    assert re.search(r'value="open" aria-current="true"', form)
    assert reader.post(state, {"value": "gone"}, htmx=True).status_code == 422
    answer = reader.post(state, {"value": "paid"}, htmx=True)
    undo = address(r'"undo": "([^"]+)"', answer.headers["HX-Trigger"])
    reader.post(f"{LIST}?edit=name&id=2", {"value": "Other"}, htmx=True)
    with site.work() as work, work.begin():
        services.set_state(work, [2], "open")
    reader.post(undo)
    assert "changed again meanwhile" in reader.toasts()
    assert reader.get(f"{LIST}?edit=day&id=2", htmx=True).status_code == 404
    assert reader.get(f"{LIST}?edit=name&id=99", htmx=True).status_code == 404


@ONE
def test_views_columns_and_export_are_there(host: Callable[..., Host]) -> None:
    """A view is saved, columns are chosen, and the export takes the list's filters along."""
    site = host("probe_three", "csv_tools", home_plugins=FOLDER)
    reader = Reader(site)
    entries(site, 12)
    with site.work() as work, work.begin():
        services.set_state(work, [3], "paid")
    reader.post("/arrange/views/probe-entries", {"do": "save", "name": "Due", "back": f"{LIST}?state=open"})
    assert 'aria-current="page">Due</a>' in reader.get(f"{LIST}?state=open&view=Due").text
    reader.post("/arrange/columns/probe-entries", {"do": "keep", "column": ["amount"], "back": LIST})
    page = reader.get(f"{LIST}?state=paid").text
    assert re.findall(r'<th scope="col"[^>]*><button[^>]*>([^<]+)<', page) == ["Name", "Amount"]
    export = address(r'href="(/csv-tools/export\?[^"]+)"', page)
    form = reader.get(export).text
    assert re.search(r'name="f-state" value="paid"', form)
    answer = reader.post("/csv-tools/export", {"kind": "probe_entries", "f-state": "paid", "columns": ["id", "name"]})
    assert "3,Entry 00003" in answer.text
    assert "Entry 00004" not in answer.text
    assert "/csv-tools/export" not in Reader(site, "Quotes manager").get("/contacts/").text


@ONE
def test_what_can_no_more_be_taken_back_is_forgotten(site: Host, reader: Reader) -> None:
    """After a month nothing of a change is kept."""
    entries(site, 3)
    reader.post(LIST, {"ids": ["1"], "do": "state:paid"})
    site.clock.move(days=31)
    with site.work() as work, work.begin():
        work.enqueue("lists.prune")
    site.run_jobs()
    with site.site.sessions() as session:
        assert session.scalars(select(ListChange)).all() == []
        assert session.scalars(select(ListPart)).all() == []


@ONE
def test_views_are_renamed_shared_and_opened_with(site: Host, reader: Reader) -> None:
    """A view keeps its place under its new name; a shared one is everybody's; a list opens with the reader's own choice."""
    entries(site, 3)
    save = "/arrange/views/probe-entries"
    form = {"do": "save", "name": "Due", "back": f"{LIST}?state=open"}
    reader.post(save, form)
    answer = reader.post(save, {**form, "was": "Due", "name": "To be paid", "default": "1"})
    assert answer.location == f"{LIST}?state=open&view=To+be+paid"
    page = reader.get(answer.location).text
    assert ">To be paid</a>" in page
    assert ">Due</a>" not in page
    assert reader.get(LIST).location == answer.location
    assert reader.get(f"{LIST}?view=-").status_code == 200
    assert f'href="{LIST}?view=-"' in page
    assert reader.get(f"{LIST}?state=paid").status_code == 200
    answer = reader.post(save, {**form, "was": "To be paid", "name": "For all", "shared": "1", "default": "1"})
    assert reader.get(LIST).location == answer.location
    other = Reader(site, "Read only")
    page = other.get(LIST).text
    assert "For all" in page
    shared = address(r'href="([^"]+view=shared\.\d+)"', page)
    assert "Open</b>" in other.get(shared).text
    key = shared.partition("view=")[2]
    assert other.post(save, {**form, "do": "drop", "was": key}).status_code == 403
    assert other.post(save, {**form, "shared": "1"}).status_code == 403
    assert other.post(save, {**form, "was": key}).status_code == 403
    assert 'name="shared"' not in other.get(f"{LIST}?state=open").text
    reader.post(save, {**form, "was": key, "name": "Mine again"})
    assert "For all" not in other.get(LIST).text
    assert "Mine again" in reader.get(f"{LIST}?view=-").text
    reader.post(save, {**form, "do": "drop", "was": "Mine again"})
    assert reader.get(LIST).status_code == 200
    reader.post(save, {**form, "name": " "})
    assert "Give the view a name" in reader.toasts()
    reader.post(save, {**form, "do": "drop", "was": "gone"})
    assert reader.post(save, {**form, "do": "drop", "was": "shared.99"}).status_code == 303
