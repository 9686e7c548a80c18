"""Notifications: telling users something in the app, and what each of them has not read yet."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from sqlalchemy import and_, delete, func, or_, select, update

from ...errors import Forbidden, NotFound
from ...messages import Message
from ...work.reads import Read
from ...work.unit import Work
from ..keyset import decode, encode, valid_id
from ..rows import chunks, insert_rows, table
from ..text import clean_line, shorten
from ..users.models import Role, User
from ..users.roles import permissions_of
from .models import Notification

#: Counted up to here; the bell then says “99+”.
MOST_COUNTED = 100
LONGEST = 500
LARGEST_PAGE = 100
#: How long a notification is kept once it was read, and at all.
KEEP_READ = dt.timedelta(days=30)
KEEP = dt.timedelta(days=180)
_HOLE = re.compile(r"%\((\w+)\)s")


@dataclasses.dataclass(frozen=True)
class Page:
    """Notifications, newest first, and the cursor of the page that follows, or ``None``."""

    rows: list[Notification]
    next: str | None


def tell(
    work: Work,
    user_ids: Iterable[int],
    text: str,
    url: str = "",
    kind: str = "",
    data: Mapping[str, object] | None = None,
) -> int:
    """Tells users something in the app, in the transaction of what it is about; says how many were told.

    Users who are disabled, and ids that are nobody's, are passed over. No permission is asked: it is for the code that knows
    who has to hear of it.

    :param text: an English sentence, translated for each reader; at most 500 characters. ``%(name)s`` stands for a value of
        ``data``, so that names are not translated; one that is a :class:`Message` is.
    :param url: where it leads: a path on this site.
    :param kind: what it is about, ``ID.something``.
    :raises ValueError: when ``url`` leads elsewhere.
    """
    if url and not _own_path(url):
        raise ValueError(f"“{url}” is no path on this site.")
    wanted = sorted({number for number in map(valid_id, user_ids) if number})
    values = {name: _value(value) for name, value in (data or {}).items()}
    told = 0
    for some in chunks(wanted):
        users = work.session.scalars(select(User.id).where(User.id.in_(some), User.disabled_at.is_(None))).all()
        rows = [
            {
                "user_id": user,
                "kind": kind[:80],
                "text": shorten(clean_line(text), LONGEST),
                "data": values,
                "url": url,
                "created_at": work.now,
                "read_at": None,
            }
            for user in users
        ]
        insert_rows(work.session, Notification, rows)
        told += len(rows)
    return told


def who_may(work: Work, permission: str) -> list[int]:
    """Ids of the users who hold a permission and can sign in: whom to tell of what needs it."""
    people = select(User).join(Role, Role.id == User.role_id).where(User.disabled_at.is_(None)).order_by(User.id)
    return [user.id for user in work.session.scalars(people) if permissions_of(user) & {"*", permission}]


def said(notification: Notification, gettext: Callable[[str], str]) -> str:
    """The sentence in the reader's language.

    :param gettext: translates an English text.
    """

    def shown(value: object) -> str:
        return gettext(value) if isinstance(value, Message) else str(value)

    return _HOLE.sub(
        lambda hole: shown(notification.data.get(hole[1], "")) if notification.data else hole[0],
        gettext(notification.text),
    )


def _value(value: object) -> str:
    return value if isinstance(value, Message) else clean_line(str(value))[:LONGEST]


# --- reading ---------------------------------------------------------------------------------------------------------


def unread(work: Work) -> int:
    """How many notifications the actor has not read, counted up to :data:`MOST_COUNTED`."""
    read = unread_read(work)
    return work.rows(read[0])[0][0] if read else 0


def unread_read(work: Work) -> list[Read]:
    """What :func:`unread` asks, for pages that ask it together with other things."""
    if work.actor.user_id is None:
        return []
    mine = select(Notification.id).where(Notification.user_id == work.actor.user_id, Notification.read_at.is_(None))
    number = select(func.count()).select_from(mine.limit(MOST_COUNTED).subquery())
    return [Read(("notifications.unread", work.actor.user_id), number)]


def page(work: Work, after: str | None = None, *, only_unread: bool = False, limit: int = 30) -> Page:
    """The actor's notifications, newest first.

    :param after: cursor of the page before.
    """
    limit = max(1, min(limit, LARGEST_PAGE))
    wanted = select(Notification).where(Notification.user_id == _own(work))
    if only_unread:
        wanted = wanted.where(Notification.read_at.is_(None))
    if after:
        (last,) = decode("notifications", after, [int])
        wanted = wanted.where(Notification.id < last)
    rows = list(work.session.scalars(wanted.order_by(Notification.id.desc()).limit(limit + 1)))
    more, rows = len(rows) > limit, rows[:limit]
    return Page(rows, encode("notifications", [rows[-1].id]) if more else None)


def read(work: Work, notification_id: int) -> Notification:
    """Marks a notification as read; gives it.

    :raises NotFound: when the actor has none of this number.
    """
    found = work.session.get(Notification, valid_id(notification_id) or 0)
    if found is None or found.user_id != _own(work):
        raise NotFound("notification", notification_id)
    if found.read_at is None:
        found.read_at = work.now
        work.session.flush()
    return found


def read_all(work: Work, newest: int | None = None) -> int:
    """Marks the actor's notifications as read; says how many.

    :param newest: the newest that was seen: what came after it stays unread.
    """
    mine = update(Notification).where(Notification.user_id == _own(work), Notification.read_at.is_(None))
    if newest is not None:
        mine = mine.where(Notification.id <= newest)
    done = work.session.execute(mine.values(read_at=work.now).returning(Notification.id)).all()
    return len(done)


def prune(work: Work, limit: int = 500) -> int:
    """Deletes what was read a month ago and what is half a year old, at most ``limit``; says how many."""
    now, row = work.now, Notification
    old = or_(row.created_at < now - KEEP, and_(row.created_at < now - KEEP_READ, row.read_at < now - KEEP_READ))
    ids = work.session.scalars(select(row.id).where(old, row.created_at < now - KEEP_READ).limit(limit)).all()
    for some in chunks(ids):
        work.session.execute(delete(table(row)).where(row.id.in_(some)))
    return len(ids)


def _own(work: Work) -> int:
    if work.actor.user_id is None:
        raise Forbidden("", "Only somebody who is signed in has notifications.")
    return work.actor.user_id


def _own_path(url: str) -> bool:
    if len(url) > LONGEST or not url.startswith("/") or url.startswith("//") or "\\" in url or not url.isprintable():
        return False
    parts = urlsplit(url)
    return not parts.scheme and not parts.netloc
