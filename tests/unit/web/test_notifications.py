"""The bell, its menu and the page with all notifications."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from crmhost.api import notifications
from crmhost.testing import Host

HOSTILE = "<img src=x onerror=alert(1)> %(name)s"


@pytest.mark.database("sqlite")
def test_the_bell_counts_what_is_new_and_leads_to_it(host: Callable[..., Host]) -> None:
    """Each page says how many are new; the menu shows the newest; opening one reads it and leads to what it is about."""
    site = host()
    browser, other = site.client(), site.client("Read only")
    assert 'aria-label="Notifications"' in browser.get("/contacts/").text
    assert "Nothing yet" in browser.get("/notifications/menu").text
    assert "No notifications yet" in browser.get("/notifications/").text
    me = site.actor("Admin").user_id
    assert me
    with site.work() as work, work.begin():
        notifications.tell(work, [me], HOSTILE, url="/contacts/", data={"name": "<b>Ada</b>"})
        for number in range(40):
            notifications.tell(work, [me], f"Number {number}")
    page = browser.get("/").text
    assert 'aria-label="Notifications, 41 new"' in page
    assert "crm-bell" in page
    assert 'aria-label="Notifications"' in other.get("/").text
    menu = browser.get("/notifications/menu").text
    assert menu.count("/open") == 7
    assert "Number 39" in menu

    first = browser.get("/notifications/").text
    following = re.search(r'href="(/notifications/\?after=[^"]+)"', first)
    assert following is not None
    last = browser.get(following[1]).text
    assert "&lt;img src=x" in last
    assert "&lt;b&gt;Ada&lt;/b&gt;" in last
    assert "<img src=x" not in last
    place = re.findall(r'action="(/notifications/\d+/open)"', last)[-1]
    assert other.post(place).status_code == 404
    assert browser.post(place).headers["Location"] == "/contacts/"
    assert "Notifications, 40 new" in browser.get("/").text

    newest = re.search(r'name="newest" value="(\d+)"', browser.get("/notifications/").text)
    assert newest is not None
    with site.work() as work, work.begin():
        notifications.tell(work, [me], "Came meanwhile")
    assert (
        browser.post("/notifications/read", data={"newest": newest[1], "back": "//evil.example/"}).headers["Location"]
        == "/notifications/"
    )
    unread = browser.get("/notifications/?show=unread").text
    assert unread.count("/open") == 1
    assert "Came meanwhile" in unread
    browser.post("/notifications/read", data={"newest": "nonsense"})
    assert "Nothing new" in browser.get("/notifications/?show=unread").text


@pytest.mark.database("sqlite")
def test_notifications_are_for_who_is_signed_in(host: Callable[..., Host]) -> None:
    """Strangers are sent to the sign-in page; nothing is read by looking, or by a form of another site."""
    site = host()
    me = site.actor("Admin").user_id
    assert me
    with site.work() as work, work.begin():
        notifications.tell(work, [me], "Look")
    stranger, browser = site.client(""), site.client()
    for path in ("/notifications/", "/notifications/menu"):
        assert stranger.get(path).status_code == 302
        assert browser.get(path).status_code == 200
    assert browser.get("/notifications/?after=nonsense").status_code == 422
    assert browser.get("/notifications/1/open").status_code == 405
    browser.forges = True  # type: ignore[attr-defined]
    assert browser.post("/notifications/1/open").status_code == 400
    with site.work("Admin") as work:
        assert notifications.unread(work) == 1


@pytest.mark.database("sqlite")
def test_more_than_a_hundred_are_not_counted(host: Callable[..., Host]) -> None:
    """Counting stops at a hundred, so that a page costs the same however long somebody was away."""
    site = host()
    me = site.actor("Admin").user_id
    assert me
    with site.work() as work, work.begin():
        for number in range(120):
            notifications.tell(work, [me], f"Number {number}")
    assert "99+ new" in site.client().get("/").text
