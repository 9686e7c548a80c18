"""Links with which a password is chosen: invitations, and resets that people ask for themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy

import pytest
from sqlalchemy import event

from crmhost.core.notifications.models import Notification
from crmhost.core.settings import services as settings
from crmhost.core.users import entering, links, tickets
from crmhost.core.users import services as users
from crmhost.core.users.models import Ticket, UserSession
from crmhost.errors import Conflict, Forbidden, Invalid, NotFound
from crmhost.testing import PASSWORD, Clock, Host
from crmhost.work.tables import AuditEntry, JobRow
from tests.peers import smtp

BASE = "https://crm.example.com"
NEW = "quite another password"


@pytest.fixture
def peer() -> Iterator[smtp.Peer]:
    with smtp.server() as made:
        yield made


def sending(site: Host, peer: smtp.Peer) -> Host:
    values = {"mail.transport": "smtp", "mail.from": "hello@example.com", "mail.smtp_host": "127.0.0.1"}
    with site.work() as work, work.begin():
        settings.set_many(work, {**values, "mail.smtp_port": str(peer.port), "mail.smtp_security": "none"})
    return site


def ask(site: Host, email: str, address: str = "192.0.2.1") -> None:
    with site.work() as work, work.begin():
        links.ask_reset(work, email, address)


def token_of(taken: smtp.Taken, path: str) -> str:
    text = message_from_bytes(taken.raw, policy=policy.default).get_content()
    found = re.search(rf"{BASE}/{path}/([\w-]+)", text)
    assert found, text
    return found[1]


def test_a_new_password_by_mail(host: Callable[..., Host], peer: smtp.Peer, clock: Clock) -> None:
    """The link works once, within an hour, and ends all sessions; the newest alone holds, and only its hash is stored."""
    clock.freeze()
    site = sending(host(base_url=BASE), peer)
    number = site.make.user("Read only", "ann@example.com")
    with site.work() as work:
        entering.sign_in(work, "ann@example.com", PASSWORD)
    ask(site, " ANN@example.com")
    site.run_jobs()
    ask(site, "ann@example.com")
    site.run_jobs()
    old, new = (token_of(taken, "reset") for taken in peer.taken)
    with site.work() as work:
        assert work.session.query(Ticket).one().token_hash == tickets.hashed(new)
        assert links.reset_user(work, old) is None
        for wrong in (old, "", "x" * 10_000, "\ud800", new.swapcase()):
            with pytest.raises(NotFound), work.begin():
                links.reset_password(work, wrong, NEW)
        with pytest.raises(Invalid, match="at least"), work.begin():
            links.reset_password(work, new, "short")
        with work.begin():
            links.reset_password(work, new, NEW)
        with pytest.raises(NotFound), work.begin():
            links.reset_password(work, new, NEW)
        assert work.session.query(UserSession).count() == 0
        assert entering.sign_in(work, "ann@example.com", NEW).user.id == number
        stored = [row.arguments for row in work.session.query(JobRow)] + [
            row.after for row in work.session.query(AuditEntry)
        ]
        assert new not in str(stored)
        assert old not in str(stored)
        clock.move(minutes=61)
    ask(site, "ann@example.com")
    site.run_jobs()
    late = token_of(peer.taken[-1], "reset")
    clock.move(minutes=61)
    with site.work() as work:
        assert links.reset_user(work, late) is None


def test_nobody_learns_who_has_an_account(host: Callable[..., Host], peer: smtp.Peer) -> None:
    """Asking does the very same for somebody, nobody and somebody who is disabled; only the mails differ, later."""
    site = sending(host(base_url=BASE), peer)
    site.make.user("Read only", "ann@example.com")
    gone = site.make.user("Read only", "gone@example.com")
    with site.work("Admin") as work, work.begin():
        users.disable(work, gone)
    done: list[str] = []
    event.listen(site.site.engine, "after_cursor_execute", lambda *args: done.append(args[2]))
    seen = []
    for email in ("ann@example.com", "nobody@example.com", "gone@example.com"):
        done.clear()
        ask(site, email)
        seen.append(list(done))
    assert seen[0] == seen[1] == seen[2]
    site.run_jobs()
    assert [taken.recipients for taken in peer.taken] == [["ann@example.com"]]


def test_links_are_not_asked_for_without_end(host: Callable[..., Host], peer: smtp.Peer, clock: Clock) -> None:
    """Three an hour for one address, silently; twenty an hour from one place."""
    clock.freeze()
    site = sending(host(base_url=BASE), peer)
    site.make.user("Read only", "ann@example.com")
    for n in range(8):
        ask(site, "ann@example.com", f"192.0.2.{n}")
        site.run_jobs()
    assert len(peer.taken) == links.PER_EMAIL
    for n in range(links.PER_ADDRESS):
        ask(site, f"somebody{n}@example.com", "192.0.2.99")
    with pytest.raises(entering.TooManyAttempts):
        ask(site, "ann@example.com", "192.0.2.99")
    clock.move(minutes=61)
    ask(site, "ann@example.com", "192.0.2.99")
    site.run_jobs()
    assert len(peer.taken) == links.PER_EMAIL + 1


@pytest.mark.parametrize("base", [BASE, ""])
def test_without_mail_the_admins_are_told(host: Callable[..., Host], peer: smtp.Peer, base: str) -> None:
    """Where mails stay, or nobody knows the site's address: the request's own word for it is not taken from strangers."""
    site = host(base_url=base)
    if not base:
        sending(site, peer)
    admin = site.make.user("Admin", "admin@example.com")
    ann = site.make.user("CRM manager", "ann@example.com")
    with site.work("Admin") as work, work.begin():
        users.save_role(work, None, "People", ["users.edit"])
    people = site.make.user("People", "people@example.com")
    ask(site, "ann@example.com")
    ask(site, "nobody@example.com")
    site.run_jobs()
    with site.work() as work:
        told = {row.user_id: row for row in work.session.query(Notification).filter_by(kind="users.reset")}
        assert admin in told
        assert not {ann, people} & set(told)
        assert told[admin].url == f"/settings/users/{ann}"
        assert ("CRMHOST_BASE_URL" in told[admin].text) == (not base)
        assert work.session.query(Ticket).count() == 0
    assert not peer.taken


def test_an_invitation_by_mail(host: Callable[..., Host], peer: smtp.Peer, clock: Clock) -> None:
    """In the words of the site's language, with the name of who invites; sent again it ends the first; revoked, none works."""
    clock.freeze()
    site = sending(host(base_url=BASE), peer)
    with site.work("Admin") as work:
        with work.begin():
            number = users.create(work, "new@example.com", "Read only").id
            links.mail_invitation(work, number)
        site.run_jobs()
        with work.begin():
            links.mail_invitation(work, number)
        site.run_jobs()
        first, second = (token_of(taken, "invitation") for taken in peer.taken)
        assert b"admin@example.com" in peer.taken[0].raw
        assert links.invited(work, first) is None
        assert links.invited(work, second) is not None
        with work.begin():
            links.mail_invitation(work, number)
            links.revoke_invitation(work, number)
        site.run_jobs()
        assert len(peer.taken) == 2
        assert links.invited(work, second) is None
        with pytest.raises(NotFound), work.begin():
            links.accept_invitation(work, second, NEW)
        with work.begin():
            users.save_role(work, None, "People", ["users.edit"])
            admin = users.create(work, "boss@example.com", "Admin").id
    with site.work("People") as work, pytest.raises(Forbidden), work.begin():
        links.mail_invitation(work, admin)


