"""Many rows at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from crmhost.core.contacts.models import ContactEmail, Tag
from crmhost.core.journal.models import JournalEntry
from crmhost.core.rows import insert_objects, insert_rows
from crmhost.testing import Host

HOSTILE = (
    "plain",
    "tab\tline\nreturn\r",
    "back\\slash \\N \\.",
    "quote \" and '",
    "Zoë 履歴 🜁",
    "",
    "\\x00",
    "{1,2}",
    "NULL",
)


def entries(number: int) -> list[dict[str, Any]]:
    """Rows with texts of all kinds, JSON, instants, empty values and truths."""
    now = dt.datetime(2026, 3, 1, 9, 30, 15, 123456, tzinfo=dt.UTC)
    return [
        {
            "object_type": "trial", "object_id": n, "contact_id": None, "type": "note", "at": now + dt.timedelta(seconds=n % 2),
            "summary": HOSTILE[n % len(HOSTILE)], "comment": HOSTILE[-1 - n % len(HOSTILE)], "outcome": "",
            "data": {"text": HOSTILE[n % len(HOSTILE)], "list": [1, None, True]} if n % 3 else {}, "actor_label": "me",
            "user_id": None, "by_system": n % 2 == 0, "is_contact": False, "pinned": False, "created_at": now,
        }
        for n in range(number)
    ]  # fmt: skip


@pytest.mark.parametrize("number", [1, 3, 200])
def test_rows_come_back_as_they_were(host: Callable[..., Host], number: int) -> None:
    """One or many, with whatever their texts hold."""
    made, given = host(), entries(number)
    with made.work() as work, work.begin():
        insert_rows(work.session, JournalEntry, given)
        insert_rows(work.session, JournalEntry, [])
    with made.work() as work:
        found = work.session.scalars(
            select(JournalEntry).where(JournalEntry.object_type == "trial").order_by(JournalEntry.object_id)
        ).all()
        assert [{name: getattr(row, name) for name in given[0]} for row in found] == given


def test_a_broken_rule_is_told_as_ever(host: Callable[..., Host]) -> None:
    """The transaction goes on after its savepoint was taken back, so that who raced can look again."""
    made = host()
    contact = made.make.contact()
    same = [
        {"contact_id": contact, "email": "x@example.com", "email_key": "x@example.com", "main": False, "active": True}
        for _ in range(50)
    ]
    with made.work() as work, work.begin():
        savepoint = work.session.begin_nested()
        with pytest.raises(IntegrityError):
            insert_rows(work.session, ContactEmail, same)
        savepoint.rollback()
        insert_rows(work.session, Tag, [{"name": "Still", "name_key": "still", "hue": "blue"}])
    with made.work() as work:
        assert work.session.scalars(select(Tag.name)).all() == ["Still"]


def test_new_objects_get_their_ids(host: Callable[..., Host]) -> None:
    """Many at once are stored with what nobody said, under ids that nobody has, gets or had."""
    made = host()
    with made.work() as work, work.begin():
        first = Tag(name="first", name_key="first")
        work.session.add(first)
        work.session.flush()
        new = [Tag(name=f"Tag {n}", name_key=f"tag {n}") for n in range(30)]
        insert_objects(work.session, new)
        last = Tag(name="last", name_key="last")
        work.session.add(last)
        work.session.flush()
        ids = [tag.id for tag in new]
        assert first.id not in ids
        assert last.id not in ids
    with made.work() as work:
        found = work.session.scalars(select(Tag).where(Tag.id.in_(ids)).order_by(Tag.id)).all()
        assert [(tag.id, tag.name, tag.hue) for tag in found] == [(tag.id, tag.name, "blue") for tag in new]
