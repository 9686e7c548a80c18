"""All that is held on a person, as one ZIP: JSON of the core and of every plugin, on or off, and the files."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import IO, Any

from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase

from ...work.unit import Work
from ..contacts import services as contacts
from ..contacts import tags
from ..contacts.models import Contact, ContactEmail
from ..contacts.records import KIND
from ..fields import records
from ..files.models import File
from ..journal.models import JournalEntry
from ..mail.models import MailMessage
from ..statuses.models import Status, StatusChange
from . import holdings
from .erasing import everyone

#: Owner of the archives among the files; they are no part of an export themselves.
OWNER = "privacy"
_INSIDE = {"sort_name", "first_key", "email_key", "version", "merged_into_id", "status_id", "assigned_to_id", "user_id"}
_PIECE = 1 << 20


def request(work: Work, contact_id: int) -> int:
    """Wants an archive of a person's data, made in the background; gives the job. Who asks is told when it is there."""
    work.require("contacts.export")
    contact = contacts.get(work, contact_id)
    work.audit("contact.data_exported", "contact", contact.id)
    return work.enqueue("privacy.export", dedupe=f"{contact.id}:{work.actor.user_id}", contact_id=contact.id)


def document(work: Work, contact_id: int) -> dict[str, Any]:
    """What is held on a person, JSON-able: by table of the core, then by plugin. Times are UTC.

    :raises NotFound: when there is no such contact, or the actor may not see it.
    """
    work.require("contacts.export")
    contact = contacts.get(work, contact_id, in_bin=True)
    ids = everyone(work, contact.id)
    names = {status.id: status.name for status in work.session.scalars(select(Status))}
    labels = tags.of(work, KIND, ids)
    people = _rows(work, Contact, ids, "id")
    for record in people:
        record["tags"] = [tag.name for tag in labels.get(record["id"], ())]
        # Encrypted text is masked, as everywhere but where somebody reveals it.
        record["custom"] = records.shown(work, KIND, record.get("custom"))
        record["status"] = names.get(contact.status_id, "") if record["id"] == contact.id else ""
    elsewhere = contacts.external_ids_of(work, ids)
    return {
        "exported_at": work.now.isoformat(),
        "contact_id": contact.id,
        "contacts": people,
        "emails": _rows(work, ContactEmail, ids),
        "external_ids": [
            {"source": row.source, "account": row.account, "id": row.external_id}
            for found in elsewhere.values()
            for row in found
        ],
        "statuses": _rows(work, StatusChange, ids),
        "journal": _rows(work, JournalEntry, ids),
        "mails": _rows(work, MailMessage, ids),
        "files": [
            {"id": file.id, "name": file.name, "size": file.size, "path": path_of(file)} for file in files_of(work, ids)
        ],
        "plugins": _plugins(work, ids),
    }


def files_of(work: Work, ids: Sequence[int]) -> list[File]:
    """The files about people, but for archives of their data."""
    wanted = select(File).where(File.contact_id.in_(ids), File.owner != OWNER).order_by(File.id)
    return list(work.session.scalars(wanted))


def path_of(file: File) -> str:
    """Where a file lies in the archive."""
    return f"files/{file.id}-{PurePosixPath(file.name).name}"


def write_archive(work: Work, contact_id: int, into: IO[bytes]) -> None:
    """Writes the archive: ``data.json`` and the folder ``files``. Not inside a transaction: files may come over a network."""
    data = document(work, contact_id)
    kept = [(path_of(file), file.key) for file in files_of(work, everyone(work, contact_id))]
    work.session.rollback()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=1))
        for path, key in kept:
            try:
                source = work.storage.get(key)
            except FileNotFoundError:
                continue
            with source, archive.open(path, "w") as target:
                while piece := source.read(_PIECE):
                    target.write(piece)


# --- helpers ---------------------------------------------------------------------------------------------------------


def _rows(
    work: Work, model: type[DeclarativeBase], ids: Sequence[int], column: str = "contact_id"
) -> list[dict[str, Any]]:
    table = model.__table__
    wanted = select(table).where(table.c[column].in_(ids)).order_by(table.c.id)
    return [
        {
            name: holdings.plain(value)
            for name, value in row._mapping.items()
            if name not in _INSIDE and value not in (None, "")
        }
        for row in work.session.execute(wanted)
    ]


def _plugins(work: Work, ids: Sequence[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in holdings.holdings(work, ids):
        rows = holdings.rows(work, item) if item.personal else []
        if rows:
            found.setdefault(item.plugin, {}).setdefault("tables", {})[item.table.name] = rows
    for number in ids:
        for answer in work.hooks.call("contact_personal_data", work=work, contact_id=number):
            if answer.value:
                found.setdefault(answer.plugin, {}).setdefault("told", []).append(holdings.plain(answer.value))
    return found
