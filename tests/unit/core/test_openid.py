"""Signing in through an OpenID provider, and what somebody in between, or the provider itself, may try."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crmhost.core.settings import services as settings
from crmhost.core.users import entering, openid, openid_protocol, openid_settings, second
from crmhost.core.users import services as users
from crmhost.core.users.models import Identity, Ticket, User, UserSession
from crmhost.errors import Forbidden, Invalid
from crmhost.testing import PASSWORD, Clock, Host
from crmhost.work.tables import AuditEntry
from tests.peers import openid as peers
from tests.peers.openid import Provider

BACK = "https://crm.example.com/login/openid/back"


@pytest.fixture
def peer() -> Iterator[Provider]:
    openid_protocol.forget()
    with peers.provider() as made:
        yield made


@pytest.fixture
def site(host: Callable[..., Host], peer: Provider, clock: Clock) -> Host:
    clock.freeze()
    peer.clock = lambda: clock().timestamp()
    made = host(allow_private_hosts=frozenset({peer.host}))
    change(made, **peer.settings())
    return made


def change(site: Host, **values: Any) -> None:
    with site.work("Admin") as work, work.begin():
        settings.set_many(work, values)


def leave(site: Host, back: str = "") -> openid.Leaving:
    with site.work() as work:
        return openid.leave(work, BACK, back)


def come_back(site: Host, answer: dict[str, str], held: str) -> openid.CameBack:
    with site.work() as work:
        return openid.come_back(work, answer, held, "192.0.2.1", "Firefox/1")


def go_through(site: Host, peer: Provider, back: str = "") -> openid.CameBack:
    leaving = leave(site, back)
    return come_back(site, peer.authorize(leaving.url), leaving.state)


def refused(site: Host, peer: Provider, because: str) -> None:
    with pytest.raises(openid.OpenIdError) as caught:
        go_through(site, peer)
    assert because in caught.value.reason
    with site.work() as work:
        assert work.session.query(UserSession).count() == 0


def test_somebody_who_was_added_comes_in(site: Host, peer: Provider) -> None:
    """Found by the e-mail that the provider checked, afterwards by the provider's own name for them, whatever their e-mail is."""
    number = site.make.user("Read only", "ann@example.com")
    came = go_through(site, peer, "/contacts/7")
    assert (came.signed_in.user.id, came.back) == (number, "/contacts/7")
    with site.work() as work:
        assert users.session_user(work.session, came.signed_in.token) is not None
        assert work.session.query(Identity).one().subject == "7"
        assert work.session.query(UserSession).one().way == "openid"
        line = work.session.query(AuditEntry).filter_by(action="user.signed_in").one()
        assert line.after == {"address": "192.0.2.1", "way": "openid"}
    peer.person |= {"email": "ann.other@example.com", "email_verified": False}
    assert go_through(site, peer).signed_in.user.id == number
    peer.person = {"sub": "8", "email": "ann@example.com", "email_verified": True}
    with pytest.raises(openid.OpenIdError, match="no account") as caught:
        go_through(site, peer)
    assert "linked to somebody else" in caught.value.reason
    with site.work("Admin") as work, work.begin():
        openid.unlink(work, users.get(work, number))
    assert go_through(site, peer).signed_in.user.id == number


def test_who_may_not_come_in(site: Host, peer: Provider) -> None:
    """Nobody without a checked e-mail, nobody unknown, nobody of another domain, nobody who is disabled."""
    refused(site, peer, "nobody here has")
    number = site.make.user("Read only", "ann@example.com")
    for lie in ({"email_verified": False}, {"email_verified": None}, {"email_verified": "no"}, {"email": ""}):
        peer.lies = lie
        refused(site, peer, "did not check")
    peer.lies = {}
    change(site, **{"users.openid_domains": "example.org, @Example.net"})
    refused(site, peer, "domain")
    change(site, **{"users.openid_domains": "example.com"})
    with site.work("Admin") as work, work.begin():
        users.disable(work, number)
    refused(site, peer, "disabled")
    with site.work("Admin") as work, work.begin():
        users.enable(work, number)
    assert go_through(site, peer).signed_in.token
    with site.work("Admin") as work, work.begin():
        users.disable(work, number)
    refused(site, peer, "disabled")


