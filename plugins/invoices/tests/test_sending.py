"""Sending invoices: the mail as a strict server takes it, once, and what a customer sees under the link."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from crmhost.api import Forbidden, Invalid, JobRow, files, mail, settings
from crmhost.testing import Clock, Host
from plugins.invoices import papers, sending, services
from tests.peers import smtp
from tests.unit.core.mail.conftest import set_up

from .conftest import Write, pay, seen
from .test_papers import HOSTILE, read

ONE = pytest.mark.database("sqlite")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def customer(site: Host, email: str = "zoe@example.org") -> int:
    """A contact whose name tries what names can."""
    return site.make.contact(first_name="Zoé", last_name=HOSTILE, email=email)


def want(site: Host, number: int, **given: str) -> None:
    """Asks for an invoice to be sent."""
    with site.work() as work, work.begin():
        sending.request(work, number, **given)


def test_an_invoice_goes_out_once_with_its_pdf_and_link(host: Callable[..., Host], write: Write) -> None:
    """The mail has both parts with values filled in and the PDF that is stored; a draft gets its number; two clicks send one."""
    with smtp.server() as peer:
        site = host("invoices")
        set_up(site, peer)
        draft = write(site, contact=customer(site), status="Draft")
        text = "Dear ##CONTACT-FNAME##, {{ invoice.due }} by {{ invoice.due_date }}: ##INVOICE-LINK##"
        for _ in range(2):
            want(site, draft, subject="Invoice {{ invoice.number }}", text=text)
        site.run_jobs()
        site.run_jobs()
        assert len(peer.taken) == 1
        taken = peer.taken[0]
    assert taken.recipients == ["zoe@example.org"]
    assert taken.mail["Subject"] == "Invoice INV-0001"
    plain = taken.part("plain")
    assert plain.startswith("Dear Zoé, €100.00 by")
    attached = next(taken.mail.iter_attachments())
    assert (attached.get_filename(), attached.get_content_type()) == ("INV-0001.pdf", "application/pdf")
    assert "INV-0001" in read(attached.get_content())[0]
    invoice = seen(site, draft)
    assert (invoice.state, bool(invoice.sent_at)) == ("unpaid", True)
    assert ("invoice.sent", [draft]) in site.events()
    with site.work() as work:
        entry = work.session.scalar(mail.MailMessage.__table__.select().with_only_columns(mail.MailMessage.attachments))
        kept = files.get(work, entry[0]["file_id"])
        assert (kept.owner, kept.contact_id) == ("invoices", invoice.contact_id)
    link = re.search(r"/invoices/d/[\w-]+", plain)
    assert link is not None
    assert site.client("").get(link[0]).status_code == 200


def test_a_job_that_ends_in_the_middle_sends_once(host: Callable[..., Host], write: Write, monkeypatch: Any) -> None:
    """Killed before the transaction ends nothing is sent; killed after it, nothing is sent again."""
    site = host("invoices")
    number = write(site, contact=customer(site))
    want(site, number)
    note = sending._note
    with monkeypatch.context() as patch:
        patch.setattr(sending, "_note", lambda *_: (_ for _ in ()).throw(SystemExit(1)))
        site.run_jobs()
    with site.work() as work:
        assert mails(work) == 0
    assert seen(site, number).sent_at is None
    calls = []
    with monkeypatch.context() as patch:
        patch.setattr(sending, "_note", lambda *given: calls.append(note(*given)))
        again(site)
        again(site)
    with site.work() as work:
        assert mails(work) == 1
    assert len(calls) == 1


def mails(work: Any) -> int:
    """How many mails there are."""
    return len(work.session.execute(mail.MailMessage.__table__.select()).all())


def again(site: Host) -> None:
    """Has the job that sends run, whatever became of it."""
    with site.work() as work, work.begin():
        jobs = JobRow.__table__
        work.session.execute(
            jobs.update().where(jobs.c.kind == "invoices.send").values(state="due", due_at=work.now, finished_at=None)
        )
    site.run_jobs()


@ONE
def test_what_can_not_be_sent_is_said_at_its_field(host: Callable[..., Host], write: Write) -> None:
    """No address, placeholders that stand for nothing, also in the settings, an address that is none; a void draft; rights."""
    site = host("invoices")
    number = write(site, contact=site.make.contact(first_name="Ada"))
    for field, given in (
        ("to", {}),
        ("text", {"to": "a@example.org", "text": "##INVOICE-NONSENSE##"}),
        ("subject", {"to": "a@example.org", "subject": "{{ invoice.nonsense }}"}),
    ):
        with pytest.raises(Invalid) as said:
            want(site, number, **given)
        assert field in said.value.errors
    for key in ("invoices.mail_text", "invoices.reminder_subject"):
        with site.work() as work, work.begin(), pytest.raises(Invalid):
            settings.set_many(work, {key: "##INVOICE-NONSENSE##"})
    with pytest.raises(Forbidden), site.work("Read only") as work, work.begin():
        sending.request(work, number, to="a@example.org")
    with site.work() as work, work.begin():
        work.enqueue("invoices.send", invoice_id=number)
    site.run_jobs()
    assert site.jobs("invoices.send")[-1].state == "failed"
    assert "no e-mail address" in str(site.jobs("invoices.send")[-1].error)


def test_a_customer_sees_what_was_issued_and_nothing_else(
    host: Callable[..., Host], write: Write, clock: Clock
) -> None:
    """Under the link: the invoice and its PDF, unlisted; a draft, a revoked and an old link are 404; viewing is noted once."""
    clock.freeze()
    site = host("invoices")
    number = write(site, contact=customer(site), notes=HOSTILE)
    draft = write(site, status="Draft")
    with site.work() as work, work.begin():
        path = sending.link(work, number).partition("/invoices")[2]
        with pytest.raises(Invalid):
            sending.link(work, draft)
        token = sending.links.token_of(work, "invoice", draft, sending.LASTS)
    guest = site.client("")
    assert guest.get(f"/invoices/d/{token}").status_code == 404
    page = guest.get(f"/invoices{path}")
    assert page.status_code == 200
    assert (page.headers["X-Robots-Tag"], page.headers["Referrer-Policy"]) == ("noindex, nofollow", "no-referrer")
    text = page.get_data(as_text=True)
    assert "<script>alert" not in text
    assert "INV-0001" in text
    assert "€100.00" in text
    made = guest.get(f"/invoices{path}/pdf")
    assert made.mimetype == "application/pdf"
    assert "INV-0001" in read(made.data)[0]
    with site.work() as work:
        assert sending.shared(work, services.get(work, number))[2] == []
    for _ in range(2):
        assert guest.post(f"/invoices{path}/seen", headers={"User-Agent": FIREFOX}).status_code == 204
    log = site.client().get(f"/invoices/{number}").text
    for said in ("This link works until", "Firefox on Linux · 127.0.0.1"):
        assert said in log
    with site.work() as work:
        address, link, viewed = sending.shared(work, services.get(work, number))
        assert address.endswith(path)
        assert link is not None
        assert len(viewed) == 1
    pay(site, number)
    assert "Nothing is due" in guest.get(f"/invoices{path}").get_data(as_text=True)
    with site.work() as work, work.begin():
        services.void(work, number)
    assert "void: nothing is to be paid" in guest.get(f"/invoices{path}").get_data(as_text=True)
    with site.work() as work, work.begin():
        again_path = sending.link(work, number).partition("/invoices")[2]
        assert again_path == path
    clock.move(days=366)
    assert guest.get(f"/invoices{path}").status_code == 404
    clock.move(days=-366)
    with site.work() as work, work.begin():
        assert sending.revoke(work, number) == 1
    for tail in ("", "/pdf"):
        assert guest.get(f"/invoices{path}{tail}").status_code == 404


@ONE
def test_staff_send_from_a_page_that_shows_the_mail_first(host: Callable[..., Host], write: Write) -> None:
    """The form is filled from the settings, the preview fills in values, an error keeps what was typed, and then it is sent."""
    site = host("invoices")
    number = write(site, contact=customer(site))
    staff = site.client("Invoices manager")
    page = staff.get(f"/invoices/{number}/send").get_data(as_text=True)
    assert "zoe@example.org" in page
    assert "##INVOICE-NUMBER##" in page
    typed = {"to": "other@example.org", "subject": "About ##INVOICE-NUMBER##", "text": "My words ##INVOICE-TOTAL##"}
    shown = staff.post(f"/invoices/{number}/send/preview", data=typed).get_data(as_text=True)
    assert "About INV-0001" in shown
    assert "My words €100.00" in shown
    wrong = staff.post(f"/invoices/{number}/send", data={**typed, "text": "My words ##INVOICE-XX##"})
    assert wrong.status_code == 422
    assert "My words ##INVOICE-XX##" in wrong.get_data(as_text=True)
    assert staff.post(f"/invoices/{number}/send", data=typed).status_code == 303
    site.run_jobs()
    with site.work() as work:
        assert mails(work) == 1
    assert read(staff.get(f"/invoices/{number}/pdf").data)
    with site.work() as work:
        assert papers.file_name(services.get(work, number)) == "INV-0001.pdf"
    assert staff.post(f"/invoices/{number}/link").status_code == 303
    assert staff.post(f"/invoices/{number}/link/revoke").status_code == 303
    assert site.client("Read only").get(f"/invoices/{number}/send").status_code == 403


def test_mails_speak_the_language_of_the_invoice_until_somebody_writes_own_words(
    host: Callable[..., Host], write: Write
) -> None:
    """Invoice, reminder and receipt in French for a French invoice; what an admin wrote wins in every language."""
    with smtp.server() as peer:
        site = host("invoices")
        set_up(site, peer)
        number = write(site, contact=customer(site), language="fr", due_date="2030-01-01")
        want(site, number)
        site.run_jobs()
        pay(site, number, 4_000, receipt=True, payment_method="Card")
        site.run_jobs()
        with site.work() as work, work.begin():
            settings.set_many(work, {"invoices.receipt_text": "Got ##PAYMENT-AMOUNT## by ##PAYMENT-METHOD##."})
        pay(site, number, 1_000, receipt=True, payment_method="Card")
        site.run_jobs()
        sent = [(str(one.mail["Subject"]), one.part("plain").replace("\xa0", " ")) for one in peer.taken]
    assert [subject for subject, _text in sent] == [
        "Facture INV-0001",
        "Votre paiement de la facture INV-0001",
        "Votre paiement de la facture INV-0001",
    ]
    assert "voici la facture INV-0001" in sent[0][1]
    assert "nous avons reçu 40,00 €" in sent[1][1]
    assert "Reste dû : 60,00 €" in sent[1][1]
    assert "Got 10,00 € by Card." in sent[2][1]
    with pytest.raises(Forbidden), site.work("Transactions manager") as work, work.begin():
        sending.request(work, number)
    with site.work() as work:
        for language in ("", "en", "fr", "xx"):
            for key in sending.letters.DEFAULTS:
                assert "##" in sending.template(work, key, language)
