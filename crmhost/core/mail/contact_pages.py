"""A mail to one contact: from a template or blank, with placeholders, attachments and a preview."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug import Response
from werkzeug.datastructures import FileStorage

from ...errors import CrmError, Invalid
from ...messages import Message
from ...web.request import current_work, requires, writing
from ...web.toasts import toast
from ...work.unit import Work
from ..contacts import services as contacts
from ..contacts.models import Contact
from ..files import services as files
from ..files.services import Staged
from ..keyset import valid_id
from . import accounts, patterns, services, suppression
from .forms import MailForm
from .patterns import Written
from .template_pages import framed_error, framed_mail
from .values import catalogue

#: Files that one mail carries, and their size together: what most servers take.
MOST_FILES = 10
LARGEST_FILES = 20 * 1024 * 1024


@requires("mail.send")
def compose(contact_id: int) -> ResponseReturnValue:
    """Write a mail, and send it."""
    work = current_work()
    contact = contacts.get(work, contact_id)
    form = _form(work, contact)
    if form.is_submitted() and form.validate():
        try:
            state = _queue(work, contact, form)
        except CrmError as error:
            form.take(error)
        else:
            toast(state)
            mailed = valid_id(request.args.get("template")) or 0
            return redirect(url_for("contacts.page", contact_id=contact_id, mailed=mailed), 303)
    work = current_work()
    contact = contacts.get(work, contact_id)
    blocked = suppression.reasons(work, [contact.email])
    page = render_template(
        "mail/compose.html",
        form=form,
        contact=contact,
        templates=patterns.all_templates(work),
        chosen=valid_id(request.args.get("template")),
        placeholders=catalogue(work),
        transport=accounts.transport(work),
        blocked=[row for rows in blocked.values() for row in rows],
    )
    return page, 422 if form.is_submitted() else 200


def _form(work: Work, contact: Contact) -> MailForm:
    chosen = valid_id(request.args.get("template"))
    data: dict[str, Any] = {"kind": "rich", "to": contact.email}
    if chosen is not None:
        template = patterns.get(work, chosen)
        data |= {"subject": template.subject, **MailForm.parted(template.kind, template.content)}
    else:
        signature = accounts.chosen(work).signature
        data["content"] = f"\n\n{signature}" if signature else ""
    form = MailForm(data=data)
    emails = [row.email for row in contacts.emails_of(work, [contact.id]).get(contact.id, ())]
    form.to.offer((email, email) for email in emails)
    form.account.offer(accounts.choices(work))
    form.offer_content(work)
    return form


def _written(work: Work, contact: Contact, form: MailForm) -> Written:
    account = accounts.chosen(work, valid_id(form.account.data))
    kind, subject, content = form.kind.data or "text", form.subject.data or "", form.written
    errors = patterns.problems(work, kind, subject, content)
    if errors:
        raise Invalid(errors)
    return patterns.write(work, patterns.compose(work, kind, subject, content), contact, account=account)


def _queue(work: Work, contact: Contact, form: MailForm) -> str:
    """Wants the mail; gives the sentence for the toast."""
    if not form.written.strip():
        raise Invalid({"content": ["Write something first."]})
    kind = form.kind.data or "text"
    if missing := patterns.lacking(work, kind, form.written):
        raise Invalid({"content": missing})
    # Who sends may not write what takes a right of its own, but may send it as a template has it.
    chosen = valid_id(request.args.get("template"))
    template = patterns.get(work, chosen) if chosen is not None else None
    patterns.clean(work, kind, form.written, template.content if template is not None and template.kind == kind else "")
    written = _written(work, contact, form)
    patterns.require_known(written)
    name, contact_id, to = contact.name, contact.id, form.to.data or ""
    staged = stage(work, request.files.getlist("files"), contact_id)
    with writing() as work:
        stored = [files.store(work, item) for item in staged]
        services.queue(
            work,
            contact_id=contact_id,
            to=to,
            subject=written.subject,
            html=written.html,
            text=written.text,
            account_id=valid_id(form.account.data),
            attachments=[
                {"file_id": file.id, "name": file.name, "media_type": file.media_type, "size": file.size}
                for file in stored
            ],
            source="contact",
        )
    if accounts.transport(current_work()) == "log":
        return str(_("Mails stay on this site: the one to %(name)s lies in the log and the journal.", name=name))
    return str(_("The mail to %(name)s is on its way.", name=name))


def stage(work: Work, uploads: Sequence[FileStorage], contact_id: int) -> list[Staged]:
    """Puts the files of a form into the storage.

    :raises Invalid: when they are too many or too large.
    """
    chosen = [item for item in uploads if item.filename]
    if len(chosen) > MOST_FILES:
        raise Invalid({"files": [Message("At most %(most)s files go with one mail.", most=MOST_FILES)]})
    staged: list[Staged] = []
    left = LARGEST_FILES
    for item in chosen:
        try:
            file = files.stage(
                work, item.stream, name=item.filename or "", owner="mail", contact_id=contact_id, largest=left
            )
        except Invalid as error:
            raise Invalid(
                {
                    "files": [
                        Message(
                            "“%(filename)s”: %(message)s", filename=(item.filename or "")[:80], message=error.message
                        )
                    ]
                }
            ) from error
        staged.append(file)
        left = max(1, left - file.size)
    return staged


@requires("mail.send")
def preview(contact_id: int) -> ResponseReturnValue:
    """What was typed, filled in for the contact, for a frame."""
    work = current_work()
    contact = contacts.get(work, contact_id)
    form = _form(work, contact)
    try:
        written = _written(work, contact, form)
    except CrmError as error:
        return framed_error(error)
    return framed_mail(work, written)


@requires("mail.clear")
def clear(contact_id: int) -> Response:
    """Takes the block off a contact's addresses."""
    with writing() as work:
        emails = suppression.clear(work, contact_id)
    toast(_("Campaigns may go to %(emails)s again.", emails=", ".join(emails)))
    return redirect(url_for("contacts.page", contact_id=contact_id), 303)


def add_contact_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/contacts/<int:contact_id>/mail", view_func=compose, methods=["GET", "POST"])
    add("/contacts/<int:contact_id>/mail/preview", view_func=preview, methods=["POST"])
    add("/contacts/<int:contact_id>/mail/clear", view_func=clear, methods=["POST"])
