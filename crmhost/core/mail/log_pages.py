"""Settings > Mail > Log: every mail and what became of it."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug import Response

from ...errors import CrmError
from ...messages import Message
from ...web.i18n import ago, moment
from ...web.request import current_work, requires, writing
from ...web.tables import Table, TableColumn, TableCount, TableFilter, TablePage, TableQuery
from ...web.tables.pages import list_page
from ...web.toasts import toast
from ...work.unit import Work
from ..contacts.models import Contact
from ..records import services as records
from ..records.links import record_url
from . import accounts, log, pictures, services
from .models import STATES, MailMessage
from .sending import letter_of, texts
from .template_pages import framed

#: State -> English label and tone.
SAID = {
    "queued": (Message("Waiting"), ""),
    "sending": (Message("Being sent"), ""),
    "sent": (Message("Sent"), "ok"),
    "logged": (Message("Kept here"), ""),
    "failed": (Message("Failed"), "bad"),
    "unknown": (Message("Unknown"), "warn"),
    "bounced": (Message("Came back"), "bad"),
    "skipped": (Message("Left out"), ""),
    "held": (Message("Held back"), ""),
}


def state_badge(message: MailMessage) -> Markup:
    """The state of a mail as a badge."""
    label, tone = SAID.get(message.state, (message.state, ""))
    return Markup('<span class="crm-badge {}">{}</span>').format(tone, _(label))


def _subject(message: MailMessage) -> Markup:
    address = url_for("mail.message", message_id=message.id)
    return Markup('<a class="link-ink cut d-block" href="{}">{}</a>').format(address, message.subject)


def _to(message: MailMessage) -> str:
    return f"{message.to_name} <{message.to_email}>" if message.to_name else message.to_email


def _person(message: MailMessage) -> Markup:
    return Markup('<span title="{}">{}</span>').format(_to(message), message.to_name or message.to_email)


def _when(message: MailMessage) -> Markup:
    at = message.created_at
    return Markup('<time class="text-nowrap" datetime="{}" title="{}">{}</time>').format(
        at.isoformat(), moment(at), ago(at)
    )


def _last(message: MailMessage) -> str:
    return str(_(log.last_answer(message)))


def log_table(work: Work) -> Table:
    """The log."""

    def fetch(work: Work, query: TableQuery) -> TablePage:
        found = log.page(work, query.q, query.filters, after=query.after, before=query.before, limit=query.limit)
        return TablePage(found.rows, found.next, found.previous)

    def count(work: Work, query: TableQuery) -> TableCount:
        number, exact = log.count(work, query.q, query.filters)
        return TableCount(number, exact)

    return Table(
        id="mail_log",
        label=_("Mails"),
        all_label=_("All mails"),
        columns=[
            TableColumn(id="subject", label=_("Subject"), cell=_subject, fixed=True),
            TableColumn(id="to", label=_("To"), cell=_person, css="c-mail"),
            TableColumn(id="state", label=_("State"), cell=state_badge, css="c-org"),
            TableColumn(id="answer", label=_("Server’s answer"), cell=_last),
            TableColumn(id="created_at", label=_("Written"), cell=_when, css="c-when"),
        ],
        fetch=fetch,
        count=count,
        filters=[
            TableFilter(
                id="state", label=_("State"), kind="choices", choices=[(name, _(SAID[name][0])) for name in STATES]
            ),
            TableFilter(
                id="account",
                label=_("Account"),
                kind="choice",
                choices=[(str(row.id), row.name) for row in accounts.all_accounts(work)],
            ),
            TableFilter(id="from", label=_("From day"), kind="day"),
            TableFilter(id="to", label=_("Until day"), kind="day"),
        ],
        search=_("E-mail address"),
        row_name=lambda row: row.subject,
        views=False,
        card=("subject", "state", (("to",), ("answer", "created_at"))),
        empty=(
            _("No mails yet"),
            _("Every mail that this site writes stands here, with what the mail server said to it."),
            "",
            "",
        ),
    )


@requires("mail.log")
def index() -> ResponseReturnValue:
    """Every mail, newest first."""
    work = current_work()
    return list_page("mail/log.html", log_table(work), work, transport=accounts.transport(work))


def message(message_id: int) -> ResponseReturnValue:
    """One mail: headers, both parts, the server's answers."""
    work = current_work()
    found = services.get(work, message_id)
    contact = work.session.scalar(work.visible(Contact).where(Contact.id == (found.contact_id or 0)))
    answers = [{**item, "moment": dt.datetime.fromisoformat(item["at"])} for item in found.answers]
    return render_template(
        "mail/message.html",
        message=found,
        contact=contact,
        record=_record(work, found),
        badge=state_badge(found),
        answers=answers,
        headers=_headers(work, found),
        reports=log.reports(work, found.id),
        to=_to(found),
        text=_parts(work, found)[0],
        may_send=work.can("mail.send") and found.state in ("failed", "unknown", "queued"),
    )


def _record(work: Work, found: MailMessage) -> tuple[str, str] | None:
    """Name and address of the record that it went to, when that is no contact and the reader may see it."""
    if found.object_id is None:
        return None
    name = records.titles(work, {found.object_type: [found.object_id]}).get((found.object_type, found.object_id))
    return (name, record_url(found.object_type, found.object_id)) if name else None


def _headers(work: Work, found: MailMessage) -> list[tuple[str, str]]:
    """The headers as they go out, without the files, which change none of them."""
    from ...mail.message import build

    try:
        account = accounts.chosen(work, found.account_id)
        letter = letter_of(work, found, account, with_files=False)
        return [(name, str(value)) for name, value in build(letter).items() if name != "MIME-Version"]
    except CrmError:
        return [("From", found.from_text), ("To", _to(found)), ("Subject", found.subject)]


def html(message_id: int) -> Response:
    """The HTML part, for a frame."""
    work = current_work()
    found = services.get(work, message_id)
    text, content = _parts(work, found)
    shown = pictures.shown(work, content, found.attachments) if content else ""
    return framed(shown or f"<pre>{Markup.escape(text)}</pre>")


def _parts(work: Work, found: MailMessage) -> tuple[str, str]:
    """Text and HTML as they went out; of a mailing, as they are made from its text with the contact's values of now."""
    try:
        account = accounts.chosen(work, found.account_id)
        _subject, text, content = texts(work, found, account)
    except CrmError as error:
        return str(_(error.message)), ""
    return text, content


@requires("mail.send")
def again(message_id: int) -> Response:
    """Sends a mail again that failed, or of which nobody knows."""
    with writing() as work:
        services.send_again(work, message_id)
    toast(_("The mail is on its way again."))
    return redirect(url_for("mail.message", message_id=message_id), 303)


@requires("mail.send")
def arrived(message_id: int) -> Response:
    """Settles a mail of which nobody knew: it did arrive."""
    with writing() as work:
        services.mark_arrived(work, message_id)
    toast(_("The mail counts as sent."))
    return redirect(url_for("mail.message", message_id=message_id), 303)


def add_log_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/settings/mail/log/", endpoint="log", view_func=index)
    add("/settings/mail/log/<int:message_id>", view_func=message)
    add("/settings/mail/log/<int:message_id>/html", view_func=html)
    add("/settings/mail/log/<int:message_id>/again", view_func=again, methods=["POST"])
    add("/settings/mail/log/<int:message_id>/arrived", view_func=arrived, methods=["POST"])
