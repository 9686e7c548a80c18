"""Pages of staff with the statement of account of a contact or company: on the screen, as PDF, and sending it."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from flask import Blueprint, send_file

from crmhost.api import CrmError, Invalid, Work
from crmhost.web.api import (
    abort,
    current_work,
    gettext,
    link,
    mail_preview,
    mail_preview_error,
    name_download,
    record_url,
    redirect,
    render_template,
    requires,
    toast,
    url_for,
    writing,
)

from . import statement_days, statement_papers, statements
from .paper_pages import SendForm
from .statements import Owner

_PATH = "/statement/<object_type>/<int:object_id>"


@requires("invoices.view")
def page(object_type: Owner, object_id: int) -> Any:
    """The statement over the days that were asked for."""
    work = current_work()
    owner = statements.owner_of(work, object_type, object_id)
    statement, wrong, days = None, {}, statement_days.typed()
    try:
        statement = statements.of(work, object_type, object_id, *statement_days.asked(work))
    except Invalid as error:
        wrong = {name: gettext(said[0]) for name, said in error.errors.items()}
    if statement is not None:
        days = {"date_from": statement.start.isoformat(), "date_to": statement.end.isoformat()}
    html = render_template(
        "invoices/statement.html", statement=statement, wrong=wrong, days=days, ages=statement_days.AGES,
        kinds=statement_days.KINDS,
        partly=work.actor.only_assigned and object_type == "company", **_about(object_type, object_id, owner),
    )  # fmt: skip
    return html, 422 if wrong else 200


@requires("invoices.view")
def pdf(object_type: Owner, object_id: int) -> Any:
    """The statement as PDF."""
    work = current_work()
    owner = statements.owner_of(work, object_type, object_id)
    statement = statements.of(work, object_type, object_id, *statement_days.asked(work))
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
    start, end = statement_days.asked(work)
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
        statement = statements.of(work, object_type, object_id, *statement_days.asked(work))
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
