"""As whom a campaign is shown before it goes out: a person, or a company that gets it at its own address."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from crmhost.api import Contact, Invalid, Work, contacts, mail
from crmhost.web.api import anybody_mailed

from . import audience, of_companies, web
from .models import Campaign, Sequence

#: Stands for a reader's own address to unsubscribe at, where nobody is written to.
_EXAMPLE = "/mail/u/example"
_LOOKED = 20


@dataclasses.dataclass(frozen=True)
class Reader:
    """Somebody to show it as.

    :param more: values of placeholders that are theirs, beyond those of the contact.
    """

    name: str
    contact: Contact | None = None
    more: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def first(work: Work, campaign: Campaign | Sequence) -> Reader | None:
    """The first of the audience, else anybody with an address; nobody on an empty site."""
    person = company = None
    try:
        some, _left = mail.mailings.sort_out(work, audience.step(work, campaign.audience, 0, _LOOKED))
        person = next((one.contact_id for one in some), None)
        if person is None:
            some, _left = mail.mailings.sort_out(work, of_companies.step(work, campaign.audience, 0, _LOOKED))
            company = next(iter(some), None)
    except Invalid:
        pass
    if company is not None:
        return as_company(work, company)
    if person is None and (anybody := anybody_mailed(work)) is not None:
        person = anybody.id
    return as_person(contacts.get(work, person)) if person is not None else None


def as_person(contact: Contact) -> Reader:
    """A contact."""
    return Reader(contact.name, contact)


def as_company(work: Work, one: mail.mailings.Recipient) -> Reader:
    """A company."""
    kind, number = one.record
    return Reader(one.name, None, mail.further(work, kind, [number]).get(number, {}))


def write(
    work: Work, campaign: Campaign, source: Any, reader: Reader | None, account: mail.Account | None = None
) -> mail.Written:
    """The mail of a campaign as somebody would get it.

    :param account: the one it is sent from, where that is known.
    :raises Invalid: when it can't be filled in.
    """
    return mail.write(
        work,
        source,
        reader.contact if reader is not None else None,
        account=account or mail.chosen(work, campaign.account_id),
        unsubscribe=f"{work.base_url}{_EXAMPLE}",
        more={**(reader.more if reader is not None else {}), **web.values(work, campaign)},
    )
