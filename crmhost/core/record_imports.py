"""What imports of records share: the contacts and companies that rows name, and records by their ids in other systems."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from ..errors import Invalid
from ..messages import Message
from ..work.unit import Work
from . import record_fields
from .contacts import bulk
from .contacts.models import Contact, ContactEmail
from .rows import chunks
from .text import fold

__all__ = [
    "EXTERNAL_SOURCE",
    "by_external_id",
    "company",
    "external_ids",
    "external_key",
    "from_json",
    "is_yes",
    "people",
]

#: Source under which ids of a file are kept when it does not say which system they are from.
EXTERNAL_SOURCE = "import"
_SOME = 500

Row = Mapping[str, str]


def people(work: Work, rows: Sequence[Row], reason: str) -> tuple[dict[str, int], dict[str, str]]:
    """The contacts of the column ``email``, made when there are none, all at once.

    Gives e-mail as written -> id of its contact, and e-mail -> why there can be none.

    :param reason: why we have those who are made, in English: ``Came with an imported invoice``.
    """
    wanted = {row["email"]: record_fields.email_key(row["email"].strip()) for row in rows if row.get("email")}
    keys = list(dict.fromkeys(wanted.values()))
    mine = work.visible(Contact).with_only_columns(Contact.id)
    found: dict[str, int] = {}
    for some in chunks(keys, _SOME):
        there = select(ContactEmail.email_key, ContactEmail.contact_id).where(
            ContactEmail.email_key.in_(some), ContactEmail.active, ContactEmail.contact_id.in_(mine)
        )
        found |= {row[0]: row[1] for row in work.session.execute(there)}
    missing = [key for key in keys if key not in found]
    refused: dict[str, str] = {}
    if missing:
        given = [{"email": key} for key in missing]
        made = bulk.save_many(work, given, mode="skip", source="import", reason={"text": reason})
        for key, result in zip(missing, made, strict=True):
            if result.outcome == "added" and result.id is not None:
                found[key] = result.id
            else:
                refused[key] = " ".join(result.reasons) or "There is a contact with this e-mail that you may not see."
    why = {email: refused[key] for email, key in wanted.items() if key in refused}
    return {email: found[key] for email, key in wanted.items() if key in found}, why


def company(work: Work, name: str) -> int:
    """The company of a name, made when there is none.

    :raises Invalid: when companies are switched off.
    """
    service = work.service("companies")
    if service is None:
        raise Invalid({"company": ["Companies are switched off: enable them, or leave the column out."]})
    key = fold(name)
    for one in service.find(name, 20):
        if one.name_key == key:
            return int(one.id)
    return int(service.create({"name": name}, source="import").id)


def external_key(row: Row) -> str:
    """What a row is matched by through ``external_source`` and ``external_id``; empty without the latter."""
    own = row.get("external_id", "")
    return "\x1f".join((row.get("external_source") or EXTERNAL_SOURCE, own)) if own else ""


def external_ids(row: Row) -> list[dict[str, str]]:
    """The same as services take it under ``external_ids``."""
    if not row.get("external_id"):
        return []
    return [{"source": row.get("external_source") or EXTERNAL_SOURCE, "id": row["external_id"]}]


def by_external_id(work: Work, kind: str, rows: Sequence[Row], model: Any) -> dict[str, int]:
    """:func:`external_key` -> id of the record that is there and that the actor may see.

    :param kind: of records, as ids in other systems know it.
    :param model: of the records.
    """
    keys = [
        (row.get("external_source") or EXTERNAL_SOURCE, "", row["external_id"])
        for row in rows
        if row.get("external_id")
    ]
    owners = record_fields.external_owners(work, kind, keys)
    mine = work.visible(model).where(model.id.in_(owners.values())).with_only_columns(model.id)
    seen = set(work.session.scalars(mine))
    return {f"{source}\x1f{key}": number for (source, _account, key), number in owners.items() if number in seen}


def is_yes(text: str) -> bool:
    """Whether a cell says yes."""
    return fold(text) in ("1", "true", "yes", "oui", "on", "x")


def from_json(name: str, text: str) -> Any:
    """What a cell holds as JSON, such as the lines of an invoice.

    :raises Invalid: when it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        said = Message('This must be JSON: [{"title": …, "quantity": …, "unit_price": …}].')
        raise Invalid({name: [said]}) from None
