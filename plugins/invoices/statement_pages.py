"""Pages of staff with the statement of account of a contact or company: on the screen, as PDF, and sending it."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from flask import Blueprint, send_file

from crmhost.api import CrmError, Invalid, Message, Work
from crmhost.web.api import (
    abort,
    current_work,
    gettext,
    lazy_text,
    link,
    mail_preview,
    mail_preview_error,
    name_download,
    parse_day,
    record_url,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import statement_papers, statements
from .paper_pages import SendForm
from .statements import Owner

#: What the parts of the open amount are called, in the order of :data:`.statements.AGE_NAMES`.
AGES = (
    lazy_text("Not due yet"),
    lazy_text("1–30 days late"),
    lazy_text("31–60 days late"),
    lazy_text("61–90 days late"),
    lazy_text("More than 90 days late"),
)
KINDS = {
    "invoice": lazy_text("Invoice"),
    "credit_note": lazy_text("Credit note"),
    "payment": lazy_text("Payment"),
    "refund": lazy_text("Refund"),
    "marked_paid": lazy_text("Marked as paid"),
}
_PATH = "/statement/<object_type>/<int:object_id>"


@requires("invoices.view")
def page(object_type: Owner, object_id: int) -> Any:
    """The statement over the days that were asked for."""
    work = current_work()
    owner = statements.owner_of(work, object_type, object_id)
    statement, wrong = None, ""
    try:
        statement = statements.of(work, object_type, object_id, *_days(work))
    except Invalid as error:
        wrong = gettext(error.message)
    days = {name: request.args.get(name, "").strip()[:40] for name in ("date_from", "date_to")}
    if statement is not None:
        days = {"date_from": statement.start.isoformat(), "date_to": statement.end.isoformat()}
    html = render_template(
        "invoices/statement.html", statement=statement, wrong=wrong, days=days, ages=AGES, kinds=KINDS,
        partly=work.actor.only_assigned and object_type == "company", **_about(object_type, object_id, owner),
    )  # fmt: skip
    return html, 422 if wrong else 200


@requires("invoices.view")
def pdf(object_type: Owner, object_id: int) -> Any:
    """The statement as PDF."""
    work = current_work()
    owner = statements.owner_of(work, object_type, object_id)
    statement = statements.of(work, object_type, object_id, *_days(work))
    answer = send_file(io.BytesIO(statement_papers.pdf(work, statement)), mimetype="application/pdf")
    name_download(answer, statement_papers.file_name(statement, owner.name), shown=True)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@requires("invoices.send")
def send(object_type: Owner, object_id: int) -> Any:
    """Asks to whom and with what words, and sends."""
    work = current_work()
    owner = statements.owner_of(work, object_type, object_id)
    if work.actor.only_assigned and object_type == "company":
        abort(403)
    start, end = _days(work)
    form = _form(work, object_type, object_id)
    if form.is_submitted() and form.validate():
        try:
            with writing() as work:
                statement_papers.request(
                    work, object_type, object_id, start, end, to=form.to.data or "", subject=form.subject.data or "",
                    text=form.text.data or "",
                )  # fmt: skip
        except CrmError as error:
            form.take(error)
        else:
            toast(gettext("The statement is on its way to %(to)s.", to=form.to.data))
            return redirect(_address("statement", object_type, object_id, start, end), 303)
    work = current_work()
    html = render_template(
        "invoices/send_statement.html", form=form, known=statement_papers.recipients(work, object_type, object_id),
        start=start, end=end,
        addresses={
            name: _address(name, object_type, object_id, start, end)
            for name in ("statement", "statement_pdf", "preview_statement")
        },
        **_about(object_type, object_id, owner),
    )  # fmt: skip
    return html, 422 if form.is_submitted() else 200


@requires("invoices.send")
def preview(object_type: Owner, object_id: int) -> Any:
    """What was typed, filled in, for a frame."""
    work = current_work()
    statements.owner_of(work, object_type, object_id)
    form = _form(work, object_type, object_id)
    try:
        statement = statements.of(work, object_type, object_id, *_days(work))
        ready = statement_papers.written(work, statement, form.subject.data or "", form.text.data or "")
    except CrmError as error:
        return mail_preview_error(error)
    return mail_preview(work, ready)


def add_to(blueprint: Blueprint) -> None:
    """The pages."""
    add = blueprint.add_url_rule
    add(_PATH, "statement", page)
    add(f"{_PATH}/pdf", "statement_pdf", pdf)
    add(f"{_PATH}/send", "send_statement", send, methods=["GET", "POST"])
    add(f"{_PATH}/send/preview", "preview_statement", preview, methods=["POST"])


def _days(work: Work) -> tuple[dt.date, dt.date]:
    """The days that the address names. :raises Invalid: when one is none."""
    found: dict[str, dt.date | None] = {}
    for name in ("date_from", "date_to"):
        text = request.args.get(name, "").strip()
        try:
            found[name] = parse_day(text[:40]) if text else None
        except ValueError:
            said = Message("“%(text)s” is not a day such as 2026-03-31.", text=text[:60])
            raise Invalid({name: [said]}) from None
    return statements.period(work, found["date_from"], found["date_to"])


def _about(object_type: Owner, object_id: int, owner: Any) -> dict[str, Any]:
    lists = {"contact": ("contacts.index", gettext("Contacts")), "company": ("companies.index", gettext("Companies"))}
    endpoint, label = lists[object_type]
    return {
        "object_type": object_type,
        "object_id": object_id,
        "name": owner.name,
        "trail": [(label, link(endpoint)), (owner.name, f"{record_url(object_type, object_id)}?tab=invoices")],
    }


def _address(endpoint: str, object_type: Owner, object_id: int, start: dt.date, end: dt.date) -> str:
    return url_for(
        f"invoices.{endpoint}", object_type=object_type, object_id=object_id, date_from=start.isoformat(),
        date_to=end.isoformat(),
    )  # fmt: skip


def _form(work: Work, object_type: Owner, object_id: int) -> SendForm:
    subject, text = statement_papers.drafted(work, object_type, object_id)
    to = next(iter(statement_papers.recipients(work, object_type, object_id)), "")
    form = SendForm(data={"to": to, "subject": subject, "text": text})
    del form.files
    return form
