"""How invoices read in lists and boxes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from markupsafe import Markup
from sqlalchemy import select

from crmhost.api import Contact, Tag, Work, tags
from crmhost.web.api import gettext, link, money, url_for

from .models import KIND, Invoice
from .paying import STATES

NONE = "–"
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


def rows(work: Work, found: Sequence[Invoice]) -> list[Row]:
    """Invoices with the names that they refer to, read for all at once."""
    people = contact_names(work, {one.contact_id for one in found if one.contact_id is not None})
    companies = company_names(work, {one.company_id for one in found if one.company_id is not None})
    labels = tags.of(work, KIND, [one.id for one in found])
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


def state(row: Row) -> Markup:
    """The state with its colour."""
    return Markup('<span class="crm-status" data-hue="{}"><span class="crm-dot"></span>{}</span>').format(
        HUES[row.one.state], gettext(STATES[row.one.state])
    )


def amount(name: str, row: Row) -> str:
    """One of the sums, in the invoice's currency."""
    return money(getattr(row.one, name), row.one.currency)


def customer(row: Row) -> Markup | str:
    """The contact, else the company, leading to the page."""
    if row.contact:
        address = url_for("contacts.page", contact_id=row.one.contact_id)
        return Markup('<a class="link-ink cut d-block" href="{}">{}</a>').format(address, row.contact)
    return company(row)


def company(row: Row) -> Markup | str:
    """The company, leading to its page."""
    address = link("companies.page", company_id=row.one.company_id) if row.company else ""
    if not address:
        return row.company or NONE
    return Markup('<a class="link-ink cut d-block" href="{}">{}</a>').format(address, row.company)


def tag_cell(row: Row) -> Markup:
    """The tags."""
    one = Markup('<span class="crm-tag" data-hue="{}"><span class="crm-dot"></span><span>{}</span></span>')
    return Markup(" ").join(one.format(tag.hue, tag.name) for tag in row.tags)
