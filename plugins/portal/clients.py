"""Who the client is that a session belongs to: what they see, in which language."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from sqlalchemy import select

from crmhost.api import SYSTEM, Actor, Contact, User, Work, users

from . import sessions, settings
from .api import Client
from .models import Account, PortalSession

if TYPE_CHECKING:
    from plugins.companies.api import Companies


@dataclasses.dataclass(frozen=True)
class Visit:
    """A session that holds, with whose it is.

    :param must_change: a temporary password let them in: nothing is shown before they chose their own.
    """

    client: Client
    session: PortalSession
    account: Account | None
    must_change: bool = False


def visit(work: Work, token: str, address: str = "") -> Visit | None:
    """Who the browser with this token is; ``None`` when the session is over, or the account was disabled or goes by another
    e-mail since, or the contact was deleted.
    """
    found = sessions.find(work, token) if token else None
    if found is None:
        return None
    if found.user_id is not None:
        return _preview(work, found, address)
    row = work.session.execute(
        select(Account, Contact)
        .join(Contact, Contact.id == Account.contact_id)
        .where(Account.id == found.account_id, Account.enabled.is_(True), Contact.deleted_at.is_(None))
    ).one_or_none()
    if row is None or found.email_key != sessions.user_name(row[1]):
        return None
    account, contact = row
    return Visit(_client(work, contact, account, address), found, account, account.temporary)


def _preview(work: Work, found: PortalSession, address: str) -> Visit | None:
    """A preview, as long as its user may see one, and the contact."""
    user = work.session.get(User, found.user_id)
    if user is None or user.disabled_at is not None:
        return None
    actor = users.actor_for(user, address)
    wanted = work.as_actor(actor).visible(Contact).where(Contact.id == found.contact_id)
    contact = work.session.scalar(wanted)
    if contact is None or not (actor.may("portal.preview") and actor.may("contacts.view")):
        return None
    account = work.session.scalar(select(Account).where(Account.contact_id == contact.id))
    client = _client(work, contact, account, address)
    return Visit(dataclasses.replace(client, account_id=None, preview=True), found, account)


def _client(work: Work, contact: Contact, account: Account | None, address: str) -> Client:
    language = (account.locale if account is not None else "") or str(work.settings.get("site.language") or "")
    return Client(
        contact_id=contact.id,
        name=contact.name,
        email=contact.email,
        language=language,
        actor=Actor("client", contact.name[:120], address=address, contact_ids=frozenset({contact.id})),
        company_ids=_companies(work, contact.id, account),
        account_id=account.id if account is not None else None,
    )


def _companies(work: Work, contact_id: int, account: Account | None) -> frozenset[int]:
    who = str(work.settings.get(settings.COMPANY) or "nobody")
    if who == "nobody" or (who == "chosen" and not (account is not None and account.sees_company)):
        return frozenset()
    companies: Companies | None = work.as_actor(SYSTEM).service("companies")
    return frozenset(companies.of_contacts([contact_id]).get(contact_id, ())) if companies is not None else frozenset()
