"""Notifications: who is told what, what each reads, what is forgotten."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from crmhost.api import notifications, users
from crmhost.core.notifications.models import Notification
from crmhost.errors import Forbidden, Invalid, NotFound
from crmhost.host import lifecycle
from crmhost.testing import Host


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    return host()


def tell(site: Host, user: int, text: str = "Look", **named: object) -> None:
    """Tells one user something."""
    with site.work() as work, work.begin():
        notifications.tell(work, [user], text, **named)  # type: ignore[arg-type]


def texts(site: Host, role: str, **named: bool) -> list[str]:
    """What a user is shown, newest first."""
    with site.work(role) as work:
        return [notifications.said(row, str) for row in notifications.page(work, **named).rows]


def test_each_is_told_reads_and_forgets_their_own(site: Host) -> None:
    """Only those named are told, once each; what one reads stays new for others; nobody reaches another's."""
    admin, reader = site.actor("Admin").user_id, site.actor("Read only").user_id
    gone = site.make.user("Read only", "gone@example.com")
    assert admin
    assert reader
    with site.work("Admin") as work, work.begin():
        users.disable(work, gone)
        told = notifications.tell(work, [admin, reader, admin, gone, 0, 2_000_000_000], "Both", url="/contacts/?q=a")
    assert told == 2
    tell(site, admin, "“%(name)s” is %(share)s %% done, %(gone)s", data={"name": "100% %(x)s\n<b>", "share": 5})
    assert texts(site, "Admin") == ["“100% %(x)s <b>” is 5 %% done, ", "Both"]
    assert texts(site, "Read only") == ["Both"]
    with site.work("Admin") as work:
        assert notifications.unread(work) == 2
        newest, older = [row.id for row in notifications.page(work).rows]
        with work.begin():
            assert notifications.read(work, older).url == "/contacts/?q=a"
        assert notifications.unread(work) == 1
    with site.work("Read only") as work:
        assert notifications.unread(work) == 1
        for number in (newest, 2_000_000_000, 0, -1, 10**12):
            with work.begin(), pytest.raises(NotFound):
                notifications.read(work, number)
    with site.work() as work:
        assert notifications.unread(work) == 0
        with pytest.raises(Forbidden):
            notifications.page(work)


def test_all_are_read_up_to_the_newest_that_was_seen(site: Host) -> None:
    """What came after the page was made stays new; without a newest, all are read."""
    me = site.actor("Admin").user_id
    assert me
    for number in range(4):
        tell(site, me, f"Number {number}")
    with site.work("Admin") as work:
        seen = notifications.page(work).rows[1].id
        with work.begin():
            assert notifications.read_all(work, seen) == 3
        assert texts(site, "Admin", only_unread=True) == ["Number 3"]
        with work.begin():
            assert notifications.read_all(work) == 1
            assert notifications.read_all(work) == 0


def test_pages_follow_their_cursor(site: Host) -> None:
    """Pages lead to the end without repeats, while new ones come; a cursor of another list is refused."""
    me = site.actor("Admin").user_id
    assert me
    for number in range(7):
        tell(site, me, f"Number {number}")
    seen: list[str] = []
    after: str | None = None
    with site.work("Admin") as work:
        while True:
            page = notifications.page(work, after, limit=3)
            seen += [row.text for row in page.rows]
            tell(site, me, "Meanwhile")
            if page.next is None:
                break
            after = page.next
        assert seen == [f"Number {number}" for number in range(6, -1, -1)]
        with pytest.raises(Invalid):
            notifications.page(work, "nonsense")


@pytest.mark.database("sqlite")
def test_a_notification_leads_nowhere_else(site: Host) -> None:
    """An address of another site, a script or a control character is a mistake of the code that tells."""
    me = site.actor("Admin").user_id
    assert me
    for url in (
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "contacts",
        "/a\nb",
        "/" + "x" * 600,
    ):
        with pytest.raises(ValueError, match="path"):
            tell(site, me, url=url)
    tell(site, me, "x" * 900, kind="k" * 200)
    assert len(texts(site, "Admin")[0]) == 500


def test_old_ones_are_forgotten_and_go_with_their_user(site: Host) -> None:
    """The schedule deletes what was read a month ago and all that is half a year old, and leaves the rest."""
    site.clock.freeze()
    me = site.actor("Admin").user_id
    assert me
    tell(site, me, "Read")
    tell(site, me, "Unread")
    with site.work("Admin") as work, work.begin():
        notifications.read(work, notifications.page(work).rows[1].id)
    site.clock.move(days=29)
    site.run_jobs()
    assert texts(site, "Admin") == ["Unread", "Read"]
    site.clock.move(days=2)
    site.run_jobs()
    assert texts(site, "Admin") == ["Unread"]
    site.clock.move(days=155)
    site.run_jobs()
    with site.site.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Notification)) == 0


def test_admins_hear_of_a_plugin_that_was_switched_off_for_safety(host: Callable[..., Host]) -> None:
    """Whoever manages extensions finds its name and the way to it at the bell; nobody else is told."""
    site = host("funnel")
    site.actor("Admin")
    site.actor("Read only")
    lifecycle.suspend(site.site, "funnel", "five errors in ten minutes", "Traceback …")
    (said,) = texts(site, "Admin")
    assert "Sales funnel" in said
    assert texts(site, "Read only") == []
    with site.work("Admin") as work:
        (told,) = notifications.page(work).rows
    assert site.client().get(told.url).status_code == 200
    lifecycle.disable(site.site, ["funnel"])
    assert len(texts(site, "Admin")) == 1
