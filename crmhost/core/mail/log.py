"""The log of mails: filtered, paged by keyset."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, func, select

from ...contributions import Health
from ...messages import Message, Plural
from ...work.unit import Work
from ..contacts.emails import email_key
from ..days import day_bound
from ..keyset import beyond, decode, encode, opaque, valid_id
from ..text import clean_line
from .accounts import chosen, transport
from .models import STATES, MailBounce, MailMessage

_KINDS = (dt.datetime, int)
_KEYS = (MailMessage.created_at, MailMessage.id)
#: So far rows are counted exactly.
COUNTED = 10_000


@dataclasses.dataclass(frozen=True)
class Page:
    """Mails, newest first, with cursors of the neighbouring pages."""

    rows: list[MailMessage]
    next: str | None = None
    previous: str | None = None


def page(
    work: Work,
    q: str = "",
    filters: Mapping[str, Sequence[str]] | None = None,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page:
    """A page of the log.

    :param q: an address, or a part of one.
    :param filters: ``state`` (any of), ``account`` (id), ``contact`` (id), ``source``, ``from`` and ``to`` (ISO days).
    """
    work.require("mail.log")
    wanted = work.visible(MailMessage).where(*_conditions(work, q, filters or {}))
    back = before is not None
    cursor = before if back else after
    if cursor:
        wanted = wanted.where(beyond(_KEYS, decode("mail", cursor, _KINDS), descending=not back))
    order = [key.asc() if back else key.desc() for key in _KEYS]
    rows = list(work.session.scalars(wanted.order_by(*order).limit(limit + 1)))
    more, rows = len(rows) > limit, rows[:limit]
    if back:
        rows.reverse()
    if not rows:
        return Page([])
    first, last = (encode("mail", (row.created_at, row.id)) for row in (rows[0], rows[-1]))
    return Page(rows, last if back or more else None, first if (back and more) or (after and not back) else None)


def count(work: Work, q: str = "", filters: Mapping[str, Sequence[str]] | None = None) -> tuple[int, bool]:
    """How many mails match, and whether that is exact (it is up to 10,000)."""
    work.require("mail.log")
    some = work.visible(MailMessage).where(*_conditions(work, q, filters or {}))
    number = work.session.scalar(
        select(func.count()).select_from(some.with_only_columns(MailMessage.id).limit(COUNTED + 1).subquery())
    )
    return min(number or 0, COUNTED), (number or 0) <= COUNTED


def _conditions(work: Work, q: str, filters: Mapping[str, Sequence[str]]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    text = email_key(clean_line(q))
    if text:
        whole = "." in text.rpartition("@")[2] and "@" in text
        part = opaque(MailMessage.email_key.contains(text, autoescape=True))
        found.append(MailMessage.email_key == text if whole else part)
    states = [state for value in filters.get("state", ()) for state in value.split(",") if state in STATES]
    if len(states) == 1:
        found.append(MailMessage.state == states[0])
    elif states:
        found.append(opaque(MailMessage.state.in_(states)))
    for name, column in (("account", MailMessage.account_id), ("contact", MailMessage.contact_id)):
        for value in filters.get(name, ())[:1]:
            condition = column == (valid_id(value) or 0)
            found.append(opaque(condition) if found else condition)
    for name, days in (("from", 0), ("to", 1)):
        value = next(iter(filters.get(name, ())), "")
        if (bound := day_bound(work, value, days)) is not None:
            found.append(MailMessage.created_at < bound if days else MailMessage.created_at >= bound)
    return found


def last_answer(message: MailMessage) -> str:
    """What the server said last."""
    if not message.answers:
        return ""
    said = message.answers[-1]
    if said.get("code"):
        return Message("%(code)s %(text)s", code=str(said["code"]), text=said["text"])
    return str(said.get("text", ""))


def check(work: Work) -> Health:
    """For the Health page: whether mails leave the site, and what became of those of the last day."""
    if transport(work) == "log":
        advice = Message("Enter a mail server and choose it: Settings > Mail.")
        return Health(level="warning", message="Mails are kept on this site: nothing leaves it.", advice=advice)
    account = chosen(work)
    if not account.host or not account.from_email:
        return Health(level="error", message="Mails can't be sent.", advice="Set sender and server: Settings > Mail.")
    lately = MailMessage.created_at > work.now - dt.timedelta(days=1)
    wanted = select(MailMessage.state, func.count()).where(lately, MailMessage.state.in_(("failed", "unknown")))
    number = sum(row[1] for row in work.session.execute(wanted.group_by(MailMessage.state)))
    if number:
        message = Plural(
            "%(num)s mail of the last day failed or is unknown.",
            "%(num)s mails of the last day failed or are unknown.",
            number,
        )
        return Health(level="warning", message=message, advice=Message("Look at the log: Settings > Mail > Log."))
    if not work.base_url:
        return Health(
            level="warning",
            message="The site's public address is not known: links to unsubscribe can't be made.",
            advice="Set CRMHOST_BASE_URL.",
        )
    return Health(level="ok", message="Mails go out.")


def reports(work: Work, message_id: int) -> list[MailBounce]:
    """What came back for a mail."""
    wanted = select(MailBounce).where(MailBounce.message_id == message_id).order_by(MailBounce.id)
    return list(work.session.scalars(wanted))
