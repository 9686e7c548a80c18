"""Deciding: once, of what was seen, with a certificate; who hears of it; what becomes of people and of invoices."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select, update

from crmhost.api import (
    AuditEntry,
    Conflict,
    Invalid,
    JournalEntry,
    User,
    Work,
    mail,
    merging,
    notifications,
    privacy,
    users,
)
from crmhost.testing import Host
from plugins.quotes import accepting, services, versions
from plugins.quotes.models import Acceptance, Quote, Version

from .conftest import line, seen, sent, write

#: A PNG of one pixel.
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


def owned(site: Host) -> tuple[int, str]:
    """A quote that a user wrote and sent, and its digest."""
    contact = site.make.contact(first_name="Ada", last_name="Park")
    owner = site.make.user("Quotes manager")
    number, _token, digest = sent(site, write(site, contact, owner_id=owner))
    return number, digest


def test_two_tabs_accept_once_mail_once_and_log_once(site: Host) -> None:
    """Of eight that accept at once one does, the others hear so; one mail, one notification, one entry come of it."""
    number, digest = owned(site)

    def accept(_place: int) -> str:
        try:
            with site.work() as work, work.begin():
                accepting.accept(work, number, digest=digest, name="Ada Park", drawing=PIXEL, address="203.0.113.7")
        except Conflict as error:
            return str(error)
        return "accepted"

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(accept, range(8)))
    assert said.count("accepted") == 1
    late = "This quote was accepted by Ada Park already. There is nothing left to do."
    assert [text for text in said if text != "accepted"] == [late] * 7
    with site.work() as work:
        mails = work.session.scalars(select(mail.MailMessage.subject)).all()
        entries = work.session.scalars(
            select(JournalEntry.object_type).where(JournalEntry.type == "quotes.accepted")
        ).all()
        audited = work.session.scalars(select(AuditEntry.action).where(AuditEntry.action == "quote.accepted")).all()
        owner = seen(site, number).owner_id
        told = [row.kind for row in notifications.page(work.as_actor(_as(work, owner))).rows]
    assert mails == ["Quote accepted: Table and chairs"]
    assert sorted(entries) == ["contact", "quote"]
    assert audited == ["quote.accepted"]
    assert told == ["quotes.accepted"]


def _as(work: Work, user_id: int | None) -> Any:
    return users.actor_for(work.session.get(User, user_id))


def test_the_certificate_finds_out_each_change(site: Host) -> None:
    """Whole as it was written; a changed name, time, drawing, sum or word in the rows shows."""
    number, digest = owned(site)
    with site.work() as work, work.begin():
        code = accepting.accept(work, number, digest=digest, name="Ada Park", drawing=PIXEL, address="203.0.113.7").code
    with site.work() as work:
        assert accepting.verify(work, code)[2] is True
    changes: list[tuple[type[Any], dict[str, Any]]] = [
        (Acceptance, {"name": "Ada Bark"}), (Acceptance, {"drawing": b"\x89PNG\r\n\x1a\nx"}),
        (Acceptance, {"address": "203.0.113.8"}),
        (Version, {"html": "<p>Other</p>"}), (Version, {"value": 1}), (Version, {"title": "Other"}), (Version, {"client": "Eve"}),
    ]  # fmt: skip
    for model, values in changes:
        with site.work() as work:
            try:
                with work.begin():
                    work.session.execute(update(model).values(values))
                    work.session.expire_all()
                    assert accepting.verify(work, code)[2] is False, values
                    raise _BackError
            except _BackError:
                pass
    with site.work() as work:
        assert accepting.verify(work, code)[2] is True


class _BackError(Exception):
    """Takes back what a test changed."""


def test_declining_keeps_the_reason_and_ends_it(site: Host) -> None:
    """Who declined can't accept any more, and the reason stands with the quote; sent anew it can be decided anew."""
    number, digest = owned(site)
    with site.work() as work, work.begin():
        accepting.decline(work, number, digest=digest, reason="Too dear")
    assert (seen(site, number).state, seen(site, number).decline_reason) == ("declined", "Too dear")
    with site.work() as work, work.begin(), pytest.raises(Conflict, match="declined already"):
        accepting.accept(work, number, digest=digest, name="Ada")
    sent(site, number)
    assert (seen(site, number).state, seen(site, number).decline_reason) == ("sent", "")


