"""Companies on other pages: the palette, contacts' pages, list and form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from sqlalchemy import ColumnElement, select

from crmhost.api import Contact, Hit, Invalid, Message, RecordHit, Vital, Work, texts
from crmhost.web.api import RecordsField, ago, day, gettext, lazy_text, number, render_template, url_for

from . import members, queries, services
from .models import KIND, Company, Member

#: Name of the field of the contact's form.
FIELD = "companies_of"
_NUMBERED = re.compile(r"(?:.*\(#)?(\d{1,10})\)?")


def find(work: Work, text: str, limit: int) -> Sequence[Hit]:
    """Companies for the palette, and the list of all that match."""
    page = queries.page(work, queries.CompanyQuery(q=text, limit=limit))
    hits = [
        Hit(
            title=company.name,
            url=url_for("companies.page", company_id=company.id),
            meta=" · ".join(part for part in (company.email, company.status.name) if part),
            icon="building",
        )
        for company in page.rows
    ]
    if page.next and hits:
        url = url_for("companies.index", q=text)
        said = gettext("Show all companies with “%(text)s”", text=text)
        hits[-1:] = [Hit(title=said, url=url, icon="filter")]
    return hits


def picked(work: Work, text: str, limit: int) -> Sequence[RecordHit]:
    """Companies that fit what was typed where one is picked, by name."""
    page = queries.page(work, queries.CompanyQuery(q=text, limit=limit))
    return [RecordHit(id=company.id, title=company.name, note=whereabouts(company)) for company in page.rows]


def whereabouts(company: Company) -> str:
    """What tells a company from others of its name."""
    return ", ".join(filter(None, ((company.address1 or {}).get("city"), company.email)))


def vitals() -> list[Vital]:
    """The figures of a company that are known here; those of other plugins stand before them."""
    return [
        Vital(id="people", label="People", value=_people, permission="contacts.view", order=900),
        Vital(id="changed", label="Last change", value=lambda _work, company: ago(company.updated_at), order=910),
        Vital(id="added", label="Added", value=lambda _work, company: day(company.created_at), order=920),
    ]


def _people(work: Work, company: Company) -> str:
    found = members.count_of(work, [company.id]).get(company.id, 0)
    return number(found) if found <= members.COUNTED else f"{number(members.COUNTED)}+"


# --- a contact's page ------------------------------------------------------------------------------------------------


def main_company(work: Work, contact: Contact) -> str | None:
    """The main company of a contact, as a link."""
    found = members.companies_of(work, [contact.id]).get(contact.id)
    if not found:
        return None
    url = url_for("companies.page", company_id=found[0].company_id)
    return Markup('<a href="{}">{}</a>').format(url, found[0].name)


def contact_box(work: Work, contact: Contact) -> str:
    """The companies of a contact, to be changed where they stand."""
    may = work.can("contacts.edit", contact)
    found = members.companies_of(work, [contact.id]).get(contact.id, [])
    return (
        render_template("companies/contact_box.html", contact=contact, companies=found, may=may) if found or may else ""
    )


# --- the list of contacts --------------------------------------------------------------------------------------------


def company_cells(work: Work, contact_ids: Sequence[int]) -> dict[int, str]:
    """The main company of contacts, and how many more they have."""
    cells: dict[int, str] = {}
    for contact_id, found in members.companies_of(work, contact_ids).items():
        url = url_for("companies.page", company_id=found[0].company_id)
        link = Markup('<a class="cut link-ink" href="{}">{}</a>').format(url, found[0].name)
        names = ", ".join(item.name for item in found[1:])
        more = Markup('<span class="crm-count" title="{}">+{}</span>').format(names, len(found) - 1)
        cells[contact_id] = Markup('<span class="row-flex">{}{}</span>').format(link, more if names else "")
    return cells


def filter_value(company: Company) -> str:
    """What the filter of the list of contacts takes for a company, readable."""
    return f"{company.name} (#{company.id})"


def of_company(work: Work, text: str) -> ColumnElement[bool]:
    """Contacts of a company, by its number, by “Name (#7)”, or by the beginning of its name.

    :raises Invalid: when there is none that the actor may see.
    """
    visible = Company.visible_to(work.actor)
    numbered = _NUMBERED.fullmatch(text)
    key = texts.fold(text)[:200]
    chosen = (
        Company.id == min(int(numbered[1]), 2**31 - 1)
        if numbered
        else Company.name_key.startswith(key, autoescape=True)
    )
    if work.session.scalar(select(Company.id).where(chosen, visible).limit(1)) is None:
        raise Invalid(Message("There is no company “%(name)s”.", name=text[:80]))
    members_ = select(Member.contact_id).join(Company, Company.id == Member.company_id).where(chosen, visible)
    return Contact.id.in_(members_)


# --- the form of a contact -------------------------------------------------------------------------------------------


def form_fields(work: Work, contact: Contact | None) -> dict[str, tuple[Any, Any, int]]:
    """The field in which companies are chosen by typing."""
    found = members.companies_of(work, [contact.id]).get(contact.id, []) if contact is not None else []
    field = RecordsField(
        lazy_text("Companies"),
        url=url_for("records.choices", object_type=KIND),
        named=lambda values: _named(work, values),
        create=work.can("companies.edit"),
        description=lazy_text("The first is the main one."),
    )
    return {FIELD: (field, [f"#{item.company_id}" for item in found], 6)}


def save_form(work: Work, contact_id: int, typed: Mapping[str, Any]) -> None:
    """Stores the companies that were chosen; new names become companies.

    :raises Invalid: when one of them can't be taken.
    """
    try:
        members.set_companies(work, contact_id, [_chosen(value) for value in typed[FIELD] or ()])
    except Invalid as error:
        raise Invalid({FIELD: [sentence for some in error.errors.values() for sentence in some]}) from error


def _chosen(value: str) -> int | str:
    number = value.removeprefix("#")
    return (
        int(number) if value.startswith("#") and number.isascii() and number.isdigit() and len(number) < 11 else value
    )


def _named(work: Work, values: Sequence[str]) -> dict[str, str]:
    ids = [item for item in map(_chosen, values) if isinstance(item, int)]
    return {f"#{key}": name for key, name in services.titles(work, ids).items()} if ids else {}
