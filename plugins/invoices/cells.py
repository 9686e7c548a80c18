"""How invoices read in lists and boxes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from markupsafe import Markup
from sqlalchemy import select

from crmhost.api import Contact, Read, Tag, Work, tags
from crmhost.web.api import Cell, gettext, link, link_cell, status_cell, url_for

from .models import KIND, Invoice
from .paying import STATES

#: What the name of a contact is made of.
_NAMED = ("id", "first_name", "last_name", "email", "mobile_phone", "work_phone", "home_phone")
HUES = {"draft": "grey", "unpaid": "blue", "part_paid": "amber", "paid": "green", "overdue": "red", "void": "grey"}


@dataclasses.dataclass(frozen=True)
class Row:
    """An invoice as a list shows it.

    :param contact: name of its contact, when the reader may see that one; ``company`` likewise.
    """

    one: Invoice
    contact: str = ""
    company: str = ""
    tags: Sequence[Tag] = ()

    @property
    def id(self) -> int:
        """Of the invoice."""
        return int(self.one.id)


def rows(work: Work, found: Sequence[Invoice], *, tagged: bool = True) -> list[Row]:
    """Invoices with the names that they refer to, read for all at once.

    :param tagged: with their tags.
    """
    people = contact_names(work, {one.contact_id for one in found if one.contact_id is not None})
    companies = company_names(work, {one.company_id for one in found if one.company_id is not None})
    labels = tags.of(work, KIND, [one.id for one in found]) if tagged else {}
    return [
        Row(
            one,
            people.get(one.contact_id or 0, ""),
            companies.get(one.company_id or 0, ""),
            labels.get(one.id, ()),
        )
        for one in found
    ]


def contact_names(work: Work, ids: set[int]) -> dict[int, str]:
    """Names of the contacts among these that the actor may see."""
    if not ids or not work.can("contacts.view"):
        return {}
    mine = select(Contact).where(Contact.id.in_(ids), Contact.visible_to(work.actor))
    return {one.id: one.name for one in work.session.scalars(mine)}


def contact_reads(work: Work, one: Invoice) -> list[Read]:
    """What :func:`contact_name` asks, for pages that ask it together with other things."""
    if one.contact_id is None or not work.can("contacts.view"):
        return []
    mine = select(*(getattr(Contact, name) for name in _NAMED))
    mine = mine.where(Contact.id == one.contact_id, Contact.visible_to(work.actor))
    return [Read(("invoices.contact", work.actor, one.contact_id), mine)]


def contact_name(work: Work, one: Invoice) -> str:
    """The name of an invoice's contact, when the actor may see that one."""
    found = [row for read in contact_reads(work, one) for row in work.rows(read)]
    return Contact(**dict(zip(_NAMED, found[0], strict=True))).name if found else ""


def company_names(work: Work, ids: set[int]) -> dict[int, str]:
    """Names of the companies among these that the actor may see; none while companies are off."""
    service = work.service("companies") if ids else None
    return dict(service.names(sorted(ids))) if service is not None else {}


def title(one: Invoice) -> str:
    """What an invoice is called: its number; for a draft its reference, or that it is one."""
    if one.title:
        return str(one.title)
    return str(gettext("Draft of a credit note") if one.is_credit else gettext("Draft"))


def number(row: Row) -> Markup:
    """The number, leading to the page."""
    address = url_for("invoices.page", invoice_id=row.id)
    return Markup('<a class="link-ink" href="{}">{}</a>').format(address, title(row.one))


def state(row: Row) -> Cell:
    """The state with its colour."""
    return status_cell(gettext(STATES[row.one.state]), HUES[row.one.state])


def customer(row: Row) -> Cell:
    """The contact, else the company, leading to the page."""
    if row.contact:
        return link_cell(row.contact, url_for("contacts.page", contact_id=row.one.contact_id))
    return company(row)


def company(row: Row) -> Cell:
    """The company, leading to its page."""
    return link_cell(row.company, row.company and link("companies.page", company_id=row.one.company_id))
