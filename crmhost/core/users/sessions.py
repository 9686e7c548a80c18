"""Sessions of browsers, and tokens of the API. What a browser holds is a random token; the table holds its SHA-256."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from ...db import utcnow
from ...errors import Forbidden, NotFound
from ...messages import Message
from ...work.unit import Work
from ..keyset import valid_id
from ..text import clean_line
from .models import ApiToken, User, UserSession
from .roles import check_handing_out, permissions_of
from .tickets import hashed

#: How long a session lasts without being used.
LASTS = dt.timedelta(days=30)
#: How long after somebody proved who they are dangerous things are not asked about again: to open a page, and to send it.
FRESH, FRESH_TO_SEND = dt.timedelta(minutes=30), dt.timedelta(hours=2)
#: Begin of the tokens of the API, so that one that leaked is recognised.
TOKEN_PREFIX = "crm_"  # noqa: S105  # a prefix, not a secret


# --- sessions --------------------------------------------------------------------------------------------------------


def open_session(work: Work, user: User, address: str = "", agent: str = "", *, way: str = "password") -> str:
    """Opens a session for a user without asking for the password; gives the token for the browser.

    :param way: how they proved who they are: password, openid.
    """
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
            confirmed_at=now,
            way=way,
        )
    )
    work.session.flush()
    return token


def session(work: Work, token: str) -> UserSession | None:
    """The session of a browser's token."""
    return work.session.get(UserSession, hashed(token))


def is_fresh(work: Work, token: str, *, to_send: bool = False) -> bool:
    """Whether the person proved who they are a short while ago.

    :param to_send: for a form that was opened in time, somewhat longer.
    """
    found = session(work, token)
    limit = work.now - (FRESH_TO_SEND if to_send else FRESH)
    return found is not None and found.confirmed_at is not None and found.confirmed_at > limit


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


def end_session(work: Work, user: User, number: str) -> UserSession | None:
    """Ends one session of a user, by the beginning of its hash as :func:`number_of` gives it; ``None`` when there is none."""
    found = next((item for item in sessions(work, user) if number_of(item) == number), None)
    if found is not None:
        work.session.delete(found)
        work.session.flush()
        work.audit("user.signed_out_elsewhere", "user", user.id, after={"sessions": 1, "address": found.address})
    return found


def number_of(found: UserSession) -> str:
    """What a session is called on pages; nobody gets in with it."""
    return found.token_hash[:16]


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
