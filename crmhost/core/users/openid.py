"""Signing in through an OpenID provider: leaving for it, coming back, and which user that is.

Like :mod:`entering`, the functions own their transactions: between them calls go over the network.
"""

from __future__ import annotations

import datetime as dt
import hmac
import logging
import secrets
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import select

from ... import net
from ...errors import Invalid
from ...messages import Message
from ...work.unit import Work
from ..contacts.emails import check_email
from ..text import clean_line
from . import entering, limits, openid_protocol, openid_settings, second, tickets
from .entering import SignedIn
from .models import Identity, Ticket, User
from .openid_protocol import OpenIdError, Person
from .openid_settings import Provider
from .roles import check_handing_out, find_role, permissions_of
from .sessions import session

log = logging.getLogger("crmhost.users")

#: How long somebody may take at the provider.
LASTS = dt.timedelta(minutes=10)
KIND = "openid"
#: How often one address may leave for the provider within a quarter of an hour: offices share one.
PER_ADDRESS = 100


class Leaving(NamedTuple):
    """Where the browser goes, and what it has to bring back in a cookie."""

    url: str
    state: str


class CameBack(NamedTuple):
    """Who came back, and where they wanted to go."""

    signed_in: SignedIn
    back: str


def leave(work: Work, redirect_uri: str, back: str = "", address: str = "") -> Leaving:
    """Sends a browser to the provider. Outside ``work.begin()``.

    :param redirect_uri: the address at which it comes back.
    :param back: path on this site where the person wants to go.
    :raises OpenIdError: when there is no provider or it can't be reached.
    :raises TooManyAttempts: when that was done too often from this address.
    """
    provider = _provider(work)
    with work.begin():
        limits.take(work, {f"openid {address}": PER_ADDRESS})
    about = openid_protocol.about(provider, _call(work))
    nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    data = {"nonce": nonce, "verifier": verifier, "back": back, "redirect_uri": redirect_uri, "issuer": provider.issuer}
    with work.begin():
        state = tickets.give(work, KIND, None, LASTS, data)
    url = openid_protocol.authorization_url(
        provider, about, state=state, nonce=nonce, verifier=verifier, back=redirect_uri
    )
    return Leaving(url, state)


def come_back(
    work: Work, answer: Mapping[str, str], held: str, address: str = "", agent: str = "", *, browser: str = ""
) -> CameBack:
    """Takes a browser that comes back. Outside ``work.begin()``.

    :param answer: the query: state, code, iss, error.
    :param held: the state that this browser holds: a link that somebody else sent is worth nothing.
    :raises OpenIdError: when anything is not as it should be.
    """
    state = answer.get("state", "")
    if not state or not hmac.compare_digest(state.encode(), held.encode()):
        raise OpenIdError("state: it is not the one that this browser holds", _AGAIN)
    with work.begin():
        # Used up before anything is asked: nobody comes back twice with one answer.
        ticket = tickets.use(work, KIND, state)
    if ticket is None:
        raise OpenIdError("state: it is unknown, over, or was used", _AGAIN)
    try:
        return _come_back(work, answer, ticket, address, agent, browser)
    except OpenIdError as error:
        log.warning("sign-in through the provider: %s", error.reason)
        with work.begin():
            work.audit("user.openid_failed", "user", "", after={"reason": error.reason[:300], "address": address})
        raise


def _come_back(
    work: Work, answer: Mapping[str, str], ticket: Ticket, address: str, agent: str, browser: str
) -> CameBack:
    provider = _provider(work)
    if ticket.data.get("issuer") != provider.issuer:
        raise OpenIdError("state: it was for another provider", _AGAIN)
    if answer.get("iss") not in (None, "", provider.issuer):
        raise OpenIdError("iss: another provider answered")
    if answer.get("error"):
        said = clean_line(answer["error"])[:80]
        raise OpenIdError(
            f"the provider refused: {said}", "The provider did not let you in. Try again, or ask an admin."
        )
    data = ticket.data
    call = _call(work)
    person = openid_protocol.exchange(
        provider,
        openid_protocol.about(provider, call),
        call,
        code=answer.get("code", "")[:4000],
        nonce=data["nonce"],
        verifier=data["verifier"],
        back=data["redirect_uri"],
        now=int(work.now.timestamp()),
    )
    with work.begin():
        user = _user_of(work, provider, person)
        if user.totp_at is not None and openid_settings.code_after_openid(work):
            signed_in = entering.ask_for_code(work, user, way="openid")
        else:
            signed_in = entering.let_in(work, user, address, agent, browser=browser, way="openid")
    return CameBack(signed_in, str(data["back"]))


