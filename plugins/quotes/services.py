"""Quotes: reading one, writing, copying, deleting. Sending stands in :mod:`.versions`, deciding in :mod:`.accepting`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmhost.api import (
    Change,
    Invalid,
    Message,
    NotFound,
    Stale,
    User,
    Work,
    contacts,
    custom_fields,
    documents,
    keyset,
    record_fields,
    records,
    search,
    tags,
    texts,
)

from . import fields, settings
from .models import KIND, Quote, Template
from .states import set_state, state_named


def get(work: Work, quote_id: int, *, in_bin: bool = False, lock: bool = False) -> Quote:
    """A quote.

    :param in_bin: take one from the bin too.
    :raises NotFound: when there is none, or the actor may not see it.
    """
    work.require("quotes.view")
    wanted = select(Quote).where(Quote.id == (keyset.valid_id(quote_id) or 0))
    if not in_bin:
        wanted = wanted.where(Quote.deleted_at.is_(None))
    if work.actor.only_assigned:
        wanted = wanted.where(Quote.within_reach(work.actor))
    if lock:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    found: Quote | None = work.session.scalar(wanted)
    if found is None:
        raise NotFound("quote", quote_id)
    return found


def create(work: Work, given: Mapping[str, Any], *, source: str = "manual") -> Quote:
    """Writes a quote; it is a draft until it is sent.

    :param given: see :func:`.fields.prepare`; ``status`` too, of quotes that come from elsewhere.
    :raises Invalid: sentences by field.
    """
    work.require("quotes.edit")
    status = state_named(given["status"]) if given.get("status") not in (None, "") else "draft"
    values = fields.prepare(work, _without_status(given), None, required=source in ("manual", "api"))
    check_customer(work, values)
    if status not in ("draft",) and source in ("manual", "api"):
        raise Invalid({"status": ["A new quote is a draft: send it, and what becomes of it follows."]})
    content = values.pop("content", None)
    quote = Quote(
        title=values["title"],
        title_key=texts.fold(values["title"])[:200],
        state=status,
        content=_first_content(work) if content is None else content,
        source=values.pop("source", "") or source[:60],
        owner_id=values.pop("owner_id", work.actor.user_id),
        notes=values.pop("notes", ""),
        custom=values.pop("custom", {}),
        created_at=work.now,
        updated_at=work.now,
        **{
            name: values[name]
            for name in ("contact_id", "company_id", "date", "valid_until", "language")
            if name in values
        },
    )
    quote.price(values["document"])
    quote.value = quote.total if quote.document.lines else values.get("value", 0)
    work.session.add(quote)
    work.session.flush()
    if values.get("tags"):
        tags.put(work, KIND, [quote.id], values["tags"])
    custom_fields.write_index(work, KIND, [(quote.id, quote.custom, None)])
    record_fields.add_external_ids(work, KIND, quote.id, values.get("external_ids", ()))
    find_by(work, quote)
    after = snapshot(quote)
    work.audit("quote.created", KIND, quote.id, after=after)
    work.changed(Change("quote.created", KIND, quote.id, {}, after))
    return quote


def update(work: Work, quote_id: int, given: Mapping[str, Any], *, version: int | None = None) -> Quote:
    """Changes a quote; fields that are not given stay. What the client saw stays as it was until it is sent again.

    :param version: the version that the caller saw; ``None`` writes whatever came between.
    :raises Stale: when somebody saved it since that version.
    :raises Invalid: sentences by field; also when an accepted quote would change.
    """
    work.require("quotes.edit")
    quote = get(work, quote_id, lock=True)
    if version is not None and version != quote.version:
        raise Stale("Somebody saved this quote meanwhile: look at their changes before you save yours.")
    if given.get("status") not in (None, "") and state_named(given["status"]) != quote.state:
        raise Invalid({"status": ["The status follows from sending, seeing and deciding: use those actions."]})
    before = snapshot(quote)
    values = fields.prepare(work, _without_status(given), quote)
    check_customer(work, {"contact_id": quote.contact_id, "company_id": quote.company_id, **values}, quote)
    if quote.state == "accepted" and _agreed(quote, values):
        raise Invalid("This quote was accepted and stays as it is. Copy it, and change the copy.")
    stored = quote.custom
    if "document" in values:
        quote.price(values["document"])
    for name in _COLUMNS:
        if name in values and values[name] != getattr(quote, name):
            setattr(quote, name, values[name])
    quote.title_key = texts.fold(quote.title)[:200]
    quote.value = quote.total if quote.document.lines else values.get("value", quote.value)
    renamed = tags.put(work, KIND, [quote.id], values["tags"], tags_of(work, quote)) if "tags" in values else {}
    record_fields.add_external_ids(work, KIND, quote.id, values.get("external_ids", ()))
    if "custom" in values:
        custom_fields.write_index(work, KIND, [(quote.id, quote.custom, stored)])
    _note_change(work, quote, before, renamed.get(quote.id))
    if quote.state == "expired" and quote.version_id and (quote.valid_until is None or quote.valid_until >= work.today):
        set_state(work, quote, "viewed" if quote.viewed_at else "sent")
    find_by(work, quote)
    return quote


def duplicate(work: Work, quote_id: int) -> Quote:
    """A draft with the same customer, lines and text, of today."""
    quote = get(work, quote_id)
    given = {
        **documents.to_json(quote.document),
        **{
            name: getattr(quote, name) for name in ("title", "contact_id", "company_id", "notes", "content", "language")
        },
        "value": {"amount": quote.value, "currency": quote.currency},
        "custom": custom_fields.shown(work, KIND, quote.custom),
        "tags": tags_of(work, quote),
    }
    return create(work, given)


def delete(work: Work, ids: Sequence[int]) -> int:
    """Puts quotes into the bin; gives how many. Their links open nothing while they lie there.

    :raises Invalid: when one of them was accepted.
    """
    work.require("quotes.delete")
    found = [get(work, number, lock=True) for number in dict.fromkeys(ids)]
    for quote in found:
        if quote.state == "accepted":
            raise Invalid(Message("“%(title)s” was accepted: it stays as the proof of that.", title=quote.title))
    for quote in found:
        _bin(work, quote, work.now)
    return len(found)


def restore(work: Work, ids: Sequence[int]) -> int:
    """Takes quotes out of the bin; gives how many."""
    work.require("quotes.delete")
    gone = [found for number in dict.fromkeys(ids) if (found := get(work, number, in_bin=True, lock=True)).deleted_at]
    for quote in gone:
        _bin(work, quote, None)
    return len(gone)


def to_invoice(work: Work, quote_id: int) -> Any:
    """Makes the draft of an invoice with the lines of an accepted quote; asked for again, gives the same one.

    :raises Invalid: when the quote is not accepted, or invoices are switched off.
    """
    quote = get(work, quote_id)
    invoices = work.service("invoices")
    if invoices is None:
        raise Invalid("Invoices are switched off: an admin can switch them on under Extensions.")
    if quote.state != "accepted":
        raise Invalid("Only an accepted quote becomes an invoice.")
    document = documents.to_json(quote.document)
    if not quote.document.lines:
        document["lines"] = [{"title": quote.title, "unit_price": quote.worth.json()}]
    wanted = {
        **document,
        "contact_id": quote.contact_id,
        "company_id": quote.company_id,
        "reference": quote.title[:120],
    }
    return invoices.create({**wanted, "language": quote.language}, origin=f"{KIND}:{quote.id}", source="quotes")


def empty_bin(work: Work, limit: int = 50) -> int:
    """Erases quotes whose days in the bin are over; gives how many went."""
    ids = records.overdue(work, Quote, limit)
    for quote in work.session.scalars(select(Quote).where(Quote.id.in_(ids))):
        work.session.delete(quote)
    records.forget(work, KIND, ids)
    work.session.flush()
    tell_erased(work, ids)
    return len(ids)


def tell_erased(work: Work, ids: Sequence[int]) -> None:
    """Tells that quotes went for good, so that what other extensions keep of them goes too."""
    for number in ids:
        work.changed(Change("quote.erased", KIND, number, {}, {}))


# --- shared within the plugin -----------------------------------------------------------------------------------------


def snapshot(quote: Quote) -> dict[str, Any]:
    """Columns for the audit log and changes: days as text, amounts in minor units."""
    return {name: record_fields.plain(getattr(quote, name)) for name in fields.COLUMNS}


def tags_of(work: Work, quote: Quote) -> list[str]:
    """The names of its tags."""
    return [tag.name for tag in tags.of(work, KIND, [quote.id]).get(quote.id, ())]


def check_customer(work: Work, values: Mapping[str, Any], current: Quote | None = None) -> None:
    """:raises Invalid: when the contact or company is not there for the actor."""
    wrong: dict[str, list[str]] = {}
    contact = values.get("contact_id")
    if contact is not None and (current is None or contact != current.contact_id):
        try:
            contacts.get(work, contact)
        except NotFound as error:
            wrong["contact_id"] = [error.message]
    company = values.get("company_id")
    if company is not None and (current is None or company != current.company_id):
        companies = work.service("companies")
        if companies is None:
            wrong["company_id"] = ["Companies are switched off: choose a contact."]
        elif not companies.names([company]):
            wrong["company_id"] = [
                Message("There is no company %(number)s, or you may not see it.", number=str(company))
            ]
    owner = values.get("owner_id")
    if owner is not None and (current is None or owner != current.owner_id):
        user = work.session.get(User, owner)
        if user is None or user.disabled_at is not None:
            wrong["owner_id"] = [Message("There is no active user “%(value)s”.", value=str(owner))]
    if work.actor.only_assigned and contact is None:
        wrong.setdefault("contact_id", ["Choose one of your contacts: you would not see this quote otherwise."])
    if wrong:
        raise Invalid(wrong)


def find_by(work: Work, quote: Quote) -> None:
    """Renews what the quote is found by: its title and the titles of its lines."""
    words = [
        quote.title,
        *(line.title for line in quote.document.lines[:50]),
        *custom_fields.searched(work, KIND, quote.custom),
    ]
    search.put(work, KIND, [(quote.id, "\n".join(word for word in words if word))])


# --- helpers ----------------------------------------------------------------------------------------------------------

#: What is written as it was given.
_COLUMNS = (
    "title", "contact_id", "company_id", "owner_id", "date", "valid_until", "content", "notes", "language", "custom", "source",
)  # fmt: skip
#: What the client agreed to.
_FIXED = ("title", "content", "date", "valid_until", "contact_id", "company_id", "document", "value")


def _agreed(quote: Quote, values: Mapping[str, Any]) -> bool:
    """Whether what the client agreed to would change."""
    return any(name in values and values[name] != getattr(quote, name) for name in _FIXED)


def _without_status(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != "status"}


def _first_content(work: Work) -> str:
    number = keyset.valid_id(work.settings.get(settings.TEMPLATE))
    template = work.session.get(Template, number) if number else None
    return template.content if template is not None else ""


def _note_change(
    work: Work, quote: Quote, before: Mapping[str, Any], tagged: tuple[list[str], list[str]] | None
) -> None:
    now = snapshot(quote)
    old = {name: value for name, value in before.items() if now[name] != value}
    new = {name: now[name] for name in old}
    if tagged is not None:
        old["tags"], new["tags"] = tagged
    if not new:
        return
    quote.version += 1
    quote.updated_at = work.now
    work.session.flush()
    work.audit("quote.updated", KIND, quote.id, before=old, after=new)
    work.changed(Change("quote.updated", KIND, quote.id, old, new))


def _bin(work: Work, quote: Quote, at: dt.datetime | None) -> None:
    name = "quote.restored" if at is None else "quote.deleted"
    quote.deleted_at, quote.updated_at = at, work.now
    quote.version += 1
    work.session.flush()
    if at is None:
        find_by(work, quote)
    else:
        search.drop(work, KIND, [quote.id])
    work.audit(name, KIND, quote.id)
    work.changed(Change(name, KIND, quote.id, {}, {"contact_id": quote.contact_id, "company_id": quote.company_id}))
