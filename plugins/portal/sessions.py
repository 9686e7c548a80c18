"""Sessions of clients, and of users who look at the portal as one: opened, found by their token, ended."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence

from sqlalchemy import delete, select, update

from crmhost.api import Contact, NotFound, Work, contacts, texts, users

from .models import Account, PortalSession, Token

#: How long a session lasts without a visit; with and without “stay signed in”.
STAYS, LASTS = dt.timedelta(days=30), dt.timedelta(hours=12)
#: How long a preview lasts, and sessions that are over are kept as visits.
PREVIEW, KEEP = dt.timedelta(minutes=15), dt.timedelta(days=365)
#: Sessions of an account that are kept at most, and how seldom “seen” is written.
MOST, SELDOM = 50, dt.timedelta(minutes=1)


def hashed(token: str) -> str:
    """What a table holds of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def user_name(contact: Contact) -> str:
    """The key of the address by which a contact signs in now; empty without one."""
    return users.key_of(contact.email) if contact.email else ""


def open_session(
    work: Work, account: Account, contact: Contact, *, way: str, stay: bool = False, address: str = "", agent: str = ""
) -> str:
    """Opens a session for a client who proved who they are; gives the token for the browser, always a new one."""
    token, now = secrets.token_urlsafe(32), work.now
    work.session.add(
        PortalSession(
            token_hash=hashed(token),
            account_id=account.id,
            email_key=user_name(contact),
            created_at=now,
            seen_at=now,
            expires_at=now + (STAYS if stay else LASTS),
            stays=stay,
            way=way,
            address=address[:64],
            agent=texts.clean_line(agent)[:300],
        )
    )
    account.last_at = now
    work.session.flush()
    mine = PortalSession.account_id == account.id
    newest = select(PortalSession.id).where(mine).order_by(PortalSession.id.desc()).limit(MOST)
    kept = work.session.scalars(newest).all()
    if len(kept) == MOST:
        work.session.execute(delete(PortalSession).where(mine, PortalSession.id < kept[-1]))
    return token


def open_preview(work: Work, contact_id: int) -> str:
    """Lets the user who acts look at the portal as a contact, for a quarter of an hour; an earlier preview of theirs ends.

    :raises Forbidden: :raises NotFound: when they may not, or don't see the contact.
    """
    work.require("portal.preview")
    contact = contacts.get(work, contact_id)
    if work.actor.user_id is None:
        raise NotFound("user", "")
    work.session.execute(delete(PortalSession).where(PortalSession.user_id == work.actor.user_id))
    token, now = secrets.token_urlsafe(32), work.now
    work.session.add(
        PortalSession(
            token_hash=hashed(token),
            contact_id=contact.id,
            user_id=work.actor.user_id,
            created_at=now,
            seen_at=now,
            expires_at=now + PREVIEW,
            way="preview",
        )
    )
    work.session.flush()
    work.audit("portal.previewed", "contact", contact.id)
    return token


def find(work: Work, token: str) -> PortalSession | None:
    """The session of a browser's token while it holds; whether its account does is asked elsewhere."""
    found: PortalSession | None = work.session.scalar(
        select(PortalSession).where(
            PortalSession.token_hash == hashed(token),
            PortalSession.ended_at.is_(None),
            PortalSession.expires_at > work.now,
        )
    )
    return found


def seen(work: Work, token: str) -> bool:
    """Notes that a client is there, and prolongs their session; whether there was something to note. Previews are no visits."""
    found = find(work, token)
    if found is None or found.account_id is None or found.seen_at > work.now - SELDOM:
        return False
    found.seen_at = work.now
    found.expires_at = work.now + (STAYS if found.stays else LASTS)
    work.session.execute(update(Account).where(Account.id == found.account_id).values(last_at=work.now))
    work.session.flush()
    return True


def open_ones(work: Work, account_id: int) -> list[PortalSession]:
    """Sessions of an account that hold, the one seen last first."""
    mine = select(PortalSession).where(
        PortalSession.account_id == account_id, PortalSession.ended_at.is_(None), PortalSession.expires_at > work.now
    )
    return list(work.session.scalars(mine.order_by(PortalSession.seen_at.desc(), PortalSession.id.desc())))


def visits(work: Work, account_id: int, limit: int = 5) -> list[PortalSession]:
    """The newest visits of a client, those that are over too."""
    mine = select(PortalSession).where(PortalSession.account_id == account_id)
    return list(
        work.session.scalars(mine.order_by(PortalSession.created_at.desc(), PortalSession.id.desc()).limit(limit))
    )


def end(work: Work, token: str) -> None:
    """Ends the session of this token, or the preview."""
    mine = update(PortalSession).where(PortalSession.token_hash == hashed(token), PortalSession.ended_at.is_(None))
    work.session.execute(mine.values(ended_at=work.now))


def end_all(work: Work, account_ids: Sequence[int], *, but: str = "") -> int:
    """Ends the sessions of accounts and the links that were mailed to them; gives how many sessions there were.

    :param but: token of the one that goes on.
    """
    mine = (
        PortalSession.account_id.in_(account_ids),
        PortalSession.ended_at.is_(None),
        PortalSession.expires_at > work.now,
        PortalSession.token_hash != (hashed(but) if but else ""),
    )
    ended = update(PortalSession).where(*mine).values(ended_at=work.now).returning(PortalSession.id)
    options = {"synchronize_session": False}
    number = len(work.session.execute(ended, execution_options=options).all())
    work.session.execute(delete(Token).where(Token.account_id.in_(account_ids)), execution_options=options)
    work.session.expire_all()
    return number


def forget_old(work: Work, limit: int = 500) -> int:
    """Forgets visits of more than a year ago, previews and links that are over, some at a time; gives how many."""
    now = work.now
    over = (PortalSession.seen_at < now - KEEP) | (
        PortalSession.user_id.is_not(None) & (PortalSession.expires_at < now)
    )
    ids = work.session.scalars(select(PortalSession.id).where(over).limit(limit)).all()
    work.session.execute(delete(PortalSession).where(PortalSession.id.in_(ids)))
    gone = select(Token.token_hash).where(Token.expires_at < now).limit(limit)
    hashes = work.session.scalars(gone).all()
    work.session.execute(delete(Token).where(Token.token_hash.in_(hashes)))
    return max(len(ids), len(hashes))
