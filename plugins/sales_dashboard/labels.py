"""What parts and customers are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from babel import Locale
from sqlalchemy import select

from crmhost.api import Contact, Tag, User, Work
from plugins.transactions import api as transactions


def of(work: Work, dimension: str, keys: Sequence[str]) -> dict[str, str]:
    """Labels of parts by their keys; what is gone, and what needs no other label than its key, is left out."""
    if dimension == "tag":
        return _named(work, Tag, keys)
    if dimension == "owner":
        return _named(work, User, keys)
    if dimension == "type":
        return {str(kind.id): kind.name for kind in transactions.types(work)}
    if dimension == "country":
        territories = Locale.parse(work.locale.replace("-", "_")).territories
        return {key: territories[key] for key in keys if key in territories}
    return {}


def _named(work: Work, model: Any, keys: Sequence[str]) -> dict[str, str]:
    ids = [int(key) for key in keys if key]
    rows = work.session.scalars(select(model).where(model.id.in_(ids)))
    return {str(row.id): row.name or getattr(row, "email", "") for row in rows}


def customers(work: Work, ids: Iterable[int]) -> dict[int, str]:
    """Names of the customers among these that the actor may see.

    :param ids: of contacts; those of companies below zero.
    """
    wanted = list(ids)
    people = [number for number in wanted if number > 0]
    found: dict[int, str] = {}
    if people and work.can("contacts.view"):
        found = {one.id: one.name for one in work.session.scalars(work.visible(Contact).where(Contact.id.in_(people)))}
    service = work.service("companies")
    companies = [-number for number in wanted if number < 0]
    if service is not None and companies:
        found |= {-number: name for number, name in service.names(companies).items()}
    return found
