"""Pages of staff about papers: the PDF of an invoice, sending it, and its link."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.api import CrmError, Work
from crmhost.web.api import (
    AreaField,
    ChoicesField,
    EmailField,
    Form,
    TextField,
    browser_name,
    current_work,
    gettext,
    lazy_text,
    mail_preview,
    mail_preview_error,
    redirect,
    render_template,
    requires,
    toast,
    url_for,
    writing,
)

from . import letters, sending, services
from .client_pages import pdf as pdf_answer
from .models import KIND, Invoice


class SendForm(Form):
    """To whom, and what is written."""

    to = EmailField(lazy_text("To"))
    subject = TextField(lazy_text("Subject"))
    text = AreaField(lazy_text("Text"), description=lazy_text("The PDF is attached. Placeholders are filled in."))
    files = ChoicesField(lazy_text("Attach files too"), description=lazy_text("Files of this invoice."))


@requires("invoices.view")
def pdf(invoice_id: int) -> Any:
    """The PDF of an invoice as it stands."""
    work = current_work()
    return pdf_answer(work, services.get(work, invoice_id))


@requires("invoices.send")
def send(invoice_id: int) -> Any:
    """Asks to whom and with what words, and sends."""
    work = current_work()
    invoice = services.get(work, invoice_id)
    form = _form(work, invoice)
    if form.is_submitted() and form.validate():
        try:
            with writing() as work:
                sending.request(
                    work,
                    invoice_id,
                    to=form.to.data or "",
                    subject=form.subject.data or "",
                    text=form.text.data or "",
                    files=form.files.data or () if "files" in form else (),
                )
        except CrmError as error:
            form.take(error)
        else:
            toast(gettext("The invoice is on its way to %(to)s.", to=form.to.data))
            return redirect(url_for(".page", invoice_id=invoice_id), 303)
    work = current_work()
    invoice = services.get(work, invoice_id)
    known = sending.recipients(work, invoice.contact_id, invoice.company_id)
    page = render_template("invoices/send.html", form=form, invoice=invoice, known=known)
    return page, 422 if form.is_submitted() else 200


@requires("invoices.send")
def preview(invoice_id: int) -> Any:
    """What was typed, filled in, for a frame."""
    work = current_work()
    invoice = services.get(work, invoice_id)
    form = _form(work, invoice)
    try:
        ready = sending.written(
            work, invoice, form.subject.data or "", form.text.data or "", sending.address_of(work, "…")
        )
    except CrmError as error:
        return mail_preview_error(error)
    return mail_preview(work, ready)


@requires("invoices.send")
def make_link(invoice_id: int) -> Any:
    """Makes the link of an invoice."""
    with writing() as work:
        sending.link(work, invoice_id)
    toast(gettext("The link is ready to be copied."))
    return redirect(url_for(".page", invoice_id=invoice_id), 303)


@requires("invoices.send")
def revoke_link(invoice_id: int) -> Any:
    """Has all links of an invoice open nothing any more."""
    with writing() as work:
        sending.revoke(work, invoice_id)
    toast(gettext("The links of this invoice open nothing any more."))
    return redirect(url_for(".page", invoice_id=invoice_id), 303)


def link_box(work: Work, invoice: Invoice) -> str:
    """The link of an invoice, and who opened it."""
    address, link, openings = sending.shared(work, invoice)
    return render_template(
        "invoices/openings.html", invoice=invoice, address=address, link=link, openings=openings, browser=browser_name
    )


def add_paper_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    blueprint.add_url_rule("/<int:invoice_id>/pdf", view_func=pdf)
    blueprint.add_url_rule("/<int:invoice_id>/send", view_func=send, methods=["GET", "POST"])
    blueprint.add_url_rule("/<int:invoice_id>/send/preview", view_func=preview, methods=["POST"])
    blueprint.add_url_rule("/<int:invoice_id>/link", view_func=make_link, methods=["POST"])
    blueprint.add_url_rule("/<int:invoice_id>/link/revoke", view_func=revoke_link, methods=["POST"])


def _form(work: Work, invoice: Invoice) -> SendForm:
    to = next(iter(sending.recipients(work, invoice.contact_id, invoice.company_id)), "")
    form = SendForm(
        data={
            "to": to,
            "subject": sending.template(work, letters.SUBJECT, invoice.language),
            "text": sending.template(work, letters.TEXT, invoice.language),
        }
    )
    shelf = work.service("files")
    known = shelf.choices(KIND, invoice.id) if shelf is not None else []
    if known:
        form.files.offer(known)
    else:
        del form.files
    return form