_AGAIN = Message("This sign-in was begun elsewhere, or too long ago. Begin anew.")
_NOT_KNOWN = "You have no account here yet. Ask an admin to add you."


def _user_of(work: Work, provider: Provider, person: Person) -> User:
    """The user that this is, linked or added where that is allowed.

    :raises OpenIdError: when it is nobody, or somebody who is disabled.
    """
    if provider.domains and person.email.rpartition("@")[2].lower() not in provider.domains:
        raise OpenIdError(f"the domain of {person.email!r} is not among those that may come in", _NOT_KNOWN)
    linked = select(Identity).where(Identity.issuer == person.issuer, Identity.subject == person.subject)
    identity = work.session.scalar(linked)
    if identity is not None:
        user = work.session.get_one(User, identity.user_id)
    else:
        user = _user_by_email(work, provider, person)
        work.session.add(Identity(user_id=user.id, issuer=person.issuer, subject=person.subject, linked_at=work.now))
        work.session.flush()
        work.audit("user.openid_linked", "user", user.id, after={"issuer": person.issuer, "email": person.email})
    if user.disabled_at is not None:
        raise OpenIdError(f"user {user.id} is disabled", _NOT_KNOWN)
    return user


def _user_by_email(work: Work, provider: Provider, person: Person) -> User:
    if not person.email or not person.email_verified:
        raise OpenIdError(
            f"the provider did not check the e-mail {person.email!r}",
            "The provider did not check your e-mail address. Have it checked there, then try again.",
        )
    user = work.session.scalar(select(User).where(User.email_key == entering.key_of(person.email)))
    if user is not None:
        other = select(Identity.id).where(Identity.user_id == user.id, Identity.issuer == person.issuer)
        if work.session.scalar(other.limit(1)) is not None:
            # Addresses are given to other people: who has it now is not who had it when the two were linked.
            raise OpenIdError(f"user {user.id} is linked to somebody else at the provider", _NOT_KNOWN)
        return user
    if not provider.role:
        raise OpenIdError(f"nobody here has the e-mail {person.email!r}", _NOT_KNOWN)
    try:
        role = find_role(work, provider.role)
        address = check_email(person.email)
    except (Invalid, ValueError) as error:
        raise OpenIdError(f"no user can be made: {error}", _NOT_KNOWN) from error
    if role.locked:
        raise OpenIdError("the role of new users is Admin", _NOT_KNOWN)
    user = User(
        email=address,
        email_key=entering.key_of(address),
        name=clean_line(person.name)[:120],
        password="",
        role=role,
        given=[],
        taken=[],
        only_assigned=False,
        created_at=work.now,
        locale="",
    )
    work.session.add(user)
    work.session.flush()
    work.audit("user.created", "user", user.id, after={"email": address, "role": role.name, "way": "openid"})
    return user


def linked(work: Work, user_id: int) -> list[Identity]:
    """The accounts at providers by which a user comes in."""
    return list(work.session.scalars(select(Identity).where(Identity.user_id == user_id).order_by(Identity.id)))


def unlink(work: Work, user: User) -> None:
    """Forgets a user's accounts at providers; the next one with their e-mail is linked anew."""
    work.require("users.edit")
    check_handing_out(work, permissions_of(user))
    for identity in linked(work, user.id):
        work.audit("user.openid_unlinked", "user", user.id, before={"issuer": identity.issuer})
        work.session.delete(identity)
    work.session.flush()


def try_provider(work: Work) -> str:
    """Asks the provider who it is; gives its sign-in address. Outside ``work.begin()``.

    :raises OpenIdError: with a reason for the admin.
    """
    openid_protocol.forget()
    return openid_protocol.about(_provider(work), _call(work)).authorization


def must_set_up(work: Work, user_id: int, token: str) -> bool:
    """Whether a user has to set the second step up before anything else.

    :param token: of the session, which knows by which way they came.
    """
    wanted = second.required_roles(work)
    if not wanted:
        return False
    user = work.session.get(User, user_id)
    if user is None or user.totp_at is not None or user.role.name not in wanted:
        return False
    found = session(work, token)
    return found is None or found.way != "openid" or openid_settings.code_after_openid(work)


def _provider(work: Work) -> Provider:
    found = openid_settings.provider(work)
    if found is None:
        raise OpenIdError(
            Message("no provider is set"), Message("There is no other way to sign in here. Use your password.")
        )
    return found


def _call(work: Work) -> openid_protocol.Call:
    def call(method: str, url: str, headers: Mapping[str, str], body: bytes) -> net.Response:
        return net.request(work, method, url, headers=headers, body=body, timeouts=openid_protocol.PATIENCE)

    return call
