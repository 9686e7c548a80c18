"""Pages of contacts: the list with its state in the address, many at once, the bin."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from sqlalchemy import event

from crmhost.contributions import BulkAction, Column
from crmhost.core.contacts import services as contacts
from crmhost.core.contacts import tags
from crmhost.core.statuses import services as statuses
from crmhost.testing import Host
from tests.unit.web.conftest import Reader
from tests.unit.web.people import ONE, people, shown, stored

# --- the list --------------------------------------------------------------------------------------------------------


def test_the_list_is_paged_by_its_addresses(site: Host, reader: Reader) -> None:
    """Next and previous lead through all rows once, with their numbers, and keep sort and page size."""
    people(site, 60)
    first = reader.get("/contacts/?sort=name&rows=25").text
    names = shown(first)
    assert names == [f"Ann{n:03}" for n in range(25)]
    assert "1–25" in first
    seen, page, address = names, first, ""
    while following := re.search(r'rel="next" href="([^"]+)"', page):
        address = following.group(1).replace("&amp;", "&")
        assert "sort=name" in address
        page = reader.get(address).text
        seen = seen + shown(page)
    assert seen == [f"Ann{n:03}" for n in range(60)]
    assert "51–60" in page
    back = re.search(r'rel="prev" href="([^"]+)"', page)
    assert back is not None
    page = reader.get(back.group(1).replace("&amp;", "&")).text
    assert shown(page)[0] == "Ann025"
    assert "26–50" in page


@ONE
def test_the_total_comes_after_the_page(site: Host, reader: Reader) -> None:
    """The page names an address for it; what that gives replaces the places where it is shown."""
    people(site, 30)
    page = reader.get("/contacts/?rows=25").text
    found = re.search(r'hx-get="([^"]*count=1[^"]*)"', page)
    assert found is not None
    part = reader.get(found.group(1).replace("&amp;", "&"), htmx=True).text
    assert "<b>30</b>" in part
    assert part.count("hx-swap-oob") == 2
    assert "count=1" not in reader.get("/contacts/?rows=50").text


@ONE
def test_search_and_filters_stand_in_the_address_and_as_chips(site: Host, reader: Reader) -> None:
    """A chip leads to the list without its filter; the search alone replaces only the list."""
    with site.work() as work:
        customer = statuses.find(work, "Customer").id
    people(site, 3)
    site.make.contact(first_name="Zoë", email="zoe@example.com", status="Customer")
    page = reader.get(f"/contacts/?status={customer}&q=zo").text
    assert shown(page) == ["Zoë"]
    assert "<b>Customer</b>" in page
    quick = re.findall(r'popovertarget="contacts-quick-(\w+)"', reader.get("/contacts/").text)
    assert quick == ["status", "assigned_to", "not_contacted"]
    assert re.findall(r'popovertarget="contacts-quick-(\w+)"', page) == ["assigned_to", "not_contacted"]
    assert f'href="/contacts/?status={customer}"' in reader.get("/contacts/").text
    chip = re.search(r'<a href="([^"]+)" aria-label="Remove the filter Status"', page)
    assert chip is not None
    assert chip.group(1) == "/contacts/?q=zo"
    part = reader.get("/contacts/?q=ann", headers={"HX-Request": "true", "HX-Target": "div#contacts-list"}).text
    assert part.lstrip().startswith('<div id="contacts-list"')
    assert "<html" not in part
    assert "Nothing matches" in reader.get("/contacts/?q=nobody").text
    assert "No contacts yet" in Reader(site, "Read only", only_assigned=True).get("/contacts/").text


@ONE
def test_the_list_costs_the_same_number_of_queries_for_any_number_of_rows(site: Host, reader: Reader) -> None:
    """No query in a loop over rows."""
    counted: list[str] = []
    event.listen(site.site.engine, "before_cursor_execute", lambda *args: counted.append(args[2]))

    def cost() -> int:
        reader.get("/contacts/?rows=25")
        counted.clear()
        reader.get("/contacts/?rows=25")
        return len(counted)

    people(site, 2, tags=["A", "B"])
    few = cost()
    people_more = [site.make.contact(first_name=f"More{n}", tags=["A", f"T{n}"]) for n in range(22)]
    assert people_more
    assert cost() <= few + 1


@ONE
def test_columns_and_views_are_remembered_for_their_reader(site: Host, reader: Reader) -> None:
    """Nobody else sees them; the name can't be taken away; a saved view says when it was changed."""
    people(site, 1, source="form")
    form = {"do": "keep", "column": ["source", "email"], "back": "/contacts/?sort=name"}
    answer = reader.post("/arrange/columns/contacts", form)
    assert (answer.status_code, answer.location) == (303, "/contacts/?sort=name")
    heads = re.findall(r'<th scope="col"[^>]*>(?:<button[^>]*>)?([^<]+)<', reader.get("/contacts/").text)
    assert heads == ["Name", "E-mail", "Source"]
    assert reader.post("/arrange/columns/contacts", {"order": ["source", "email"]}).status_code == 204
    heads = re.findall(r'<th scope="col"[^>]*>(?:<button[^>]*>)?([^<]+)<', reader.get("/contacts/").text)
    assert heads == ["Name", "Source", "E-mail"]
    assert "Status" in reader.get("/contacts/").text
    other = Reader(site, "CRM manager").get("/contacts/").text
    assert "Assigned to</th>" in other
    reader.post("/arrange/columns/contacts", {"do": "default", "back": "/contacts/"})
    assert "Assigned to</th>" in reader.get("/contacts/").text
    answer = reader.post(
        "/arrange/views/contacts", {"do": "save", "name": "By hand", "back": "/contacts/?source=manual"}
    )
    assert answer.location == "/contacts/?source=manual&view=By+hand"
    page = reader.get(answer.location).text
    assert 'aria-current="page">By hand</a>' in page
    assert 'class="changed"' in reader.get("/contacts/?source=api&view=By+hand").text
    assert "By hand" not in other
    reader.post("/arrange/views/contacts", {"do": "drop", "name": "By hand", "back": "/contacts/?view=By+hand"})
    assert "By hand</a>" not in reader.get("/contacts/").text


