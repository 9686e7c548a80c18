"""Records of a plugin have the page that contacts have: tags, a journal, parts of other plugins."""

from __future__ import annotations

import re

import pytest

from crmhost.api import Forbidden, NotFound, journal, records, tags
from tests.contract.world import World

KIND = "probe_one_score"


@pytest.fixture
def score(world: World) -> int:
    """Number of a score of Ada's."""
    world.host.enable("probe_one", "probe_two")
    world.score(60)
    with world.host.work("Admin") as work:
        number: int = work.service("probe_one").numbers(world.ada)[0]
    return number


def test_people_tag_a_record_and_write_into_its_journal(world: World, score: int) -> None:
    """The same tags as those of contacts; an Undo brings a removed one back; the feed names the record."""
    browser, page = world.host.client(), f"/probe-one/scores/{score}"
    assert browser.post(f"/records/{KIND}/{score}/tags", data={"add": "VIP, Fair"}).location == page
    assert "Remove the tag VIP" in browser.get(page).text
    browser.post(f"/records/{KIND}/{score}/tags", data={"remove": "VIP"})
    shown = browser.get(page).text
    assert "Remove the tag VIP" not in shown
    assert f"/records/{KIND}/{score}/tags?add=VIP" in shown
    browser.post(f"/records/{KIND}/{score}/tags?add=VIP")
    with world.host.work("Admin") as work:
        assert [tag.name for tag in tags.of(work, KIND, [score])[score]] == ["Fair", "VIP"]
    answer = browser.post(f"/journal/of/{KIND}/{score}", data={"type": "call", "text": "Talked of the score"})
    assert answer.location == page
    assert "Talked of the score" in browser.get(page).text
    feed = browser.get("/journal/?type=call").text
    assert re.search(rf'<a [^>]*href="{page}"[^>]*>Score of 60</a>', feed)
    assert (f"{KIND}.tagged", [score]) in world.host.events()
    with world.host.work("Admin") as work, work.begin():
        records.forget(work, KIND, [score])
        assert tags.of(work, KIND, [score]) == {}
        assert journal.entries(work, KIND, score).rows == []


@pytest.mark.database("sqlite")
def test_only_who_may_see_a_record_reads_its_journal(world: World, score: int) -> None:
    """Neither pages nor services nor the feed tell of it to others; who may only look can't tag."""
    with world.host.work("Admin") as work, work.begin():
        entry = journal.add(work, KIND, score, "note", summary="Between us").id
    for role, limits in (("Mail manager", {}), ("CRM manager", {"only_assigned": True})):
        browser = world.host.client(role, **limits)
        assert browser.get(f"/journal/of/{KIND}/{score}").status_code in (403, 404)
        assert browser.post(f"/journal/of/{KIND}/{score}", data={"type": "note", "text": "x"}).status_code in (403, 404)
        assert browser.post(f"/journal/{entry}/remove").status_code in (403, 404)
        assert "Between us" not in browser.get("/journal/").text + browser.get("/").text
        with world.host.work(role, **limits) as work, pytest.raises((Forbidden, NotFound)):
            journal.get(work, entry)
    assert world.host.client("Read only").post(f"/records/{KIND}/{score}/tags", data={"add": "x"}).status_code == 403
    world.host.disable("probe_one", with_dependents=True)
    browser = world.host.client()
    assert browser.get(f"/journal/of/{KIND}/{score}").status_code == 404
    assert "Between us" not in browser.get("/journal/").text


@pytest.mark.database("sqlite")
def test_boxes_stay_where_each_reader_puts_them(world: World, score: int) -> None:
    """Over the columns, also one of a plugin that was off meanwhile; resetting brings them back."""
    browser, page = world.host.client(), f"/probe-one/scores/{score}"

    def places() -> list[str]:
        text = browser.get(page).text
        marks = {"two": 'data-id="probe_two.note"', "one": 'data-id="probe_one.details"', "|": 'data-area="side"'}
        return sorted(marks, key=lambda name: text.index(marks[name]))

    assert places() == ["|", "one", "two"]
    browser.post(f"/records/{KIND}/boxes", data={"area": "main", "order": ["probe_two.note"]})
    assert places() == ["two", "|", "one"]
    world.host.disable("probe_two")
    browser.post(f"/records/{KIND}/boxes", data={"area": "side", "order": ["probe_one.details"]})
    world.host.enable("probe_two")
    assert places() == ["two", "|", "one"]
    assert "Reset layout" in browser.get(page).text
    browser.post(f"/records/{KIND}/boxes", data={"do": "default", "back": page})
    assert "Reset layout" not in browser.get(page).text
    assert places() == ["|", "one", "two"]


@pytest.mark.database("sqlite")
def test_a_plugin_does_something_in_the_step_that_writes_an_entry(world: World, score: int) -> None:
    """What is typed into its field is done in the same transaction; what it refuses keeps the entry from being written."""
    browser, address = world.host.client(), f"/journal/of/contact/{world.ada}"
    htmx = {"HX-Request": "true"}
    assert 'name="probe_one.points"' in browser.get(f"/contacts/{world.ada}").text
    entry = {"type": "call", "text": "Rang back", "probe_one.points": "many", "nobody.x": "1"}
    refused = browser.post(address, data=entry, headers=htmx)
    assert refused.status_code == 422
    for kept in ("Give a whole number of points.", 'value="many"', "Rang back"):
        assert kept in refused.text
    with world.host.work("Admin") as work:
        assert journal.entries(work, "contact", world.ada, by="people").rows == []
    assert browser.post(address, data={**entry, "probe_one.points": "7"}, headers=htmx).status_code == 200
    with world.host.work("Admin") as work:
        [written] = journal.entries(work, "contact", world.ada, by="people").rows
        assert written.summary == "Rang back"
        assert work.service("probe_one").total(world.ada) == 67
