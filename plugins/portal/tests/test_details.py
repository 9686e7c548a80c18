"""My details: what clients may change by the site's policy, and what staff approve."""

from __future__ import annotations

import re
from typing import Any

import pytest

from crmhost.api import Forbidden, NotFound, contacts, custom_fields, settings
from crmhost.core.journal.models import JournalEntry
from crmhost.core.notifications.models import Notification
from crmhost.testing import Host
from plugins.portal import deciding, details
from plugins.portal.models import DetailChange
from tests.clients import sign_in
from tests.peers import smtp

from .conftest import mailed


def form_of(page: str) -> dict[str, str]:
    """The fields of a form as a browser sends them when nothing is typed."""
    form = page.split("data-guard", 1)[1].split("</form>", 1)[0]
    found = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and name[1] != "csrf_token":
            found[name[1]] = value[1].replace("&#34;", '"').replace("&amp;", "&") if value else ""
    for name, options in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(
            r'<option[^>]* selected[^>]*value="([^"]*)"|<option[^>]*value="([^"]*)"[^>]* selected', options
        )
        found[name] = (chosen[1] or chosen[2] or "") if chosen else ""
    return found


def policy(site: Host, **policies: str) -> None:
    with site.work("Admin") as work, work.begin():
        details.choose(work, policies)


def waiting(site: Host) -> list[DetailChange]:
    with site.work() as work:
        return list(work.session.query(DetailChange).order_by(DetailChange.id))


def test_changed_at_once(site: Host, peer: smtp.Peer) -> None:
    """What a client may change is cleaned and stored, stands in the journal, and its owner is told in the app and by mail."""
    owner = site.make.user("Contacts manager", "owner@example.com")
    ada = site.make.contact(first_name="Ada", email="ada@example.com", assigned_to=owner, notes="secret", tags=["VIP"])
    browser = sign_in(site, ada)
    page = browser.get("/portal/details/").text
    for hidden in ("secret", "VIP", "Lead"):
        assert hidden not in page
    assert 'name="email"' not in page
    assert "ada@example.com" in page
    sent = form_of(page) | {"first_name": "  Ada  M. ", "mobile_phone": "+33 6 12 34 56 78", "address1_city": "Lyon"}
    sent |= {"notes": "mine", "status": "Customer", "email": "evil@example.com", "tags": "x", "assigned_to": "1"}
    assert browser.post("/portal/details/", data=sent).status_code == 303
    now = site.contact(ada)
    assert (now.first_name, now.address1["city"], now.notes, now.email) == (
        "Ada M.",
        "Lyon",
        "secret",
        "ada@example.com",
    )
    with site.work() as work:
        entry = work.session.query(JournalEntry).filter_by(type="portal.details").one()
        assert entry.summary == "Changed in the client portal: First name, Mobile phone, Address"
        assert (
            work.session.query(Notification).filter_by(user_id=owner, kind="portal.details").one().url
            == f"/contacts/{ada}"
        )
    site.run_jobs()
    assert [(to, subject) for to, subject, _ in mailed(peer)] == [
        ("owner@example.com", "Ada changed their details in the portal.")
    ]
    again = browser.post("/portal/details/", data=form_of(browser.get("/portal/details/").text))
    assert again.status_code == 303
    with site.work() as work:
        assert work.session.query(JournalEntry).filter_by(type="portal.details").count() == 1
    sent = form_of(browser.get("/portal/details/").text) | {"first_name": "x" * 200, "last_name": "Kept"}
    wrong = browser.post("/portal/details/", data=sent)
    assert wrong.status_code == 422
    assert 'value="Kept"' in wrong.text


def test_two_versions(site: Host) -> None:
    """When staff saved the contact meanwhile, the client sees both versions of what they changed too."""
    ada = site.make.contact(first_name="Ada", email="ada@example.com")
    browser = sign_in(site, ada)
    sent = form_of(browser.get("/portal/details/").text) | {"last_name": "Park"}
    with site.work() as work, work.begin():
        contacts.update(work, ada, {"notes": "seen by nobody outside"})
    assert browser.post("/portal/details/", data=sent).status_code == 303
    sent = form_of(browser.get("/portal/details/").text) | {"last_name": "Parker"}
    with site.work() as work, work.begin():
        contacts.update(work, ada, {"last_name": "Lovelace"})
    both = browser.post("/portal/details/", data=sent)
    assert both.status_code == 409
    assert "Lovelace" in both.text
    assert "Parker" in both.text