def test_word_of_a_new_browser_by_mail(host: Callable[..., Host], peer: smtp.Peer) -> None:
    """When mails go out: when it was, the browser, the address."""
    site = sending(host(base_url=BASE), peer)
    site.make.user("Read only", "ann@example.com")
    agent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
    for browser in ("the first browser of hers", "the second browser of hers"):
        with site.work() as work:
            entering.sign_in(work, "ann@example.com", PASSWORD, "192.0.2.7", agent, browser=browser)
    site.run_jobs()
    (taken,) = peer.taken
    text = message_from_bytes(taken.raw, policy=policy.default).get_content()
    assert "Firefox, Linux" in text
    assert "192.0.2.7" in text


def test_the_command_line_is_a_way_back_in(host: Callable[..., Host]) -> None:
    """A link to a new password, and an end of the second step, for whoever can reach the machine."""
    site = host(base_url=BASE)
    number = site.make.user("Admin", "ann@example.com")
    done = site.cli("user", "reset-link", "ann@example.com")
    assert done.exit_code == 0, done.output
    token = done.output.strip().removeprefix(f"{BASE}/reset/")
    with site.work() as work, work.begin():
        assert links.reset_password(work, token, NEW).id == number
    assert site.cli("user", "reset-link", "nobody@example.com").exit_code == 1
    failed = site.cli("user", "reset-second-step", "ann@example.com")
    assert (failed.exit_code, "no second step" in failed.output) == (1, True)
    with site.work() as work:
        with work.begin():
            users.get(work, number).totp_at = work.now
        assert site.cli("user", "reset-second-step", "ann@example.com").exit_code == 0
        assert entering.sign_in(work, "ann@example.com", NEW).token
        with pytest.raises(Conflict), work.begin():
            users.disable(work, number)
