"""Parts of other pages: the invoices of a contact or company, figures, the dashboard, hits of the palette."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func

from crmhost.api import Hit, Work, search, texts
from crmhost.web.api import day, gettext, money, number, render_template, url_for
from plugins.transactions import api as transactions

from . import cells, queries
from .models import KIND, Invoice
from .paying import OWED, STATES

#: Invoices on the tab of a contact; the list has all.
SHOWN = 20


# --- an invoice -------------------------------------------------------------------------------------------------------


def figure(name: str) -> Any:
    """A figure below the number of an invoice."""

    def shown(_work: Work, invoice: Invoice) -> str | None:
        if invoice.is_credit and name != "total":
            return None
        return money(getattr(invoice, name), invoice.currency)

    return shown


def due_day(_work: Work, invoice: Invoice) -> str | None:
    """When an invoice is due, as long as something is."""
    return day(invoice.due_date) if invoice.state in OWED else None


def titles(work: Work, ids: Sequence[int]) -> Mapping[int, str]:
    """Names of invoices that the actor may see."""
    found = work.visible(Invoice).where(Invoice.id.in_(list(ids)))
    return {one.id: cells.title(one) for one in work.session.scalars(found)}


# --- contacts and companies -------------------------------------------------------------------------------------------


def contact_tab(work: Work, contact: Any) -> str:
    """The newest invoices of a contact, and what they come to."""
    return _tab(work, "contact", contact.id)


def company_tab(work: Work, company: Any) -> str:
    """The newest invoices of a company, and what they come to."""
    return _tab(work, "company", company.id)


def contact_box(work: Work, contact: Any) -> str:
    """What a contact was invoiced, paid, owes and is worth; empty without invoices."""
    return _box(work, "contact", contact.id)


def company_box(work: Work, company: Any) -> str:
    """What a company was invoiced, paid, owes and is worth; empty without invoices."""
    return _box(work, "company", company.id)


def newest(work: Work, object_type: str, owner: int) -> Select[Any]:
    """The invoices of a contact or company, the newest first."""
    column = Invoice.contact_id if object_type == "contact" else Invoice.company_id
    mine = work.visible(Invoice).where(column == owner)
    return mine.order_by(Invoice.date.desc(), Invoice.id.desc()).limit(SHOWN + 1)


def _values(work: Work, object_type: str, owner: int) -> Sequence[Any]:
    return transactions.values_of(work, object_type, [owner]).get(owner, ())


def _box(work: Work, object_type: str, owner: int) -> str:
    found = [value for value in _values(work, object_type, owner) if value.invoiced]
    return render_template("invoices/box.html", values=found) if found else ""


def _tab(work: Work, object_type: str, owner: int) -> str:
    found = list(work.session.scalars(newest(work, object_type, owner)))
    return render_template(
        "invoices/tab.html",
        rows=cells.rows(work, found[:SHOWN]),
        more=len(found) > SHOWN,
        values=_values(work, object_type, owner),
        new=f"{url_for('invoices.new')}?{object_type}_id={owner}",
        all=f"{url_for('invoices.index')}?{object_type}_id={owner}",
        number_of=cells.number,
        state_of=cells.state,
    )


# --- the dashboard and the palette ------------------------------------------------------------------------------------


def total_figure(work: Work) -> tuple[str, str]:
    """How many invoices there are, and what is due of them in the currency of the site."""
    base = str(work.settings.get("site.currency") or "EUR")
    some, exact = queries.count(work, queries.matching(work))
    owed = work.visible(Invoice).where(Invoice.state.in_(OWED), Invoice.currency == base)
    due = work.session.scalar(owed.with_only_columns(func.coalesce(func.sum(Invoice.due), 0)).order_by(None)) or 0
    said = gettext("%(amount)s due", amount=money(int(due), base))
    return f"{number(some)}{'' if exact else '+'}", said


def find(work: Work, text: str, limit: int) -> Sequence[Hit]:
    """Invoices for the palette."""
    ids = search.find(work, KIND, text, limit)
    wanted = Invoice.id.in_(ids) if ids else Invoice.number_key.startswith(texts.fold(text), autoescape=True)
    found = list(work.session.scalars(work.visible(Invoice).where(wanted).limit(limit)))
    return [
        Hit(
            title=cells.title(one),
            url=url_for("invoices.page", invoice_id=one.id),
            meta=" · ".join((money(one.total, one.currency), gettext(STATES[one.state]))),
            icon="file-invoice",
        )
        for one in found
    ]
