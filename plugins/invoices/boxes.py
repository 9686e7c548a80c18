"""The boxes beside an invoice: its details, and how it recurs."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Integer, String, select
from sqlalchemy import cast as sql_cast

from crmhost.api import Box, Read, Work, custom_fields
from crmhost.web.api import render_template, shown_custom_field

from . import cells, crediting, recurring, services
from .models import KIND, Invoice, Recurrence
from .paper_pages import link_box


@dataclasses.dataclass(frozen=True)
class Recurring:
    """How an invoice recurs, as its box shows it."""

    every: int
    unit: str
    next_on: dt.date
    active: bool
    issue: bool
    send: bool


def declared() -> Sequence[Box]:
    """All of them."""
    see = "invoices.view"
    return [
        Box(id="details", title="Details", render=details, permission=see, reads=details_reads),
        Box(id="recurrence", title="Recurring", render=recurrence, permission=see, reads=recurrence_reads),
        Box(id="link", title="Customer's page", render=link_box, permission=see),
    ]


def details(work: Work, one: Invoice) -> str:
    """Whose it is, its days, its credit notes, its custom fields."""
    fields = custom_fields.by_key(work, KIND) if one.custom else {}
    return render_template(
        "invoices/details.html",
        row=cells.Row(one, cells.contact_name(work, one), _company(work, one)),
        one=one,
        credits=services.get(work, one.credits_id) if one.credits_id is not None else None,
        custom=[
            (field.label, shown_custom_field(field, one.custom.get(key)))
            for key, field in fields.items()
            if one.custom.get(key) not in (None, "", [])
        ],
        notes=[] if one.is_credit else crediting.of(work, one),
    )


def details_reads(work: Work, one: Invoice) -> Sequence[Read]:
    """What the details are read by, together with the other parts of the page."""
    reads = cells.contact_reads(work, one)
    return reads if one.is_credit else [*reads, crediting.notes_read(work, one)]


def _company(work: Work, one: Invoice) -> str:
    return cells.company_names(work, {one.company_id}).get(one.company_id, "") if one.company_id is not None else ""


def recurrence(work: Work, one: Invoice) -> str:
    """How it recurs; empty when it does not."""
    found = [
        Recurring(every, unit, dt.date.fromisoformat(next_on), bool(active), bool(issue), bool(send))
        for every, unit, next_on, active, issue, send in work.rows(_read(one))
    ]
    if not found:
        return ""
    return render_template("invoices/recurrence.html", one=one, recurrence=found[0], units=recurring.UNITS)


def recurrence_reads(_work: Work, one: Invoice) -> Sequence[Read]:
    """What :func:`recurrence` asks."""
    return [_read(one)]


def _read(one: Invoice) -> Read:
    flags = (sql_cast(flag, Integer) for flag in (Recurrence.active, Recurrence.issue, Recurrence.send))
    wanted = select(Recurrence.every, Recurrence.unit, sql_cast(Recurrence.next_on, String), *flags)
    return Read(("invoices.recurrence", one.id), wanted.where(Recurrence.invoice_id == one.id))
