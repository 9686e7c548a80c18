"""What sales are broken down by: where the key of each part stands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, String, and_, case, exists, func, literal, not_
from sqlalchemy import cast as sql_cast

from crmhost.api import Contact, Tagging, Work, keyset
from plugins.transactions.api import KIND, Transaction

#: Those that follow changes of contacts and companies too.
OF_PEOPLE = ("country", "owner")
NAMES = ("tag", "product", "source", "type", *OF_PEOPLE)


def joined(work: Work, dimension: str, chosen: Select[Any]) -> tuple[Select[Any], Any]:
    """A statement over transactions with what a dimension needs beside it, and the key of each row, empty for none.

    Products are read from lines, not here.
    """
    if dimension == "tag":
        mine = and_(Tagging.object_type == KIND, Tagging.object_id == Transaction.id)
        return chosen.outerjoin(Tagging, mine), _text(Tagging.tag_id)
    if dimension == "source":
        return chosen, Transaction.source
    if dimension == "type":
        return chosen, sql_cast(Transaction.type_id, String)
    alone = case((Transaction.counted_contact_id.is_(None), Transaction.counted_company_id))
    return of_people(work, dimension, chosen, Transaction.counted_contact_id, alone)


def narrowed(work: Work, dimension: str, key: str, chosen: Select[Any]) -> Select[Any]:
    """A statement over transactions with only those of one part of a dimension, found by its index where there is one.

    :param key: as :func:`joined` gives it.
    """
    if dimension == "tag":
        mine = and_(Tagging.object_type == KIND, Tagging.object_id == Transaction.id)
        if not key:
            return chosen.where(not_(exists().where(mine).correlate(Transaction)))
        return chosen.join(Tagging, and_(mine, Tagging.tag_id == (keyset.valid_id(key) or 0)))
    chosen, keyed = joined(work, dimension, chosen)
    return chosen.where(keyed == key)


def of_people(work: Work, dimension: str, chosen: Select[Any], contact: Any, company: Any) -> tuple[Select[Any], Any]:
    """The same for one of :data:`OF_PEOPLE`, over rows of anything.

    :param contact: id of the contact of a row, none where it has none; ``company`` of the company, where no contact bought.
    """
    chosen = chosen.outerjoin(Contact, Contact.id == contact)
    of_contact, of_company = _of(dimension, Contact), literal("")
    if work.service("companies") is not None:
        from plugins.companies.api import Company

        chosen, of_company = chosen.outerjoin(Company, Company.id == company), _of(dimension, Company)
    return chosen, func.coalesce(func.nullif(of_contact, ""), of_company)


def _of(dimension: str, model: Any) -> Any:
    if dimension == "owner":
        return _text(model.assigned_to_id)
    return func.coalesce(model.address1["country"].as_string(), "")


def _text(number: Any) -> Any:
    return func.coalesce(sql_cast(number, String), "")
