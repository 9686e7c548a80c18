"""Access of contacts: given, mailed, taken, seen on their page and in their list."""

from __future__ import annotations

import re

import pytest

from crmhost.api import Forbidden, Invalid, NotFound, contacts, settings
from crmhost.testing import PASSWORD, Clock, Host
from crmhost.work.tables import AuditEntry
from plugins.portal import accounts, frame, sessions
from plugins.portal.models import Account, PortalSession
from tests.clients import account, sign_in
from tests.peers import smtp

from .conftest import mailed, path_in

NEW = "seven quiet herons"


def test_access_by_link(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """Access is mailed as a link, which a look doesn't use up, and which signs in once, within a week."""
    ada = site.make.contact(first_name="Ada", email="ada@example.com")
    staff = site.client("Contacts manager")
    assert "Give access" in staff.get(f"/contacts/{ada}").text
    staff.post(f"/portal/staff/{ada}/give")
    site.run_jobs()
    [(to, subject, text)] = mailed(peer)
    assert (to, subject) == ("ada@example.com", "Your access to crmhost")
    path, browser = path_in(text), site.client("")
    for _ in range(3):
        assert browser.get(path).status_code == 200
    assert browser.post(path).headers["Location"] == "/portal/"
    assert "Welcome, Ada" in browser.get("/portal/").text
    assert (browser.get(path).status_code, browser.post(path).status_code) == (404, 404)
    page = staff.get(f"/contacts/{ada}").text
    assert "Has access" in page
    assert "Last visits" in page
    bob = site.make.contact(email="bob@example.com")
    staff.post(f"/portal/staff/{bob}/give")
    site.run_jobs()
    late = path_in(mailed(peer)[0][2])
    clock.move(days=7, seconds=1)
    assert browser.get(late).status_code == 404


def test_access_by_password(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """A one-time password lets in to the page where it is changed, and nowhere else; it is over after a week."""
    ada = site.make.contact(first_name="Ada", email="ada@example.com")
    with site.work("Admin") as work, work.begin():
        settings.set_many(work, {"portal.welcome": "password"})
        accounts.give(work, ada)
    site.run_jobs()
    password = _password(mailed(peer)[0][2])
    browser = site.client("")
    answer = browser.post("/portal/sign-in", data={"email": "ada@example.com", "password": password})
    assert answer.status_code == 303
    assert browser.get("/portal/").headers["Location"] == "/portal/account"
    for wrong in (password, "short", "ada@example.com"):
        assert browser.post("/portal/account/password", data={"password": wrong, "again": wrong}).status_code == 422
    assert browser.post("/portal/account/password", data={"password": NEW, "again": NEW}).status_code == 303
    assert browser.get("/portal/").status_code == 200
    other = site.client("")
    form = {"email": "ada@example.com", "password": password}
    assert other.post("/portal/sign-in", data=form).status_code == 422
    with site.work("Admin") as work, work.begin():
        accounts.reset(work, ada)
    assert browser.get("/portal/").status_code == 303
    site.run_jobs()
    form["password"] = _password(mailed(peer)[0][2])
    clock.move(days=7, seconds=1)
    assert other.post("/portal/sign-in", data=form).status_code == 422


def _password(text: str) -> str:
    found = re.search(r"One-time password: (\S+)", text)
    assert found, text
    return found[1]


def test_taken_at_once(site: Host, clock: Clock) -> None:
    """Who loses access, is deleted or goes by another e-mail is out at once; given back, the old password holds."""
    ada = site.make.contact(first_name="Ada", email="ada@example.com")
    browser = sign_in(site, ada)
    staff = site.client("Contacts manager")
    staff.post(f"/portal/staff/{ada}/switch", data={})
    assert browser.get("/portal/").status_code == 303
    assert browser.post("/portal/sign-in", data={"email": "ada@example.com", "password": PASSWORD}).status_code == 422
    staff.post(f"/portal/staff/{ada}/switch", data={"on": "1"})
    clock.move(minutes=20)
    assert browser.post("/portal/sign-in", data={"email": "ada@example.com", "password": PASSWORD}).status_code == 303
    with site.work() as work, work.begin():
        contacts.update(work, ada, {"email": "park@example.com"})
    assert browser.get("/portal/").status_code == 303
    assert browser.post("/portal/sign-in", data={"email": "ada@example.com", "password": PASSWORD}).status_code == 422
    assert browser.post("/portal/sign-in", data={"email": "park@example.com", "password": PASSWORD}).status_code == 303
    with site.work() as work, work.begin():
        contacts.to_bin(work, [ada])
    assert browser.get("/portal/").status_code == 303
    with site.work() as work, work.begin():
        contacts.restore(work, [ada])
    assert browser.get("/portal/").status_code == 200


def test_who_manages(site: Host) -> None:
    """Giving access takes its permission and a contact that one sees; without an e-mail there is no user name."""
    ada = site.make.contact(email="ada@example.com")
    nameless = site.make.contact(first_name="Nemo")
    with site.work("Read only") as work, pytest.raises(Forbidden), work.begin():
        accounts.give(work, ada)
    with site.work("Contacts manager", only_assigned=True) as work, pytest.raises(NotFound), work.begin():
        accounts.give(work, ada)
    with site.work("Contacts manager") as work, pytest.raises(Invalid, match="e-mail"), work.begin():
        accounts.give(work, nameless)
    for path in ("give", "switch", "reset", "link", "company", "preview"):
        assert site.client("Read only").post(f"/portal/staff/{ada}/{path}").status_code == 403
        assert site.client("").post(f"/portal/staff/{ada}/{path}").status_code == 401
        assert sign_in(site, nameless).post(f"/portal/staff/{ada}/{path}").status_code == 401


def test_many(site: Host) -> None:
    """Access is given to many from the list, which shows and finds who has it; those without an address are passed over."""
    ids = [site.make.contact(first_name=f"N{n}", email=f"n{n}@example.com" if n else "") for n in range(4)]
    with site.work("Contacts manager") as work, work.begin():
        assert accounts.give_many(work, ids) == (3, 1)
    with site.work("Contacts manager") as work, work.begin():
        assert accounts.give_many(work, ids) == (0, 4)
        assert accounts.take_many(work, ids[:2]) == 1
    staff = site.client("Contacts manager")
    found = {
        key: len(set(re.findall(r">(N\d)<", staff.get(f"/contacts/?portal={key}").text)))
        for key in ("on", "never", "off", "none")
    }
    assert found == {"on": 2, "never": 2, "off": 1, "none": 1}
    assert len([job for job in site.jobs("portal.mail") if job.kind == "portal.mail"]) == 3


def test_preview_writes_nothing(site: Host, clock: Clock) -> None:
    """A preview shows the client's portal, marked, for a quarter of an hour; it takes no form and is no visit."""
    ada = site.make.contact(first_name="Ada", email="ada@example.com")
    account(site, ada)
    staff = site.client("Contacts manager")
    assert staff.post(f"/portal/staff/{ada}/preview").headers["Location"] == "/portal/"
    page = staff.get("/portal/").text
    assert "You see the portal as Ada does" in page
    assert "data-beacon" not in page
    for path in ("account/password", "account/language", "account/sessions"):
        assert staff.post(f"/portal/{path}", data={"language": "fr"}).status_code == 403
    assert staff.post("/portal/seen").status_code == 204
    with site.work() as work:
        assert work.session.query(Account).one().last_at is None
        assert work.session.query(AuditEntry).filter_by(action="portal.previewed").one().object_id == str(ada)
    assert staff.get(f"/contacts/{ada}").status_code == 200
    clock.move(minutes=15, seconds=1)
    assert staff.get("/portal/").status_code == 303
    staff.post(f"/portal/staff/{ada}/preview")
    assert staff.post("/portal/preview/end").headers["Location"] == f"/contacts/{ada}"
    assert staff.get("/portal/").status_code == 303
    staff.post(f"/portal/staff/{ada}/preview")
    with site.work() as work, work.begin():
        work.session.query(PortalSession).one().expires_at = clock.move(hours=1)
        assert sessions.visits(work, 1) == []


def test_merged_and_erased(site: Host) -> None:
    """The one that stays of two contacts keeps its access, and undoing gives both back; erasing a person leaves nothing."""
    from crmhost.api import merging, privacy

    ada, twin = (site.make.contact(email=f"{name}@example.com") for name in ("ada", "twin"))
    for number in (ada, twin):
        sign_in(site, number)
    with site.work() as work, work.begin():
        merge = merging.merge(work, ada, [twin])
    with site.work() as work:
        assert [row.contact_id for row in work.session.query(Account)] == [ada]
    with site.work() as work, work.begin():
        merging.undo(work, merge.id)
    with site.work() as work:
        assert sorted(row.contact_id for row in work.session.query(Account)) == [ada, twin]
        told = privacy.document(work, ada)
        assert "portal" in str(told)
        assert "argon2" not in str(told)
    with site.work() as work, work.begin():
        contacts.erase(work, ada)
    with site.work() as work:
        assert [row.contact_id for row in work.session.query(Account)] == [twin]


def test_switched_off_and_on(site: Host) -> None:
    """While the portal is off there is no such page; on again everybody has the access that they had."""
    browser = sign_in(site, site.make.contact(email="ada@example.com"))
    site.disable("portal")
    for path in ("/portal/", "/portal/sign-in", "/portal/account"):
        assert browser.get(path).status_code in (302, 404)
    assert site.client().get("/portal/").status_code == 404
    site.enable("portal")
    assert browser.get("/portal/").status_code == 200
    assert browser.get_cookie(frame.COOKIE, path=frame.PATH) is not None


def test_by_api(site: Host) -> None:
    """Programs list who has access, give and take it, within what their user may."""
    ids = [site.make.contact(email=f"n{number}@example.com") for number in range(3)]
    api = site.api("Contacts manager")
    for contact_id in ids:
        assert api.post("/api/v1/portal-accounts", json={"contact_id": contact_id}).status_code == 201
    first = api.get("/api/v1/portal-accounts?limit=2").get_json()
    assert [row["contact_id"] for row in first["data"]] == ids[:2]
    rest = api.get(f"/api/v1/portal-accounts?limit=2&after={first['next']}").get_json()
    assert ([row["contact_id"] for row in rest["data"]], rest["next"]) == (ids[2:], None)
    taken = api.patch(f"/api/v1/portal-accounts/{ids[0]}", json={"enabled": False, "sees_company": True}).get_json()
    assert (taken["data"]["enabled"], taken["data"]["sees_company"]) == (False, True)
    assert api.post("/api/v1/portal-accounts", json={"contact_id": 999}).status_code == 404
    reader = site.api("Read only")
    assert reader.get(f"/api/v1/portal-accounts/{ids[0]}").status_code == 200
    assert reader.patch(f"/api/v1/portal-accounts/{ids[0]}", json={"enabled": True}).status_code == 403
    limited = site.api("Contacts manager", only_assigned=True)
    assert limited.get("/api/v1/portal-accounts").get_json()["data"] == []
    assert limited.get(f"/api/v1/portal-accounts/{ids[0]}").status_code == 404
