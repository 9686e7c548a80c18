"""Browsers that a user signed in from before: a new one is told of, a trusted one is not asked for a code.

The cookie holds a random token that says nothing by itself: it counts only together with the right password.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets

from sqlalchemy import delete, func, select, update

from ...work.unit import Work
from ..mail import accounts as mail
from ..notifications import services as notifications
from .models import Browser, User
from .tickets import hashed

#: How long a browser that one trusts is not asked for a code, and how long one is known that was not seen.
TRUSTED = dt.timedelta(days=30)
KNOWN = dt.timedelta(days=400)
#: Most browsers that are known of one user; those seen longest ago are forgotten.
MOST = 50

_BROWSERS = {"Firefox": "Firefox", "Edg": "Edge", "OPR": "Opera", "Chrome": "Chrome", "Safari": "Safari"}
_SYSTEMS = ("Windows", "Android", "iPhone", "iPad", "Mac OS", "Linux")


def new_token() -> str:
    """A token for a browser that has none."""
    return secrets.token_urlsafe(32)


def called(agent: str) -> tuple[str, str]:
    """Browser and system that a User-Agent names; each may be empty."""
    browser = next((name for part, name in _BROWSERS.items() if part in agent), "")
    system = next((name for name in _SYSTEMS if name in agent), "")
    return browser or re.split(r"[\s/(]", agent.strip())[0][:40], system


def trusted(work: Work, user: User, token: str) -> bool:
    """Whether the user said that this browser is not to be asked for a code, and that still holds."""
    if not token:
        return False
    row = work.session.get(Browser, (hashed(token), user.id))
    return row is not None and row.trusted_until is not None and row.trusted_until > work.now


def seen(work: Work, user: User, token: str, agent: str, address: str, *, trust: bool = False) -> None:
    """Notes that the user signed in from a browser; the user is told when it is a new one, but not of the very first.

    :param trust: it is not asked for a code for 30 days.
    """
    now = work.now
    row = work.session.get(Browser, (hashed(token), user.id)) if token else None
    if row is None:
        others = work.session.scalar(select(func.count()).select_from(Browser).where(Browser.user_id == user.id)) or 0
        if others:
            _tell(work, user, agent, address)
        if not token:
            return
        _forget_some(work, user.id, others)
        row = Browser(token_hash=hashed(token), user_id=user.id, seen_at=now)
        work.session.add(row)
    row.seen_at = now
    if trust:
        row.trusted_until = now + TRUSTED
    work.session.flush()


def _forget_some(work: Work, user_id: int, others: int) -> None:
    mine = Browser.user_id == user_id
    work.session.execute(delete(Browser).where(mine, Browser.seen_at < work.now - KNOWN))
    if others >= MOST:
        kept = select(Browser.token_hash).where(mine).order_by(Browser.seen_at.desc()).limit(MOST - 1)
        hashes = work.session.scalars(kept).all()
        work.session.execute(delete(Browser).where(mine, Browser.token_hash.not_in(hashes)))


def _tell(work: Work, user: User, agent: str, address: str) -> None:
    browser = ", ".join(part for part in called(agent) if part) or "?"
    notifications.tell(
        work,
        [user.id],
        "New sign-in as you: %(browser)s, address %(address)s. Was it not you? Sign out elsewhere and change your password.",
        url="/account",
        kind="users.new_browser",
        data={"browser": browser, "address": address or "?"},
    )
    if mail.transport(work) == "smtp":
        work.enqueue("users.new_browser", user_id=user.id, browser=browser, address=address, at=work.now.isoformat())


def distrust(work: Work, user_id: int) -> int:
    """Every browser of the user is asked for a code again; says how many were not."""
    mine = update(Browser).where(Browser.user_id == user_id, Browser.trusted_until > work.now)
    return len(work.session.execute(mine.values(trusted_until=None).returning(Browser.token_hash)).all())


def trusted_count(work: Work, user_id: int) -> int:
    """How many browsers are not asked for a code."""
    mine = select(func.count()).select_from(Browser).where(Browser.user_id == user_id, Browser.trusted_until > work.now)
    return work.session.scalar(mine) or 0
