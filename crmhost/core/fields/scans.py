"""Going through all records of a kind: for the index of a field, for a choice that goes, for the values of a deleted field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, cast, delete, func, literal, select, update

from ...contributions import FieldObject
from ...errors import NotFound, RetryLater
from ...messages import Message, Plural
from ...work.context import JobContext
from ...work.unit import Work
from ..rows import chunks, table
from .definitions import definition, forget, object_of
from .index import rewrite
from .kinds import SEARCHED, stored
from .models import Field, FieldValue

#: Records read and written in one transaction.
BATCH = 500
#: Days for which the values of a deleted field are kept.
KEPT_DAYS = 30


def reindex(work: Work, row: Field) -> None:
    """Wants the index of a field written anew: here when there are few records, else by a job."""
    row.revision += 1
    kind = object_of(work, row.object)
    some = _after(work, kind, 0, BATCH + 1)
    if len(some) <= BATCH:
        rewrite(work, definition(row), some)
        _search(work, kind, row, [key for key, _ in some])
        row.indexed = row.revision
    else:
        work.enqueue("fields.index", dedupe=str(row.id), field_id=row.id)
    work.session.flush()
    forget(work)


def index(job: JobContext, field_id: int) -> dict[str, Any] | None:
    """The job ``fields.index``: writes the index of a field for all records. It begins again where it was stopped."""
    work = job.work
    row = work.session.get(Field, field_id)
    if row is None:
        return None
    kind, revision, label = _kind(work, row), row.revision, row.label
    saved = job.saved if isinstance(job.saved, dict) and job.saved.get("revision") == revision else {}
    last, total = int(saved.get("last", 0)), _number(work, kind)
    done = int(saved.get("done", 0))
    while True:
        job.check()
        with work.begin():
            row = work.session.get(Field, field_id)
            if row is None or row.revision != revision:
                # Changed meanwhile: that change wanted a job of its own.
                return None
            some = _after(work, kind, last, BATCH)
            if not some:
                row.indexed = revision
                break
            rewrite(work, definition(row), some)
            _search(work, kind, row, [key for key, _ in some])
            last, done = some[-1][0], done + len(some)
            job.save({"revision": revision, "last": last, "done": done})
        job.progress(done, total, label)
    text = "“%(name)s” can be filtered and sorted by." if row.filterable else "“%(name)s” is done."
    return {"message": Message(text, name=label)}


def replace(job: JobContext, field_id: int, choice: str, by: str) -> dict[str, Any] | None:
    """The job ``fields.replace``: gives all records that have one choice another; in the end the choice goes."""
    work, done = job.work, 0
    row = work.session.get(Field, field_id)
    if row is None:
        return None
    kind = _kind(work, row)
    users = select(FieldValue.object_id).where(FieldValue.field_id == field_id, FieldValue.text == choice)
    total = work.session.scalar(select(func.count()).select_from(users.subquery())) or 0
    while True:
        job.check()
        with work.begin():
            row = work.session.get(Field, field_id)
            if row is None:
                return None
            ids = list(work.session.scalars(users.order_by(FieldValue.object_id).limit(BATCH)))
            if not ids:
                row.choices = [item for item in row.choices if item["key"] != choice]
                break
            _replace_in(work, kind, row, ids, choice, by)
            done += len(ids)
        job.progress(done, total, row.label)
    return {"message": Plural("%(num)s record was changed.", "%(num)s records were changed.", done)}


def _replace_in(work: Work, kind: FieldObject, row: Field, ids: Sequence[int], choice: str, by: str) -> None:
    field = definition(row)
    rows = []
    for key, custom in _chosen(work, kind, ids):
        values = dict(custom or {})
        old = stored(field, values)
        if isinstance(old, list):
            keys = {by if item == choice else item for item in old}
            values[field.key] = [item.key for item in field.choices if item.key in keys]
        elif old == choice:
            values[field.key] = by
        rows.append((key, values))
    _store(work, kind, rows)
    # Index rows of records that are gone would be found again and again.
    rewrite(work, field, [*rows, *((key, None) for key in set(ids) - {row[0] for row in rows})])
    _renew(work, kind, [key for key, _ in rows])


def erase(job: JobContext, field_id: int, now: bool = False) -> dict[str, Any] | None:
    """The job ``fields.erase``: takes the values of a deleted field off all records, and then the field itself."""
    work = job.work
    row = work.session.get(Field, field_id)
    if row is None or row.deleted_at is None or not (now or _over(work, row)):
        return None
    kind, key, label = _kind(work, row), row.key, row.label
    last, done, total = int(job.saved or 0), 0, _number(work, kind)
    while True:
        job.check()
        with work.begin():
            row = work.session.get(Field, field_id)
            if row is None or row.deleted_at is None:
                return None
            row.erasing = True
            some = _after(work, kind, last, BATCH)
            if not some:
                break
            ids = [item[0] for item in some]
            rows = [
                (item, {name: value for name, value in custom.items() if name != key})
                for item, custom in some
                if custom and key in custom
            ]
            _store(work, kind, rows)
            for part in chunks(ids):
                mine = (FieldValue.field_id == field_id, FieldValue.object_id.in_(part))
                work.session.execute(delete(table(FieldValue)).where(*mine))
            _renew(work, kind, [item for item, _ in rows])
            _search(work, kind, row, [item for item, _ in rows])
            last, done = ids[-1], done + len(ids)
            job.save(last)
        job.progress(done, total, label)
    with work.begin():
        work.session.execute(delete(table(FieldValue)).where(FieldValue.field_id == field_id))
        work.session.execute(delete(table(Field)).where(Field.id == field_id))
    return {"message": Message("The values of “%(name)s” were erased.", name=label)}


def count(work: Work, row: Field) -> int:
    """How many records have a value of a field."""
    if row.filterable and row.indexed == row.revision:
        users = select(func.count(FieldValue.object_id.distinct())).where(FieldValue.field_id == row.id)
        return work.session.scalar(users) or 0
    model = object_of(work, row.object).model
    return work.session.scalar(select(func.count()).select_from(model).where(_holds(work, model, row.key))) or 0


def _holds(work: Work, model: type[Any], key: str) -> ColumnElement[bool]:
    """Whether the JSON of a record has a value under a key."""
    column = table(model).c.custom
    if work.session.get_bind().dialect.name == "postgresql":
        found: ColumnElement[Any] = cast(column, Text).like(f'%"{key}"%') & column.op("->")(literal(key)).is_not(None)
        return found
    return func.json_type(column, f'$."{key}"').is_not(None)


def _kind(work: Work, row: Field) -> FieldObject:
    """The kind of record of a field; while its plugin is off, the job waits."""
    try:
        return object_of(work, row.object)
    except NotFound as error:
        raise RetryLater(
            6 * 3600, Message("The extension that brings “%(name)s” is switched off.", name=row.object)
        ) from error


def _over(work: Work, row: Field) -> bool:
    return row.deleted_at is not None and (work.now - row.deleted_at).days >= KEPT_DAYS


def _after(work: Work, kind: FieldObject, last: int, limit: int) -> list[tuple[int, Any]]:
    """Id and custom fields of the records that follow, by id; locked, so that nobody saves them in between."""
    columns = table(kind.model).c
    wanted = select(columns.id, columns.custom).where(columns.id > last).order_by(columns.id).limit(limit)
    return [(row[0], row[1]) for row in work.session.execute(wanted.with_for_update())]


def _chosen(work: Work, kind: FieldObject, ids: Sequence[int]) -> list[tuple[int, Any]]:
    columns = table(kind.model).c
    wanted = select(columns.id, columns.custom).where(columns.id.in_(ids)).order_by(columns.id).with_for_update()
    return [(row[0], row[1]) for row in work.session.execute(wanted)]


def _store(work: Work, kind: FieldObject, rows: Sequence[tuple[int, Any]]) -> None:
    if rows:
        into = table(kind.model)
        change = (
            update(into).where(into.c.id == bindparam("key")).values(custom=bindparam("new", type_=into.c.custom.type))
        )
        work.session.connection().execute(change, [{"key": key, "new": custom} for key, custom in rows])


def _renew(work: Work, kind: FieldObject, ids: Sequence[int]) -> None:
    if kind.renewed is not None and ids:
        kind.renewed(work, ids)


def _search(work: Work, kind: FieldObject, row: Field, ids: Sequence[int]) -> None:
    if kind.searched is not None and row.kind in SEARCHED and ids:
        forget(work)
        kind.searched(work, ids)


def _number(work: Work, kind: FieldObject) -> int:
    return work.session.scalar(select(func.count()).select_from(kind.model)) or 0
