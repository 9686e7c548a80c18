"""Signing in and out, sessions, and tokens of the API. What a browser holds is a random token; the table holds its SHA-256."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from ...db import utcnow
from ...errors import CrmError, Forbidden, Invalid, NotFound
from ...messages import Message, Plural
from ...work.unit import Work
from ..contacts.emails import email_key
from ..keyset import valid_id
from ..text import clean_line
from . import passwords
from .models import ApiToken, SignInAttempt, User, UserSession
from .roles import check_handing_out, permissions_of

#: How long a session lasts without being used.
LASTS = dt.timedelta(days=30)
#: Failed sign-ins within the window after which one account at one address, one account, and one address must wait.
WINDOW = dt.timedelta(minutes=15)
PER_PAIR, PER_ACCOUNT, PER_ADDRESS = 5, 30, 50
#: Begin of the tokens of the API, so that one that leaked is recognised.
TOKEN_PREFIX = "crm_"  # noqa: S105  # a prefix, not a secret


class TooManyAttempts(CrmError):
    """Signing in failed too often; ``minutes`` says how long to wait."""

    status = 429

    def __init__(self, minutes: int) -> None:
        super().__init__(
            Plural(
                "Signing in failed too often. Try again in %(num)s minute.",
                "Signing in failed too often. Try again in %(num)s minutes.",
                minutes,
            )
        )
        self.minutes = minutes


def hashed(token: str) -> str:
    """What the table holds of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


# --- signing in ------------------------------------------------------------------------------------------------------


def sign_in(work: Work, email: str, password: str, address: str = "", agent: str = "") -> tuple[User, str]:
    """Opens a session for the right e-mail and password; gives the user and the token for the browser.

    Call it outside of ``work.begin()``: checking a password takes long on purpose, and a failure has to be kept.

    :raises TooManyAttempts: when it failed too often from this address or for this account.
    :raises Invalid: when e-mail and password do not fit; it does not say which of the two.
    """
    check_limits(work, email, address)
    user = work.session.scalar(select(User).where(User.email_key == key_of(email)))
    right = passwords.fits(user.password if user is not None else "", password)
    if user is None or not right or user.disabled_at is not None:
        with work.begin():
            note_failure(work, email, address)
        raise Invalid({"": ["E-mail and password do not fit. Check both, or ask an admin for a new password."]})
    with work.begin():
        work.session.execute(delete(SignInAttempt).where(SignInAttempt.key == _pair(email, address)))
        token = open_session(work, user, address, agent)
        work.audit("user.signed_in", "user", user.id, after={"address": address})
    return user, token


def key_of(email: str) -> str:
    """An address as accounts are compared by."""
    return email_key(clean_line(email))[:254]


def check_limits(work: Work, email: str, address: str) -> None:
    """:raises TooManyAttempts: when signing in failed too often."""
    since = work.now - WINDOW
    limits = {
        _pair(email, address): PER_PAIR,
        f"account {key_of(email)}"[:300]: PER_ACCOUNT,
        f"address {address}": PER_ADDRESS,
    }
    rows = work.session.execute(
        select(SignInAttempt.key, func.count(), func.min(SignInAttempt.at))
        .where(SignInAttempt.key.in_(limits), SignInAttempt.at > since)
        .group_by(SignInAttempt.key)
    )
    for key, count, first in rows:
        if count >= limits[key]:
            first = first if first.tzinfo else first.replace(tzinfo=dt.UTC)
            raise TooManyAttempts(max(1, round((first + WINDOW - work.now).total_seconds() / 60)))


def note_failure(work: Work, email: str, address: str) -> None:
    """Counts a failed sign-in, and forgets those that no longer count."""
    now = work.now
    keys = (_pair(email, address), f"account {key_of(email)}"[:300], f"address {address}")
    work.session.add_all(SignInAttempt(key=key, at=now) for key in keys)
    work.session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - WINDOW))
    work.audit("user.sign_in_failed", "user", "", after={"email": key_of(email), "address": address})


def _pair(email: str, address: str) -> str:
    return f"pair {address} {key_of(email)}"[:300]


def open_session(work: Work, user: User, address: str = "", agent: str = "") -> str:
    """Opens a session for a user without asking for the password; gives the token for the browser."""
    token = secrets.token_urlsafe(32)
    now = work.now
    work.session.execute(delete(UserSession).where(UserSession.user_id == user.id, UserSession.expires_at < now))
    work.session.add(
        UserSession(
            token_hash=hashed(token),
            user_id=user.id,
            created_at=now,
            seen_at=now,
            expires_at=now + LASTS,
            address=address[:64],
            agent=clean_line(agent)[:300],
        )
    )
    work.session.flush()
    return token


