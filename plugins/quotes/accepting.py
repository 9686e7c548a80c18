"""Accepting and declining: once, of the version that the client saw, with a certificate that shows whether it was changed."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets

from sqlalchemy import select

from crmhost.api import Conflict, Invalid, Message, NotFound, Work, pictures, texts

from . import services, states, versions
from .models import Acceptance, Quote, Version

#: Bytes and pixels of a drawing as it is sent; width and height of what is kept of it.
LARGEST_DRAWING, MOST_PIXELS, WITHIN = 200_000, 4_000_000, (900, 300)


def seen(work: Work, quote_id: int) -> Quote:
    """Notes that the client looks at a quote that was sent."""
    quote = _one(work, quote_id)
    if quote.state == "sent":
        quote.viewed_at = work.now
        states.set_state(work, quote, "viewed")
    return quote


def accept(
    work: Work,
    quote_id: int,
    *,
    digest: str,
    name: str,
    drawing: str = "",
    email: str = "",
    address: str = "",
    agent: str = "",
    by: str = "link",
) -> Acceptance:
    """Accepts a quote.

    Whether the actor may decide for the client, the caller asks: it holds the link, or is the client in the portal.

    :param digest: of the version that the client saw: another one that was sent meanwhile is not accepted unseen.
    :param name: who signs, as they typed it.
    :param drawing: the signature as a ``data:image/png;base64,…`` address, when it was drawn.
    :raises Conflict: when it is decided already, over, or another version was sent meanwhile.
    :raises Invalid: by field.
    """
    quote = _one(work, quote_id)
    version = _open(work, quote, digest)
    signer = texts.clean_line(name)
    if not signer or len(signer) > 200:
        raise Invalid({"name": ["Type your name, as it is to stand under the quote."]})
    acceptance = Acceptance(
        quote_id=quote.id,
        version_id=version.id,
        kind="drawn" if drawing else "typed",
        name=signer,
        drawing=_png(drawing) if drawing else None,
        email=texts.clean_line(email)[:254],
        address=address[:60],
        agent=texts.clean_line(agent)[:300],
        by=texts.clean_line(by)[:120],
        at=work.now.replace(microsecond=0),
        code=secrets.token_hex(12),
    )
    acceptance.digest = certificate(acceptance, version)
    work.session.add(acceptance)
    quote.decided_at = work.now
    states.set_state(work, quote, "accepted")
    return acceptance


def decline(work: Work, quote_id: int, *, digest: str, reason: str = "") -> Quote:
    """Declines a quote, with the client's reason.

    :raises Conflict: see :func:`accept`.
    """
    quote = _one(work, quote_id)
    _open(work, quote, digest)
    quote.decided_at, quote.decline_reason = work.now, texts.clean_text(reason)[:2000]
    states.set_state(work, quote, "declined")
    return quote


def noted(work: Work, quote_id: int, decision: str, *, name: str = "", reason: str = "") -> Quote:
    """Staff note what the client said elsewhere, on paper or on the phone; it is marked as theirs.

    :param decision: accepted or declined.
    :param name: who said so; the contact's name when it is left out.
    :raises Conflict: see :func:`accept`.
    """
    work.require("quotes.edit")
    quote = services.get(work, quote_id)
    version = versions.current(work, quote)
    if version is None:
        raise Conflict("This quote was not sent yet.")
    if decision == "declined":
        return decline(work, quote_id, digest=version.digest, reason=reason)
    if decision != "accepted":
        raise Invalid({"decision": ["Choose accepted or declined."]})
    who = name or version.client
    accept(work, quote_id, digest=version.digest, name=who, address=work.actor.address, by=f"staff: {work.actor.label}")
    return quote


def of(work: Work, quote_id: int) -> Acceptance | None:
    """How a quote was accepted."""
    return work.session.get(Acceptance, quote_id)


def signature(taken: Acceptance | None) -> str:
    """The drawn signature as an address with its bytes (``data:``), for an ``<img>``; empty when none was drawn."""
    drawn = taken.drawing if taken is not None else None
    return f"data:image/png;base64,{base64.b64encode(drawn).decode()}" if drawn else ""


# --- the certificate --------------------------------------------------------------------------------------------------


def canonical(acceptance: Acceptance, version: Version) -> bytes:
    """What the certificate is made of, in one fixed writing: who, when, how, from where, and the hash of what they saw."""
    drawing = hashlib.sha256(acceptance.drawing).hexdigest() if acceptance.drawing else None
    told = {
        "quote": acceptance.quote_id,
        "version": version.number,
        "seen": version.digest,
        "kind": acceptance.kind,
        "name": acceptance.name,
        "drawing": drawing,
        "email": acceptance.email,
        "address": acceptance.address,
        "agent": acceptance.agent,
        "by": acceptance.by,
        "at": acceptance.at.isoformat(),
        "code": acceptance.code,
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def certificate(acceptance: Acceptance, version: Version) -> str:
    """SHA-256 over the acceptance, as 64 digits."""
    return hashlib.sha256(canonical(acceptance, version)).hexdigest()


def verify(work: Work, code: str) -> tuple[Acceptance, Version, bool]:
    """An acceptance by the code of its certificate, what was accepted, and whether both are as they were.

    :raises NotFound: when there is no such certificate.
    """
    if not code.isalnum():
        raise NotFound("certificate", "")
    found = work.session.scalar(select(Acceptance).where(Acceptance.code == code[:40]))
    version = work.session.get(Version, found.version_id) if found is not None else None
    if found is None or version is None:
        raise NotFound("certificate", "")
    whole = versions.digest(version) == version.digest and certificate(found, version) == found.digest
    return found, version, whole


# --- helpers ----------------------------------------------------------------------------------------------------------


def _one(work: Work, quote_id: int) -> Quote:
    wanted = select(Quote).where(Quote.id == quote_id, Quote.deleted_at.is_(None))
    found: Quote | None = work.session.scalar(wanted.with_for_update().execution_options(populate_existing=True))
    if found is None:
        raise NotFound("quote", "")
    return found


def _open(work: Work, quote: Quote, digest: str) -> Version:
    """The version that is to be decided. :raises Conflict: when there is nothing to decide any more."""
    if quote.state == "accepted":
        taken = of(work, quote.id)
        if taken is not None:
            said = "This quote was accepted by %(name)s already. There is nothing left to do."
            raise Conflict(Message(said, name=taken.name))
        raise Conflict("This quote was accepted already.")
    if quote.state == "declined":
        raise Conflict("This quote was declined already. Ask for a new one.")
    if quote.state == "expired" or states.is_over(quote, work.today):
        raise Conflict("The last day of this quote is over. Ask for a new one.")
    version = versions.current(work, quote)
    if quote.state not in states.OPEN or version is None:
        raise Conflict("This quote can't be decided now.")
    if version.digest != digest:
        raise Conflict("This quote was changed since you opened it. Look at it again first.")
    return version


def _png(drawing: str) -> bytes:
    """The drawing without anything but its ink. :raises Invalid: when it is none."""
    head, _, data = drawing.partition(",")
    try:
        if head != "data:image/png;base64" or len(data) > LARGEST_DRAWING * 4 // 3 + 4:
            raise pictures.Unreadable
        found = base64.b64decode(data, validate=True)
        return pictures.drawn_png(found, most_pixels=MOST_PIXELS, within=WITHIN)
    except ValueError:
        said = Message("The signature can't be read: draw it again, or type your name.")
        raise Invalid({"drawing": [said]}) from None
