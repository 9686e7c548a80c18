"""Mail campaigns > Templates: writing, previewing with a real contact, trying, copying, deleting."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import escape
from werkzeug import Response

from ...errors import CrmError, Invalid, NotFound, Stale
from ...web.forms import RichTextField
from ...web.forms.versions import both_versions
from ...web.request import current_person, current_work, requires, writing
from ...web.toasts import toast
from ...work.unit import Work
from ..contacts import services as contacts
from ..contacts.emails import email_key
from ..contacts.models import Contact
from ..contacts.records import owners_of_emails
from ..files import services as files
from ..keyset import valid_id
from ..records import picking
from ..text import clean_line
from . import accounts, blocks, patterns, pictures, services
from .forms import TemplateForm
from .models import MailTemplate
from .patterns import Written
from .values import Placeholder, catalogue

#: What the page of a mail may do: show itself, in a frame of ours. No script, no form, nothing of ours is in reach.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src 'self' data: https:",
        "frame-ancestors 'self'",
        "sandbox allow-popups",
    )
)

#: The page of a mail that everybody may read: its links may be followed, in a tab of their own; on white, as it was written.
_OPEN_POLICY = _POLICY + " allow-popups-to-escape-sandbox"
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_LINKS = '<base target="_blank"><style>:root { color-scheme: only light; background: #fff }</style>'


def framed(html: str) -> Response:
    """A mail's HTML as a page that is shown in a frame and can do nothing."""
    answer = make_response(html)
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def framed_mail(work: Work, written: Written) -> Response:
    """A mail filled in for somebody, with its subject and what the writer should know."""
    dark = request.values.get("scheme") == "dark"
    html, plain = in_scheme(pictures.shown(work, written.html), dark=dark)
    return framed(render_template("mail/preview.html", written=written, html=html, dark=dark, plain=plain))


def framed_alone(work: Work, written: Written) -> Response:
    """A mail by itself, for a frame of a page that everybody may read; its links open in a tab of their own."""
    html = pictures.shown(work, written.html or f"<pre>{escape(written.text)}</pre>")
    found = _HEAD.search(html)
    answer = framed(f"{html[: found.end()]}{_LINKS}{html[found.end() :]}" if found else f"{_LINKS}{html}")
    answer.headers["Content-Security-Policy"] = _OPEN_POLICY
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def framed_error(error: CrmError) -> Response:
    """Why a mail can't be shown."""
    return framed(render_template("mail/preview.html", written=None, error=_(error.message), dark=False))


def in_scheme(html: str, *, dark: bool) -> tuple[str, bool]:
    """A mail as a device in light or dark colours shows it, whatever the reader's own is; and whether it speaks of neither."""
    for scheme, wanted in (("dark", dark), ("light", not dark)):
        html = re.sub(rf"\(\s*prefers-color-scheme\s*:\s*{scheme}\s*\)", "all" if wanted else "not all", html)
    return html, not re.search(r"@media (?:not )?all\b", html)


# --- pages -----------------------------------------------------------------------------------------------------------


@requires("mail.templates")
def index() -> ResponseReturnValue:
    """All templates."""
    return render_template("mail/templates.html", templates=patterns.all_templates(current_work()))


@requires("mail.templates")
def template(template_id: int | None = None) -> ResponseReturnValue:
    """One template, or a new one."""
    work = current_work()
    found = patterns.get(work, template_id) if template_id is not None else None
    form = TemplateForm(data=_stored(found) if found else {"kind": "rich"})
    form.offer_content(work)
    if found is not None:
        form.remember(_stored(found))
    if form.validate_on_submit():
        try:
            with writing() as work:
                row = patterns.save(work, template_id, form.values(), version=valid_id(form.version.data))
                name, number = row.name, row.id
        except Stale:
            found = patterns.get(current_work(), template_id or 0)
            back = url_for("mail.template", template_id=found.id)
            return both_versions(form, _stored(found), name=found.name, back=back, who=found.updated_by)
        except CrmError as error:
            form.take(error)
            found = patterns.get(current_work(), template_id) if template_id is not None else None
        else:
            toast(_("The template “%(name)s” was saved.", name=name))
            saved = number if template_id is not None else "new"
            return redirect(url_for("mail.template", template_id=number, saved=saved), 303)
    return _page(form, found), 422 if form.is_submitted() else 200


def _stored(found: MailTemplate) -> dict[str, str]:
    fields = {name: getattr(found, name) for name in ("name", "subject", "text")}
    return {**fields, **TemplateForm.parted(found.kind, found.content), "version": str(found.version)}


def _page(form: TemplateForm, found: MailTemplate | None) -> str:
    """The form."""
    return render_template(
        "mail/template.html",
        form=form,
        template=found,
        placeholders=catalogue(current_work()),
        somebody=somebody(current_work()),
        saved=clean_line(request.args.get("saved", ""))[:20],
    )


