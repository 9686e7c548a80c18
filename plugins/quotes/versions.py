"""What the client sees: a quote filled in and frozen when it is sent, with a hash over all of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from crmhost.api import Contact, Invalid, Message, NotFound, Work, contacts, documents, links, mail, placeholders

from . import services, settings
from .models import KIND, Quote, Version
from .states import set_state


def fill_in(work: Work, quote: Quote, contact: Contact | None) -> placeholders.Piece:
    """The content with all placeholders filled in; ``unknown`` names those that stand for nothing."""
    more = {"quote": values(work, quote), "company": company_values(work, quote)}
    return placeholders.html(work, quote.content, contact, more=more)


def values(work: Work, quote: Quote) -> dict[str, Any]:
    """What placeholders ``quote.…`` stand for."""
    return {
        "title": quote.title,
        "value": placeholders.money(work, quote.worth, quote.language),
        "date": placeholders.day(work, quote.date, quote.language),
        "valid_until": placeholders.day(work, quote.valid_until, quote.language) if quote.valid_until else "",
        "notes": quote.notes,
        "number": str(quote.id),
    }


def company_values(work: Work, quote: Quote) -> Mapping[str, Any]:
    """What placeholders ``company.…`` stand for: the company of the quote, else the main one of its contact."""
    companies = work.service("companies")
    if companies is None:
        return {"name": ""}
    number = quote.company_id
    if number is None and quote.contact_id is not None and work.can("companies.view"):
        number = next(iter(companies.of_contacts([quote.contact_id]).get(quote.contact_id, ())), None)
    found: Mapping[str, Any] = companies.placeholder_values(number)
    return found


def company_name(work: Work, quote: Quote) -> str:
    """What the company of the quote is called; empty without one."""
    companies = work.service("companies")
    found = companies.names([quote.company_id]) if companies is not None and quote.company_id else {}
    return str(found.get(quote.company_id, ""))


def check(work: Work, quote: Quote) -> placeholders.Piece:
    """The filled-in content, when it can be sent.

    :raises Invalid: when there is nothing to send, nobody to send it to, or a placeholder stands for nothing.
    """
    if not quote.content.strip():
        raise Invalid({"content": ["Write the quote first: choose a template, or use the quote builder."]})
    if quote.contact_id is None and quote.company_id is None:
        raise Invalid({"contact_id": ["Choose who gets the quote first."]})
    if quote.valid_until is not None and quote.valid_until < work.today:
        raise Invalid({"valid_until": ["Its last day is over: give it a later one first."]})
    contact = contacts.get(work, quote.contact_id) if quote.contact_id is not None else None
    piece = fill_in(work, quote, contact)
    require_known(piece.unknown)
    return piece


def require_known(unknown: Sequence[str]) -> None:
    """:raises Invalid: when a placeholder stands for nothing."""
    if unknown:
        listed = ", ".join(f"{{{{ {name} }}}}" for name in unknown[:5])
        raise Invalid(
            {"content": [Message("Nothing is known as %(names)s: choose placeholders of the list.", names=listed)]}
        )


def freeze(work: Work, quote: Quote) -> Version:
    """The version of the quote as it stands now; the one that is there when nothing changed since."""
    piece = check(work, quote)
    contact = contacts.get(work, quote.contact_id) if quote.contact_id is not None else None
    version = Version(
        quote_id=quote.id,
        title=quote.title,
        html=mail.harmless(piece.output),
        document=quote.document,
        currency=quote.currency,
        value=quote.value,
        date=quote.date,
        valid_until=quote.valid_until,
        client=(contact.name if contact is not None else company_name(work, quote))[:250],
        sender=_sender(work),
        language=quote.language,
        made_at=work.now,
    )
    version.digest = digest(version)
    last: Version | None = work.session.scalar(
        select(Version).where(Version.quote_id == quote.id).order_by(Version.number.desc()).limit(1)
    )
    if last is not None and last.digest == version.digest:
        return last
    version.number = (last.number if last is not None else 0) + 1
    work.session.add(version)
    work.session.flush()
    return version


def _sender(work: Work) -> dict[str, str]:
    """Who it is from. A logo is named where there is one alone: the hash of a quote without one is what it always was."""
    found = {name: str(work.settings.get(f"site.{name}") or "") for name in ("name", "address", "logo")}
    return {name: value for name, value in found.items() if value or name != "logo"}


def canonical(version: Version) -> bytes:
    """What the hash is taken of: all that the client saw, in one fixed writing (RFC 8259, keys sorted, no blanks, UTF-8)."""
    told = {
        "quote": version.quote_id,
        "title": version.title,
        "html": version.html,
        "document": documents.to_json(version.document),
        "currency": version.currency,
        "value": version.value,
        "date": version.date.isoformat(),
        "valid_until": version.valid_until.isoformat() if version.valid_until else None,
        "client": version.client,
        "sender": version.sender,
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(version: Version) -> str:
    """SHA-256 of what the client saw, as 64 digits."""
    return hashlib.sha256(canonical(version)).hexdigest()


def current(work: Work, quote: Quote) -> Version | None:
    """The version that was sent last."""
    return work.session.get(Version, quote.version_id) if quote.version_id else None


def shown(work: Work, quote_id: int) -> tuple[Quote, Version]:
    """A quote that was sent, and the version that the client sees.

    :raises NotFound: when there is none, or it was never sent: a draft is nobody's but ours.
    """
    quote = work.session.scalar(work.visible(Quote).where(Quote.id == quote_id, Quote.state != "draft"))
    version = current(work, quote) if quote is not None else None
    if quote is None or version is None:
        raise NotFound("quote", "")
    return quote, version


def all_of(work: Work, quote: Quote) -> list[Version]:
    """All versions of a quote, the newest first."""
    return list(
        work.session.scalars(select(Version).where(Version.quote_id == quote.id).order_by(Version.number.desc()))
    )


def send(work: Work, quote_id: int) -> tuple[Version, str]:
    """Freezes a quote and makes its link: from now on the client can open and accept it. Gives the version and the link's token.

    The mail is queued by :mod:`.sending`, in the same transaction where one is wanted. What was accepted is not sent again.

    :raises Invalid: see :func:`check`.
    """
    work.require("quotes.send")
    quote = services.get(work, quote_id, lock=True)
    if quote.state == "accepted":
        raise Invalid("This quote was accepted already. Copy it to make another one.")
    version = freeze(work, quote)
    fresh = version.id != quote.version_id
    quote.version_id, quote.sent_at = version.id, work.now
    if fresh or quote.state not in ("sent", "viewed"):
        quote.viewed_at, quote.decided_at, quote.decline_reason = None, None, ""
        set_state(work, quote, "sent")
    work.session.flush()
    return version, links.token_of(work, KIND, quote.id, settings.link_lasts(work))


def number_of(work: Work, quote: Quote) -> int:
    """How many versions there are."""
    return int(work.session.scalar(select(func.count()).select_from(Version).where(Version.quote_id == quote.id)) or 0)
