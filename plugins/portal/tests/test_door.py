"""The door of the portal: who gets in, and what nobody learns there."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from crmhost.api import settings
from crmhost.testing import PASSWORD, Clock, Host
from crmhost.work.tables import AuditEntry
from plugins.portal import accounts, entering, frame
from plugins.portal.models import Account, PortalSession, Token
from tests.clients import account, sign_in
from tests.peers import smtp

from .conftest import mailed, path_in

NEW = "seven quiet herons"


def test_a_client_signs_in(site: Host) -> None:
    """A client comes in with e-mail and password, sees their home page and signs out; each session has a token of its own."""
    number = site.make.contact(first_name="Ada", last_name="Park", email="Ada@example.com")
    account(site, number)
    browser = site.client("")
    assert browser.get("/portal/").headers["Location"] == "/portal/sign-in"
    assert browser.get("/portal/details/").headers["Location"] == "/portal/sign-in?next=%2Fportal%2Fdetails%2F"
    browser.set_cookie(frame.COOKIE, "chosen-by-somebody-else", path=frame.PATH)
    form = {"email": "ADA@example.com", "password": PASSWORD, "next": "/portal/details/"}
    answer = browser.post("/portal/sign-in", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/portal/details/")
    cookie = answer.headers["Set-Cookie"]
    assert all(part in cookie for part in ("Path=/portal", "HttpOnly", "SameSite=Lax"))
    assert "chosen-by-somebody-else" not in cookie
    assert browser.post("/portal/sign-in", data=form | {"next": "/contacts/"}).headers["Location"] == "/portal/"
    home = browser.get("/portal/")
    assert "Welcome, Ada Park" in home.text
    assert "no-store" in home.headers["Cache-Control"]
    assert browser.get("/contacts/").status_code == 302
    browser.post("/portal/sign-out")
    assert browser.get("/portal/").status_code == 303
    browser.forges = True  # type: ignore[attr-defined]
    assert browser.post("/portal/sign-in", data=form).status_code == 400


def test_staff_is_nobody_here(site: Host) -> None:
    """A session of staff opens no page of the portal, and that of a client no page of staff."""
    staff = site.client("Admin")
    assert staff.get("/portal/").status_code == 303
    browser = sign_in(site, site.make.contact())
    token = browser.get_cookie(frame.COOKIE, path=frame.PATH)
    assert token is not None
    other = site.client("")
    other.set_cookie("crmhost_session", token.value)
    assert other.get("/").status_code == 302
    staff.set_cookie(frame.COOKIE, token.value, path=frame.PATH)
    page = staff.get("/portal/").text
    assert "signed-in" not in page
    assert "admin@example.com" not in page
    assert "There is no such page" in browser.get("/portal/nothing/here").text
    for address in ("/portal/staff/changes", "/portal/staff/pages", "/portal/staff/fields"):
        assert browser.get(address).status_code == 302


def test_who_opens_what(site: Host) -> None:
    """Signed out, disabled or for staff, no page of the portal opens; each client sees their own."""
    ada, bob = (site.make.contact(first_name=name, email=f"{name}@example.com") for name in ("Ada", "Bob"))
    off = sign_in(site, site.make.contact(email="off@example.com"), enabled=False)
    browsers = {"Ada": sign_in(site, ada), "Bob": sign_in(site, bob)}
    pages = ("/portal/", "/portal/details/", "/portal/account")
    posts = ("account/password", "account/language", "account/sessions", "details/")
    for nobody in (site.client(""), site.client("Admin"), off):
        assert [nobody.get(page).status_code for page in pages] == [303] * 3
        assert [nobody.post(f"/portal/{path}").status_code for path in posts] == [303] * 4
    for name, browser in browsers.items():
        for page in pages:
            text = browser.get(page).text
            assert name in text
            assert next(other for other in browsers if other != name) not in text


def test_nothing_is_told(site: Host, peer: smtp.Peer) -> None:
    """Whether an address is known shows neither at the sign-in nor where a link is asked for, by words or by what is done."""
    account(site, site.make.contact(email="ada@example.com"))
    account(site, site.make.contact(email="off@example.com"), enabled=False)
    answers = set()
    for email in ("ada@example.com", "off@example.com", "nobody@example.com"):
        browser = site.client("")
        answer = browser.post("/portal/sign-in", data={"email": email, "password": "wrong words here"})
        answers.add(("password", answer.status_code, seen(answer.text, email)))
        for kind in ("sign_in", "password"):
            answer = browser.post("/portal/link", data={"email": email, "kind": kind})
            answers.add((kind, answer.status_code, seen(answer.text, email)))
        assert browser.post("/portal/link", data={"email": email, "kind": "welcome"}).status_code == 404
    assert len(answers) == 3
    assert len(site.jobs("portal.mail")) == 6
    site.run_jobs()
    assert [to for to, _, _ in mailed(peer)] == ["ada@example.com", "ada@example.com"]


def seen(page: str, email: str) -> str:
    """What a page shows, without what stands for this request alone."""
    return re.sub(r'(csrf[-_]token" (?:content|value)=")[^"]*', r"\1", page).replace(email, "")


def test_guessing_is_slowed(site: Host, clock: Clock) -> None:
    """Five wrong passwords shut an account to this address, for the right one too; mails are few, and so are guesses of links."""
    account(site, site.make.contact(email="ada@example.com"))
    browser = site.client("")
    wrong = {"email": "ada@example.com", "password": "wrong words here"}
    assert [browser.post("/portal/sign-in", data=wrong).status_code for _ in range(6)] == [422] * 5 + [429]
    right = wrong | {"password": PASSWORD}
    assert browser.post("/portal/sign-in", data=right).status_code == 429
    other = site.client("")
    other.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    assert other.post("/portal/sign-in", data=right).status_code == 303
    clock.move(minutes=16)
    assert browser.post("/portal/sign-in", data=right).status_code == 303
    for _ in range(5):
        assert browser.post("/portal/link", data={"email": "ada@example.com"}).status_code == 200
    assert len(site.jobs("portal.mail")) == entering.LINKS_TO
    with site.work() as work:
        assert work.session.query(AuditEntry).filter_by(action="portal.locked_out").count() == 1
    guesses = [f"/portal/{kind}/{number}" for number in range(11) for kind in ("link", "new-password")]
    assert [browser.get(path).status_code for path in guesses] == [404] * 20 + [429] * 2
    assert other.get("/portal/link/guessed").status_code == 404


def test_links(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """A link signs in once within ten minutes, the newest alone; one for a password ends all sessions; only hashes are kept."""
    ada = site.make.contact(email="ada@example.com")
    signed_in = sign_in(site, ada)
    browser = site.client("")
    paths = []
    for kind in ("sign_in", "sign_in", "password"):
        browser.post("/portal/link", data={"email": "ada@example.com", "kind": kind})
        site.run_jobs()
        paths.append(path_in(mailed(peer)[0][2]))
    old, new, password = paths
    with site.work() as work:
        assert all(row.token_hash not in "".join(paths) for row in work.session.query(Token))
    assert browser.get(old).status_code == 404
    assert browser.post(password.replace("new-password", "link")).status_code == 404
    assert browser.post(new.replace("link", "new-password"), data={"password": NEW, "again": NEW}).status_code == 404
    assert browser.post(password, data={"password": "short", "again": "short"}).status_code == 422
    assert browser.post(password, data={"password": NEW, "again": "other"}).status_code == 422
    assert browser.post(password, data={"password": NEW, "again": NEW}).status_code == 303
    assert browser.post(password, data={"password": NEW, "again": NEW}).status_code == 404
    assert signed_in.get("/portal/").status_code == 303
    assert browser.post(new).status_code == 404
    assert browser.post("/portal/sign-in", data={"email": "ada@example.com", "password": NEW}).status_code == 303
    clock.move(minutes=61)
    browser.post("/portal/link", data={"email": "ada@example.com"})
    site.run_jobs()
    late = path_in(mailed(peer)[0][2])
    clock.move(minutes=10, seconds=1)
    assert browser.post(late).status_code == 404


def test_two_tabs_at_once(site: Host) -> None:
    """A link that two tabs send at the same moment lets one of them in."""
    ada = site.make.contact(email="ada@example.com")
    account(site, ada)
    for _ in range(3):
        with site.work("Admin") as work, work.begin():
            path = f"/portal/link/{accounts.link(work, ada)}"
        barrier = threading.Barrier(2)
        browsers = [site.client(""), site.client("")]

        def press(browser: Any, path: str = path, barrier: threading.Barrier = barrier) -> int:
            barrier.wait()
            return int(browser.post(path).status_code)

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(press, browsers)) == [303, 404]


def test_access_is_asked_for(site: Host, peer: smtp.Peer) -> None:
    """Where the site allows it, a contact asks for access themselves; one whose access was taken gets none."""
    site.make.contact(email="ada@example.com")
    account(site, site.make.contact(email="off@example.com"), enabled=False)
    with site.work() as work, work.begin():
        settings.set_many(work, {"portal.ask_access": True})
    browser = site.client("")
    assert "Ask for access" in browser.get("/portal/sign-in").text
    for name in ("ada", "off", "nobody"):
        browser.post("/portal/link", data={"email": f"{name}@example.com", "kind": "welcome"})
    site.run_jobs()
    [(to, subject, text)] = mailed(peer)
    assert (to, subject) == ("ada@example.com", "Your access to crmhost")
    assert browser.post(path_in(text)).status_code == 303


def test_own_account(site: Host, clock: Clock) -> None:
    """A client changes the password with the old one, which signs other browsers out, and reads the portal in French."""
    ada = site.make.contact(first_name="Ada", email="ada@example.com")
    here, there = sign_in(site, ada), sign_in(site, ada)
    form = {"current": "not this one", "password": NEW, "again": NEW}
    assert here.post("/portal/account/password", data=form).status_code == 422
    assert here.post("/portal/account/password", data=form | {"current": PASSWORD}).status_code == 303
    assert (here.get("/portal/").status_code, there.get("/portal/").status_code) == (200, 303)
    here.post("/portal/account/language", data={"language": "fr"})
    assert "Bienvenue, Ada" in here.get("/portal/").text
    there.post("/portal/sign-in", data={"email": "ada@example.com", "password": NEW})
    here.post("/portal/account/sessions")
    assert there.get("/portal/").status_code == 303
    clock.move(minutes=5)
    assert here.post("/portal/seen").status_code == 204
    with site.work() as work:
        assert work.session.query(Account).one().last_at == clock()
    clock.move(hours=12, seconds=1)
    assert here.get("/portal/").status_code == 303
    clock.move(days=400)
    with site.work() as work, work.begin():
        work.enqueue("portal.forget")
    site.run_jobs()
    with site.work() as work:
        assert work.session.query(PortalSession).count() == 0


def test_company_records(site: Host) -> None:
    """Who sees the records of a company is set: nobody, chosen clients, or all who belong to it."""
    from plugins.portal.clients import visit

    ada = site.make.contact(email="ada@example.com")
    with site.work() as work, work.begin():
        company = work.service("companies").create({"name": "Acme"}, source="test").id
        work.service("companies").join_many([(ada, "Acme")])
    browser = sign_in(site, ada)
    cookie = browser.get_cookie(frame.COOKIE, path=frame.PATH)
    assert cookie is not None
    cases = (("nobody", True, False), ("chosen", False, False), ("chosen", True, True), ("everybody", False, True))
    for who, chosen, sees in cases:
        with site.work() as work, work.begin():
            settings.set_many(work, {"portal.company_records": who})
            accounts.let_see_company(work, ada, sees=chosen)
        with site.work() as work:
            found = visit(work, cookie.value)
            assert found is not None
            assert found.client.company_ids == ({company} if sees else set())
            assert found.client.owns(None, company) is sees
            assert not found.client.owns(None, None)
