"""The page with tokens of the API."""

from __future__ import annotations

import re

from crmhost.api import users
from crmhost.testing import Host

from .conftest import PREFIX, Client

PAGE = "/api-tokens/"


def csrf(page: str) -> str:
    """The token that forms of a page carry."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_a_token_is_made_shown_once_used_and_revoked(site: Host) -> None:
    """The page shows a new token this once; it works until it is revoked there."""
    browser = site.client("Contacts manager")
    page = browser.get(PAGE)
    assert page.status_code == 200
    assert "No tokens yet" in page.text
    made = browser.post(PAGE, data={"csrf_token": csrf(page.text), "label": "Shop in Paris"})
    token = re.search(r"crm_[\w-]{40,}", made.text)
    assert token is not None
    headers = {"Authorization": f"Bearer {token[0]}"}
    assert site.client("").get(f"{PREFIX}/contacts", headers=headers).status_code == 200
    again = browser.get(PAGE).text
    assert token[0] not in again
    assert "Shop in Paris" in again
    assert "never used" in again
    site.settle()
    assert "last used" in browser.get(PAGE).text
    revoke = re.search(r'action="(/api-tokens/\d+/revoke)"', again)
    assert revoke is not None
    assert browser.post(revoke[1], data={"csrf_token": csrf(again)}).status_code == 303
    assert "Shop in Paris" not in browser.get(PAGE).text
    assert site.client("").get(f"{PREFIX}/contacts", headers=headers).status_code == 401


def test_a_token_needs_a_purpose_and_a_form_of_ours(site: Host) -> None:
    """Without a label nothing is made and the field says so; without the form's token nothing is done."""
    browser = site.client("Admin")
    page = browser.get(PAGE).text
    refused = browser.post(PAGE, data={"csrf_token": csrf(page), "label": " "})
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.text
    browser.forges = True  # type: ignore[attr-defined]
    assert browser.post(PAGE, data={"label": "Sneaked in"}).status_code == 400
    assert site.client("").get(PAGE).status_code == 302
    with site.work("Admin") as work:
        assert users.tokens(work) == []


def test_tokens_of_others_are_seen_and_revoked_by_who_manages_users_alone(site: Host) -> None:
    """An admin sees every token with its user; others only their own, and can't revoke what they do not see."""
    Client(site, "Admin")
    other = Client(site, "Contacts manager")
    admin, browser = site.client("Admin"), site.client("CRM manager")
    page = admin.get(PAGE).text
    assert page.count("/revoke") == 2
    assert "contacts.manager@example.com" in page
    mine = browser.get(PAGE).text
    assert "/revoke" not in mine
    with site.work("Admin") as work:
        number = next(token.id for token, user in users.tokens(work) if user.id == other.user_id)
    assert browser.post(f"{PAGE}{number}/revoke", data={"csrf_token": csrf(mine)}).status_code == 404
    assert other("GET", "/contacts").status_code == 200
    assert admin.post(f"{PAGE}{number}/revoke", data={"csrf_token": csrf(page)}).status_code == 303
    assert other("GET", "/contacts").status_code == 401


def test_the_page_stands_under_settings(site: Host) -> None:
    """The menu leads to it, under Settings."""
    page = site.client("Read only").get(PAGE).text
    menu = page.split("</nav>")[0]
    assert re.search(r'<a href="/api-tokens/"[^>]*aria-current="page"[^>]*>API tokens', menu)
