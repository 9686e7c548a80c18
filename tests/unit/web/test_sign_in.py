"""The door: two steps, the password once more, links, the provider; and what strangers try at it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from crmhost.core.settings import services as settings
from crmhost.core.users import links, openid_protocol, second
from crmhost.core.users import services as users
from crmhost.core.users.models import UserSession
from crmhost.testing import PASSWORD, Clock, Host
from crmhost.work.tables import AuditEntry
from tests.peers import openid as peers
from tests.unit.web.conftest import Reader
from tests.unit.web.people import ONE

WHO = {"email": "ann@example.com", "password": PASSWORD}
NEW = "quite another password"


@pytest.fixture
def site(host: Callable[..., Host], clock: Clock) -> Host:
    clock.freeze()
    return host()


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, text
    return unescape(found[1])


def set_up(reader: Reader, clock: Clock) -> tuple[pyotp.TOTP, list[str]]:
    """Goes through the page as a person does; gives the app and the recovery codes."""
    assert "Set it up" in reader.get("/account/second-step").text
    reader.post("/account/second-step/begin")
    text = reader.get("/account/second-step").text
    found = re.search(r'id="secret">([^<]+)<', text)
    assert found
    assert "<svg" in text
    assert "style=" not in text
    app = pyotp.TOTP(found[1].replace(" ", ""))
    assert reader.post("/account/second-step/on", {"code": "12345"}).status_code == 422
    answer = reader.post("/account/second-step/on", {"code": app.at(clock())})
    assert answer.headers["Cache-Control"] == "no-store"
    clock.move(seconds=30)
    return app, re.findall(r"<li><code>([a-z0-9-]+)</code>", answer.text)


@ONE
def test_two_steps(site: Host, clock: Clock) -> None:
    """The code after the password, back to the page that was wanted; then off again, which asks for the password."""
    site.make.user("Read only", "ann@example.com")
    ann = Reader(site, "")
    ann.post("/login", WHO)
    app, codes = set_up(ann, clock)
    assert len(codes) == 10
    ann.post("/logout")
    step = ann.post("/login", {**WHO, "next": "/contacts/"})
    assert (step.status_code, "Set-Cookie" in step.headers and "crmhost_session" in str(step.headers)) == (200, False)
    assert ann.get("/contacts/").status_code == 302
    form = {"ticket": hidden(step.text, "ticket"), "next": hidden(step.text, "next")}
    wrong = ann.post("/login/code", {**form, "code": "000000", "trust": "1"})
    assert (wrong.status_code, "wrong" in wrong.text) == (422, True)
    assert 'value="1" checked' in wrong.text
    assert ann.post("/login/code", {**form, "code": app.at(clock())}).location == "/contacts/"
    assert ann.get("/contacts/").status_code == 200
    assert ann.post("/login/code", {**form, "code": app.at(clock())}).status_code == 422
    for bad in ("//evil.example", "https://evil.example"):
        other = Reader(site, "")
        ticket = hidden(other.post("/login", WHO).text, "ticket")
        code = codes.pop()
        answer = other.post("/login/code", {"ticket": ticket, "recovery": code, "next": bad})
        assert (answer.status_code, answer.location) == (303, "/")
    assert "8 codes are left" in ann.get("/account/second-step").text
    fresh = ann.post("/account/second-step/codes").text
    assert codes[0] not in fresh
    assert ann.post("/account/second-step/off", {"password": "wrong"}).status_code == 422
    assert ann.post("/account/second-step/off", {"password": PASSWORD}).status_code == 303
    assert Reader(site, "").post("/login", WHO).status_code == 303


@ONE
def test_roles_that_need_the_second_step_are_led_to_it(site: Host, clock: Clock) -> None:
    """No page, fragment or form before that, but for signing out; afterwards all."""
    site.make.user("Contacts manager", "ann@example.com")
    with site.work("Admin") as work, work.begin():
        settings.set_many(work, {second.ROLES: "Contacts manager"})
    ann = Reader(site, "")
    ann.post("/login", WHO)
    for answer in (ann.get("/contacts/"), ann.get("/"), ann.post("/contacts/new", {"first_name": "X"})):
        assert (answer.status_code, answer.location) == (303, "/account/second-step")
    assert ann.get("/contacts/", htmx=True).headers["HX-Redirect"] == "/account/second-step"
    assert "Your role needs a second step" in ann.get("/account/second-step").text
    set_up(ann, clock)
    assert ann.get("/contacts/").status_code == 200
    with site.work() as work:
        assert work.session.query(UserSession).count() >= 1


@ONE
def test_dangerous_things_ask_for_the_password_once_more(site: Host, clock: Clock) -> None:
    """Half an hour after signing in; what was typed is kept, guessing is limited, and ordinary pages do not ask."""
    boss = Reader(site)
    email = "admin@example.com"
    clock.move(minutes=31)
    assert boss.get("/settings/users/").status_code == 200
    answer = boss.get("/settings/users/new")
    assert answer.location == "/account/confirm?next=/settings/users/new"
    assert boss.post("/account/confirm", {"password": "wrong", "next": "/settings/users/new"}).status_code == 422
    assert boss.post("/account/confirm", {"password": PASSWORD, "next": "//evil.example"}).location == "/account"
    assert boss.get("/settings/users/new").status_code == 200
    clock.move(hours=3)
    answer = boss.post("/settings/users/new", {"email": "new@example.com", "role": "Read only", "password": NEW})
    assert answer.status_code == 403
    kept = hidden(answer.text, "kept_form")
    again = boss.post("/account/confirm", {"password": PASSWORD, "kept_form": kept})
    assert "new@example.com" in again.text
    assert NEW not in again.text
    with site.work() as work:
        assert users.find_by_email(work, "new@example.com") is None
        assert users.find_by_email(work, email) is not None
    codes = [boss.post("/account/confirm", {"password": "wrong"}).status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]
    assert boss.post("/account/password", {"current": "guess", "password": NEW, "again": NEW}).status_code == 429


@ONE
def test_the_sign_in_can_not_be_forged_or_fixed(site: Host) -> None:
    """No sign-in without the form's own token; a session that was there before gets another one; each step has its own."""
    site.make.user("Read only", "ann@example.com")
    for path, form in (
        ("/login", WHO),
        ("/login/code", {"ticket": "x"}),
        ("/login/openid", {}),
        ("/login/forgotten", WHO),
    ):
        stranger = Reader(site, "")
        stranger.client.forges = True  # type: ignore[attr-defined]
        assert stranger.post(path, form).status_code == 400
        assert stranger.client.get_cookie("crmhost_session") is None
    victim = Reader(site, "")
    victim.client.set_cookie("crmhost_session", "chosen by somebody else")
    assert victim.post("/login", WHO).status_code == 303
    cookie = victim.client.get_cookie("crmhost_session")
    assert cookie is not None
    assert cookie.value != "chosen by somebody else"
    browser = victim.client.get_cookie("crmhost_browser")
    assert browser is not None
    assert browser.http_only
    stranger = Reader(site, "")
    stranger.client.set_cookie("crmhost_session", browser.value)
    assert stranger.get("/contacts/").status_code == 302