@ONE
def test_what_plugins_add_to_the_list_stands_in_it_and_failures_stay_their_own(site: Host, reader: Reader) -> None:
    """A column's values are asked for once per page; one that fails leaves dashes."""
    people(site, 3)
    asked: list[list[int]] = []

    def values(work: Any, ids: Any) -> dict[int, str]:
        asked.append(list(ids))
        return dict.fromkeys(ids, "<b>seven</b>")

    def broken(work: Any, ids: Any) -> dict[int, str]:
        raise RuntimeError("no")

    declared = dict(site.generation.declared)
    declared["contact_columns"] = (
        Column(plugin="x", id="seven", label="Seven", values=values, shown=True),
        Column(plugin="y", id="none", label="None", values=broken, shown=True),
    )
    site.generation.declared = declared
    page = reader.get("/contacts/").text
    assert "&lt;b&gt;seven" in page
    assert len(asked) == 1
    assert [fault.plugin for fault in site.faults()] == ["y"]


# --- many at once ----------------------------------------------------------------------------------------------------


def test_selected_contacts_are_changed_together(site: Host, reader: Reader) -> None:
    """Status, tag and owner of those ticked; each once, although table and cards both send them."""
    ids = people(site, 4)
    with site.work() as work:
        customer = statuses.find(work, "Customer").id
    data = {"ids": [str(ids[0]), str(ids[1]), str(ids[0])], "back": "/contacts/?q=ann"}
    answer = reader.post("/contacts/bulk", {**data, "do": f"status:{customer}"})
    assert (answer.status_code, answer.location) == (303, "/contacts/?q=ann")
    assert "2 contacts were changed" in reader.toasts()
    reader.post("/contacts/bulk", {**data, "do": "tag:add", "entry.tag": "Fair"})
    with site.work() as work:
        assert [contact.status_id == customer for contact in stored(site)] == [True, True, False, False]
        assert set(tags.of(work, "contact", ids)) == {ids[0], ids[1]}
    reader.post("/contacts/bulk", {**data, "do": "tag:add", "entry.tag": " "})
    assert "Fill in “Name of the tag” first" in reader.toasts()
    user = site.make.user("Contacts manager", "owner@example.com")
    reader.post("/contacts/bulk", {**data, "do": f"assign:{user}"})
    assert [contact.assigned_to_id for contact in stored(site)] == [user, user, None, None]
    reader.post("/contacts/bulk", {"do": "assign:"})
    assert "Nothing was selected" in reader.toasts()


