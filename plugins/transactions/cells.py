"""How transactions read in lists and boxes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from markupsafe import Markup

from crmhost.api import Money, Tag, Work, tags
from crmhost.web.api import Cell, link, link_cell, money, status_cell, url_for

from . import counting, kinds
from .models import KIND, Transaction
from .owners import contact_names, visible_companies


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

    @property
    def total(self) -> Money:
        """Below zero for what subtracts."""
        return Money(-self.one.total if self.sign < 0 else self.one.total, self.one.currency)


def rows(work: Work, found: Sequence[Transaction], *, tagged: bool = True, named: bool = True) -> list[Row]:
    """Transactions with the names that they refer to, read for all at once.

    :param tagged: with their tags.
    :param named: with the names of contacts and companies.
    """
    rule = counting.rule(work)
    types = {kind.id: kind for kind in kinds.types(work)}
    statuses = {status.id: status.name for status in kinds.statuses(work)}
    owners = found if named else ()
    people = contact_names(work, [one.counted_contact_id for one in owners])
    companies = visible_companies(
        work, {one.counted_company_id for one in owners if one.counted_company_id is not None}
    )
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


def status(row: Row) -> Cell:
    """The status; green when it counts."""
    return status_cell(row.status, "green" if row.counts else "grey")


def total(row: Row) -> str:
    """The total, below zero for what subtracts."""
    return money(row.total)


def contact(row: Row) -> Cell:
    """The contact, leading to their page."""
    return link_cell(row.contact, row.contact and url_for("contacts.page", contact_id=row.one.counted_contact_id))


def company(row: Row) -> Cell:
    """The company, leading to its page."""
    return link_cell(row.company, row.company and link("companies.page", company_id=row.one.counted_company_id))
