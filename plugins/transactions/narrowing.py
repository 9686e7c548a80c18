"""Filters of transactions by what was bought and by whom: product, country and owner of the customer, whether they have a tag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, or_

from crmhost.api import Contact, Invalid, Message, Tagging, Work, filters, keyset, texts, users

from .models import KIND, Line, Transaction

#: What is asked for that which has no product, country or owner.
NONE = "none"
_Fits = Callable[[Any], ColumnElement[bool]]


def product(_work: Work, _name: str, values: Sequence[str]) -> ColumnElement[bool]:
    """Titles of lines as they are written; ``none`` for transactions without a titled line."""
    lines = exists().where(Line.transaction_id == Transaction.id).correlate(Transaction)
    asked = [lines.where(Line.title == texts.clean_line(value)) for value in values if value != NONE]
    return or_(false(), *asked, *([~lines.where(Line.title != "")] if NONE in values else []))


def country(work: Work, _name: str, values: Sequence[str]) -> ColumnElement[bool]:
    """Codes of countries (ISO 3166) in the address of the contact, of the company where there is none; ``none`` for unknown."""
    codes = [texts.clean_line(value).upper() for value in values if value != NONE]

    def stored(model: Any) -> Any:
        return model.address1["country"].as_string()

    found = _whose(work, lambda model: stored(model).in_(codes)) if codes else false()
    return or_(found, ~_whose(work, lambda model: stored(model) != "")) if NONE in values else found


def owner(work: Work, _name: str, values: Sequence[str]) -> ColumnElement[bool]:
    """Users (id, e-mail or ``me``) to whom the contact is assigned, the company where there is none; ``none`` for nobody."""
    ids = [_user(work, value) for value in values if value != NONE]
    found = _whose(work, lambda model: model.assigned_to_id.in_(ids)) if ids else false()
    return or_(found, ~_whose(work, lambda model: model.assigned_to_id.is_not(None))) if NONE in values else found


def _user(work: Work, value: str) -> int:
    if value == "me":
        return work.actor.user_id or 0
    found = None if value.isdecimal() else users.find_by_email(work, value)
    number = keyset.valid_id(value) if found is None else found.id
    if number is None:
        raise Invalid({"owner": [Message("There is no user “%(name)s”.", name=value[:60])]})
    return number


def tagged(_work: Work, name: str, values: Sequence[str]) -> ColumnElement[bool]:
    """1 for those with a tag, 0 for those without."""
    if values[0] not in ("0", "1"):
        raise Invalid({name: ["Give 1 or 0."]})
    mine = exists().where(Tagging.object_type == KIND, Tagging.object_id == Transaction.id).correlate(Transaction)
    return mine if values[0] == "1" else ~mine


def _whose(work: Work, fits: _Fits) -> ColumnElement[bool]:
    """The condition that the contact, or the company of a transaction without one, fits."""
    found = exists().where(Contact.id == Transaction.counted_contact_id, fits(Contact)).correlate(Transaction)
    if work.service("companies") is None:
        return found
    from plugins.companies.api import Company

    company = exists().where(Company.id == Transaction.counted_company_id, fits(Company)).correlate(Transaction)
    return or_(found, and_(Transaction.counted_contact_id.is_(None), company))


FILTERS: dict[str, filters.Filter] = {"product": product, "country": country, "owner": owner, "tagged": tagged}
