"""Links with which somebody chooses a password: invitations by admins, and resets that people ask for themselves.

No row, job or mail log ever holds such a link: the job that sends it makes it, and hands it to the mail server alone.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from sqlalchemy import select

from ...errors import Invalid, NotFound
from ...work.unit import Work
from ..keyset import valid_id
from ..mail import unlogged
from . import browsers, limits, passwords, tickets
from .entering import key_of
from .models import User
from .roles import check_handing_out, permissions_of
from .sessions import end_sessions
from .tickets import hashed

#: How long an invitation can be taken up, and a link to a new password.
INVITATION = dt.timedelta(days=7)
RESET_LASTS = dt.timedelta(hours=1)
RESET = "reset"
#: How often within an hour a link is mailed to one address, and asked for from one place.
PER_EMAIL, PER_ADDRESS = 3, 20
_HOUR = dt.timedelta(hours=1)
ACCOUNTS_MAIL = "users.link"
#: Whether a link can be mailed.
mails_go_out = unlogged.goes_out


def problems_of(work: Work, user: User, password: str) -> list[str]:
    """What is wrong with a new password for a user; empty when it can be taken."""
    return passwords.problems(password, user.email, user.name, str(work.settings.get("site.name") or ""))


def store_password(work: Work, user: User, password: str) -> None:
    """Stores a checked password; every browser is asked for a code again, and open links end."""
    user.password = passwords.hash_password(password)
    user.invite_hash = user.invite_until = None
    tickets.drop(work, user.id)
    browsers.distrust(work, user.id)
    work.session.flush()


# --- invitations -----------------------------------------------------------------------------------------------------


def _get(work: Work, user_id: int) -> User:
    user = work.session.get(User, valid_id(user_id) or 0)
    if user is None:
        raise NotFound("user", user_id)
    return user


def invite(work: Work, user_id: int) -> str:
    """A token with which the user can choose a password within a week; an earlier one no longer works."""
    work.require("users.edit")
    user = _get(work, user_id)
    check_handing_out(work, permissions_of(user))
    token = new_invitation(work, user)
    work.audit("user.invited", "user", user.id)
    return token


def new_invitation(work: Work, user: User) -> str:
    """A token for an invitation, without asking for a permission: for the job that mails it."""
    token = secrets.token_urlsafe(32)
    user.invite_hash = hashed(token)
    user.invite_until = work.now + INVITATION
    work.session.flush()
    return token


def mail_invitation(work: Work, user_id: int) -> None:
    """Invites a user by mail; the link is made when it is sent."""
    invite(work, user_id)
    work.enqueue(ACCOUNTS_MAIL, kind="invitation", user_id=user_id, base_url=work.base_url, by=work.actor.label)


def revoke_invitation(work: Work, user_id: int) -> User:
    """Ends the link that a user got; it no longer works."""
    work.require("users.edit")
    user = _get(work, user_id)
    if user.invite_hash is not None:
        user.invite_hash = user.invite_until = None
        work.session.flush()
        work.audit("user.invitation_revoked", "user", user.id)
    return user


def invited(work: Work, token: str) -> User | None:
    """The user whose invitation this is, while it can be taken up."""
    return work.session.scalar(
        select(User).where(User.invite_hash == hashed(token), User.invite_until > work.now, User.disabled_at.is_(None))
    )


def accept_invitation(work: Work, token: str, password: str) -> User:
    """Takes an invitation up by choosing a password; it works once, and ends all sessions."""
    user = invited(work, token)
    if user is None:
        raise NotFound("invitation", "")
    _choose(work, user, password)
    work.audit("user.invitation_accepted", "user", user.id)
    return user


def _choose(work: Work, user: User, password: str) -> None:
    if wrong := problems_of(work, user, password):
        raise Invalid({"password": wrong})
    store_password(work, user, password)
    end_sessions(work, user)


# --- resets ----------------------------------------------------------------------------------------------------------


def ask_reset(work: Work, email: str, address: str) -> None:
    """Wants a link to a new password for this address, inside ``work.begin()``. Whether there is a user is found out later, by
    the job: here nothing differs, neither in words nor in time.

    :raises TooManyAttempts: when it was asked for too often from this place.
    """
    limits.take(work, {f"reset from {address}": PER_ADDRESS}, _HOUR)
    try:
        limits.check(work, {f"reset of {key_of(email)}"[:300]: PER_EMAIL}, _HOUR)
    except limits.TooManyAttempts:
        return
    limits.take(work, {f"reset of {key_of(email)}": PER_EMAIL}, _HOUR)
    work.enqueue(ACCOUNTS_MAIL, kind="reset", email=key_of(email), address=address)


def new_reset(work: Work, user: User) -> str:
    """A token with which a user chooses a new password within an hour; an earlier one no longer works."""
    tickets.drop(work, user.id, RESET)
    return tickets.give(work, RESET, user.id, RESET_LASTS)


def reset_link(work: Work, user_id: int) -> str:
    """A token as :func:`new_reset` gives it, for the command line."""
    work.require("users.edit")
    user = _get(work, user_id)
    check_handing_out(work, permissions_of(user))
    token = new_reset(work, user)
    work.audit("user.reset_link_made", "user", user.id)
    return token


def reset_user(work: Work, token: str) -> User | None:
    """Whose link this is, while it holds."""
    found = tickets.find(work, RESET, token)
    return work.session.get(User, found.user_id) if found is not None else None


def reset_password(work: Work, token: str, password: str) -> User:
    """Stores a new password for the holder of a link; it works once, and ends all sessions.

    :raises NotFound: when the link no longer holds.
    :raises Invalid: when the password can't be taken; the link stays.
    """
    found: Any = tickets.find(work, RESET, token, lock=True)
    user = work.session.get(User, found.user_id) if found is not None else None
    if user is None:
        raise NotFound("link", "")
    _choose(work, user, password)
    work.audit("user.password_reset", "user", user.id)
    return user