def offer(field: RichTextField, work: Work, more: Sequence[Placeholder] = ()) -> None:
    """Gives an editor the placeholders of mails, and the place that takes its pictures.

    :param more: placeholders of the caller.
    """
    images = url_for("mail.add_picture") if work.can("mail.send") else ""
    field.offer(((item.path, _(item.label)) for item in (*catalogue(work), *more)), images)


def somebody(work: Work) -> Contact | None:
    """The newest contact with an address that the actor may see, to show what a mail looks like."""
    found: Contact | None = work.session.scalar(
        work.visible(Contact).where(Contact.email != "").order_by(Contact.created_at.desc(), Contact.id.desc()).limit(1)
    )
    return found


def wanted_contact(work: Work) -> Contact | None:
    """The contact that the form names by number, address or name, else somebody.

    :raises NotFound: when there is no such contact.
    :raises Invalid: when the name means none, or several.
    """
    said = clean_line(request.form.get("contact", ""))
    if said and valid_id(said) is None:
        known = owners_of_emails(work, [email_key(said)])
        if not known and "@" in said:
            raise NotFound("contact", said[:80])
        said = str(next(iter(known.values())) if known else picking.read(work, "contact", said))
    number = valid_id(said)
    found = somebody(work) if number is None else None
    if found is not None:
        number = found.id
    return contacts.get(work, number) if number is not None else None


@requires("mail.templates")
def preview() -> ResponseReturnValue:
    """What was typed, filled in for a contact, for a frame."""
    work = current_work()
    form = TemplateForm()
    try:
        source = patterns.compose(
            work, form.kind.data or "text", form.subject.data or "", form.written, form.text.data or ""
        )
        written = patterns.write(work, source, wanted_contact(work), unsubscribe=f"{work.base_url}/mail/u/example")
    except CrmError as error:
        return framed_error(error)
    return framed_mail(work, written)


@requires("mail.send")
def add_picture() -> ResponseReturnValue:
    """Takes in a picture of the editor; answers its address, or why it was not taken."""
    upload = request.files.get("file")
    try:
        if upload is None or not upload.filename:
            raise Invalid("Choose a picture.")
        work = current_work()
        staged = files.stage(work, upload.stream, name=upload.filename, owner="mail", largest=pictures.LARGEST)
        pictures.check(staged)
        with writing() as work:
            return {"src": pictures.address(files.store(work, staged))}, 201
    except CrmError as error:
        return {"error": _(error.message)}, 422


@requires("mail.send")
def blocks_source() -> ResponseReturnValue:
    """The MJML of the document of blocks that was sent, or why it can't be made."""
    try:
        return {"mjml": blocks.mjml(current_work(), request.form.get("blocks", ""))}
    except CrmError as error:
        return {"error": _(error.message)}, 422


@requires("mail.templates")
def test(template_id: int) -> ResponseReturnValue:
    """Sends a template to who asks, filled in for a contact."""
    work = current_work()
    person = current_person()
    to = person.email if person else ""
    written = patterns.write(work, template_id, wanted_contact(work), unsubscribe=f"{work.base_url}/mail/u/example")
    patterns.require_known(written)
    subject = written.subject or _("(no subject)")
    with writing() as work:
        services.queue(work, to=to, subject=subject, html=written.html, text=written.text, source="test")
    if accounts.transport(current_work()) == "log":
        toast(_("Mails stay on this site: the test lies in the log."), category="info")
    else:
        toast(_("The test is on its way to %(email)s.", email=to))
    return redirect(url_for("mail.template", template_id=template_id), 303)


@requires("mail.templates")
def duplicate(template_id: int) -> ResponseReturnValue:
    """Copies a template."""
    with writing() as work:
        number = patterns.duplicate(work, template_id).id
    toast(_("This is the copy."))
    return redirect(url_for("mail.template", template_id=number), 303)


@requires("mail.templates")
def delete(template_id: int) -> ResponseReturnValue:
    """Deletes a template."""
    with writing() as work:
        name = patterns.remove(work, template_id)
    toast(_("The template “%(name)s” was deleted.", name=name))
    return redirect(url_for("mail.templates"), 303)


def add_template_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/mail/templates/", endpoint="templates", view_func=index)
    add("/mail/templates/new", endpoint="new_template", view_func=template, methods=["GET", "POST"])
    add("/mail/pictures", view_func=add_picture, methods=["POST"])
    add("/mail/blocks/source", view_func=blocks_source, methods=["POST"])
    add("/mail/templates/preview", endpoint="preview_template", view_func=preview, methods=["POST"])
    add("/mail/templates/<int:template_id>", view_func=template, methods=["GET", "POST"])
    add("/mail/templates/<int:template_id>/test", endpoint="test_template", view_func=test, methods=["POST"])
    add("/mail/templates/<int:template_id>/duplicate", endpoint="copy_template", view_func=duplicate, methods=["POST"])
    add("/mail/templates/<int:template_id>/delete", endpoint="delete_template", view_func=delete, methods=["POST"])