@ONE
def test_a_forgotten_password(site: Host) -> None:
    """The same answer whoever asks; the link's page says what is wrong, and leads to the sign-in; TOTP is not passed by."""
    number = site.make.user("Read only", "ann@example.com")
    stranger = Reader(site, "")
    assert "Forgot it?" in stranger.get("/login").text
    pages = [
        stranger.post("/login/forgotten", {"email": email}).text.replace(email, "*")
        for email in ("ann@example.com", "nobody@example.com")
    ]
    masked = [re.sub(r'content="[^"]{40,}"', "", page) for page in pages]
    assert masked[0] == masked[1]
    assert "the admins were told" in pages[0]
    assert stranger.post("/login/forgotten", {"email": "ann"}).status_code == 422
    with site.work("Admin") as work, work.begin():
        token = links.reset_link(work, number)
    page = f"/reset/{token}"
    assert "ann@example.com" in stranger.get(page).text
    assert stranger.post(page, {"password": NEW, "again": "other"}).status_code == 422
    assert "guessed" in stranger.post(page, {"password": "password1234", "again": "password1234"}).text
    assert stranger.post(page, {"password": NEW, "again": NEW}).location == "/login"
    assert "Your password was stored" in stranger.get("/login").text
    assert stranger.get(page).status_code == 404
    assert stranger.post("/login", {**WHO, "password": NEW}).status_code == 303
    with site.work("Admin") as work, work.begin():
        users.get(work, number).totp_at = work.now
        token = users.invite(work, number)
    invited = Reader(site, "")
    answer = invited.post(f"/invitation/{token}", {"password": PASSWORD, "again": PASSWORD})
    assert answer.location == "/login"
    assert invited.get("/contacts/").status_code == 302


