"""What placeholders ``company.…`` stand for in mails, and in the texts of other extensions, such as quotes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from crmhost.api import Message, Work, custom_fields

from . import members
from .models import KIND, Company

_PLAIN = ("name", "email", "main_phone", "second_phone")
_ADDRESS = ("line1", "line2", "postal_code", "city", "county", "country")


def labels(work: Work) -> list[tuple[str, str]]:
    """Every placeholder with what people call it, those of custom fields last."""
    own = {
        "company.name": Message("Company: name"),
        "company.email": Message("Company: e-mail"),
        "company.main_phone": Message("Company: phone"),
        "company.second_phone": Message("Company: second phone"),
        "company.address.line1": Message("Company: street"),
        "company.address.line2": Message("Company: second line of the address"),
        "company.address.postal_code": Message("Company: postal code"),
        "company.address.city": Message("Company: city"),
        "company.address.county": Message("Company: county or state"),
        "company.address.country": Message("Company: country (two letters)"),
        "company.status": Message("Company: status"),
    }
    custom = {
        f"company.{field.name}": Message("Company: %(field)s", field=field.label)
        for field in custom_fields.definitions(work, KIND)
        if field.kind != "encrypted"
    }
    return [*own.items(), *custom.items()]


def mail_values(work: Work, object_type: str, ids: Sequence[int]) -> dict[int, dict[str, Any]] | None:
    """What they stand for in mails: of a company, its own; of a contact, those of the main company, empty without one."""
    if object_type not in ("contact", KIND) or not work.can("companies.view"):
        return None
    if object_type == KIND:
        main = {number: number for number in ids}
    else:
        main = {key: found[0].company_id for key, found in members.companies_of(work, list(ids)).items()}
    wanted = select(Company).where(Company.id.in_(list(main.values())), Company.visible_to(work.actor))
    known = {one.id: one for one in work.session.scalars(wanted.options(joinedload(Company.status)))}
    return {
        number: {"company": values(work, known.get(main.get(number, 0)))}
        for number in ids
        if object_type != KIND or number in known or not number
    }


def values(work: Work, company: Company | None) -> dict[str, Any]:
    """What they stand for; a field without a value, or without a company, gives an empty text."""
    parts = company.address1 if company is not None and company.address1 else {}
    return {
        **{name: str(getattr(company, name, "") or "") for name in _PLAIN},
        "address": {name: parts.get(name, "") for name in _ADDRESS},
        "status": company.status.name if company is not None else "",
        "custom": custom_fields.texts(work, KIND, company.custom if company is not None else None),
    }
