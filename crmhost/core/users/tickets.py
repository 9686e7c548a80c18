"""Leave to do one thing once: who holds the token may do it; the table holds its SHA-256."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select

from ...work.unit import Work
from .models import Ticket, User


def hashed(token: str) -> str:
    """What a table holds of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def give(work: Work, kind: str, user_id: int | None, lasts: dt.timedelta, data: Mapping[str, Any] | None = None) -> str:
    """Makes a ticket; gives its token. Tickets that are over are forgotten."""
    token = secrets.token_urlsafe(32)
    now = work.now
    work.session.execute(delete(Ticket).where(Ticket.expires_at < now))
    row = Ticket(token_hash=hashed(token), kind=kind, user_id=user_id, data=dict(data or {}), expires_at=now + lasts)
    work.session.add(row)
    work.session.flush()
    return token


def find(work: Work, kind: str, token: str, *, lock: bool = False) -> Ticket | None:
    """The ticket of a token while it holds; ``None`` when it is unknown, over, or its user is disabled.

    :param lock: others who bring the same token wait until this unit is over.
    """
    wanted = select(Ticket).where(Ticket.token_hash == hashed(token), Ticket.kind == kind, Ticket.expires_at > work.now)
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found = work.session.scalar(wanted)
    if found is None or found.user_id is None:
        return found
    user = work.session.get(User, found.user_id)
    return found if user is not None and user.disabled_at is None else None


def use(work: Work, kind: str, token: str) -> Ticket | None:
    """The ticket, used up: nobody else gets it, whoever asks at the same moment."""
    found = find(work, kind, token, lock=True)
    if found is None:
        return None
    gone = delete(Ticket).where(Ticket.token_hash == found.token_hash).returning(Ticket.token_hash)
    work.session.expunge(found)
    return found if work.session.execute(gone).first() is not None else None


def drop(work: Work, user_id: int, *kinds: str) -> None:
    """Ends a user's tickets: those of the kinds given, or all."""
    mine = delete(Ticket).where(Ticket.user_id == user_id)
    work.session.execute(mine.where(Ticket.kind.in_(kinds)) if kinds else mine)
