"""Fields that records of several kinds have: addresses, profiles, tags, who they are assigned to, ids in other systems."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select

from ..errors import Conflict
from ..messages import Message
from ..work.unit import Work
from . import keyset
from . import text as texts
from .contacts import tags
from .contacts.cleaned import Cleaned
from .contacts.emails import check_email, email_key
from .contacts.fields import ADDRESS_PARTS, PHONE_LENGTH, clean, fold_parts, instant
from .contacts.models import ExternalId
from .contacts.records import assignee, plain
from .fields import services as custom_fields
from .hues import HUES, hue_for
from .rows import chunks, insert_rows

__all__ = [
    "ADDRESS_PARTS",
    "HUES",
    "PHONE_LENGTH",
    "Cleaned",
    "ExternalKey",
    "add_external_ids",
    "add_many_external_ids",
    "assignee",
    "check_email",
    "clean",
    "day",
    "drop_external_ids",
    "email_key",
    "external_ids",
    "external_owners",
    "fold_parts",
    "hue_for",
    "instant",
    "plain",
    "reference",
    "release_external_ids",
    "shared_json",
    "stamp",
    "take_custom",
    "text",
]

_EARLIEST, _LATEST = dt.date(1900, 1, 1), dt.date(2200, 1, 1)

#: Source, account and id in another system.
ExternalKey = tuple[str, str, str]


def external_owners(work: Work, kind: str, keys: Iterable[ExternalKey]) -> dict[ExternalKey, int]:
    """Which records of a kind have these ids in other systems: (source, account, id) -> id of the record.

    :param kind: name of the kind of record, as for tags and the journal.
    """
    found: dict[ExternalKey, int] = {}
    by_account: dict[tuple[str, str], list[str]] = {}
    for source, account, key in keys:
        by_account.setdefault((source, account), []).append(key)
    for (source, account), names in by_account.items():
        of = (ExternalId.kind == kind, ExternalId.source == source, ExternalId.account == account)
        for some in chunks(names):
            wanted = select(ExternalId.external_id, ExternalId.object_id)
            for name, owner in work.session.execute(wanted.where(*of, ExternalId.external_id.in_(some))):
                found[source, account, name] = owner
    return found


def external_ids(work: Work, kind: str, ids: Sequence[int]) -> dict[int, list[ExternalKey]]:
    """The ids in other systems of some records: id -> keys; records without any are left out."""
    found: dict[int, list[ExternalKey]] = {}
    for some in chunks(ids):
        wanted = select(ExternalId).where(ExternalId.kind == kind, ExternalId.object_id.in_(some))
        for row in work.session.scalars(wanted.order_by(ExternalId.id)):
            found.setdefault(row.object_id, []).append((row.source, row.account, row.external_id))
    return found


def add_external_ids(work: Work, kind: str, object_id: int, keys: Sequence[ExternalKey]) -> list[ExternalKey]:
    """Gives a record ids in other systems; gives those that are new.

    :raises Conflict: when another record of the kind has one of them.
    """
    owners = external_owners(work, kind, keys)
    for key, owner in owners.items():
        if owner != object_id:
            said = Message(
                "Another record has the id “%(value)s” already: leave it out.",
                value=" / ".join(part for part in key if part),
            )
            raise Conflict(said, field="external_ids", other_id=owner)
    new = [key for key in keys if key not in owners]
    rows: list[dict[str, Any]] = [
        {"kind": kind, "source": source, "account": account, "external_id": name, "object_id": object_id}
        for source, account, name in new
    ]
    insert_rows(work.session, ExternalId, rows)
    return new


def add_many_external_ids(work: Work, kind: str, wanted: Sequence[tuple[int, Sequence[ExternalKey]]]) -> None:
    """Gives new records ids in other systems, in two statements for all of them.

    :param wanted: id of a record, and its keys.
    :raises Conflict: when another record of the kind has one of them.
    """
    named = {key: object_id for object_id, keys in wanted for key in keys}
    taken = next(iter(external_owners(work, kind, named)), None)
    if taken is not None:
        add_external_ids(work, kind, named[taken], [taken])
    rows: list[dict[str, Any]] = [
        {"kind": kind, "source": source, "account": account, "external_id": name, "object_id": object_id}
        for (source, account, name), object_id in named.items()
    ]
    insert_rows(work.session, ExternalId, rows)


def release_external_ids(work: Work, kind: str, keys: Sequence[ExternalKey]) -> None:
    """Takes ids in other systems from whichever records of a kind have them, so that the next import finds them free."""
    for source, account, name in keys:
        mine = (ExternalId.kind == kind, ExternalId.source == source, ExternalId.account == account)
        work.session.execute(delete(ExternalId).where(*mine, ExternalId.external_id == name))


def drop_external_ids(work: Work, kind: str, ids: Sequence[int]) -> None:
    """Forgets the ids in other systems of records that are erased."""
    for some in chunks(ids):
        chosen = (ExternalId.kind == kind, ExternalId.object_id.in_(some))
        work.session.execute(delete(ExternalId).where(*chosen), execution_options={"synchronize_session": False})


def shared_json(work: Work, kind: str, records: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """What records of every kind hold, as the API gives it: id -> ``tags``, ``external_ids`` and ``custom``.

    :param records: that the actor is known to see, with ``id`` and ``custom``.
    """
    ids = [record.id for record in records]
    labels, elsewhere = tags.of(work, kind, ids), external_ids(work, kind, ids)
    return {
        record.id: {
            "tags": [label.name for label in labels.get(record.id, ())],
            "external_ids": [
                {"source": source, "account": account, "id": key}
                for source, account, key in elsewhere.get(record.id, ())
            ],
            "custom": custom_fields.shown(work, kind, record.custom),
        }
        for record in records
    }


def stamp(at: dt.datetime | None) -> str | None:
    """An instant as the API gives it: RFC 3339 in UTC."""
    return None if at is None else at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


# --- one field each --------------------------------------------------------------------------------------------------


def text(
    cleaned: Cleaned, name: str, value: object, longest: int, *, lines: bool = False, folded: bool = False
) -> None:
    """Takes a text, or refuses it at its field.

    :param lines: it may have several lines.
    :param folded: it is also stored as a key to compare by, which may be longer than the text and has the same limit.
    """
    if isinstance(value, bool) or (value is not None and not isinstance(value, (str, int))):
        cleaned.refuse(name, Message("“%(field)s” must be text.", field=name))
        return
    found = "" if value is None else str(value)
    found = texts.clean_text(found) if lines else texts.clean_line(found)
    if len(found) > longest or (folded and len(texts.fold(found)) > longest):
        cleaned.refuse(name, Message("This is too long: at most %(longest)s characters.", longest=longest))
    else:
        cleaned.values[name] = found


def reference(cleaned: Cleaned, name: str, value: object) -> None:
    """Takes the number of a record, ``None`` for none; whether there is one is asked elsewhere."""
    number = keyset.valid_id(value)
    if value in (None, ""):
        cleaned.values[name] = None
    elif number is None:
        cleaned.refuse(name, Message("“%(field)s” must be the number of a record.", field=name))
    else:
        cleaned.values[name] = number


def day(cleaned: Cleaned, name: str, value: object) -> None:
    """Takes a day, as a date or as text such as 2026-03-31, ``None`` for none."""
    if value in (None, ""):
        cleaned.values[name] = None
        return
    try:
        found = value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        found = None
    if isinstance(found, dt.datetime):
        found = found.date()
    if found is None or not _EARLIEST <= found <= _LATEST:
        shown = texts.shorten(texts.clean_line(str(value)), 60)
        cleaned.refuse(name, Message("“%(shown)s” is not a date such as 2026-03-31.", shown=shown))
    else:
        cleaned.values[name] = found


def take_custom(work: Work, cleaned: Cleaned, kind: str, stored: Mapping[str, Any] | None, *, required: bool) -> None:
    """Puts the custom fields among ``cleaned.values`` together to the value of ``custom``, checked.

    :param kind: whose fields, as the declared ``FieldObject`` names it.
    :param stored: those of the record that is changed, ``None`` for a new one.
    :param required: whether fields that have to be filled in are asked for.
    """
    if "custom" in cleaned.errors:
        return
    wanted = custom_fields.given_of(cleaned.values)
    for name in [name for name in cleaned.values if name.startswith("custom.")]:
        del cleaned.values[name]
    if wanted is None and not required:
        return
    checked = custom_fields.check(work, kind, wanted or {}, stored, required=required)
    for name, sentences in checked.errors.items():
        for sentence in sentences:
            cleaned.refuse(name, sentence)
    cleaned.values["custom"] = checked.values
