"""What invoices, quotes and the like share: lines, discounts and taxes, and what they come to.

``documents.read`` takes what people and programs give, ``documents.calculate`` adds it up, ``documents.Priced`` stores it.
"""

from __future__ import annotations

from .model import Document, Line, Percent, TaxRate, from_json, to_json
from .pdf import PdfError
from .reading import MOST_LINES, read, read_discount, read_quantity
from .storing import DocumentJSON, Priced
from .totals import LineTotals, TaxTotal, Totals, calculate

__all__ = [
    "MOST_LINES",
    "Document",
    "DocumentJSON",
    "Line",
    "LineTotals",
    "PdfError",
    "Percent",
    "Priced",
    "TaxRate",
    "TaxTotal",
    "Totals",
    "calculate",
    "from_json",
    "read",
    "read_discount",
    "read_quantity",
    "to_json",
]
