"""Contacts being saved together: read in a few statements, changed in memory, written in a few statements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from ...work.unit import Change, Work
from ..journal.system import SystemEntry, write
from ..rows import chunks, insert_rows, table, take_ids
from ..statuses import history
from ..statuses.models import Status
from . import search, tags
from .custom import readable, searched_texts, write_index
from .derived import derive, document
from .emails import email_key
from .fields import COLUMNS
from .models import Contact, ContactEmail, ExternalId, Tagging
from .records import KIND, ExternalKey, emails_of, plain

_TABLES = ("address1", "address2", "socials", "custom")
_NULLS = ("assigned_to_id", "created_at", "last_contacted_at")
_EMPTY: dict[str, Any] = {name: {} if name in _TABLES else None if name in _NULLS else "" for name in COLUMNS}


class Draft:
    """A contact as it is to be stored.

    :param columns: its columns, see :data:`crmhost.core.contacts.fields.COLUMNS`, and ``reason`` of a new one.
    :param visible: whether the actor may change it.
    """

    def __init__(
        self, columns: dict[str, Any], status_id: int, *, key: int = 0, version: int = 1, visible: bool = True
    ) -> None:
        self.id = key
        self.new = key == 0
        self.columns = columns
        self.status_id = status_id
        self.version = version
        self.visible = visible
        self.emails: list[str] = []
        self.tags: dict[str, str] = {}
        self.external_ids: list[ExternalKey] = []
        self.old: dict[str, Any] = {}
        self.old_status_id = status_id
        self.old_emails: list[str] = []
        self.new_tags: list[str] = []
        self.told = False

    def set(self, name: str, value: Any) -> bool:
        """Writes a column; gives whether it changed."""
        if self.columns.get(name) == value:
            return False
        self.old.setdefault(name, self.columns.get(name))
        self.columns[name] = value
        return True

    def move(self, status_id: int) -> bool:
        """Gives a status; says whether it is another one."""
        changed, self.status_id = self.status_id != status_id, status_id
        return changed

    def add_emails(self, emails: Sequence[str], *, first: bool) -> bool:
        """Adds addresses; the first of them becomes the main one if ``first``. Gives whether anything changed."""
        have = {email_key(email): email for email in self.emails}
        given = {email_key(email): email for email in emails}
        merged = {**given, **have}
        order = [*given, *have] if first else [*have, *given]
        wanted = [merged[key] for key in dict.fromkeys(order)]
        changed, self.emails = wanted != self.emails, wanted
        return changed

    def add_tags(self, names: Sequence[str]) -> bool:
        """Adds tags; gives whether any is new."""
        new = {tags.key_of(name): name for name in names if tags.key_of(name) not in self.tags}
        self.tags |= new
        self.new_tags += new.values()
        return bool(new)

    @property
    def changed(self) -> bool:
        """Whether a stored contact is another than before."""
        emails = self.emails != self.old_emails
        return bool(self.old or self.new_tags or self.external_ids or emails or self.status_id != self.old_status_id)

    def before(self) -> dict[str, Any]:
        """What has to be put back to undo the change, JSON-able; empty for a new contact."""
        if self.new:
            return {}
        found: dict[str, Any] = {"columns": {name: plain(value) for name, value in self.old.items()}}
        if self.emails != self.old_emails:
            found["emails"] = self.old_emails
        if self.status_id != self.old_status_id:
            found["status_id"] = self.old_status_id
        if self.new_tags:
            found["tags"] = self.new_tags
        if self.external_ids:
            found["external_ids"] = [list(key) for key in self.external_ids]
        return found

    def row(self) -> dict[str, Any]:
        """Columns of the table that :class:`Batch` writes for old and new contacts alike."""
        values = {**_EMPTY, **self.columns, "email": self.emails[0] if self.emails else ""}
        return {**values, **derive(values), "status_id": self.status_id, "version": self.version}

    def shown(self) -> dict[str, Any]:
        """All fields, JSON-able; empty ones are left out."""
        found = {name: plain(self.columns[name]) for name in COLUMNS if self.columns.get(name) not in (None, "", {})}
        found |= {"emails": self.emails, "tags": list(self.tags.values())}
        return {name: value for name, value in found.items() if value} | {"status_id": self.status_id}


class Batch:
    """The contacts of one step.

    :param statuses: all statuses by id.
    """

    def __init__(self, work: Work, statuses: Mapping[int, Status]) -> None:
        self.work = work
        self.statuses = dict(statuses)
        #: Ids in other systems that contacts in the bin hold: key -> row id. Whoever needs one takes it over.
        self.in_bin: dict[ExternalKey, int] = {}
        self.stored: dict[int, Draft] = {}
        self.new: list[Draft] = []

    def load(self, ids: Iterable[int]) -> dict[int, Draft]:
        """Reads contacts that may change, locked in one order."""
        work, actor = self.work, self.work.actor
        columns = [getattr(Contact, name) for name in ("id", "status_id", "version", *COLUMNS)]
        keys = sorted(ids)
        for some in chunks(keys):
            wanted = select(*columns).where(Contact.id.in_(some)).order_by(Contact.id)
            for row in work.session.execute(wanted.with_for_update(of=Contact)):
                values = dict(zip(COLUMNS, row[3:], strict=True))
                visible = actor.reaches(row[0], values["assigned_to_id"])
                self.stored[row[0]] = Draft(values, row[1], key=row[0], version=row[2], visible=visible)
        emails, labels = emails_of(work, keys), tags.of(work, KIND, keys)
        for key, draft in self.stored.items():
            draft.emails = draft.old_emails = [row.email for row in emails.get(key, ())]
            draft.tags = {tag.name_key: tag.name for tag in labels.get(key, ())}
        return self.stored

    def add(self, columns: dict[str, Any], status_id: int) -> Draft:
        """Makes a contact; its id is known after :meth:`write`."""
        draft = Draft(columns, status_id)
        self.new.append(draft)
        return draft

    def write(self) -> None:
        """Writes everything but what is told."""
        changed = [draft for draft in self.stored.values() if draft.changed]
        for draft in changed:
            draft.version += 1
        self._number()
        self._write_contacts(changed)
        everyone = [*self.new, *changed]
        self._write_emails(changed)
        self._write_external_ids(everyone)
        self._write_tags(everyone)
        for drafts, findable in ((self.new, search.add), (changed, search.put)):
            findable(self.work, KIND, [(draft.id, self._document(draft)) for draft in drafts])
        write_index(self.work, [(draft.id, draft.columns.get("custom"), None) for draft in self.new])
        others = [draft for draft in changed if "custom" in draft.old]
        write_index(self.work, [(draft.id, draft.columns["custom"], draft.old["custom"]) for draft in others])
        moves = [
            (draft.id, draft.old_status_id, draft.status_id)
            for draft in changed
            if draft.status_id != draft.old_status_id
        ]
        history.record(self.work, [(draft.id, None, draft.status_id) for draft in self.new], self.statuses, tell=False)
        history.record(self.work, moves, self.statuses, tell=False)
        write(self.work, [SystemEntry(draft.id, "imported", self._why(draft)) for draft in self.new])
        self._audit(changed)

    def tell(self) -> None:
        """Tells the changes; called once what was written stands."""
        work = self.work
        changed = [draft for draft in self.stored.values() if draft.changed]
        for draft in self.new:
            work.changed(Change("contact.created", "contact", draft.id, {}, draft.shown()))
        for draft in changed:
            before, after = self._difference(draft)
            if after:
                work.changed(Change("contact.updated", "contact", draft.id, before, after))
        for draft in changed:
            if draft.status_id != draft.old_status_id:
                old, new = {"status_id": draft.old_status_id}, {"status_id": draft.status_id}
                work.changed(Change("contact.status_changed", "contact", draft.id, old, new))

    # --- writing ------------------------------------------------------------------------------------------------------

    def _number(self) -> None:
        """Takes ids for the new contacts, so that their other rows can be written without asking for each."""
        ids = take_ids(self.work.session, Contact, len(self.new))
        for draft, key in zip(self.new, ids, strict=True):
            draft.id = key

    def _write_contacts(self, changed: Sequence[Draft]) -> None:
        now = self.work.now
        more: dict[str, Any] = {"status_since": now, "updated_at": now, "deleted_at": None, "merged_into_id": None}
        insert_rows(self.work.session, Contact, [{"id": draft.id, **draft.row(), **more} for draft in self.new])
        if not changed:
            return
        since = self._since(changed)
        rows = [
            {f"new_{name}": value for name, value in draft.row().items()}
            | {"key": draft.id, "new_updated_at": now, "new_status_since": since.get(draft.id, now)}
            for draft in changed
        ]
        columns = table(Contact).c
        values = {
            name: bindparam(f"new_{name}", type_=columns[name].type)
            for name in (row[4:] for row in rows[0] if row != "key")
        }
        self.work.session.connection().execute(
            update(table(Contact)).where(columns.id == bindparam("key")).values(values), rows
        )

    def _since(self, changed: Sequence[Draft]) -> dict[int, dt.datetime]:
        """Since when those have their status that keep it."""
        found: dict[int, dt.datetime] = {}
        for some in chunks([draft.id for draft in changed if draft.status_id == draft.old_status_id]):
            wanted = select(Contact.id, Contact.status_since).where(Contact.id.in_(some))
            found |= {row[0]: row[1] for row in self.work.session.execute(wanted)}
        return found

    def _write_emails(self, changed: Sequence[Draft]) -> None:
        session = self.work.session
        others = [draft for draft in changed if draft.emails != draft.old_emails]
        for some in chunks([draft.id for draft in others]):
            session.execute(delete(table(ContactEmail)).where(ContactEmail.contact_id.in_(some)))
        rows = [
            {"contact_id": draft.id, "email": email, "email_key": email_key(email), "main": number == 0, "active": True}
            for draft in (*self.new, *others)
            for number, email in enumerate(draft.emails)
        ]
        # In one order, so that two imports of the same people wait for one another instead of crosswise.
        insert_rows(session, ContactEmail, sorted(rows, key=lambda row: str(row["email_key"])))

    def _write_external_ids(self, drafts: Sequence[Draft]) -> None:
        session = self.work.session
        wanted = {key: draft for draft in drafts for key in draft.external_ids}
        gone = [row for key, row in self.in_bin.items() if key in wanted]
        for some in chunks(gone):
            session.execute(delete(table(ExternalId)).where(ExternalId.id.in_(some)))
        rows = [
            {"kind": KIND, "source": source, "account": account, "external_id": name, "object_id": draft.id}
            for (source, account, name), draft in sorted(wanted.items(), key=lambda item: item[0])
        ]
        insert_rows(session, ExternalId, rows)

    def _write_tags(self, drafts: Sequence[Draft]) -> None:
        names = {name for draft in drafts for name in draft.new_tags}
        known = tags.made(self.work, sorted(names))
        rows = [
            {"tag_id": known[tags.key_of(name)].id, "object_type": KIND, "object_id": draft.id}
            for draft in drafts
            for name in draft.new_tags
        ]
        insert_rows(self.work.session, Tagging, rows)

    def _document(self, draft: Draft) -> str:
        more = searched_texts(self.work, draft.columns.get("custom"))
        return document(draft.columns, draft.emails, more)

    # --- what is said -------------------------------------------------------------------------------------------------

    def _why(self, draft: Draft) -> dict[str, Any]:
        reason = draft.columns["reason"]
        row = {"row": reason["row"]} if "row" in reason else {}
        return {"source": str(draft.columns["source"]), "why": reason.get("text", ""), **row}

    def _audit(self, changed: Sequence[Draft]) -> None:
        """A line for each contact that changed, and one for all that were added."""
        lines: list[tuple[str, str, object, Any, Any]] = []
        for draft in changed:
            before, after = self._difference(draft)
            if draft.status_id != draft.old_status_id:
                before["status"] = self.statuses[draft.old_status_id].name
                after["status"] = self.statuses[draft.status_id].name
            was, now = readable(self.work, before, after), readable(self.work, after, before)
            lines.append(("contact.updated", "contact", draft.id, was, now))
        if self.new:
            ids = [draft.id for draft in self.new]
            lines.append(
                ("contact.imported", "contact", "", None, {"source": self.new[0].columns["source"], "ids": ids})
            )
        if lines:
            self.work.audit_many(lines)

    def _difference(self, draft: Draft) -> tuple[dict[str, Any], dict[str, Any]]:
        before = {name: plain(value) for name, value in draft.old.items()}
        after: dict[str, Any] = {name: plain(draft.columns[name]) for name in draft.old}
        if draft.emails != draft.old_emails:
            before["emails"], after["emails"] = draft.old_emails, draft.emails
        if draft.new_tags:
            new = {tags.key_of(name) for name in draft.new_tags}
            before["tags"] = [name for key, name in draft.tags.items() if key not in new]
            after["tags"] = list(draft.tags.values())
        if draft.external_ids:
            before["external_ids"], after["external_ids"] = [], [list(key) for key in draft.external_ids]
        return before, after
