"""Parts of other pages: the tab of a record, files in the journal, hits of the palette."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update

from crmhost.api import Hit, JournalEntry, Read, Work, keyset, search
from crmhost.web.api import render_template, url_for

from . import access, cells, limits, queries, uploads
from .models import KIND, Entry

#: Files on a tab; the list has all.
SHOWN = 50
ATTACHED = "files.ids"
_MOST_ATTACHED = 50


def number_reads(_work: Work, object_type: str, record: Any) -> list[Read]:
    """What :func:`number` asks."""
    some = queries.of_record(object_type, record.id).with_only_columns(Entry.id).order_by(None).limit(1_000)
    counted = select(func.count()).select_from(some.subquery())
    return [Read(("files.number", object_type, record.id), counted)]


def number(work: Work, object_type: str, record: Any) -> int:
    """How many files a record has, of those that are counted."""
    return int(work.rows(number_reads(work, object_type, record)[0])[0][0])


def record_tab(work: Work, object_type: str, record: Any) -> str:
    """The newest files of a record, and where new ones are dropped."""
    found = list(work.session.scalars(queries.of_record(object_type, record.id).limit(SHOWN + 1)))
    return render_template(
        "files/tab.html",
        rows=cells.rows(work, found[:SHOWN], here=True),
        all=f"{url_for('files.index')}?object_type={object_type}&object_id={record.id}" if len(found) > SHOWN else "",
        object_type=object_type,
        object_id=record.id,
        kinds=limits.kinds(work),
        largest=cells.readable(limits.largest(work)),
        part=uploads.PIECE,
        may=access.may_edit(work, object_type, record),
    )


def portal_record(work: Work, object_type: str, object_id: int) -> str:
    """The files of a record that are marked for the portal, on its page there; the client is known to see it."""
    marked = queries.of_record(object_type, object_id).where(Entry.portal.is_(True), Entry.file_id.is_not(None))
    found = work.session.scalars(marked.limit(SHOWN)).all()
    return render_template("files/portal_record.html", rows=[cells.Row(entry) for entry in found]) if found else ""


# --- the journal -----------------------------------------------------------------------------------------------------


def composer(work: Work, object_type: str, object_id: int) -> str:
    """The button that attaches files to an entry that is being written."""
    if not work.can("files.edit"):
        return ""
    return render_template(
        "files/composer.html", object_type=object_type, object_id=object_id, field=ATTACHED, part=uploads.PIECE
    )


def attached(work: Work, entry: JournalEntry) -> str:
    """The files of an entry of the journal; those of all entries of a record are read at once."""

    def read() -> dict[int, list[Entry]]:
        wanted = queries.of_record(entry.object_type, entry.object_id).where(Entry.journal_id.is_not(None)).limit(500)
        found: dict[int, list[Entry]] = {}
        for one in work.session.scalars(wanted):
            found.setdefault(one.journal_id or 0, []).append(one)
        return found

    mine = work.once(("files.journal", entry.object_type, entry.object_id), read).get(entry.id)
    return render_template("files/attached.html", rows=cells.rows(work, mine, here=True)) if mine else ""


def attach(work: Work, entry: JournalEntry, values: Mapping[str, str]) -> None:
    """Attaches what was sent with an entry: the writer's own files of the same record, that no other entry has."""
    ids = [keyset.valid_id(text) for text in values.get(ATTACHED, "").split(",")[:_MOST_ATTACHED]]
    known = [number for number in ids if number is not None]
    if known:
        mine = (
            Entry.id.in_(known),
            Entry.object_type == entry.object_type,
            Entry.object_id == entry.object_id,
            Entry.created_by_id == work.actor.user_id,
            Entry.journal_id.is_(None),
        )
        work.session.execute(
            update(Entry).where(*mine).values(journal_id=entry.id), execution_options={"synchronize_session": False}
        )


# --- the palette -----------------------------------------------------------------------------------------------------


def find(work: Work, text: str, limit: int) -> Sequence[Hit]:
    """Files for the palette."""
    ids = search.find(work, KIND, text, limit)
    found = list(work.session.scalars(queries.matching(work).where(Entry.id.in_(ids)).limit(limit))) if ids else []
    return [
        Hit(
            title=row.entry.name,
            url=url_for("files.page", entry_id=row.id),
            meta=row.record or row.size,
            icon="paperclip",
        )
        for row in cells.rows(work, found)
    ]
