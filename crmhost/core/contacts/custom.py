"""Custom fields of contacts: checked with the other fields, indexed with them, readable in the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select, update

from ...messages import Message
from ...work.unit import Change, Work
from ..fields import index, records
from ..fields.definitions import PREFIX
from ..rows import chunks
from . import search
from .cleaned import Cleaned
from .derived import document
from .fields import NOTES_LENGTH, PHONES
from .models import Contact
from .records import KIND, emails_of

#: Sources of contacts that nobody is refused for a field that has to be filled in: only people and programs that write one.
ASKED = ("manual", "api")


def settle(
    work: Work,
    cleaned: Cleaned,
    current: Mapping[str, Any] | None,
    *,
    required: bool = False,
    lenient: bool = False,
) -> None:
    """Puts ``custom`` and ``custom.KEY`` among cleaned values together: all custom fields as they are to be stored.

    :param current: what the contact has; empty for a new one, and for imports, which put it together themselves.
    :param required: whether fields that have to be filled in are asked for.
    """
    given = records.given_of(cleaned.values)
    if given is None:
        if not required:
            return
        given = {}
    for name in [name for name in cleaned.values if name.startswith(PREFIX)]:
        del cleaned.values[name]
    found = records.check(work, KIND, given, current, required=required, lenient=lenient)
    cleaned.errors |= found.errors
    for label, text, why in found.left:
        cleaned.remarks.append(Message("%(name)s: %(why)s It was put into the notes.", name=label, why=why))
        more = "\n".join(filter(None, (cleaned.values.get("more_notes", ""), f"{label}: {text}")))
        cleaned.values["more_notes"] = more[:NOTES_LENGTH]
    cleaned.values["custom"] = found.values


def readable(work: Work, values: Mapping[str, Any], other: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Fields of a contact as they stand in the audit log: custom fields one by one, readable, encrypted text masked.

    :param other: the same fields before or after: custom fields that are the same in both are left out.
    """
    if "custom" not in values:
        return dict(values)
    custom, compared = values["custom"] or {}, (other or {}).get("custom") or {}
    keys = [key for key in {**custom, **compared} if custom.get(key) != compared.get(key)]
    rest = {name: value for name, value in values.items() if name != "custom"}
    return {**rest, **records.audited(work, KIND, custom, keys)}


def write_index(work: Work, rows: Iterable[tuple[int, Mapping[str, Any] | None, Mapping[str, Any] | None]]) -> None:
    """Writes the index for contacts that are being saved: id, custom fields now and before each."""
    index.write(work, KIND, rows)


def searched_texts(work: Work, custom: Mapping[str, Any] | None) -> list[str]:
    """The texts of custom fields that a contact is found by."""
    return records.searched(work, KIND, custom)


def search_anew(work: Work, ids: Sequence[int]) -> None:
    """Renews what contacts are found by; those in the bin are not found."""
    names = ("id", "first_name", "last_name", *PHONES, "custom")
    columns = [getattr(Contact, name) for name in names]
    emails = emails_of(work, ids)
    for some in chunks(ids):
        living = select(*columns).where(Contact.id.in_(some), Contact.deleted_at.is_(None))
        texts = []
        for row in work.session.execute(living).mappings():
            mine = [email.email for email in emails.get(row["id"], ())]
            texts.append((row["id"], document(dict(row), mine, searched_texts(work, row["custom"]))))
        search.put(work, KIND, texts)


def together(work: Work, old: Mapping[str, Any], new: Mapping[str, Any], *, fill: bool) -> dict[str, Any]:
    """What an imported contact has and what its row gives, put together; ``fill``: only where it has nothing."""
    new = records.same_secrets(work, KIND, new, old)
    return {**new, **old} if fill else {**old, **new}


def renew(work: Work, ids: Sequence[int]) -> None:
    """What a job changed of custom fields is a change of these contacts like any other."""
    for some in chunks(ids):
        values = {"updated_at": work.now, "version": Contact.version + 1}
        work.session.execute(
            update(Contact).where(Contact.id.in_(some)).values(values),
            execution_options={"synchronize_session": False},
        )
    for key in ids:
        work.changed(Change("contact.updated", "contact", key))
