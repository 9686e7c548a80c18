"""Settings > Field options: types of journal entries, and tags that are made there."""

from __future__ import annotations

from crmhost.core.contacts import tags
from crmhost.testing import Host
from tests.unit.web.conftest import Reader


def test_types_of_journal_entries_are_changed_in_the_settings(site: Host, reader: Reader) -> None:
    """Added, renamed, ordered, deleted with what takes their place; what is wrong is said at the field."""
    place = "/settings/field-options/journal"
    assert reader.post(f"{place}/new", {"label": "Visit", "icon": "map-pin", "contact": "1"}).status_code == 303
    again = reader.post(f"{place}/new", {"label": "VISIT", "icon": "note"})
    assert again.status_code == 422
    assert "There is a type" in again.text
    assert 'value="VISIT"' in again.text
    assert reader.post(f"{place}/note", {"label": "Remark", "icon": "note"}).status_code == 303
    reader.post(f"{place}/order", {"order": ["own:visit", "note"]}, htmx=True)
    page = reader.get("/settings/field-options/").text
    assert page.index(">Visit</a>") < page.index(">Remark</a>") < page.index(">Call</a>")
    contact = site.make.contact(first_name="Ada")
    shown = reader.get(f"/contacts/{contact}").text
    assert 'value="own:visit" aria-pressed="true"' in shown
    reader.post(f"/journal/of/contact/{contact}", {"type": "own:visit", "text": "Came by"})
    assert "1 entry has it." in reader.get(f"{place}/own:visit/delete").text
    assert reader.post(f"{place}/own:visit/delete", {"heir": "nothing"}).status_code == 422
    assert reader.post(f"{place}/own:visit/delete", {"heir": "note"}).status_code == 303
    site.run_jobs()
    assert "own:visit" not in reader.get(f"/contacts/{contact}").text
    assert reader.get(f"{place}/status").status_code == 404


def test_a_tag_is_made_in_the_settings(site: Host, reader: Reader) -> None:
    """With the colour that was chosen; a name that is taken is refused at the field."""
    assert reader.post("/settings/field-options/tags", {"name": "Fair", "hue": "teal"}).status_code == 303
    with site.work() as work:
        found = tags.find(work, "fair")
        assert found is not None
        assert found.hue == "teal"
    again = reader.post("/settings/field-options/tags", {"name": "fair"})
    assert again.status_code == 422
    assert "There is a tag “Fair” already." in again.text
