"""Easy-access links: made for one document, copied again, revoked, found by their token, and who opened them.

Whether the actor may hand a document out, its owner asks before it calls :func:`make`; whether it may be seen at all (a draft may
not), its owner asks after :func:`find`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Sequence

from sqlalchemy import delete, select, update

from ...errors import NotFound
from ...work.context import JobContext
from ...work.unit import Work
from ..settings import services as settings
from ..text import clean_line
from .models import Link, LinkOpening

#: Openings from one address within this time are one.
ONE_VISIT = dt.timedelta(minutes=30)
#: How long openings are kept, and links that hold no more.
KEEP = dt.timedelta(days=365)
#: A link is handed out again while it holds for so long.
SOON = dt.timedelta(days=1)
#: Rows deleted in one transaction.
SOME = 500


def make(work: Work, object_type: str, object_id: int, lasts: dt.timedelta | None) -> str:
    """Makes a link; gives its token, of 256 random bits.

    :param lasts: how long it opens the document; ``None``: until it is revoked.
    """
    token = secrets.token_urlsafe(32)
    expires_at = None if lasts is None else work.now + lasts
    link = Link(
        token_hash=_hashed(token),
        sealed=settings.seal(work, token, _context(object_type, object_id)),
        object_type=object_type,
        object_id=object_id,
        created_at=work.now,
        created_by_id=work.actor.user_id,
        expires_at=expires_at,
    )
    work.session.add(link)
    work.session.flush()
    until = None if expires_at is None else expires_at.isoformat()
    work.audit("link.made", object_type, object_id, after={"expires_at": until})
    return token


def token_of(work: Work, object_type: str, object_id: int, lasts: dt.timedelta | None) -> str:
    """The token of the newest link that holds for at least a day more; of a new one when there is none."""
    link = held(work, object_type, object_id, lasts)
    return token_in(work, link) if link is not None else make(work, object_type, object_id, lasts)


def held(work: Work, object_type: str, object_id: int, lasts: dt.timedelta | None) -> Link | None:
    """The newest link that holds for at least a day more, or at all where links last no longer; ``None`` without one."""
    soon = work.now + SOON if lasts is None or lasts > SOON else work.now
    return next((link for link in of(work, object_type, object_id) if link.holds(soon)), None)


def token_in(work: Work, link: Link) -> str:
    """The token of a link, to be copied again."""
    return settings.unseal(work, link.sealed, _context(link.object_type, link.object_id))


def of(work: Work, object_type: str, object_id: int) -> list[Link]:
    """The links to a document, those that hold no more too, the newest first."""
    mine = select(Link).where(Link.object_type == object_type, Link.object_id == object_id)
    return list(work.session.scalars(mine.order_by(Link.id.desc())))


def revoke(work: Work, object_type: str, object_id: int) -> int:
    """Has all links to a document open nothing from now on; gives how many did."""
    mine = (Link.object_type == object_type, Link.object_id == object_id, Link.revoked_at.is_(None))
    gone = update(Link).where(*mine).values(revoked_at=work.now).returning(Link.id)
    number = len(work.session.scalars(gone, execution_options={"synchronize_session": False}).all())
    if number:
        work.session.expire_all()
        work.audit("link.revoked", object_type, object_id, after={"links": number})
    return number


def drop(work: Work, object_type: str, ids: Sequence[int]) -> None:
    """Forgets the links to documents that are erased."""
    mine = delete(Link).where(Link.object_type == object_type, Link.object_id.in_(list(ids)))
    work.session.execute(mine, execution_options={"synchronize_session": False})


def find(work: Work, object_type: str, token: str) -> Link:
    """The link of a token while it holds.

    :raises NotFound: when it is unknown, over, revoked, or leads to another kind of document: the four look alike.
    """
    link = work.session.scalar(select(Link).where(Link.token_hash == _hashed(token), Link.object_type == object_type))
    if link is None or not link.holds(work.now):
        raise NotFound("document", "")
    return link


def opened(work: Work, link: Link, address: str, agent: str) -> bool:
    """Notes that somebody looks at the document; gives whether that is the first time.

    Call it when the page says that it is seen, not when it is fetched: programs that check mails fetch it too.
    """
    latest = select(LinkOpening).where(LinkOpening.link_id == link.id).order_by(LinkOpening.at.desc()).limit(50)
    known = work.session.scalars(latest).all()
    address = address[:60]
    if not any(one.address == address and one.at > work.now - ONE_VISIT for one in known):
        opening = LinkOpening(link_id=link.id, at=work.now, address=address, agent=clean_line(agent)[:200])
        work.session.add(opening)
        work.session.flush()
    return not known


def openings(work: Work, object_type: str, object_id: int, limit: int = 50) -> list[LinkOpening]:
    """Who opened the links to a document, the newest first."""
    mine = select(Link.id).where(Link.object_type == object_type, Link.object_id == object_id)
    wanted = (
        select(LinkOpening)
        .where(LinkOpening.link_id.in_(mine))
        .order_by(LinkOpening.at.desc(), LinkOpening.id.desc())
        .limit(limit)
    )
    return list(work.session.scalars(wanted))


def prune_job(job: JobContext) -> None:
    """Deletes old openings, and links that hold no more for a year, some at a time."""
    more = True
    while more:
        job.check()
        with job.work.begin() as work:
            more = _prune(work)


def _prune(work: Work) -> bool:
    before = work.now - KEEP
    full = False
    for model, old in (
        (LinkOpening, LinkOpening.at < before),
        (Link, (Link.expires_at < before) | (Link.revoked_at < before)),
    ):
        ids = work.session.scalars(select(model.id).where(old).limit(SOME)).all()
        work.session.execute(delete(model).where(model.id.in_(ids)), execution_options={"synchronize_session": False})
        full = full or len(ids) == SOME
    return full


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _context(object_type: str, object_id: int) -> str:
    return f"link {object_type} {object_id}"