def test_all_that_match_are_changed_in_runs(site: Host, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those on other pages too, and only those that match, although changing them changes what matches."""
    monkeypatch.setattr("crmhost.core.lists.services.PART", 7)
    people(site, 20)
    site.make.contact(first_name="Zoë", email="zoe@example.com")
    with site.work() as work:
        lead, customer = statuses.find(work, "Lead").id, statuses.find(work, "Customer").id
    form = {"everything": "1", "list": f"/contacts/?status={lead}&q=ann", "do": f"status:{customer}", "ids": ["1"]}
    job = reader.post("/contacts/bulk", form).location
    site.run_jobs()
    assert [contact.first_name for contact in stored(site) if contact.status_id == lead] == ["Zoë"]
    with site.work() as work, work.begin():
        contacts.set_status(work, [stored(site)[3].id], "Refused")
    undo = re.search(r'action="(/contacts/\?undo=\d+)"', reader.get(job).text)
    assert undo is not None
    reader.post(undo.group(1))
    site.run_jobs()
    assert len([contact for contact in stored(site) if contact.status_id == lead]) == 20


def test_what_was_done_to_many_is_taken_back(site: Host, reader: Reader) -> None:
    """Status, tag and owner go back for those that were changed by it, and not for those that had it before."""
    ids = people(site, 3)
    user = site.make.user("Contacts manager", "owner@example.com")
    with site.work() as work, work.begin():
        customer = statuses.find(work, "Customer").id
        contacts.set_status(work, ids[:1], customer)
        contacts.assign(work, ids[:1], user)
        contacts.tag(work, ids[:1], ["Fair"])
    lead = stored(site)[1].status_id

    def state() -> list[tuple[int, int | None, list[str]]]:
        with site.work() as work:
            tagged = tags.of(work, "contact", ids)
        rows = sorted(stored(site), key=lambda contact: contact.id)
        return [(row.status_id, row.assigned_to_id, [tag.name for tag in tagged.get(row.id, ())]) for row in rows]

    before = state()
    assert before == [(customer, user, ["Fair"]), (lead, None, []), (lead, None, [])]
    for do in (f"status:{customer}", f"assign:{user}", "tag:add", "tag:remove"):
        reader.post("/contacts/bulk", {"ids": ids, "do": do, "entry.tag": "fair"})
        undo = re.search(r'action="(/contacts/\?undo=\d+)"', reader.toasts())
        assert undo is not None, do
        assert state() != before, do
        reader.post(undo.group(1))
        assert state() == before, do


def test_deleting_can_be_undone(site: Host, reader: Reader) -> None:
    """From the list and from the page: a toast with Undo brings them back, the bin shows them meanwhile."""
    ids = people(site, 3)
    reader.post("/contacts/bulk", {"ids": ids[:2], "do": "delete"})
    toast = reader.toasts()
    assert "2 contacts went to the bin" in toast
    undo = re.search(r'action="(/contacts/\?undo=\d+)"', toast)
    assert undo is not None
    assert len(stored(site)) == 1
    bin_page = reader.get("/contacts/bin").text
    assert "Ann000" in bin_page
    assert reader.get(f"/contacts/{ids[0]}").status_code == 404
    assert "is in the bin" in reader.get(f"/contacts/{ids[0]}").text
    reader.post(undo.group(1))
    assert len(stored(site)) == 3
    answer = reader.post(f"/contacts/{ids[2]}/delete")
    assert answer.status_code == 303
    reader.post("/contacts/bin/bulk", {"ids": ids[2], "do": "erase"})
    assert "1 contact was erased" in reader.toasts()
    assert reader.get(f"/contacts/{ids[2]}").status_code == 404
    assert "is in the bin" not in reader.get(f"/contacts/{ids[2]}").text


@ONE
def test_a_restored_contact_whose_address_was_taken_says_so(site: Host, reader: Reader) -> None:
    """It stays in the bin, with the reason in the note."""
    [first] = people(site, 1)
    reader.post(f"/contacts/{first}/delete")
    site.make.contact(first_name="Newcomer", email="ann0@example.com")
    answer = reader.post(f"/contacts/restore?ids={first}")
    assert answer.location == "/contacts/bin"
    assert "ann0@example.com" in reader.toasts()


@ONE
def test_actions_of_plugins_run_with_the_choice_and_a_failure_changes_nothing(site: Host, reader: Reader) -> None:
    """What they answer is said; one that fails takes back its run."""
    ids = people(site, 2)

    def run(work: Any, chosen: Any, values: Any) -> str:
        contacts.tag(work, chosen, ["By plugin"])
        if values["choice"] == "fail":
            raise RuntimeError("no")
        return f"done for {len(chosen)} with {values['choice']}"

    declared = dict(site.generation.declared)
    action = BulkAction(
        plugin="x",
        id="probe",
        label="Probe",
        run=run,
        permission="contacts.edit",
        choices=lambda work: [("a", "A")],
    )
    declared["contact_bulk_actions"] = (action,)
    site.generation.declared = declared
    assert 'value="probe:a"' in reader.get("/contacts/").text
    reader.post("/contacts/bulk", {"ids": ids, "do": "probe:a"})
    assert "done for 2 with a" in reader.toasts()
    reader.post("/contacts/bulk", {"ids": ids, "do": "tag:remove", "entry.tag": "By plugin"})
    declared["contact_bulk_actions"] = (dataclasses.replace(action, choices=lambda work: [("fail", "Fail")]),)
    site.generation.declared = declared
    reader.post("/contacts/bulk", {"ids": ids, "do": "probe:fail"})
    assert "failed at this" in reader.toasts()
    with site.work() as work:
        assert tags.of(work, "contact", ids) == {}


@ONE
def test_tags_and_owner_are_changed_in_the_list(site: Host, reader: Reader) -> None:
    """In small forms, with an Undo; whoever may not edit has no buttons, and who is limited changes no owner."""
    [contact] = people(site, 1, tags=["A", "B"])
    user = site.make.user("Contacts manager", "owner@example.com", name="Olga Owner")
    page = reader.get("/contacts/").text
    assert f'id="contacts-tags-{contact}"' in page
    form = reader.get(f"/contacts/?edit=tags&id={contact}", htmx=True).text
    assert 'value="A, B"' in form
    answer = reader.post(f"/contacts/?edit=tags&id={contact}", {"value": "b, <i>New</i>"}, htmx=True)
    assert answer.status_code == 200

    def named() -> list[str]:
        with site.work() as work:
            return sorted(tag.name for tag in tags.of(work, "contact", [contact])[contact])

    assert named() == ["<i>New</i>", "B"]
    assert "<i>New" not in answer.text
    undo = re.search(r'"undo": "([^"]+)"', answer.headers["HX-Trigger"])
    assert undo is not None
    reader.post(undo.group(1))
    assert named() == ["A", "B"]
    answer = reader.post(f"/contacts/?edit=assigned_to&id={contact}", {"value": str(user)}, htmx=True)
    assert "Olga" in answer.text
    assert stored(site)[0].assigned_to_id == user
    assert 'class="crm-edit"' not in Reader(site, "Read only").get("/contacts/").text
    limited = Reader(site, "Contacts manager", only_assigned=True)
    assert limited.get(f"/contacts/?edit=tags&id={contact}", htmx=True).status_code == 404
    assert limited.post(f"/contacts/?edit=assigned_to&id={contact}", {"value": ""}, htmx=True).status_code == 404
