"""What stands beside contacts and companies: tabs, boxes, figures, columns and filters about their invoices."""

from __future__ import annotations

from collections.abc import Sequence

from crmhost.api import Box, Column, Filter, Tab, Vital

from . import owing, parts

_SEE = "invoices.view"


def tabs(kind: str) -> Sequence[Tab]:
    """The tab of a ``contact`` or ``company``."""
    render = parts.contact_tab if kind == "contact" else parts.company_tab
    return [Tab(id="invoices", title="Invoices", render=render, permission=_SEE)]


def boxes(kind: str) -> Sequence[Box]:
    """The box of a ``contact`` or ``company``."""
    render = parts.contact_box if kind == "contact" else parts.company_box
    return [Box(id="invoices", title="Invoices", render=render, permission=_SEE, reads=parts.worth_reads(kind))]


def vitals(kind: str) -> Sequence[Vital]:
    """The figure below the name of a ``contact`` or ``company``."""
    value = owing.outstanding(kind)
    return [Vital(id="outstanding", label="Outstanding", value=value, permission=_SEE, reads=parts.worth_reads(kind))]


def columns(kind: str) -> Sequence[Column]:
    """The column of the list of ``contact`` or ``company``."""
    values = owing.column(kind)
    return [Column(id="invoices_outstanding", label="Outstanding", values=values, align="end", permission=_SEE)]


def filters() -> Sequence[Filter]:
    """The filter of contacts."""
    return [Filter(id="invoices_open", label="Invoices", condition=owing.owes, choices=owing.choices, permission=_SEE)]