def test_people_may_become_users(site: Host, peer: Provider) -> None:
    """With the role that is set, which is never Admin; their e-mail may come from the userinfo endpoint."""
    with pytest.raises(Invalid, match="not one of the choices"):
        change(site, **{"users.openid_role": "Admin"})
    change(site, **{"users.openid_new_users": True, "users.openid_role": "Contacts manager"})
    peer.person = {"sub": "9"}
    peer.userinfo = {"email": "new@example.com", "email_verified": True, "name": "New One"}
    user = go_through(site, peer).signed_in.user
    assert (user.email, user.name, user.role.name, user.password) == (
        "new@example.com",
        "New One",
        "Contacts manager",
        "",
    )
    peer.userinfo = {"sub": "10", "email": "other@example.com", "email_verified": True}
    with pytest.raises(openid.OpenIdError) as caught:
        go_through(site, peer)
    assert "somebody else" in caught.value.reason
    with pytest.raises(Invalid), site.work() as work:
        entering.sign_in(work, "new@example.com", "")


@pytest.mark.parametrize(
    ("lie", "because"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another-client"}, "aud"),
        ({"aud": ["crm", "another"], "azp": "another"}, "azp"),
        ({"iss": "https://evil.example.com"}, "iss"),
        ({"exp": 1_000_000}, "xpired"),
        ({"exp": None}, "exp"),
        ({"iat": 9_999_999_999}, "future"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
        ({"at_hash": "wrong"}, "at_hash"),
    ],
)
def test_a_token_with_a_lie_in_it_is_refused(site: Host, peer: Provider, lie: dict[str, Any], because: str) -> None:
    """Each claim is checked, for a right signature too."""
    site.make.user("Admin", "ann@example.com")
    peer.lies = lie
    refused(site, peer, because)


@pytest.mark.parametrize("sign", ["none", "HS256 secret", "HS256 public key", "stranger"])
def test_a_token_that_the_provider_did_not_sign_is_refused(site: Host, peer: Provider, sign: str) -> None:
    """Without a signature, with a secret that others know, with the public key as a secret, with a key of somebody else."""
    site.make.user("Admin", "ann@example.com")
    peer.sign = sign
    refused(site, peer, "id_token")


def test_clocks_may_differ_by_a_minute(site: Host, peer: Provider, clock: Clock) -> None:
    """A token of a provider whose clock is ahead or behind by less is taken."""
    site.make.user("Read only", "ann@example.com")
    peer.lies = {"iat": int(clock().timestamp()) + 50, "exp": int(clock().timestamp()) - 50}
    assert go_through(site, peer).signed_in.token
    peer.lies = {"exp": int(clock().timestamp()) - 70}
    with pytest.raises(openid.OpenIdError):
        go_through(site, peer)


def test_an_answer_works_once_and_in_one_browser(site: Host, peer: Provider, clock: Clock) -> None:
    """The state belongs to the browser that left, is used up by its first return, and is over after ten minutes."""
    site.make.user("Read only", "ann@example.com")
    mine, theirs = leave(site), leave(site)
    answer = peer.authorize(theirs.url)
    for held in (mine.state, "", "x", "\ud800".encode("utf-8", "replace").decode()):
        with pytest.raises(openid.OpenIdError, match="begun elsewhere"):
            come_back(site, answer, held)
    with pytest.raises(openid.OpenIdError, match="begun elsewhere"):
        come_back(site, {"code": answer["code"]}, "")
    assert come_back(site, answer, theirs.state).signed_in.token
    with pytest.raises(openid.OpenIdError, match="begun elsewhere"):
        come_back(site, answer, theirs.state)
    # A code that was used comes with another state: the provider refuses it, and PKCE would, too.
    with pytest.raises(openid.OpenIdError) as caught:
        come_back(site, {**answer, "state": mine.state}, mine.state)
    assert "invalid_grant" in caught.value.reason
    swapped, stolen = leave(site), peer.authorize(leave(site).url)
    with pytest.raises(openid.OpenIdError) as caught:
        come_back(site, {**stolen, "state": swapped.state}, swapped.state)
    assert "invalid_grant" in caught.value.reason
    late = leave(site)
    clock.move(minutes=11)
    with pytest.raises(openid.OpenIdError, match="too long ago"):
        come_back(site, peer.authorize(late.url), late.state)
    leaving = leave(site)
    with pytest.raises(openid.OpenIdError) as caught:
        come_back(site, {**peer.authorize(leaving.url), "iss": "https://evil.example.com"}, leaving.state)
    assert "another provider" in caught.value.reason
    leaving = leave(site)
    with pytest.raises(openid.OpenIdError, match="did not let you in"):
        come_back(site, {"state": leaving.state, "error": "access_denied\r\n"}, leaving.state)


def test_what_the_provider_says_of_itself_is_checked_and_kept(site: Host, peer: Provider) -> None:
    """Asked for once; a changed key is found; another issuer's words, plain addresses and private hosts are refused."""
    site.make.user("Read only", "ann@example.com")
    for _ in range(3):
        go_through(site, peer)
    assert peer.asked.count("/.well-known/openid-configuration") == 1
    assert peer.asked.count("/keys") == 1
    peer.change_key()
    openid_protocol._keys.update({url: (-1e9, keys) for url, (_, keys) in openid_protocol._keys.items()})
    assert go_through(site, peer).signed_in.token
    for lie in ({"issuer": "https://evil.example.com"}, {"token_endpoint": "ftp://x"}, {"jwks_uri": None}):
        openid_protocol.forget()
        peer.metadata = lie
        with pytest.raises(openid.OpenIdError, match="did not work"):
            leave(site)
    openid_protocol.forget()
    peer.metadata = {"token_endpoint": "http://127.0.0.1:1/token"}
    leaving = leave(site)
    with pytest.raises(openid.OpenIdError, match="can't be reached") as caught:
        come_back(site, peer.authorize(leaving.url), leaving.state)
    assert "CRMHOST_ALLOW_PRIVATE_HOSTS" in caught.value.reason


def test_the_code_of_the_app_after_the_provider(site: Host, peer: Provider) -> None:
    """Not asked for, unless the setting says so; the same holds for having to set it up."""
    number = site.make.user("CRM manager", "ann@example.com")
    change(site, **{second.ROLES: "CRM manager"})
    token = go_through(site, peer).signed_in.token
    with site.work() as work:
        assert not openid.must_set_up(work, number, token)
        assert openid.must_set_up(work, number, entering.sign_in(work, "ann@example.com", PASSWORD).token)
    change(site, **{openid_settings.AFTER_OPENID: True})
    with site.work() as work:
        assert openid.must_set_up(work, number, token)
        with work.begin():
            second.begin(work, users.get(work, number))
            users.get(work, number).totp_at = work.now
    step = go_through(site, peer).signed_in
    assert (step.token, bool(step.ticket)) == ("", True)
    change(site, **{openid_settings.AFTER_OPENID: False})
    assert go_through(site, peer).signed_in.token


def test_passwords_can_be_switched_off_when_an_admin_came_in(site: Host, peer: Provider) -> None:
    """Not before; and they work again as soon as no admin could come in through the provider that is set."""
    number = site.make.user("Admin", "ann@example.com")
    site.make.user("Admin", "bob@example.com")
    with pytest.raises(Invalid, match="First an admin"):
        change(site, **{openid_settings.PASSWORDS: False})
    go_through(site, peer)
    change(site, **{openid_settings.PASSWORDS: False})

    def works() -> bool:
        with site.work() as work:
            try:
                return bool(entering.sign_in(work, "bob@example.com", PASSWORD).token)
            except Invalid:
                return False

    assert not works()
    change(site, **{openid_settings.ISSUER: "https://other.example.com"})
    assert works()
    change(site, **peer.settings())
    assert not works()
    with site.work() as work, work.begin():
        users.disable(work, number)
    assert works()


def test_nobody_unlinks_whom_they_could_not_manage(site: Host, peer: Provider) -> None:
    """Whose link is forgotten could be taken over: it takes as much as giving a new password does."""
    number = site.make.user("Admin", "ann@example.com")
    go_through(site, peer)
    with site.work("Admin") as work, work.begin():
        users.save_role(work, None, "People", ["users.edit"])
    with site.work("People") as work, pytest.raises(Forbidden), work.begin():
        openid.unlink(work, users.get(work, number))


def test_what_was_begun_is_forgotten(site: Host, clock: Clock) -> None:
    """Tickets that are over go with the next one that is made; leaving is limited for one address."""
    for _ in range(3):
        leave(site)
    clock.move(minutes=11)
    leave(site)
    with site.work() as work:
        assert work.session.query(Ticket).count() == 1
        assert work.session.query(User).count() == 1
    for _ in range(openid.PER_ADDRESS - 4):
        leave(site)
    with pytest.raises(entering.TooManyAttempts):
        leave(site)
