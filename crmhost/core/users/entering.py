"""Signing in: the password, then the code of those who have an authenticator app.

The functions here own their transactions, unlike other services: a password is checked outside of one, because that takes long on
purpose, and a failure has to be kept.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import NamedTuple

from sqlalchemy import select

from ...errors import Invalid
from ...work.unit import Actor, Work
from ..contacts.emails import email_key
from ..notifications import services as notifications
from ..text import clean_line
from . import browsers, limits, openid_settings, passwords, second, tickets
from .limits import TooManyAttempts
from .models import User
from .sessions import open_session, session

#: Failed sign-ins after which one account at one address, one account, and one address must wait.
PER_PAIR, PER_ACCOUNT, PER_ADDRESS = 5, 30, 50
#: How long after the password the code may come.
CODE_LASTS = dt.timedelta(minutes=10)
CODE = "code"


class SignedIn(NamedTuple):
    """What came of a step.

    :param token: for the browser; empty when a code is still to come.
    :param ticket: with which the code comes.
    :param stay: whether the browser is to keep the token.
    """

    user: User
    token: str
    ticket: str = ""
    stay: bool = False


class TicketGone(Invalid):
    """The ticket is unknown or over: the password has to be given again."""


def key_of(email: str) -> str:
    """An address as accounts are compared by."""
    return email_key(clean_line(email))[:254]


def sign_in(
    work: Work, email: str, password: str, address: str = "", agent: str = "", *, browser: str = "", stay: bool = False
) -> SignedIn:
    """Opens a session for the right e-mail and password, or gives a ticket where a code is to come. Outside ``work.begin()``.

    :param browser: token by which the browser is known.
    :raises TooManyAttempts: when it failed too often from this address or for this account.
    :raises Invalid: when e-mail and password do not fit; it does not say which of the two.
    """
    if not openid_settings.passwords_allowed(work):
        raise Invalid("Signing in with a password is switched off here. Use the button below.")
    with work.begin():
        tries, last = _take(work, email, address)
    user = work.session.scalar(select(User).where(User.email_key == key_of(email)))
    stored = user.password if user is not None else ""
    right = passwords.fits(stored, password)
    new_hash = passwords.hash_password(password) if right and passwords.outdated(stored) else ""
    with work.begin():
        # Whoever was disabled, or got another password, while this one was checked, stays out.
        if user is not None and right and user.disabled_at is None and user.password == stored:
            limits.give_back(work, tries)
            limits.forget(work, _pair(email, address))
            user.password = new_hash or stored
            if user.totp_at is not None and not browsers.trusted(work, user, browser):
                return SignedIn(user, "", _ask_for_code(work, user, stay=stay), stay)
            return let_in(work, user, address, agent, browser=browser, stay=stay)
        _failed(work, "user.sign_in_failed", "", email, address, last=last)
    raise Invalid({"": ["E-mail and password do not fit. Check both, or ask for a new password."]})


def let_in(
    work: Work,
    user: User,
    address: str,
    agent: str,
    *,
    browser: str = "",
    trust: bool = False,
    stay: bool = False,
    way: str = "password",
    step: str = "",
) -> SignedIn:
    """Opens the session, inside ``work.begin()``, and writes it into the audit log.

    :param step: what the second step was: app, recovery, or empty without one.
    """
    browsers.seen(work, user, browser, agent, address, trust=trust)
    token = open_session(work, user, address, agent, way=way)
    after = {"address": address}
    if way != "password":
        after["way"] = way
    if step:
        after["second_step"] = step
    as_user = work.as_actor(Actor("user", user.name or user.email, user_id=user.id, address=address))
    as_user.audit("user.signed_in", "user", user.id, after=after)
    return SignedIn(user, token, stay=stay)


def _ask_for_code(work: Work, user: User, *, stay: bool, way: str = "password") -> str:
    tickets.drop(work, user.id, CODE)
    return tickets.give(work, CODE, user.id, CODE_LASTS, {"password": _mark(user), "stay": stay, "way": way})


def ask_for_code(work: Work, user: User, way: str) -> SignedIn:
    """A ticket for the code of somebody who came by another way than the password, inside ``work.begin()``."""
    return SignedIn(user, "", _ask_for_code(work, user, stay=False, way=way))


def waits_for_code(work: Work, ticket: str) -> bool:
    """Whether this ticket still takes a code."""
    return tickets.find(work, CODE, ticket) is not None


def second_step(
    work: Work, ticket: str, code: str, address: str = "", agent: str = "", *, browser: str = "", trust: bool = False
) -> SignedIn:
    """Opens the session for the right code of the app, or a recovery code. Outside ``work.begin()``.

    :param trust: this browser is not asked for a code for 30 days.
    :raises TicketGone: when the password has to be given again.
    :raises TooManyAttempts: when too many codes of this account were wrong.
    :raises Invalid: when the code is wrong, over, or was used.
    """
    with work.begin():
        found = tickets.find(work, CODE, ticket, lock=True)
        user = work.session.get(User, found.user_id) if found is not None else None
        if found is None or user is None or user.totp_at is None or found.data.get("password") != _mark(user):
            raise TicketGone("That took too long, or was done already. Sign in once more.")
        tries, last = second.take_try(work, user.id)
        step = second.fits(work, user, code)
        if step:
            limits.give_back(work, tries)
            stay, way = bool(found.data.get("stay")), str(found.data.get("way"))
            tickets.drop(work, user.id, CODE)
            if step == "recovery":
                _tell_of_recovery(work, user)
            return let_in(
                work,
                user,
                address,
                agent,
                browser=browser,
                trust=trust and step == "app",
                stay=stay,
                way=way,
                step=step,
            )
        _failed(work, "user.code_failed", user.id, user.email, address, last=last)
        if last:
            notifications.tell(
                work,
                [user.id],
                "Somebody who knows your password typed too many wrong codes. Was it not you? Change your password.",
                url="/account",
                kind="users.codes_failed",
            )
    raise Invalid({"code": ["This code is wrong, over, or was used already. Type the one that the app shows now."]})


def _tell_of_recovery(work: Work, user: User) -> None:
    notifications.tell(
        work,
        [user.id],
        "A recovery code was used to sign in. %(left)s are left.",
        url="/account/second-step",
        kind="users.recovery_code",
        data={"left": second.codes_left(work, user.id)},
    )


def confirm(work: Work, token: str, password: str, address: str = "") -> None:
    """Notes that the person of a session proved anew who they are, before something dangerous. Outside ``work.begin()``.

    :raises TooManyAttempts: when that failed too often.
    :raises Invalid: when the password is wrong.
    """
    found = session(work, token)
    user = work.session.get(User, found.user_id) if found is not None else None
    if found is None or user is None:
        raise TicketGone("You were signed out meanwhile. Sign in once more.")
    email = user.email
    with work.begin():
        tries, last = _take(work, email, address)
    right = passwords.fits(user.password, password)
    with work.begin():
        still = session(work, token)
        if right and still is not None:
            limits.give_back(work, tries)
            still.confirmed_at = work.now
        else:
            _failed(work, "user.confirm_failed", user.id, email, address, last=last)
    if not right:
        raise Invalid({"password": ["That is not your password."]})


def _take(work: Work, email: str, address: str) -> tuple[list[int], bool]:
    keys = {_pair(email, address): PER_PAIR, f"account {key_of(email)}": PER_ACCOUNT}
    return limits.take(work, {**keys, f"address {address}": PER_ADDRESS})


def _failed(work: Work, action: str, user_id: object, email: str, address: str, *, last: bool) -> None:
    after = {"email": key_of(email), "address": address}
    work.audit(action, "user", user_id, after=after)
    if last:
        work.audit("user.locked_out", "user", user_id, after={**after, "minutes": limits.WINDOW.seconds // 60})


def _pair(email: str, address: str) -> str:
    return f"pair {address} {key_of(email)}"


def _mark(user: User) -> str:
    """Changes when the password does."""
    return hashlib.sha256(user.password.encode()).hexdigest()[:32]


__all__ = [
    "SignedIn",
    "TicketGone",
    "TooManyAttempts",
    "ask_for_code",
    "confirm",
    "key_of",
    "let_in",
    "second_step",
    "sign_in",
    "waits_for_code",
]
