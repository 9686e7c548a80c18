"""Pages of contacts: the form and the page of one."""

from __future__ import annotations

import json
import re
from typing import Any

from crmhost.contributions import Box, Tab, Vital
from crmhost.core.contacts import tags
from crmhost.core.settings import services as settings
from crmhost.core.statuses import services as statuses
from crmhost.testing import Host
from tests.unit.web.conftest import Reader
from tests.unit.web.people import ONE, people, stored

# --- the form --------------------------------------------------------------------------------------------------------


def test_the_form_adds_and_changes_a_contact(site: Host, reader: Reader) -> None:
    """All parts arrive: several addresses, an address, tags, profiles; the draft in the browser is forgotten."""
    form = {
        "prefix": "Mme",
        "first_name": "Amélie",
        "last_name": "Fontaine",
        "emails": ["a@example.com", "", "b@example.com"],
        "mobile_phone": "+33 6 55 50 12 34",
        "address1_line1": "14 bis, rue",
        "address1_city": "Lyon",
        "address1_country": "FR",
        "tags": ["VIP", "New tag"],
        "social_linkedin": "amelie",
        "notes": "two\nlines",
        "reason": "Met at the fair",
        "status": "1",
    }
    answer = reader.post("/contacts/new", form)
    assert answer.status_code == 303
    [contact] = stored(site)
    assert contact.address1 == {"line1": "14 bis, rue", "city": "Lyon", "country": "FR"}
    assert contact.reason["text"] == "Met at the fair"
    page = reader.get(answer.location).text
    assert '<meta name="draft-done" content="contact.new">' in page
    for words in ("Met at the fair", "b<wbr>@example.com", "Lyon", "New tag", "amelie", "two<br>lines"):
        assert words in page
    edit = reader.get(f"/contacts/{contact.id}/edit").text
    assert 'value="b@example.com"' in edit
    assert '<option selected value="FR">France</option>' in edit
    version = re.search(r'name="version" type="hidden" value="(\d+)"', edit)
    assert version is not None
    changed = {**form, "first_name": "Amelie", "emails": ["b@example.com"], "tags": [], "version": version.group(1)}
    assert reader.post(f"/contacts/{contact.id}/edit", changed).status_code == 303
    [contact] = stored(site)
    assert (contact.first_name, contact.email) == ("Amelie", "b@example.com")
    with site.work() as work:
        assert tags.of(work, "contact", [contact.id]) == {}


@ONE
def test_a_taken_address_is_refused_with_a_link_to_who_has_it(site: Host, reader: Reader) -> None:
    """Everything typed is kept; who may not see the other contact gets no link."""
    [first] = people(site, 1)
    answer = reader.post("/contacts/new", {"last_name": "Twin <b>", "emails": "ANN0@example.com", "status": "1"})
    assert answer.status_code == 422
    assert f'<a href="/contacts/{first}">Ann000</a>' in answer.text
    assert 'value="Twin &lt;b&gt;"' in answer.text
    assert 'href="#emails"' in answer.text
    assert answer.text.count("Already used by") == 2
    limited = Reader(site, "Contacts manager", only_assigned=True)
    answer = limited.post("/contacts/new", {"last_name": "Twin", "emails": "ann0@example.com", "status": "1"})
    assert "you may not see" in answer.text
    assert f"/contacts/{first}" not in answer.text


@ONE
def test_an_admin_adds_kinds_of_social_profiles(site: Host, reader: Reader) -> None:
    """They stand in the form and on the page, and are changed there; a profile of a kind that went stays."""
    with site.work("Admin") as work, work.begin():
        settings.set_many(work, {"contacts.social_kinds": "Mastodon\nX\n VK / ВКонтакте"})
    form = reader.get("/contacts/new").text
    assert form.count('name="social_') == 5
    fields = {"first_name": "Ann", "status": "1", "social_mastodon": "@ann@example.com", "social_x": "ann"}
    page = reader.get(reader.post("/contacts/new", fields).location).text
    assert "<dt>Mastodon</dt>" in page
    [contact] = stored(site)
    assert contact.socials == {"mastodon": "@ann@example.com", "x": "ann"}
    place = f"/contacts/{contact.id}/field/social_mastodon"
    assert 'value="@ann@example.com"' in reader.get(place, htmx=True).text
    version = {"version": str(contact.version)}
    assert "@new@example.com" in reader.post(place, {**version, "social_mastodon": "@new@example.com"}, htmx=True).text
    with site.work("Admin") as work, work.begin():
        settings.set_many(work, {"contacts.social_kinds": ""})
    assert "@new@example.com" in reader.get(f"/contacts/{contact.id}").text


