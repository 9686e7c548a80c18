"""Writing transactions, one or many at once, with what stands beside them: lines, tags, ids elsewhere, search, audit, changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select

from crmhost.api import (
    Change,
    Conflict,
    Message,
    Work,
    custom_fields,
    insert_objects,
    insert_rows,
    record_fields,
    search,
    tags,
)

from . import fields
from .models import KIND, Line, Transaction

SOME = 500


def by_refs(work: Work, refs: Iterable[str], *, visible: bool = False) -> dict[str, int]:
    """Folded reference -> id of the transactions, not in the bin, that have it.

    :param visible: only those that the actor may see.
    """
    keys = list({folded_ref(ref): None for ref in refs})
    found: dict[str, int] = {}
    for start in range(0, len(keys), SOME):
        wanted = select(Transaction.ref_key, Transaction.id).where(Transaction.ref_key.in_(keys[start : start + SOME]))
        wanted = wanted.where(Transaction.visible_to(work.actor) if visible else Transaction.deleted_at.is_(None))
        found |= {row[0]: row[1] for row in work.session.execute(wanted)}
    return found


def folded_ref(ref: str) -> str:
    """A reference as two of them are compared."""
    return str(fields.derived({"ref": ref})["ref_key"])


def taken(work: Work, ref: str, other_id: int) -> Conflict:
    """The error for a reference that another transaction has; names that one if the actor may see it."""
    seen = select(Transaction.id).where(Transaction.id == other_id, Transaction.visible_to(work.actor))
    said = Message("There is a transaction “%(ref)s” already: open that one, or give another reference.", ref=ref)
    return Conflict(said, field="ref", other_id=other_id if work.session.scalar(seen) is not None else None)


def add_all(work: Work, rows: Sequence[Mapping[str, Any]], source: str, *, quiet: bool = False) -> list[Transaction]:
    """Stores new transactions from fields that are prepared and checked, in their order.

    What is given tells how they were stored; those to be changed are to be read.

    :param quiet: the journals of contacts say nothing of them.
    """
    now = work.now
    made: list[Transaction] = []
    for values in rows:
        columns = {name: values[name] for name in fields.COLUMNS if values.get(name) is not None}
        columns = {"at": now, "day": fields.day_of(work, now), "source": source, "custom": {}, **columns}
        columns |= {"idempotency_key": values.get("idempotency_key"), "created_at": now, "updated_at": now}
        made.append(Transaction(**columns, **fields.derived(values)))
    # What was changed before must stand when the references of new ones are compared with it.
    work.session.flush()
    insert_objects(work.session, made)
    pairs = list(zip(made, rows, strict=True))
    write_lines(work, [(one.id, values["lines"]) for one, values in pairs if values.get("lines")], new=True)
    named = _put_tags(work, [(one.id, values.get("tags", ())) for one, values in pairs])
    record_fields.add_many_external_ids(
        work, KIND, [(one.id, values.get("external_ids") or ()) for one, values in pairs]
    )
    elsewhere = {one.id: values.get("external_ids") or () for one, values in pairs}
    search.add(work, KIND, _found_by(work, made, elsewhere))
    custom_fields.write_index(work, KIND, [(one.id, one.custom, None) for one in made])
    audits = []
    for one in made:
        after = snapshot(one, named.get(one.id, ()))
        audits.append(("transaction.created", KIND, one.id, None, audited(work, after)))
        work.changed(Change("transaction.created", KIND, one.id, {}, after | ({"quiet": True} if quiet else {})))
    work.audit_many(audits)
    return made


def _put_tags(work: Work, wanted: Sequence[tuple[int, Sequence[str]]]) -> dict[int, list[str]]:
    """Gives new transactions their tags; those with the same ones at once."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for key, names in wanted:
        if names:
            groups.setdefault(tuple(names), []).append(key)
    found: dict[int, list[str]] = {}
    for names, ids in groups.items():
        found |= {key: after for key, (_before, after) in tags.put(work, KIND, ids, names).items()}
    return found


def write_lines(work: Work, wanted: Sequence[tuple[int, Sequence[Mapping[str, Any]]]], *, new: bool = False) -> None:
    """Puts lines in the place of those that there are."""
    if not new:
        gone = delete(Line).where(Line.transaction_id.in_([key for key, _lines in wanted]))
        work.session.execute(gone, execution_options={"synchronize_session": False})
    rows = [
        {**line, "transaction_id": key, "position": place} for key, lines in wanted for place, line in enumerate(lines)
    ]
    insert_rows(work.session, Line, rows)


def find_by(work: Work, transactions: Sequence[Transaction]) -> None:
    """Renews what transactions are found by."""
    elsewhere = record_fields.external_ids(work, KIND, [one.id for one in transactions])
    search.put(work, KIND, _found_by(work, transactions, elsewhere))


def _found_by(
    work: Work, transactions: Sequence[Transaction], elsewhere: Mapping[int, Sequence[record_fields.ExternalKey]]
) -> list[tuple[int, str]]:
    rows = []
    for one in transactions:
        words = [one.ref, one.name, *(key for _source, _account, key in elsewhere.get(one.id, ()))]
        words += custom_fields.searched(work, KIND, one.custom)
        rows.append((one.id, " ".join(words)))
    return rows


def lines_of(work: Work, ids: Sequence[int]) -> dict[int, list[Line]]:
    """The lines of transactions, in their order."""
    found: dict[int, list[Line]] = {}
    for start in range(0, len(ids), SOME):
        wanted = select(Line).where(Line.transaction_id.in_(ids[start : start + SOME]))
        for line in work.session.scalars(wanted.order_by(Line.transaction_id, Line.position)):
            found.setdefault(line.transaction_id, []).append(line)
    return found


# --- as changes and the audit log have it ----------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A value as it stands in changes: JSON-able."""
    return value.isoformat() if isinstance(value, (dt.datetime, dt.date)) else value


def snapshot(transaction: Transaction, labels: Sequence[str] = ()) -> dict[str, Any]:
    """All fields of a transaction, JSON-able; empty ones are left out."""
    found = {name: plain(getattr(transaction, name)) for name in fields.COLUMNS} | {"tags": list(labels)}
    return {name: value for name, value in found.items() if value not in (None, "", [], {})}


def audited(work: Work, values: Mapping[str, Any], other: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The same for the audit log, where encrypted texts are masked."""
    found = {name: value for name, value in values.items() if name != "custom"}
    if "custom" in values:
        custom, before = values["custom"] or {}, (other or {}).get("custom") or {}
        keys = [key for key in {**custom, **before} if custom.get(key) != before.get(key)]
        found["custom"] = custom_fields.audited(work, KIND, custom, keys)
    return found
