"""The side of an audience that goes to the addresses of companies themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crmhost.api import Invalid, Message, Work, mail

if TYPE_CHECKING:
    from plugins.companies.api import Companies

#: Kind of record, as the log of mails and the journal know it.
KIND = "company"
#: Parts of an audience that name companies -> what the companies have.
PARTS = {"company_tag": "tag", "company_status": "status"}
#: Whom a mail to companies goes to: the people who belong to them, their own address, or both.
PEOPLE, ADDRESS, BOTH = "people", "address", "both"
WAYS = (PEOPLE, ADDRESS, BOTH)


def service(work: Work) -> Companies:
    """The companies.

    :raises Invalid: for the field ``audience``, when they are switched off or the actor may not see them.
    """
    companies: Companies | None = work.service("companies")
    if companies is None:
        raise Invalid({"audience": ["Companies are switched off: enable the extension, or choose other people."]})
    if not work.can("companies.view"):
        raise Invalid({"audience": ["You may not see companies: choose other people, or ask somebody who may."]})
    return companies


def clean_way(given: Any) -> dict[str, str]:
    """Whom companies mean, as it is stored with an audience: nothing for their people.

    :raises Invalid: for the field ``audience``.
    """
    if given in (None, "", PEOPLE):
        return {}
    if given not in WAYS:
        raise Invalid({"audience": [Message("companies is people, address or both, not “%(given)s”.", given=given)]})
    return {"companies": given}


def way(audience: Mapping[str, Any]) -> str:
    """One of :data:`WAYS`."""
    return str(audience.get("companies") or PEOPLE)


def wanted(audience: Mapping[str, Any]) -> bool:
    """Whether it goes to addresses of companies."""
    return way(audience) != PEOPLE and bool(_named(audience, "include"))


def step(work: Work, audience: Mapping[str, Any], after: int, limit: int) -> list[mail.mailings.Recipient]:
    """The next companies of the audience, by id, those without an address too.

    :raises Invalid: when they can't be asked now.
    """
    if not wanted(audience):
        return []
    include, exclude = (_named(audience, side) for side in ("include", "exclude"))
    found = service(work).addressed(include, exclude, after=after, limit=limit)
    return [
        mail.mailings.Recipient(None, email, name, object_type=KIND, object_id=number) for number, name, email in found
    ]


def count(work: Work, audience: Mapping[str, Any]) -> int:
    """How many companies these are."""
    if not wanted(audience):
        return 0
    return service(work).count_addressed(*(_named(audience, side) for side in ("include", "exclude")))


def _named(audience: Mapping[str, Any], side: str) -> list[tuple[str, str]]:
    return [(PARTS[kind], name) for part in audience.get(side) or () for kind, name in part.items() if kind in PARTS]