def session_user(session: Session, token: str) -> User | None:
    """The user of a browser's token; ``None`` when it is unknown, too old, or the user is disabled."""
    return session.scalar(
        select(User)
        .join(UserSession, UserSession.user_id == User.id)
        .where(UserSession.token_hash == hashed(token), UserSession.expires_at > utcnow(), User.disabled_at.is_(None))
    )


def seen(work: Work, tokens: Sequence[str]) -> None:
    """Notes that these browsers were seen now, and prolongs their sessions."""
    now = work.now
    hashes = [hashed(token) for token in tokens]
    values = {"seen_at": now, "expires_at": now + LASTS}
    work.session.execute(update(UserSession).where(UserSession.token_hash.in_(hashes)).values(values))


def sessions(work: Work, user: User) -> list[UserSession]:
    """The user's open sessions, the one seen last first."""
    mine = select(UserSession).where(UserSession.user_id == user.id, UserSession.expires_at > work.now)
    return list(work.session.scalars(mine.order_by(UserSession.seen_at.desc())))


def sign_out(work: Work, token: str) -> None:
    """Ends the session of this token."""
    work.session.execute(delete(UserSession).where(UserSession.token_hash == hashed(token)))


def sign_out_elsewhere(work: Work, token: str) -> int:
    """Ends all other sessions of this token's user; says how many there were."""
    user_id = work.session.scalar(select(UserSession.user_id).where(UserSession.token_hash == hashed(token)))
    if user_id is None:
        return 0
    others = delete(UserSession).where(UserSession.user_id == user_id, UserSession.token_hash != hashed(token))
    count = work.session.execute(others.returning(UserSession.token_hash)).all()
    work.audit("user.signed_out_elsewhere", "user", user_id, after={"sessions": len(count)})
    return len(count)


def end_sessions(work: Work, user: User) -> None:
    """Ends all sessions of a user at once."""
    work.session.execute(delete(UserSession).where(UserSession.user_id == user.id))


# --- tokens of the API -----------------------------------------------------------------------------------------------


def make_token(work: Work, user: User, label: str) -> str:
    """A bearer token with the user's permissions. It can't be shown again.

    :raises Forbidden: when the actor makes one for somebody else without managing users, or for one who may do more.
    """
    if work.actor.user_id != user.id:
        work.require("users.edit")
        check_handing_out(work, permissions_of(user))
    if user.disabled_at is not None:
        raise Forbidden("users.edit", Message("%(email)s is disabled; enable the user first.", email=user.email))
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(token_hash=hashed(token), user_id=user.id, label=clean_line(label)[:120], created_at=work.now)
    work.session.add(row)
    work.session.flush()
    work.audit("token.created", "token", row.id, after={"user": user.email, "label": row.label})
    return token


def token_user(session: Session, token: str) -> User | None:
    """The user of a bearer token; ``None`` when it is unknown or revoked, or the user is disabled."""
    return session.scalar(
        select(User)
        .join(ApiToken, ApiToken.user_id == User.id)
        .where(ApiToken.token_hash == hashed(token), ApiToken.revoked_at.is_(None), User.disabled_at.is_(None))
    )


def tokens(work: Work) -> list[tuple[ApiToken, User]]:
    """The actor's own tokens; all users' for those who manage users."""
    query = select(ApiToken, User).join(User, User.id == ApiToken.user_id).where(ApiToken.revoked_at.is_(None))
    if not work.can("users.edit"):
        query = query.where(ApiToken.user_id == work.actor.user_id)
    return [(token, user) for token, user in work.session.execute(query.order_by(ApiToken.id.desc()))]


def revoke_token(work: Work, token_id: int) -> None:
    """Ends a token.

    :raises NotFound: when there is none, or it is somebody else's and the actor does not manage users.
    """
    token = work.session.get(ApiToken, valid_id(token_id) or 0)
    if token is None or (token.user_id != work.actor.user_id and not work.can("users.edit")):
        raise NotFound("token", token_id)
    if token.revoked_at is None:
        token.revoked_at = work.now
        work.audit("token.revoked", "token", token.id, before={"label": token.label})


def token_seen(work: Work, token: str) -> None:
    """Notes that a token was used, at most once a minute."""
    now = work.now
    old = or_(ApiToken.seen_at.is_(None), ApiToken.seen_at < now - dt.timedelta(minutes=1))
    work.session.execute(update(ApiToken).where(ApiToken.token_hash == hashed(token), old).values(seen_at=now))
