"""How quotes read in lists and boxes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from sqlalchemy import and_, select

from crmhost.api import Contact, NotFound, Tag, User, Work, contacts, tags
from crmhost.web.api import Cell, gettext, link, link_cell, people_choices, status_cell, url_for

from .models import KIND, Acceptance, Quote
from .states import STATES

HUES = {
    "draft": "grey",
    "sent": "blue",
    "viewed": "violet",
    "accepted": "green",
    "declined": "red",
    "expired": "orange",
}


@dataclasses.dataclass(frozen=True)
class Row:
    """A quote as a list shows it, with the names that the reader may see."""

    one: Quote
    contact: str = ""
    company: str = ""
    owner: str = ""
    tags: Sequence[Tag] = ()

    @property
    def id(self) -> int:
        """Of the quote."""
        return int(self.one.id)


def rows(work: Work, found: Sequence[Quote]) -> list[Row]:
    """Quotes with the names that they refer to, read for all at once."""
    people = names(work, [one.contact_id for one in found if one.contact_id is not None])
    ids = {one.company_id for one in found if one.company_id is not None}
    companies = work.service("companies")
    firms = companies.names(sorted(ids)) if companies is not None and ids and work.can("companies.view") else {}
    writers = owners(work)
    labels = tags.of(work, KIND, [one.id for one in found])
    return [
        Row(
            one,
            people.get(one.contact_id or 0, ""),
            firms.get(one.company_id or 0, ""),
            writers.get(one.owner_id or 0, ""),
            labels.get(one.id, ()),
        )
        for one in found
    ]


def one_row(work: Work, quote: Quote) -> tuple[Row, Acceptance | None]:
    """A quote with the names that it refers to, without its tags, and how it was accepted: read in one question."""
    seen = and_(Contact.id == Quote.contact_id, Contact.visible_to(work.actor))
    wanted = (
        select(Contact, User.name, User.email, Acceptance)
        .select_from(Quote)
        .outerjoin(Contact, seen)
        .outerjoin(User, User.id == Quote.owner_id)
        .outerjoin(Acceptance, Acceptance.quote_id == Quote.id)
        .where(Quote.id == quote.id)
    )
    found: Sequence[Any] = work.session.execute(wanted).one()
    contact, name, email, taken = found
    companies = work.service("companies")
    firm = ""
    if quote.company_id and companies is not None and work.can("companies.view"):
        firm = companies.names([quote.company_id]).get(quote.company_id, "")
    shown = contact.name if contact is not None and work.can("contacts.view") else ""
    return Row(quote, shown, firm, name or email or ""), taken


def owners(work: Work) -> dict[int, str]:
    """Names of the users that quotes can belong to, the same list for all parts of a page."""

    def read() -> dict[int, str]:
        return {int(key): name for key, name in people_choices(work)}

    return work.once(("quotes.owners", work.actor.user_id), read)


def names(work: Work, ids: Sequence[int]) -> dict[int, str]:
    """Names of the contacts that the actor may see."""
    if not ids or not work.can("contacts.view"):
        return {}
    return {one.id: one.name for one in work.session.scalars(work.visible(Contact).where(Contact.id.in_(ids)))}


def contact_of(work: Work, quote: Quote) -> Contact | None:
    """The contact, when the actor may see it."""
    if quote.contact_id is None or not work.can("contacts.view"):
        return None
    try:
        return contacts.get(work, quote.contact_id)
    except NotFound:
        return None


def title(row: Row) -> Markup:
    """The title, leading to the page."""
    return Markup('<a class="link-ink" href="{}">{}</a>').format(url_for("quotes.page", quote_id=row.id), row.one.title)


def status(row: Row) -> Cell:
    """The status as a chip."""
    return chip(row.one.state)


def chip(state: str) -> Cell:
    """A status as a chip."""
    return status_cell(gettext(STATES[state]), HUES[state])


def contact(row: Row) -> Cell:
    """The contact, leading to their page."""
    return link_cell(row.contact, row.contact and url_for("contacts.page", contact_id=row.one.contact_id))


def company(row: Row) -> Cell:
    """The company, leading to its page."""
    return link_cell(row.company, row.company and link("companies.page", company_id=row.one.company_id))
