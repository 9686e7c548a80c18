"""How transactions read in lists and boxes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from markupsafe import Markup

from crmhost.api import Tag, Work, tags
from crmhost.web.api import link, money, url_for

from . import counting, kinds
from .models import KIND, Transaction
from .owners import contact_names, visible_companies

NONE = "–"


@dataclasses.dataclass(frozen=True)
class Row:
    """A transaction as a list shows it.

    :param counts: whether sums hold it.
    :param sign: of its type.
    :param contact: name of the contact that it counts to, when the reader may see that one.
    """

    one: Transaction
    type: str
    status: str
    counts: bool
    sign: int
    contact: str = ""
    company: str = ""
    tags: Sequence[Tag] = ()

    @property
    def id(self) -> int:
        """Of the transaction."""
        return int(self.one.id)


def rows(work: Work, found: Sequence[Transaction], *, tagged: bool = True) -> list[Row]:
    """Transactions with the names that they refer to, read for all at once.

    :param tagged: with their tags.
    """
    rule = counting.rule(work)
    types = {kind.id: kind for kind in kinds.types(work)}
    statuses = {status.id: status.name for status in kinds.statuses(work)}
    people = contact_names(work, [one.counted_contact_id for one in found])
    companies = visible_companies(work, {one.counted_company_id for one in found if one.counted_company_id is not None})
    labels = tags.of(work, KIND, [one.id for one in found]) if tagged else {}
    return [
        Row(
            one,
            types[one.type_id].name,
            statuses.get(one.status_id, ""),
            rule.counts(one),
            types[one.type_id].sign,
            people.get(one.counted_contact_id or 0, ""),
            companies.get(one.counted_company_id or 0, ""),
            labels.get(one.id, ()),
        )
        for one in found
    ]


def ref(row: Row) -> Markup:
    """The reference, leading to the page."""
    address = url_for("transactions.page", transaction_id=row.id)
    return Markup('<a class="link-ink" href="{}">{}</a>').format(address, row.one.ref)


def status(row: Row) -> Markup:
    """The status; green when it counts."""
    hue = "green" if row.counts else "grey"
    return Markup('<span class="crm-status" data-hue="{}"><span class="crm-dot"></span>{}</span>').format(
        hue, row.status
    )


def total(row: Row) -> str:
    """The total, below zero for what subtracts."""
    return money(-row.one.total if row.sign < 0 else row.one.total, row.one.currency)


def contact(row: Row) -> Markup | str:
    """The contact, leading to their page."""
    if not row.contact:
        return NONE
    address = url_for("contacts.page", contact_id=row.one.counted_contact_id)
    return Markup('<a class="link-ink cut d-block" href="{}">{}</a>').format(address, row.contact)


def company(row: Row) -> Markup | str:
    """The company, leading to its page."""
    address = link("companies.page", company_id=row.one.counted_company_id) if row.company else ""
    return (
        Markup('<a class="link-ink cut d-block" href="{}">{}</a>').format(address, row.company)
        if address
        else row.company or NONE
    )


def tag_cell(row: Row) -> Markup:
    """The tags."""
    one = Markup('<span class="crm-tag" data-hue="{}"><span class="crm-dot"></span><span>{}</span></span>')
    return Markup(" ").join(one.format(tag.hue, tag.name) for tag in row.tags)
