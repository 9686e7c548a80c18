"""Who is limited to their own sees the companies assigned to them and those of their contacts, and changes the former only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmhost.api import CrmError, Forbidden, NotFound, Work, journal, records
from crmhost.testing import Host
from plugins.companies import exchange, mass, members, queries, services

Make = Callable[..., int]
LIMITED: dict[str, Any] = {"only_assigned": True}


@pytest.fixture
def world(crm: Host, company: Make) -> dict[str, int]:
    """A company of each kind: of one's own, of one's contact, of another's contact, nobody's; and one in the bin."""
    me = crm.actor("CRM manager", **LIMITED).user_id or 0
    mine = crm.make.contact(first_name="Mine", assigned_to=me)
    theirs = crm.make.contact(first_name="Theirs")
    made = {
        "own": company("Own", assigned_to=me, people=(theirs,)),
        "of my contact": company("Of my contact", people=(mine, theirs)),
        "of another": company("Of another", people=(theirs,)),
        "nobody's": company("Nobody's"),
        "own in the bin": company("Own gone", assigned_to=me),
    }
    with crm.work() as work, work.begin():
        mass.to_bin(work, [made["own in the bin"]])
    return {**made, "me": me, "mine": mine, "theirs": theirs}


SEEN = {"own": True, "of my contact": True, "of another": False, "nobody's": False}
CHANGED = {"own": True, "of my contact": False, "of another": False, "nobody's": False}


def _may(action: Callable[[Work], Any], crm: Host) -> bool:
    with crm.work("CRM manager", **LIMITED) as work, work.begin():
        try:
            return bool(action(work))
        except (Forbidden, NotFound):
            return False


@pytest.mark.parametrize("what", SEEN)
def test_every_way_in_obeys_the_limit(crm: Host, world: dict[str, int], what: str) -> None:
    """Page, API, list, search, export, journal and titles show the same; form, status, tags, bin and API change the same."""
    key = world[what]
    name = what.capitalize()
    seen: dict[str, Callable[[Work], Any]] = {
        "get": lambda work: services.get(work, key),
        "list": lambda work: key in [row.id for row in queries.page(work, queries.CompanyQuery()).rows],
        "sorted": lambda work: (
            key in [row.id for row in queries.page(work, queries.CompanyQuery(sort="-created_at")).rows]
        ),
        "search": lambda work: key in [row.id for row in queries.page(work, queries.CompanyQuery(q=name)).rows],
        "short search": lambda work: (
            key in [row.id for row in queries.page(work, queries.CompanyQuery(q=name[:2])).rows]
        ),
        "all ids": lambda work: key in [number for run in queries.ids(work, queries.CompanyQuery()) for number in run],
        "export": lambda work: key in [row["id"] for row in exchange.rows(work, {})],
        "titles": lambda work: records.titles(work, {"company": [key]}),
        "journal": lambda work: journal.entries(work, "company", key).rows,
        "note": lambda work: journal.add(work, "company", key, "note", summary="Called"),
    }
    assert {way: _may(action, crm) for way, action in seen.items()} == dict.fromkeys(seen, SEEN[what])
    changed: dict[str, Callable[[Work], Any]] = {
        "update": lambda work: services.update(work, key, {"notes": "Mine"}),
        "status": lambda work: mass.set_status(work, [key], "Customer"),
        "tag": lambda work: mass.tag(work, [key], ["Mine"]),
        "record tag": lambda work: records.tag(work, "company", [key], ["Other"]),
        "bin": lambda work: mass.to_bin(work, [key]),
    }
    assert {way: _may(action, crm) for way, action in changed.items()} == dict.fromkeys(changed, CHANGED[what])


def test_pages_and_api_obey_the_limit(crm: Host, world: dict[str, int]) -> None:
    """What may not be seen is not found, what may only be seen can't be changed, and nobody else's people are named."""
    browser, api = crm.client("CRM manager", **LIMITED), crm.api("CRM manager", **LIMITED)
    for what in SEEN:
        shown, changed = 200 if SEEN[what] else 404, 200 if CHANGED[what] else 403 if SEEN[what] else 404
        assert browser.get(f"/companies/{world[what]}").status_code == shown
        assert browser.get(f"/companies/{world[what]}/edit").status_code == changed
        assert api.get(f"/api/v1/companies/{world[what]}").status_code == shown
        assert api.patch(f"/api/v1/companies/{world[what]}", json={"notes": "x"}).status_code == changed
    assert "Theirs" not in browser.get(f"/companies/{world['of my contact']}").text
    listed = api.get("/api/v1/companies?count=1").json
    assert (listed["total"], {row["name"] for row in listed["data"]}) == (2, {"Own", "Of my contact"})
    assert {item["text"] for item in browser.get("/records/company/choices?q=o").json} == {"Own", "Of my contact"}
    assert browser.get(f"/companies/{world['own in the bin']}").status_code == 404


def test_people_are_joined_within_the_limit(crm: Host, world: dict[str, int]) -> None:
    """One's own contact joins a company that one sees; another's contact and an unseen company are not found."""
    with crm.work("CRM manager", **LIMITED) as work, work.begin():
        assert members.join(work, world["own"], world["mine"], "Buyer")
        for company_id, contact_id in ((world["nobody's"], world["mine"]), (world["own"], world["theirs"])):
            with pytest.raises(NotFound):
                members.join(work, company_id, contact_id)
        assert [item.contact.id for item in members.people_of(work, world["own"])[0]] == [world["mine"]]
        assert members.count_of(work, [world["own"]]) == {world["own"]: 1}


def test_what_a_limited_user_adds_is_their_own(crm: Host, world: dict[str, int]) -> None:
    """A new company is assigned to who added it, and can't be given to somebody else."""
    other = crm.make.user("Admin")
    with crm.work("CRM manager", **LIMITED) as work, work.begin():
        made = services.create(work, {"name": "New"})
        assert made.assigned_to_id == world["me"]
        with pytest.raises(CrmError):
            services.update(work, made.id, {"assigned_to": other})
