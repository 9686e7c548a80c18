"""Invoices in the client portal: the client's own that were issued, to be read, downloaded, and paid where a plugin offers it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint
from sqlalchemy import ColumnElement, Select, func

from crmhost.api import SYSTEM, Invalid, Money, NotFound, Work
from crmhost.web.api import (
    Response,
    client_list,
    current_work,
    gettext,
    money,
    name_download,
    ngettext,
    render_template,
    request,
    url_for,
)
from plugins.portal.api import Client, PortalPage, Waiting

from . import client_pages, services, statement_days, statement_papers, statements
from .models import KIND, Invoice

blueprint = Blueprint("invoices_portal", __name__)

#: States in which something is to be paid, and what the list can show.
OWED = ("unpaid", "part_paid", "overdue")
_CHOICES = {"owed": OWED, "paid": ("paid",)}


def page() -> PortalPage:
    """The page, for the hook ``portal_pages``."""
    return PortalPage(
        id="invoices",
        label="Invoices",
        icon="file-invoice",
        order=200,
        endpoint="invoices_portal.index",
        blueprint=blueprint,
        waiting=waiting,
        records={KIND: sees},
    )


def _mine(client: Client, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Invoices and credit notes of the client; drafts are never among them."""
    return client.records(Invoice, Invoice.state != "draft", Invoice.deleted_at.is_(None), *conditions)


def sees(work: Work, client: Client, invoice_id: int) -> bool:
    """Whether the client sees an invoice."""
    wanted = _mine(client).with_only_columns(Invoice.id).where(Invoice.id == invoice_id)
    return work.session.scalar(wanted) is not None


def _owed(work: Work, client: Client) -> tuple[int, list[Money]]:
    """How many invoices are to be paid, and what is due, for each currency."""
    some = _mine(client, Invoice.state.in_(OWED), Invoice.due > 0)
    wanted = some.with_only_columns(Invoice.currency, func.sum(Invoice.due), func.count()).group_by(Invoice.currency)
    rows = sorted((currency, int(due), number) for currency, due, number in work.session.execute(wanted))
    return sum(row[2] for row in rows), [Money(row[1], row[0]) for row in rows]


def waiting(work: Work, client: Client) -> Waiting | None:
    """What is to be paid."""
    number, due = _owed(work, client)
    if not number:
        return None
    sums = ", ".join(money(one) for one in due)
    text = ngettext(
        "%(num)d invoice is to be paid: %(sums)s", "%(num)d invoices are to be paid: %(sums)s", number, sums=sums
    )
    return Waiting(text, url_for("invoices_portal.index", state="owed"))


@blueprint.get("/")
def index(client: Client) -> Any:
    """The client's invoices."""
    chosen = request.args.get("state", "")
    some = (Invoice.state.in_(_CHOICES[chosen]),) if chosen in _CHOICES else ()
    labels = {"": gettext("All"), "owed": gettext("To pay"), "paid": gettext("Paid")}
    return render_template(
        "invoices/portal_list.html",
        list=client_list(_mine(client, *some), (Invoice.date, Invoice.id)),
        due=_owed(current_work(), client)[1],
        choices=[
            (label, url_for("invoices_portal.index", state=key or None), key == chosen) for key, label in labels.items()
        ],
    )


def _shown(client: Client, invoice_id: int) -> tuple[Work, Invoice]:
    """The invoice, read on behalf of the site; nobody's but the client's, and no draft."""
    work = current_work().as_actor(SYSTEM)
    invoice = services.get(work, invoice_id)
    client.require(invoice)
    if invoice.state == "draft":
        raise NotFound("invoice", invoice_id)
    return work, invoice


def _days(work: Work, client: Client, period: str) -> tuple[dt.date, dt.date]:
    """The days of the statement that is asked for. :raises Invalid: by field."""
    if period == "year":
        return work.today.replace(month=1, day=1), work.today
    if period == "all":
        return statements.whole(work, "contact", client.contact_id)
    return statement_days.asked(work)


@blueprint.get("/statement")
def statement(client: Client) -> Any:
    """The client's statement of account, over the days that they choose."""
    work, typed = current_work().as_actor(SYSTEM), statement_days.typed()
    period = "own" if any(typed.values()) else request.args.get("period", "")
    told, wrong = None, {}
    try:
        told = statements.of(work, "contact", client.contact_id, *_days(work, client, period))
        typed = {"date_from": told.start.isoformat(), "date_to": told.end.isoformat()}
    except Invalid as error:
        wrong = {name: gettext(said[0]) for name, said in error.errors.items()}
    labels = {"year": gettext("This year"), "": gettext("Last twelve months"), "all": gettext("Everything")}
    html = render_template(
        "invoices/portal_statement.html",
        statement=told,
        wrong=wrong,
        days=typed,
        ages=statement_days.AGES,
        kinds=statement_days.KINDS,
        choices=[
            (label, url_for("invoices_portal.statement", period=key or None), key == period)
            for key, label in labels.items()
        ],
    )
    return html, 422 if wrong else 200


@blueprint.get("/statement/pdf")
def statement_pdf(client: Client) -> Any:
    """The same as PDF."""
    work = current_work().as_actor(SYSTEM)
    told = statements.of(work, "contact", client.contact_id, *statement_days.asked(work))
    answer = Response(statement_papers.pdf(work, told), mimetype="application/pdf")
    name_download(answer, statement_papers.file_name(told, client.name))
    return answer


@blueprint.get("/<int:invoice_id>")
def show(client: Client, invoice_id: int) -> Any:
    """An invoice."""
    work, invoice = _shown(client, invoice_id)
    to = {"pdf": url_for("invoices_portal.pdf", invoice_id=invoice_id), "seen": ""}
    return client_pages.page(work, invoice, to=to, frame="portal/page.html")


@blueprint.get("/<int:invoice_id>/pdf")
def pdf(client: Client, invoice_id: int) -> Any:
    """Its PDF."""
    return client_pages.pdf(*_shown(client, invoice_id))
