"""Figures as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from crmhost.api import Message, Money, texts
from crmhost.web.api import Response, gettext, name_download


def unreadable(problem: str | Message) -> Response:
    """Says why an address can't be taken, in place of a file."""
    return Response(gettext(problem), status=422, mimetype="text/plain")


def answer(name: str, head: Sequence[object], rows: Iterable[Sequence[object]]) -> Response:
    """A file that a browser saves under a name."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([texts.guard_cell(value) if isinstance(value, str) else value for value in row] for row in rows)
    # Without this mark, Excel does not read names as UTF-8.
    made = Response("\ufeff" + text.getvalue(), mimetype="text/csv")
    name_download(made, name)
    return made


def amount(value: int, currency: str) -> Decimal:
    """Money in the main unit, with all its digits: ``-12.50``."""
    return Money(value, currency).decimal
