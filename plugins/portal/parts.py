"""The portal on other pages: the box of a contact, column, filter and bulk actions of their list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from sqlalchemy import ColumnElement, and_, or_, select

from crmhost.api import Contact, Invalid, Message, Work
from crmhost.web.api import ago, browser_name, gettext, ngettext, render_template

from . import accounts, settings
from .models import Account, PortalSession

#: Visits that the box names.
SHOWN = 5
STATES = (
    ("on", Message("Has access")),
    ("never", Message("Has access, was never there")),
    ("off", Message("Access was taken")),
    ("none", Message("Has no access")),
)


def box(work: Work, contact: Contact) -> str:
    """The access of a contact, and when they were there."""
    visits = (
        select(Account, PortalSession)
        .outerjoin(PortalSession, PortalSession.account_id == Account.id)
        .where(Account.contact_id == contact.id)
        .order_by(PortalSession.created_at.desc(), PortalSession.id.desc())
        .limit(SHOWN)
    )
    rows: list[tuple[Account, PortalSession | None]] = [(row[0], row[1]) for row in work.session.execute(visits)]
    return render_template(
        "portal/staff/box.html",
        contact=contact,
        account=rows[0][0] if rows else None,
        visits=[visit for _account, visit in rows if visit is not None],
        may=work.can("portal.manage"),
        chosen=work.settings.get(settings.COMPANY) == "chosen" and work.service("companies") is not None,
        browser=browser_name,
        now=work.now,
    )


def cells(work: Work, contact_ids: Sequence[int]) -> dict[int, str]:
    """What the column says of contacts."""
    found = work.session.scalars(select(Account).where(Account.contact_id.in_(contact_ids)))
    return {account.contact_id: _cell(account) for account in found}


def _cell(account: Account) -> str:
    if not account.enabled:
        return Markup('<span class="text-secondary">{}</span>').format(gettext("Access was taken"))
    return str(gettext("Seen %(when)s", when=ago(account.last_at)) if account.last_at else gettext("Never there yet"))


def condition(work: Work, text: str) -> ColumnElement[bool]:  # noqa: ARG001
    """Contacts by their access: on, never, off, none."""
    mine = {
        "on": Account.enabled.is_(True),
        "never": and_(Account.enabled.is_(True), Account.last_at.is_(None)),
        "off": Account.enabled.is_(False),
        "none": or_(Account.enabled.is_(True), Account.enabled.is_(False)),
    }.get(text)
    if mine is None:
        raise Invalid(Message("“%(value)s” is none of on, never, off, none.", value=text[:40]))
    having = select(Account.contact_id).where(mine)
    return Contact.id.not_in(having) if text == "none" else Contact.id.in_(having)


def choices(_work: Work) -> Sequence[tuple[str, str]]:
    """What the filter offers."""
    return [(key, gettext(label)) for key, label in STATES]


def give(work: Work, contact_ids: Sequence[int], _values: Mapping[str, Any]) -> str:
    """The bulk action that gives access."""
    given, left = accounts.give_many(work, contact_ids)
    said: str = ngettext("%(num)d contact got access.", "%(num)d contacts got access.", given)
    if not left:
        return said
    more: str = ngettext(
        "%(num)d was passed over: it has access already, or no e-mail address.",
        "%(num)d were passed over: they have access already, or no e-mail address.",
        left,
    )
    return f"{said} {more}"


def take(work: Work, contact_ids: Sequence[int], _values: Mapping[str, Any]) -> str:
    """The bulk action that takes access."""
    taken = accounts.take_many(work, contact_ids)
    return str(ngettext("%(num)d contact lost access.", "%(num)d contacts lost access.", taken))
