"""Parts of other pages: the invoices of a contact or company, figures, the dashboard, hits of the palette."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select

from crmhost.api import Hit, Read, RecordHit, Work, rates, search, texts
from crmhost.web.api import day, gettext, money, number, render_template, url_for
from plugins.transactions import api as transactions

from . import cells, queries, settings
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


def in_base(work: Work, invoice: Invoice) -> str | None:
    """The total in the base currency with the rate of the invoice's date; nothing where there is none."""
    if invoice.currency == rates.base_currency(work):
        return None
    found = rates.converter(work).convert(invoice.amount("total"), invoice.date)
    if found is None:
        return None
    shown = {"amount": money(found.money), "rate": number(found.rate), "day": day(found.day)}
    return str(gettext("%(amount)s, at %(rate)s of %(day)s", **shown))


def titles(work: Work, ids: Sequence[int]) -> Mapping[int, str]:
    """Names of invoices that the actor may see."""
    found = work.visible(Invoice).where(Invoice.id.in_(list(ids)))
    return {one.id: cells.title(one) for one in work.session.scalars(found)}


def picked(work: Work, text: str, limit: int) -> list[RecordHit]:
    """Invoices that fit what was typed where one is picked, the newest first."""
    found = queries.matching(work, text).order_by(Invoice.date.desc(), Invoice.id.desc()).limit(limit)
    return [
        RecordHit(
            id=one.id, title=cells.title(one), note=f"{money(one.total, one.currency)} · {gettext(STATES[one.state])}"
        )
        for one in work.session.scalars(found)
    ]


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
    return transactions.worth_of(work, object_type, owner)


def worth_reads(object_type: str) -> Callable[[Work, Any], Sequence[Read]]:
    """What the box is read by, together with the other parts of the page."""
    return lambda _work, record: [transactions.worth_read(object_type, record.id)]


def _box(work: Work, object_type: str, owner: int) -> str:
    found = [value for value in _values(work, object_type, owner) if value.invoiced]
    address = url_for("invoices.statement", object_type=object_type, object_id=owner)
    return render_template("invoices/box.html", values=found, statement=address) if found else ""


def _tab(work: Work, object_type: str, owner: int) -> str:
    found = list(work.session.scalars(newest(work, object_type, owner)))
    return render_template(
        "invoices/tab.html",
        rows=[cells.Row(one) for one in found[:SHOWN]],
        more=len(found) > SHOWN,
        values=_values(work, object_type, owner),
        new=f"{url_for('invoices.new')}?{object_type}_id={owner}",
        all=f"{url_for('invoices.index')}?{object_type}_id={owner}",
        statement=url_for("invoices.statement", object_type=object_type, object_id=owner),
        number_of=cells.number,
        state_of=cells.state,
    )


# --- the dashboard and the palette ------------------------------------------------------------------------------------


def total_figure(work: Work) -> tuple[str, str]:
    """How many invoices there are, and what is due of them in the currency of the site."""
    base = str(work.settings.get("site.currency") or "EUR")
    some, due = (work.rows(read)[0][0] for read in total_reads(work))
    said = gettext("%(amount)s due", amount=money(due, base))
    return f"{number(min(some, queries.LIST.most))}{'' if some <= queries.LIST.most else '+'}", said


def total_reads(work: Work) -> Sequence[Read]:
    """What the figure is read by: the number of invoices, and what is due."""
    base = str(work.settings.get("site.currency") or "EUR")
    some = queries.matching(work).with_only_columns(Invoice.id).order_by(None).limit(queries.LIST.most + 1)
    owed = work.visible(Invoice).where(Invoice.state.in_(OWED), Invoice.currency == base).order_by(None)
    return [
        Read(("invoices.number", work.actor), select(func.count()).select_from(some.subquery())),
        Read(("invoices.due", work.actor, base), owed.with_only_columns(func.coalesce(func.sum(Invoice.due), 0))),
    ]


def find(work: Work, text: str, limit: int) -> Sequence[Hit]:
    """Invoices for the palette."""
    words = search.words(text)
    hits = search.hits(work, KIND, words, limit) if words else None
    named = Invoice.number_key.startswith(texts.fold(text), autoescape=True)
    wanted = named if hits is None else Invoice.id.in_(hits)
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


def below_settings(work: Work, page: str) -> str:
    """The next numbers, below the settings of the invoices."""
    if page != "invoices":
        return ""
    labels = (gettext("Next invoice"), gettext("Next credit note"))
    numbers = [
        (name, label, number, written)
        for (name, _pattern), label, (number, written) in zip(
            settings.formats(work), labels, settings.next_numbers(work), strict=True
        )
    ]
    return render_template("invoices/numbers.html", numbers=numbers)
