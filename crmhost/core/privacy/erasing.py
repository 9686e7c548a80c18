"""Erasing a person for good, with a receipt that names nobody."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Table, delete, func, null, select
from sqlalchemy import update as sql_update

from ...errors import Conflict, NotFound
from ...work.tables import AuditEntry
from ...work.unit import Change, Work
from ..contacts import kept_tags, search
from ..contacts.models import Contact, ContactEmail, ExternalId, Tagging
from ..contacts.records import KIND, plain
from ..fields import index
from ..files.models import File
from ..journal.models import JournalEntry
from ..keyset import valid_id
from ..mail.keys import address_hash
from ..mail.models import MailMessage
from ..merging import keys
from ..merging.models import Merge
from ..rows import insert_rows, table
from ..statuses import counts
from ..statuses.models import StatusChange
from . import holdings
from .models import Receipt, ReceiptHash

#: Tables of the core that hold rows on a person, each with the column that says on whom.
_CORE = {
    Contact: "id",
    ContactEmail: "contact_id",
    JournalEntry: "contact_id",
    StatusChange: "contact_id",
    File: "contact_id",
    MailMessage: "contact_id",
    Merge: "winner_id",
}


def erase(work: Work, contact_id: int) -> Receipt:
    """Removes a person for good, from the bin too: the contact, those that were merged into it, and all that plugins hold.

    What stays is the receipt, and lines in the audit log with the number of the record.

    :raises NotFound: when there is no such contact, or the actor may not see it.
    :raises Conflict: when it was merged into another one: then that one is to be erased.
    """
    work.require("contacts.erase")
    contact = _locked(work, contact_id)
    ids = everyone(work, contact.id)
    counted = holds(work, contact.id)
    emails = select(ContactEmail.email_key).where(ContactEmail.contact_id.in_(ids))
    hashes = {address_hash(work, email) for email in work.session.scalars(emails)} - {""}
    for number in ids:
        work.hooks.call("contact_erase", work=work, contact_id=number)
    work.session.flush()
    for holding in holdings.holdings(work, ids):
        if holding.personal and not holding.goes:
            holdings.empty(work, holding)
    if contact.deleted_at is None:
        counts.add(work, {contact.status_id: -1})
    before = {"status_id": contact.status_id, "created_at": plain(contact.created_at)}
    before |= {"in_bin": contact.deleted_at is not None}
    search.drop(work, KIND, ids)
    index.drop(work, KIND, ids)
    keys.forget(work, ids)
    _delete(work, ids)
    work.session.expunge_all()
    receipt = Receipt(
        contact_id=contact_id,
        at=work.now,
        actor_label=work.actor.label,
        user_id=work.actor.user_id,
        counts=counted,
        files=counted.get(File.__tablename__, 0),
    )
    work.session.add(receipt)
    work.session.flush()
    insert_rows(
        work.session, ReceiptHash, [{"receipt_id": receipt.id, "address_hash": item} for item in sorted(hashes)]
    )
    work.audit("contact.erased", "contact", contact_id)
    work.changed(Change("contact.erased", "contact", contact_id, before, {}))
    return receipt


def everyone(work: Work, contact_id: int) -> list[int]:
    """The contact and all that were merged into it, also through others."""
    person = select(Contact.id).where(Contact.id == contact_id).cte("person", recursive=True)
    person = person.union(select(Contact.id).join(person, Contact.merged_into_id == person.c.id))
    return sorted(work.session.scalars(select(person.c.id)))


def holds(work: Work, contact_id: int) -> dict[str, int]:
    """Table -> rows on a person, in the core and in plugins that are on or off; tables without any are left out."""
    ids = everyone(work, contact_id)
    parts = [(model.__tablename__, table(model), getattr(model, name).in_(ids)) for model, name in _CORE.items()]
    tagged = Tagging.object_type == KIND
    parts.append((Tagging.__tablename__, table(Tagging), tagged & Tagging.object_id.in_(ids)))
    theirs = ExternalId.kind == KIND
    parts.append((ExternalId.__tablename__, table(ExternalId), theirs & ExternalId.object_id.in_(ids)))
    parts += [(item.table.name, item.table, item.about) for item in holdings.holdings(work, ids)]
    found = {name: _count(work, source, about) for name, source, about in parts}
    return {name: number for name, number in found.items() if number}


def _count(work: Work, source: Table, about: object) -> int:
    return int(work.session.scalar(select(func.count()).select_from(source).where(about)) or 0)  # type: ignore[arg-type]


def _locked(work: Work, contact_id: int) -> Contact:
    number = valid_id(contact_id)
    wanted = select(Contact).where(Contact.id == (number or 0), Contact.within_reach(work.actor))
    contact = work.session.scalar(wanted.with_for_update(of=Contact), execution_options={"populate_existing": True})
    if contact is None:
        raise NotFound("contact", contact_id)
    if contact.merged_into_id is not None:
        raise Conflict("This contact was merged into another one: erase that one.", other_id=contact.merged_into_id)
    return contact


def _delete(work: Work, ids: Sequence[int]) -> None:
    kept_tags.forget(work, KIND, ids)
    mine = AuditEntry.object_type == "contact", AuditEntry.object_id.in_([str(number) for number in ids])
    for statement in (
        delete(table(Tagging)).where(Tagging.object_type == KIND, Tagging.object_id.in_(ids)),
        delete(table(ExternalId)).where(ExternalId.kind == KIND, ExternalId.object_id.in_(ids)),
        sql_update(table(AuditEntry)).where(*mine).values(before=null(), after=null()),
        delete(table(Contact)).where(Contact.id.in_(ids)),
    ):
        work.session.execute(statement)