def test_approved(site: Host, peer: smtp.Peer) -> None:
    """What needs it waits: staff see old and new, approve or reject, and the client gets a mail."""
    ada = site.make.contact(first_name="Ada", email="ada@example.com")
    other = site.make.contact(email="taken@example.com")
    with site.work("Admin") as work, work.begin():
        custom_fields.add(work, {"object": "contact", "key": "size", "label": "Shoe size", "kind": "number"})
    policy(site, **{"email": "ask", "last_name": "ask", "custom.size": "ask", "status": "read"})
    browser = sign_in(site, ada)
    page = browser.get("/portal/details/").text
    assert "Lead" in page
    sent = form_of(page) | {"email": "park@example.com", "last_name": "Park", "custom.size": "43", "first_name": "Adah"}
    assert browser.post("/portal/details/", data=sent | {"custom.size": "big"}).status_code == 422
    assert browser.post("/portal/details/", data=sent).status_code == 303
    assert site.contact(ada).first_name == "Adah"
    assert waiting(site)[0].after == {"email": "park@example.com", "last_name": "Park", "custom.size": "43"}
    assert "park@example.com" in browser.get("/portal/details/").text
    assert "We look at what you want changed" in browser.get("/portal/details/").text
    staff = site.client("Contacts manager")
    listed = staff.get("/portal/staff/changes").text
    assert "Shoe size" in listed
    assert "park@example.com" in listed
    mailed(peer)
    staff.post(f"/portal/staff/changes/{waiting(site)[0].id}", data={"do": "approve", "note": "Welcome on"})
    now = site.contact(ada)
    assert (now.email, now.last_name, now.custom) == ("park@example.com", "Park", {"size": 43})
    site.run_jobs()
    assert ("ada@example.com", "Your details were changed") in [(to, subject) for to, subject, _ in mailed(peer)]
    assert browser.get("/portal/").status_code == 303
    browser = sign_in(site, ada)
    sent = form_of(browser.get("/portal/details/").text) | {"email": "taken@example.com"}
    assert browser.post("/portal/details/", data=sent).status_code == 303
    second = waiting(site)[1].id
    staff.post(f"/portal/staff/changes/{second}", data={"do": "approve"})
    assert (waiting(site)[1].state, site.contact(ada).email) == ("waiting", "park@example.com")
    with site.work("Contacts manager", only_assigned=True) as work, pytest.raises(NotFound), work.begin():
        deciding.decide(work, second, approve=False)
    with site.work("Read only") as work, pytest.raises(Forbidden), work.begin():
        deciding.decide(work, second, approve=False)
    staff.post(f"/portal/staff/changes/{second}", data={"do": "reject"})
    assert waiting(site)[1].state == "rejected"
    assert staff.post(f"/portal/staff/changes/{second}", data={"do": "approve"}).status_code == 404
    assert site.contact(other).email == "taken@example.com"


def test_taken_back(site: Host) -> None:
    """A client who types the old value again wants nothing changed any more."""
    ada = site.make.contact(first_name="Ada", email="ada@example.com")
    policy(site, first_name="ask", last_name="ask")
    browser = sign_in(site, ada)
    blank = form_of(browser.get("/portal/details/").text)
    for sent, left in (
        ({"first_name": "Bea"}, {"first_name": "Bea"}),
        ({"last_name": "Park"}, {"last_name": "Park"}),
        ({}, None),
    ):
        browser.post("/portal/details/", data=blank | sent)
        found: list[Any] = [change.after for change in waiting(site)]
        assert found == ([left] if left else [])


def test_arranged(site: Host) -> None:
    """The site orders, names and hides pages, writes its own with placeholders, and a hidden page is not there."""
    ada = site.make.contact(first_name="Ada", email="ada@example.com")
    admin = site.client("Admin")
    assert admin.get("/settings/page/portal").status_code == 200
    for address in ("/portal/staff/pages", "/portal/staff/pages/new", "/portal/staff/fields"):
        assert site.client("Read only").get(address).status_code == 403
    wrong = admin.post("/portal/staff/pages/new", data={"title": "Parking", "content": "<p>{{ contact.shoes }}</p>"})
    assert (wrong.status_code, "contact.shoes" in wrong.text) == (422, True)
    text = "<p>Dear {{ contact.first_name }}, park behind the barn.<script>x()</script></p>"
    assert admin.post("/portal/staff/pages/new", data={"title": "Parking", "content": text}).status_code == 303
    browser = sign_in(site, ada)
    page = browser.get("/portal/p/parking").text
    assert "Dear Ada, park behind the barn." in page
    assert "x()" not in page
    form = {
        "id": ["home", "details", "parking"],
        "place.details": "3",
        "place.parking": "2",
        "label.details": "About you",
        "shown.details": "1",
        "shown.parking": "1",
    }
    admin.post("/portal/staff/pages", data=form)
    menu = browser.get("/portal/").text.split("portal-nav", 1)[1].split("</nav>", 1)[0]
    assert re.findall(r">([\w ]+)</a>", menu) == ["Home", "Parking", "About you"]
    del form["shown.details"], form["shown.parking"]
    admin.post("/portal/staff/pages", data=form)
    for address in ("/portal/details/", "/portal/p/parking", "/portal/p/none"):
        assert browser.get(address).status_code == 404
    with site.work() as work:
        assert settings.get(work, "portal.pages")[0] == {"id": "home", "label": "", "hidden": False}
