"""Users, roles and signing in."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable

import pytest
from argon2 import PasswordHasher

from crmhost.config import checkout
from crmhost.core.settings import services as settings
from crmhost.core.users import passwords
from crmhost.core.users import services as users
from crmhost.core.users.entering import PER_ADDRESS, PER_PAIR
from crmhost.core.users.models import ApiToken, SignInAttempt, User, UserSession
from crmhost.core.users.roles import FIRST_ROLES
from crmhost.core.users.tickets import hashed
from crmhost.errors import Conflict, CrmError, Forbidden, Invalid, NotFound
from crmhost.testing import PASSWORD, Clock, Host
from crmhost.work.tables import AuditEntry


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    return host()


def sign_in(site: Host, email: str, password: str = PASSWORD, address: str = "192.0.2.1") -> str:
    with site.work() as work:
        return users.sign_in(work, email, password, address, "Browser\x00")[1]


def test_the_roles_of_the_first_start(site: Host) -> None:
    """They are the eight of the specification; Admin holds everything and stays as it is."""
    with site.work() as work:
        roles = users.all_roles(work)
        assert {role.name for role in roles} == set(FIRST_ROLES)
        with work.begin():
            users.first_start(work)
        assert len(users.all_roles(work)) == 8
        for change in (
            lambda: users.save_role(work, roles[0].id, "Boss", []),
            lambda: users.delete_role(work, roles[0].id),
        ):
            with pytest.raises(Conflict), work.begin():
                change()


def test_passwords_are_hashed_as_strongly_as_is_advised() -> None:
    """With argon2id, 19 MiB and two passes; only tests, which run in another process than this, make it cheaper."""
    code = "from crmhost.core.users import passwords; print(passwords.hash_password('a long password'))"
    hashed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=checkout())
    assert hashed.stdout.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_password_is_hashed_anew_when_the_parameters_changed(site: Host) -> None:
    """At the next sign-in, with the password that is known only then; other sessions go on."""
    number = site.make.user("Read only", "ann@example.com")
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    with site.work() as work, work.begin():
        users.get(work, number).password = old
    token = sign_in(site, "ann@example.com")
    sign_in(site, "ann@example.com")
    with site.work() as work:
        stored = users.get(work, number).password
        assert stored != old
        assert not passwords.outdated(stored)
        assert users.session_user(work.session, token) is not None


def test_signing_in_gives_a_token_that_only_the_browser_holds(site: Host) -> None:
    """The table holds its SHA-256; the audit log tells who, when and from where."""
    number = site.make.user("Admin", "ann@example.com")
    token = sign_in(site, " ANN@example.com ")
    with site.work() as work:
        found = users.session_user(work.session, token)
        assert found is not None
        assert found.id == number
        row = work.session.query(UserSession).one()
        assert token not in (row.token_hash, row.agent)
        assert row.token_hash == hashed(token)
        line = work.session.query(AuditEntry).filter_by(action="user.signed_in").one()
        assert (line.object_id, line.after) == (str(number), {"address": "192.0.2.1"})
        assert PASSWORD not in work.session.get_one(User, number).password
        for wrong in ("", "x", token + "x", "\ud800", "x" * 10_000):
            assert users.session_user(work.session, wrong) is None


@pytest.mark.parametrize(
    "email", ["ann@example.com", "nobody@example.com", "", "\x00", "x" * 5_000, "disabled@example.com"]
)
def test_a_wrong_sign_in_does_not_say_what_was_wrong(site: Host, email: str) -> None:
    """Unknown, disabled and wrong look alike, and each is counted."""
    site.make.user("Admin", "ann@example.com")
    site.make.user("Admin", "disabled@example.com", disabled_at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
    with pytest.raises(Invalid, match="do not fit"):
        sign_in(site, email, PASSWORD if email.startswith("disabled") else "wrong password")
    with site.work() as work:
        assert work.session.query(SignInAttempt).count() == 3
        assert work.session.query(AuditEntry).filter_by(action="user.sign_in_failed").count() == 1


def test_guessing_is_stopped_for_a_while(site: Host, clock: Clock) -> None:
    """By account and address, in every process; the right password does not help until the time is over."""
    clock.freeze()
    site.make.user("Admin", "ann@example.com")
    for _ in range(PER_PAIR):
        with pytest.raises(Invalid):
            sign_in(site, "ann@example.com", "wrong password")
    with pytest.raises(CrmError, match="too often"):
        sign_in(site, "ann@example.com")
    assert sign_in(site, "ann@example.com", address="192.0.2.2")
    clock.move(minutes=16)
    assert sign_in(site, "ann@example.com")
    with site.work() as work, work.begin():
        work.session.add_all(SignInAttempt(key="address 192.0.2.9", at=clock()) for _ in range(PER_ADDRESS))
    with pytest.raises(CrmError, match="too often"):
        sign_in(site, "ann@example.com", address="192.0.2.9")


def test_disabling_ends_everything_at_once(site: Host) -> None:
    """Sessions and tokens stop in the same moment; enabling lets the user sign in again."""
    number = site.make.user("Read only", "ann@example.com")
    token = sign_in(site, "ann@example.com")
    with site.work("Admin") as work:
        with work.begin():
            bearer = users.make_token(work, users.get(work, number), "x")
        assert users.token_user(work.session, bearer) is not None
        with work.begin():
            users.disable(work, number)
        assert users.session_user(work.session, token) is None
        assert users.token_user(work.session, bearer) is None
        assert work.session.query(UserSession).count() == 0
        with pytest.raises(Forbidden), work.begin():
            users.make_token(work, users.get(work, number), "x")
        with work.begin():
            users.enable(work, number)
    assert sign_in(site, "ann@example.com")


def test_the_last_admin_stays(site: Host) -> None:
    """Neither disabled nor given another role, until there is a second one who can come in."""
    one = site.make.user("Admin", "one@example.com")
    with site.work() as work:
        for change in (lambda: users.disable(work, one), lambda: users.edit(work, one, role="Read only")):
            with pytest.raises(Conflict, match="last admin"), work.begin():
                change()
    with site.work() as work:
        with work.begin():
            users.create(work, "invited@example.com", "Admin")
        with pytest.raises(Conflict, match="last admin"), work.begin():
            users.disable(work, one)
    two = site.make.user("Admin", "two@example.com")
    with site.work() as work:
        with work.begin():
            users.edit(work, one, role="read ONLY")
        with pytest.raises(Conflict, match="last admin"), work.begin():
            users.disable(work, two)


def test_nobody_hands_out_what_they_do_not_hold(site: Host) -> None:
    """Roles, single permissions, tokens and passwords of those who may do more are out of reach."""
    site.make.user("Admin", "first@example.com")
    admin = site.make.user("Admin", "boss@example.com")
    with site.work() as work, work.begin():
        users.save_role(work, None, "People", ["users.edit", "contacts.view"])
    other = site.make.user("Read only", "reader@example.com")
    with site.work("People") as work:
        forbidden: list[Callable[[], object]] = [
            lambda: users.create(work, "x@example.com", "Admin"),
            lambda: users.create(work, "x@example.com", "CRM manager"),
            lambda: users.edit(work, other, role="Admin"),
            lambda: users.edit(work, other, given=["settings.edit"]),
            lambda: users.edit(work, admin, role="People"),
            lambda: users.save_role(work, None, "More", ["settings.edit"]),
            lambda: users.set_password(work, admin, "a new password"),
            lambda: users.make_token(work, users.get(work, admin), "x"),
            lambda: users.invite(work, admin),
            lambda: users.disable(work, admin),
        ]
        for change in forbidden:
            with pytest.raises(Forbidden), work.begin():
                change()
        with work.begin():
            users.edit(work, other, given=["contacts.view"], only_assigned=True)
    with site.work("People", only_assigned=True) as work, pytest.raises(Forbidden, match="only your own"), work.begin():
        users.edit(work, other, only_assigned=False)


def test_where_a_permission_comes_from(site: Host) -> None:
    """From the role, given on top, or taken; what plugins that are off declared stays, dormant."""
    number = site.make.user(
        "Read only", "ann@example.com", given=["contacts.edit", "gone.edit"], taken=["journal.view"]
    )
    with site.work("Admin") as work:
        user = users.get(work, number)
        held = {item.name: (item.held, item.origin) for item in users.explain(work, user)}
        assert held["contacts.view"] == (True, "role")
        assert held["contacts.edit"] == (True, "given")
        assert held["journal.view"] == (False, "taken")
        assert held["settings.edit"] == (False, "")
        assert users.permissions_of(user) == {"contacts.view", "contacts.edit", "gone.edit"}
        with work.begin():
            users.edit(work, number, given=[], taken=["unknown.permission"])
        assert users.permissions_of(users.get(work, number)) == {"contacts.view", "journal.view", "gone.edit"}


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "at least 10"),
        ("ann@example.com", "e-mail address"),
        ("ANN@example.com", "e-mail address"),
        ("a" * 20, "different"),
        ("x" * 1001 + "yz1", "at most"),
        ("Password1234", "guessed among the first"),
        ("qwertyuiop", "guessed among the first"),
        ("Ann Example 1", "guessed among the first"),
        ("Atelier2026", "guessed among the first"),
    ],
)
def test_passwords_that_cant_be_taken(site: Host, password: str, words: str) -> None:
    """Too short, too long, too plain, known to everybody, or made of what everybody knows of the person and the site."""
    with site.work("Admin") as work:
        with work.begin():
            settings.set_many(work, {"site.name": "Atelier"})
        with pytest.raises(Invalid) as caught, work.begin():
            users.create(work, "ann@example.com", "Read only", password, name="Ann Example")
    assert words in caught.value.errors["password"][0]


def test_users_are_told_apart_by_their_address(site: Host) -> None:
    """A second user with the same one, an address that is none, and an unknown role are refused at their fields."""
    site.make.user("Admin", "ann@example.com")
    with site.work("Admin") as work, pytest.raises(Invalid) as caught, work.begin():
        users.create(work, "ANN@example.com", "Amdin")
    assert "already" in caught.value.errors["email"][0]
    assert "Did you mean “Admin”" in caught.value.errors["role"][0]
    with site.work("Admin") as work, pytest.raises(Invalid) as caught, work.begin():
        users.create(work, "ann", "Admin")
    assert "not an e-mail" in caught.value.errors["email"][0]


def test_an_invitation_works_once_and_for_a_week(site: Host, clock: Clock) -> None:
    """The invited user chooses a password; the token is not stored as it is."""
    clock.freeze()
    with site.work("Admin") as work:
        with work.begin():
            number = users.create(work, "new@example.com", "Read only").id
            token = users.invite(work, number)
        assert users.get(work, number).invite_hash != token
    with pytest.raises(Invalid):
        sign_in(site, "new@example.com", "")
    with site.work() as work:
        with pytest.raises(Invalid, match="at least"), work.begin():
            users.accept_invitation(work, token, "x")
        with work.begin():
            users.accept_invitation(work, token, PASSWORD)
        with pytest.raises(NotFound), work.begin():
            users.accept_invitation(work, token, PASSWORD)
    assert sign_in(site, "new@example.com")
    with site.work("Admin") as work, work.begin():
        token = users.invite(work, number)
    clock.move(days=8)
    with site.work() as work:
        assert users.invited(work, token) is None


def test_changing_ones_password_ends_the_other_sessions(site: Host) -> None:
    """The old one must be known; the session that changed it goes on."""
    number = site.make.user("Read only", "ann@example.com")
    here, there = sign_in(site, "ann@example.com"), sign_in(site, "ann@example.com")
    with site.work() as work:
        work.actor = users.actor_for(users.get(work, number))
        with pytest.raises(Invalid, match="not your password"), work.begin():
            users.set_password(work, number, "another password", current="wrong")
        with work.begin():
            users.set_password(work, number, "another password", current=PASSWORD, keep=here)
        assert users.session_user(work.session, here) is not None
        assert users.session_user(work.session, there) is None
    with pytest.raises(Invalid):
        sign_in(site, "ann@example.com")
    assert sign_in(site, "ann@example.com", "another password")


def test_a_token_can_be_ended(site: Host) -> None:
    """By its owner or who manages users, and by nobody else."""
    with site.work("Read only") as work:
        with work.begin():
            token = users.make_token(work, users.get(work, work.actor.user_id or 0), "mine")
        row = work.session.query(ApiToken).one()
        assert token != row.token_hash
    with site.work("CRM manager") as work, pytest.raises(NotFound), work.begin():
        users.revoke_token(work, row.id)
    with site.work("Admin") as work:
        with work.begin():
            users.revoke_token(work, row.id)
        assert users.token_user(work.session, token) is None


def test_preferences_are_each_users_own(site: Host) -> None:
    """Kept per user and key, limited in size, and nothing for who is not signed in."""
    with site.work("Admin") as work:
        with work.begin():
            users.set_preference(work, "list", {"columns": ["a\x00"]})
            users.set_preference(work, "list", {"columns": ["b"]})
        assert users.preference(work, "list") == {"columns": ["b"]}
        nested: list[object] = []
        for _ in range(5_000):
            nested = [nested]
        for key, value in (("k" * 121, 1), ("k", "x" * 60_000), ("k", float("nan")), ("k", nested), ("k", object())):
            with pytest.raises(Invalid), work.begin():
                users.set_preference(work, key, value)
        with work.begin():
            users.set_preference(work, "list", None)
        assert users.preference(work, "list", 7) == 7
        assert users.preference(work, "\x00" * 500) is None
    with site.work() as work:
        assert users.preference(work, "list", 7) == 7
        with pytest.raises(Forbidden), work.begin():
            users.set_preference(work, "list", 1)
