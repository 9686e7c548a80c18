"""The fields of an invoice as forms, the API and imports give them: cleaned and checked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from crmhost.api import Invalid, Message, Work, documents, money, record_fields, texts

from . import settings
from .models import KIND, Invoice

#: Columns whose old and new values stand in changes and in the audit log; the document stands there by its sums.
COLUMNS = (
    "number", "reference", "state", "contact_id", "company_id", "date", "due_date", "currency", "net", "discount", "tax",
    "shipping", "total", "paid", "paid_apart", "credited", "due", "notes", "terms", "language", "source", "custom",
)  # fmt: skip
#: What a document is made of; see ``documents.read``.
PRICED = ("lines", "discount", "shipping", "shipping_taxes", "prices_include_tax", "hours")
#: What stays as it is once money or a credit note refers to it.
FIXED = (*PRICED, "currency", "date", "number")
LONGEST = {"reference": 120, "number": 60, "language": 10, "source": 60, "notes": 20_000, "terms": 20_000}
_LINES_OF_TEXT = ("notes", "terms")
_SHARED = ("custom", "tags", "external_ids")
_OWN = (*PRICED, *LONGEST, "contact_id", "company_id", "currency", "date", "due_date", "status")


def prepare(work: Work, given: Mapping[str, Any], current: Invoice | None, *, required: bool = False) -> dict[str, Any]:
    """The fields as they will be stored: columns, ``document``, ``tags``, ``external_ids``. Only those that were given.

    :param given: ``contact_id``, ``company_id``, ``date``, ``due_date``, ``currency``, ``reference``, ``number``, ``notes``,
        ``terms``, ``language``, ``source``, the keys of ``documents.read``, ``tags``, ``external_ids``, ``custom``,
        ``custom.KEY``; ``status`` is dealt with elsewhere.
    :param current: the one that is changed, ``None`` for a new one.
    :param required: whether custom fields that have to be filled in are asked for.
    :raises Invalid: sentences by field.
    """
    shared = {name: value for name, value in given.items() if name in _SHARED or name.startswith("custom.")}
    cleaned = record_fields.clean(shared, work.timezone, work.now)
    for name in given:
        if name not in _OWN and name not in _SHARED and not name.startswith("custom."):
            shown = texts.shorten(texts.clean_line(str(name)), 60)
            cleaned.refuse(name, Message("An invoice has no field “%(field)s”.", field=shown))
    for name, longest in LONGEST.items():
        if name in given:
            record_fields.text(
                cleaned, name, given[name], longest, lines=name in _LINES_OF_TEXT, folded=name == "number"
            )
    for name in ("contact_id", "company_id"):
        if name in given:
            record_fields.reference(cleaned, name, given[name])
    for name in ("date", "due_date"):
        if name in given:
            record_fields.day(cleaned, name, given[name])
    _document(work, cleaned, given, current)
    record_fields.take_custom(work, cleaned, KIND, current.custom if current else None, required=required)
    _days(work, cleaned, current)
    if cleaned.errors:
        raise Invalid(cleaned.errors)
    return cleaned.values


def _days(work: Work, cleaned: record_fields.Cleaned, current: Invoice | None) -> None:
    """A new invoice is of today, and due so many days later; none is due before its date."""
    values = cleaned.values
    if values.get("date", 0) is None:
        del values["date"]
    if current is None:
        values.setdefault("date", work.today)
        values.setdefault("due_date", None)
    date = values.get("date", current.date if current else None)
    if "due_date" in values and values["due_date"] is None and date is not None:
        values["due_date"] = date + dt.timedelta(days=settings.due_days(work))
    due = values.get("due_date", current.due_date if current else None)
    if date and due and due < date:
        cleaned.refuse("due_date", "An invoice is not due before its date.")


def _document(work: Work, cleaned: record_fields.Cleaned, given: Mapping[str, Any], current: Invoice | None) -> None:
    currency = current.currency if current else str(work.settings.get("site.currency") or "EUR")
    if given.get("currency") not in (None, ""):
        currency = texts.clean_line(str(given["currency"])).upper()
        if not money.known_currency(currency):
            said = "“%(value)s” is not a currency: give the three letters of ISO 4217, such as EUR."
            cleaned.refuse("currency", Message(said, value=currency[:20]))
            return
    known: dict[str, Any] = documents.to_json(current.document) if current else settings.document_defaults(work)
    if (
        current
        and currency != current.currency
        and not all(name in given for name in ("lines", "discount", "shipping"))
    ):
        cleaned.refuse("currency", "Give lines, discount and shipping in the new currency too.")
        return
    if current and currency == current.currency and not any(name in given for name in PRICED):
        return
    wanted = {name: given.get(name, known.get(name)) for name in PRICED}
    try:
        cleaned.values["document"] = documents.read(wanted, currency)
    except Invalid as error:
        for name, sentences in error.errors.items():
            for sentence in sentences:
                cleaned.refuse(name, sentence)