def test_a_draft_and_an_unreadable_signature_are_not_accepted(site: Host) -> None:
    """Nothing but a sent quote is decided; a name is needed, and a drawing must be a small PNG."""
    draft = write(site)
    with site.work() as work, work.begin(), pytest.raises(Conflict):
        accepting.accept(work, draft, digest="", name="Ada")
    number, digest = owned(site)
    for name, drawing, field in (("", "", "name"), ("Ada", "data:image/png;base64,QUJD", "drawing"), ("Ada", "x", "drawing"),
                                 ("Ada", PIXEL + "A" * 400_000, "drawing"), ("x" * 201, "", "name")):  # fmt: skip
        with site.work() as work, work.begin(), pytest.raises(Invalid) as caught:
            accepting.accept(work, number, digest=digest, name=name, drawing=drawing)
        assert field in caught.value.errors


def test_staff_may_note_what_was_said_on_the_phone(site: Host) -> None:
    """It is marked as theirs in the certificate, and can't be done twice."""
    number, _digest = owned(site)
    with site.work("Quotes manager") as work, work.begin():
        accepting.noted(work, number, "accepted", name="Ada Park")
        taken = accepting.of(work, number)
        assert taken is not None
        assert taken.by.startswith("staff: ")
    with site.work("Quotes manager") as work, work.begin(), pytest.raises(Conflict):
        accepting.noted(work, number, "accepted")


def test_being_looked_at_is_noted_once(site: Host) -> None:
    """Sent becomes viewed by the first look; later looks change nothing."""
    number, _digest = owned(site)
    for _ in range(2):
        with site.work() as work, work.begin():
            accepting.seen(work, number)
    assert seen(site, number).state == "viewed"
    with site.work() as work:
        entries = work.session.scalars(select(JournalEntry.id).where(JournalEntry.type == "quotes.viewed")).all()
    assert len(entries) == 2  # of the quote and of the contact


def test_an_accepted_quote_becomes_one_invoice(host: Callable[..., Host]) -> None:
    """With the same lines and customer; asked for twice it is the same; what was not accepted becomes none."""
    site = host("quotes", "invoices")
    number, _token, digest = sent(site, lines=[line(5_000, "2"), line(199, title="Nails")])
    with site.work() as work, work.begin(), pytest.raises(Invalid, match="accepted quote"):
        services.to_invoice(work, number)
    with site.work() as work, work.begin():
        accepting.accept(work, number, digest=digest, name="Ada")
        made = services.to_invoice(work, number)
        assert (made.total, made.contact_id, [one.title for one in made.document.lines]) == (
            10_199, seen(site, number).contact_id, ["Oak table", "Nails"],
        )  # fmt: skip
        assert services.to_invoice(work, number).id == made.id
    lump, _token, digest = sent(site, lines=[], value="40")
    with site.work() as work, work.begin():
        accepting.accept(work, lump, digest=digest, name="Ada")
        assert services.to_invoice(work, lump).total == 4_000


def test_quotes_follow_people_who_are_merged_told_and_erased(site: Host) -> None:
    """The winner has them all; an export tells them; erasing takes drafts and keeps what was accepted, without notes."""
    first, second = site.make.contact(first_name="Ada"), site.make.contact(first_name="Ada")
    draft = write(site, second, notes="Ask again")
    number, _token, digest = sent(site, write(site, second, notes="Allergic to oak"))
    with site.work() as work, work.begin():
        accepting.accept(work, number, digest=digest, name="Ada Park")
        code = accepting.of(work, number).code  # type: ignore[union-attr]  # it was accepted
    with site.work() as work, work.begin():
        merging.merge(work, first, [second])
    assert seen(site, draft).contact_id == first
    with site.work() as work:
        assert "Allergic to oak" in str(privacy.document(work, first))
    with site.work() as work, work.begin():
        privacy.erase(work, first)
    with site.work() as work:
        left = work.session.scalars(select(Quote)).all()
        assert [(quote.id, quote.notes, quote.contact_id) for quote in left] == [(number, "", None)]
        assert accepting.verify(work, code)[2] is True
        assert versions.current(work, left[0]) is not None