@ONE
def test_ones_own_sessions(site: Host) -> None:
    """Each with its browser and address; one is ended, or all others; nobody else's can be."""
    site.make.user("Read only", "ann@example.com")
    here, there, other = Reader(site, ""), Reader(site, ""), Reader(site)
    agent = {"User-Agent": "Mozilla/5.0 (iPhone) Safari/605"}
    here.post("/login", WHO)
    there.post("/login", WHO, headers=agent)
    text = here.get("/account").text
    assert "Safari on iPhone" in text
    number = hidden(text, "session")
    other.post("/account/sessions/end", {"session": number})
    assert there.get("/contacts/").status_code == 200
    here.post("/account/sessions/end", {"session": number})
    assert there.get("/contacts/").status_code == 302
    assert here.get("/contacts/").status_code == 200


@ONE
def test_what_an_admin_sees_and_does(site: Host, clock: Clock) -> None:
    """The page of a user tells how they sign in; sign out, take the second step away, revoke a link."""
    number = site.make.user("Read only", "ann@example.com")
    ann, boss = Reader(site, ""), Reader(site)
    ann.post("/login", WHO)
    set_up(ann, clock)
    page = f"/settings/users/{number}"
    assert "Signed in with 1 browser" in boss.get(page).text
    boss.post(f"{page}/sign-out")
    assert ann.get("/contacts/").status_code == 302
    assert boss.post(f"{page}/second-step").status_code == 303
    assert "Only the user can set it up" in boss.get(page).text
    link = re.search(r"/invitation/[\w-]+", boss.post(f"{page}/invite").text)
    assert link
    assert "open link" in boss.get(page).text
    boss.post(f"{page}/revoke")
    assert ann.get(link[0]).status_code == 404
    with site.work() as work:
        lines = {line.action for line in work.session.query(AuditEntry)}
    assert {"user.signed_out", "user.second_step_reset", "user.invited", "user.invitation_revoked"} <= lines


@pytest.fixture
def peer() -> Iterator[peers.Provider]:
    openid_protocol.forget()
    with peers.provider() as made:
        yield made


@ONE
def test_through_the_provider(host: Callable[..., Host], peer: peers.Provider) -> None:
    """Set up on the page, tried, used; the browser that left is the one that comes back; passwords can then be switched off."""
    site = host(allow_private_hosts=frozenset({peer.host}))
    boss = Reader(site)
    assert "OpenID provider" in boss.get("/settings/users/sign-in").text
    assert Reader(site, "CRM manager").get("/settings/users/sign-in").status_code == 403
    form = {**peer.settings(openid_label="Example ID"), "users.openid_role": "Read only", "users.password_sign_in": "y"}
    assert boss.post("/settings/users/sign-in", {**form, "users.openid_issuer": "ftp://x"}).status_code == 422
    assert boss.post("/settings/users/sign-in", form).status_code == 303
    assert f"{peer.issuer}/authorize" in boss.post("/settings/users/sign-in/try").text
    assert peers.SECRET not in boss.get("/settings/users/sign-in").text
    peer.person["email"] = "admin@example.com"
    stranger = Reader(site, "")
    assert "Sign in with Example ID" in stranger.get("/login?next=/contacts/").text
    leaving = stranger.post("/login/openid", {"next": "/contacts/"})
    url = unescape(re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', leaving.text)[1])  # type: ignore[index]
    asked = parse_qs(urlsplit(url).query)
    assert asked["redirect_uri"] == ["http://localhost/login/openid/back"]
    answer = peer.authorize(url)
    victim = Reader(site, "")
    assert victim.get("/login/openid/back", query_string=answer).status_code == 422
    assert victim.get("/login/openid/back").status_code == 422
    back = stranger.get("/login/openid/back", query_string=answer)
    assert (back.status_code, back.location) == (303, "/contacts/")
    assert stranger.get("/contacts/").status_code == 200
    assert stranger.get("/login/openid/back", query_string=answer).status_code == 422
    assert "through the provider" in stranger.get("/account").text
    elsewhere = Reader(site, "")
    url = unescape(re.search(r"0;url=([^\"]+)", elsewhere.post("/login/openid").text)[1])  # type: ignore[index]
    assert elsewhere.get("/login/openid/back", query_string=peer.authorize(url)).location == "/"
    stranger.post("/account/sessions")
    assert elsewhere.get("/contacts/").status_code == 302
    boss = Reader(site)
    assert boss.post("/settings/users/sign-in", {**form, "users.password_sign_in": ""}).status_code == 303
    other = Reader(site, "")
    assert 'type="password"' not in other.get("/login").text
    assert other.post("/login", {"email": "admin@example.com", "password": PASSWORD}).status_code == 422
