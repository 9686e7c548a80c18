"""Hooks of the invoices, for plugins that name ``invoices`` under ``[requires] optional``."""

from __future__ import annotations

from collections.abc import Sequence

from crmhost.api import Box, Tab, Vital
from crmhost.hooks import hookspec


@hookspec("declare", gives=Vital)
def invoices_invoice_vitals() -> Sequence[Vital]:
    """Figures below an invoice's number; ``value`` gets the work and the invoice."""
    return []


@hookspec("declare", gives=Box)
def invoices_invoice_boxes() -> Sequence[Box]:
    """Boxes of an invoice's page; ``render`` gets the work and the invoice."""
    return []


@hookspec("declare", gives=Tab)
def invoices_invoice_tabs() -> Sequence[Tab]:
    """Tabs beside the journal of an invoice's page; ``render`` and ``count`` get the work and the invoice."""
    return []