@ONE
def test_the_sections_of_the_form_are_ordered_by_each_reader(reader: Reader) -> None:
    """The order is remembered, and forgotten on demand."""
    reader.post("/arrange/contact_form", {"order": ["notes", "name"]}, htmx=True)
    page = reader.get("/contacts/new").text
    assert page.index('data-id="notes"') < page.index('data-id="name"') < page.index('data-id="phones"')
    assert "Reset layout" in page
    assert reader.post("/arrange/contact_form", {"do": "default", "back": "/contacts/new"}).location == "/contacts/new"
    page = reader.get("/contacts/new").text
    assert page.index('data-id="name"') < page.index('data-id="notes"')
    assert "Reset layout" not in page


@ONE
def test_one_of_name_address_or_phone_is_enough(site: Host, reader: Reader) -> None:
    """A phone alone is; nothing at all is not."""
    assert reader.post("/contacts/new", {"mobile_phone": "12", "status": "1"}).status_code == 303
    answer = reader.post("/contacts/new", {"notes": "who?", "status": "1"})
    assert answer.status_code == 422
    assert "Give at least a first name" in answer.text


# --- the page --------------------------------------------------------------------------------------------------------


@ONE
def test_boxes_tabs_and_vitals_of_plugins_stand_on_the_page(site: Host, reader: Reader) -> None:
    """Empty ones are hidden, a failing one says so to admins alone, permissions hold, the order is each reader's."""
    [contact] = people(site, 1)

    def broken(work: Any, contact: Any) -> str:
        raise RuntimeError("no")

    declared = dict(site.generation.declared)
    declared["contact_boxes"] = (
        Box(plugin="x", id="one", title="One", render=lambda work, contact: f"<i>{contact.first_name}</i>"),
        Box(plugin="x", id="two", title="Empty box", render=lambda work, contact: ""),
        Box(plugin="x", id="three", title="Broken box", render=broken),
        Box(plugin="x", id="four", title="Secret", render=lambda work, contact: "s", permission="users.edit"),
    )
    declared["contact_tabs"] = (
        Tab(
            plugin="x", id="deals", title="Deals", render=lambda work, contact: "<p>deals here</p>", count=lambda *a: 7
        ),
        Tab(plugin="x", id="bad", title="Bad", render=broken),
    )
    declared["contact_vitals"] = (
        Vital(plugin="x", id="v", label="Value", value=lambda work, contact: "€1"),
        Vital(plugin="x", id="w", label="Hidden", value=lambda work, contact: None),
    )
    site.generation.declared = declared
    page = reader.get(f"/contacts/{contact}").text
    assert "<i>Ann000</i>" in page
    assert "Empty box" not in page
    assert "Broken box" in page
    assert "Secret" in page
    assert "<dt>Value</dt><dd>€1</dd>" in page
    assert "<dt>Hidden</dt>" not in page
    assert 'Deals<span class="crm-count">7</span>' in page
    assert "<p>deals here</p>" in reader.get(f"/contacts/{contact}?tab=deals").text
    assert "does not work at the moment" in reader.get(f"/contacts/{contact}?tab=bad").text
    staff = Reader(site, "Read only").get(f"/contacts/{contact}").text
    assert "Secret" not in staff
    assert "Broken box" not in staff
    assert "Reset layout" not in page
    reader.post("/records/contact/boxes", {"area": "side", "order": ["x.one", "contacts.details"]}, htmx=True)
    page = reader.get(f"/contacts/{contact}").text
    assert page.index('data-id="x.one"') < page.index('data-id="contacts.details"')
    reader.post("/records/contact/boxes", {"area": "main", "order": ["contacts.details"]}, htmx=True)
    page = reader.get(f"/contacts/{contact}").text
    assert page.index('data-area="main"') < page.index('data-id="contacts.details"') < page.index('data-area="side"')
    assert page.index('data-area="side"') < page.index('data-id="x.one"')
    answer = reader.post("/records/contact/boxes", {"do": "default", "back": f"/contacts/{contact}"})
    page = reader.get(answer.location).text
    assert page.index('data-area="side"') < page.index('data-id="contacts.details"') < page.index('data-id="x.one"')


def test_the_status_is_switched_in_place(site: Host, reader: Reader) -> None:
    """The menu offers all; the answer replaces the switch in the table and on the card."""
    [contact] = people(site, 1)
    menu = reader.get(f"/contacts/{contact}/status", htmx=True).text
    assert menu.count('role="option"') == 6
    with site.work() as work:
        customer = statuses.find(work, "Customer").id
    assert json.dumps({"status": str(customer)}) in menu
    answer = reader.post(f"/contacts/{contact}/status", {"status": str(customer)}, htmx=True)
    assert answer.text.count("hx-swap-oob") == 2
    assert f'id="status-{contact}-card"' in answer.text
    assert stored(site)[0].status_id == customer
    here = {"HX-Current-URL": f"http://localhost/contacts/{contact}"}
    answer = reader.post(f"/contacts/{contact}/status", {"status": "Lead"}, htmx=True, headers=here)
    assert answer.headers["HX-Redirect"] == f"/contacts/{contact}"
    assert Reader(site, "Read only").post(f"/contacts/{contact}/status", {"status": "Lead"}).status_code == 403


