"""Reading and writing one invoice, for the other modules of this plugin: what is read, noted and found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from crmhost.api import (
    Change,
    Conflict,
    Message,
    NotFound,
    Work,
    custom_fields,
    keyset,
    record_fields,
    search,
    tags,
    texts,
)

from . import fields
from .models import KIND, Invoice


def get(work: Work, invoice_id: int, *, in_bin: bool = False, lock: bool = False) -> Invoice:
    """An invoice.

    :param in_bin: take one from the bin too.
    :raises NotFound: when there is none, or the actor may not see it.
    """
    work.require("invoices.view")
    number = keyset.valid_id(invoice_id) or 0
    if lock:
        return _one(work, number, in_bin=in_bin, lock=True)
    key = ("invoices.one", number, in_bin, work.actor)
    return work.once(key, lambda: _one(work, number, in_bin=in_bin))


def _one(work: Work, number: int, *, in_bin: bool, lock: bool = False) -> Invoice:
    wanted = select(Invoice).where(Invoice.id == number)
    if not in_bin:
        wanted = wanted.where(Invoice.deleted_at.is_(None))
    if work.actor.only_assigned:
        wanted = wanted.where(Invoice.within_reach(work.actor))
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found: Invoice | None = work.session.scalar(wanted)
    if found is None:
        raise NotFound("invoice", number)
    return found


def by_number(work: Work, numbers: Sequence[str]) -> dict[str, int]:
    """Folded number -> id, of invoices that have these numbers; those that the actor may not see too."""
    keys = [texts.fold(number) for number in numbers]
    rows = work.session.execute(select(Invoice.number_key, Invoice.id).where(Invoice.number_key.in_(keys)))
    return {str(row.number_key): row.id for row in rows}


def tags_of(work: Work, invoice: Invoice) -> list[str]:
    """Names of the tags of an invoice."""
    return [tag.name for tag in tags.of(work, KIND, [invoice.id]).get(invoice.id, ())]


# --- written ----------------------------------------------------------------------------------------------------------


def snapshot(invoice: Invoice) -> dict[str, Any]:
    """Columns for the audit log and changes: days as text, amounts in minor units."""
    found = {name: getattr(invoice, name) for name in fields.COLUMNS}
    return {name: record_fields.plain(value) for name, value in found.items()}


def note_change(
    work: Work, invoice: Invoice, before: Mapping[str, Any], tagged: tuple[list[str], list[str]] | None = None
) -> None:
    """Writes down what is no longer as it was; nothing when all is."""
    now = snapshot(invoice)
    old = {name: value for name, value in before.items() if now[name] != value}
    new = {name: now[name] for name in old}
    if tagged is not None:
        old["tags"], new["tags"] = tagged
    if not new:
        return
    invoice.version += 1
    invoice.updated_at = work.now
    work.session.flush()
    work.audit("invoice.updated", KIND, invoice.id, before=old, after=new)
    work.changed(Change("invoice.updated", KIND, invoice.id, old, new))


def find_by(work: Work, invoice: Invoice) -> None:
    """Renews what the invoice is found by: number, reference, the titles of its lines."""
    words = [invoice.number or "", invoice.reference, *(line.title for line in invoice.document.lines[:50])]
    words += custom_fields.searched(work, KIND, invoice.custom)
    search.put(work, KIND, [(invoice.id, "\n".join(word for word in words if word))])


def flush(work: Work, key: str | None) -> None:
    """Writes what is new; another transaction may have taken its number or origin since we looked."""
    try:
        with work.session.begin_nested():
            work.session.flush()
    except IntegrityError as error:
        raise taken(work, key or "", None) from error


def taken(work: Work, number: str, owner: int | None) -> Conflict:
    """What is said when another invoice has a number.

    :param owner: that one, when it is known.
    """
    said = Message("There is an invoice %(number)s already: take another number.", number=number)
    seen = owner is not None and work.session.scalar(
        work.visible(Invoice).with_only_columns(Invoice.id).where(Invoice.id == owner)
    )
    return Conflict(said, field="number", other_id=owner if seen else None)
