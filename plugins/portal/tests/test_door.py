"""The door of the portal: who gets in, and what nobody learns there."""

from __future__ import annotations

from crmhost.testing import PASSWORD, Host
from plugins.portal import frame
from tests.clients import account, sign_in


def test_a_client_signs_in(site: Host) -> None:
    """A client comes in with e-mail and password, sees their home page and signs out."""
    number = site.make.contact(first_name="Ada", last_name="Park", email="Ada@example.com")
    account(site, number)
    browser = site.client("")
    assert browser.get("/portal/").headers["Location"] == "/portal/sign-in"
    answer = browser.post("/portal/sign-in", data={"email": "ADA@example.com", "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/portal/")
    assert "Path=/portal" in answer.headers["Set-Cookie"]
    home = browser.get("/portal/")
    assert "Welcome, Ada Park" in home.text
    assert browser.get("/contacts/").status_code == 302
    browser.post("/portal/sign-out")
    assert browser.get("/portal/").status_code == 303


def test_staff_is_nobody_here(site: Host) -> None:
    """A session of staff opens no page of the portal, and that of a client no page of staff."""
    assert site.client("Admin").get("/portal/").status_code == 303
    browser = sign_in(site, site.make.contact())
    assert browser.get("/portal/").status_code == 200
    token = browser.get_cookie(frame.COOKIE, path=frame.PATH)
    assert token is not None
    other = site.client("")
    other.set_cookie("crmhost_session", token.value)
    assert other.get("/").status_code == 302
    assert browser.get("/portal/nothing/here").status_code == 404