@ONE
def test_lines_are_changed_where_they_stand(site: Host, reader: Reader) -> None:
    """A refused value keeps the line open with its sentence; a line may be several fields; others are no business of it."""
    [contact] = people(site, 1)
    base = f"/contacts/{contact}/field"
    assert 'value="ann0@example.com"' in reader.get(f"{base}/emails", htmx=True).text
    answer = reader.post(f"{base}/mobile_phone", {"mobile_phone": "+33 6", "notes": "no business"}, htmx=True)
    assert 'id="contact-details"' in answer.text
    assert "+33 6" in answer.text
    answer = reader.post(f"{base}/emails", {"emails": ["ann0@example.com", "nonsense"]}, htmx=True)
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "#field-emails"
    assert 'value="nonsense"' in answer.text
    two = {"emails": ["b@example.com", "ann0@example.com", ""]}
    assert "b<wbr>@example.com" in reader.post(f"{base}/emails", two, htmx=True).text
    home = {"address1_line1": "1 Mill Lane", "address1_city": "Leeds", "address1_country": "GB"}
    assert "Leeds" in reader.post(f"{base}/address1", home, htmx=True).text
    assert (
        reader.post(f"{base}/name", {"first_name": "Bea"}, htmx=True).headers["HX-Redirect"] == f"/contacts/{contact}"
    )
    for wrong in ("status", "status_id", "version", "seen"):
        assert reader.post(f"{base}/{wrong}", {wrong: "2"}).status_code == 404
    assert reader.post(f"{base}/assigned_to", {"assigned_to": ""}).status_code == 303
    assert reader.get(f"{base}/emails").location == f"/contacts/{contact}/edit"
    [now] = stored(site)
    assert (now.first_name, now.notes, now.email, now.address1["country"]) == ("Bea", "", "b@example.com", "GB")


@ONE
def test_previous_and_next_follow_the_list_one_came_from(site: Host, reader: Reader) -> None:
    """Its filters and its order; without one, the newest first."""
    ids = people(site, 3, source="form")
    site.make.contact(first_name="Other")

    def beside(address: str) -> list[int]:
        return [
            int(number)
            for number in re.findall(r'href="/contacts/(\d+)[^"]*" rel="(?:prev|next)"', reader.get(address).text)
        ]

    listed = reader.get("/contacts/?source=form&sort=name").text
    address = re.search(rf'href="(/contacts/{ids[1]}\?[^"]+)"', listed)
    assert address is not None
    assert beside(address.group(1)) == [ids[0], ids[2]]
    assert beside(f"/contacts/{ids[1]}") == [ids[2], ids[0]]
    assert beside(f"/contacts/{ids[2]}?list=source%3Dform") == [ids[1]]
    for sort in ("status", "-status", "-last_contacted_at", "email"):
        assert sorted(beside(f"/contacts/{ids[1]}?list=sort%3D{sort}%26source%3Dform")) == [ids[0], ids[2]]
    assert beside(f"/contacts/{ids[1]}?list=q%3Dann%26sort%3Dname") == [ids[0], ids[2]]
    assert beside(f"/contacts/{ids[1]}?list=gone%3D1") == [ids[2], ids[0]]


@ONE
def test_tags_come_and_go_on_the_page(site: Host, reader: Reader) -> None:
    """Several at once by commas; a new one is made."""
    [contact] = people(site, 1)
    reader.post(f"/records/contact/{contact}/tags", {"add": "VIP, Fair 2026"})
    assert "Remove the tag VIP" in reader.get(f"/contacts/{contact}").text
    reader.post(f"/records/contact/{contact}/tags", {"remove": "VIP"})
    page = reader.get(f"/contacts/{contact}").text
    assert "Remove the tag VIP" not in page
    assert "Remove the tag Fair 2026" in page


@ONE
def test_a_limited_user_sees_only_their_contacts(site: Host) -> None:
    """Others look as if they did not exist, on every page."""
    limited = Reader(site, "Contacts manager", only_assigned=True)
    [foreign] = people(site, 1)
    for path in (f"/contacts/{foreign}", f"/contacts/{foreign}/edit", f"/contacts/{foreign}/status"):
        assert limited.get(path).status_code == 404, path
    for path in (f"/contacts/{foreign}/delete", f"/contacts/{foreign}/field/notes"):
        assert limited.post(path, {"value": "x"}).status_code == 404, path
    limited.post("/contacts/bulk", {"ids": [foreign], "do": "delete"})
    assert len(stored(site)) == 1
    assert "Ann000" not in limited.get("/search?q=ann").text
