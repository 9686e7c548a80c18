"""The fields of a quote as forms, the API and imports give them: cleaned and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmhost.api import Invalid, Message, Work, documents, mail, money, record_fields, texts

from . import settings
from .models import KIND, Quote

#: Columns whose old and new values stand in changes and in the audit log; the document stands there by its sums.
COLUMNS = (
    "title", "state", "value", "currency", "net", "discount", "tax", "shipping", "total", "contact_id", "company_id", "owner_id",
    "date", "valid_until", "content", "notes", "language", "source", "custom",
)  # fmt: skip
PRICED = ("lines", "discount", "shipping", "shipping_taxes", "prices_include_tax", "hours")
LONGEST = {"title": 200, "language": 10, "source": 60, "notes": 20_000}
LONGEST_CONTENT = 400_000
_SHARED = ("custom", "tags", "external_ids")
_REFERENCES = ("contact_id", "company_id", "owner_id")
_OWN = (*PRICED, *LONGEST, *_REFERENCES, "content", "value", "currency", "date", "valid_until", "status")


def prepare(work: Work, given: Mapping[str, Any], current: Quote | None, *, required: bool = False) -> dict[str, Any]:
    """The fields as they will be stored: columns, ``document``, ``tags``, ``external_ids``. Only those that were given.

    :param given: ``title``, ``value`` (money; without lines), ``contact_id``, ``company_id``, ``owner_id``, ``date``,
        ``valid_until``, ``content`` (HTML with placeholders), ``notes``, ``language``, ``currency``, the keys of
        ``documents.read``, ``tags``, ``external_ids``, ``custom``, ``custom.KEY``; ``status`` is dealt with elsewhere.
    :param current: the one that is changed, ``None`` for a new one.
    :raises Invalid: sentences by field.
    """
    shared = {name: value for name, value in given.items() if name in _SHARED or name.startswith("custom.")}
    cleaned = record_fields.clean(shared, work.timezone, work.now)
    for name in given:
        if name not in _OWN and name not in _SHARED and not name.startswith("custom."):
            shown = texts.shorten(texts.clean_line(str(name)), 60)
            cleaned.refuse(name, Message("A quote has no field “%(field)s”.", field=shown))
    for name, longest in LONGEST.items():
        if name in given:
            record_fields.text(cleaned, name, given[name], longest, lines=name == "notes", folded=name == "title")
    if (current is None or "title" in given) and not cleaned.values.get("title") and "title" not in cleaned.errors:
        cleaned.refuse("title", "Give the quote a title.")
    for name in _REFERENCES:
        if name in given:
            record_fields.reference(cleaned, name, given[name])
    for name in ("date", "valid_until"):
        if name in given:
            record_fields.day(cleaned, name, given[name])
    if "content" in given:
        _content(cleaned, given["content"])
    _document(work, cleaned, given, current)
    record_fields.take_custom(work, cleaned, KIND, current.custom if current else None, required=required)
    _days(work, cleaned, current)
    if cleaned.errors:
        raise Invalid(cleaned.errors)
    return cleaned.values


def _content(cleaned: record_fields.Cleaned, value: object) -> None:
    if value is not None and not isinstance(value, str):
        cleaned.refuse("content", Message("“%(field)s” must be text.", field="content"))
    elif value and len(value) > LONGEST_CONTENT:
        cleaned.refuse("content", Message("This is too long: at most %(longest)s characters.", longest=LONGEST_CONTENT))
    else:
        cleaned.values["content"] = mail.harmless(value or "")


def _days(work: Work, cleaned: record_fields.Cleaned, current: Quote | None) -> None:
    values = cleaned.values
    if values.get("date", 0) is None:
        del values["date"]
    if current is None:
        values.setdefault("date", work.today)
        if "valid_until" not in values and "valid_until" not in cleaned.errors:
            values["valid_until"] = settings.valid_until(work, values["date"])
    date = values.get("date", current.date if current else None)
    last = values.get("valid_until", current.valid_until if current else None)
    if date and last and last < date:
        cleaned.refuse("valid_until", "A quote can't end before its date.")


def _document(work: Work, cleaned: record_fields.Cleaned, given: Mapping[str, Any], current: Quote | None) -> None:
    """Lines and the value: of a quote with lines, the value is their total."""
    currency = current.currency if current else str(work.settings.get("site.currency") or "EUR")
    if given.get("currency") not in (None, ""):
        currency = texts.clean_line(str(given["currency"])).upper()
        if not money.known_currency(currency):
            said = "“%(value)s” is not a currency: give the three letters of ISO 4217, such as EUR."
            cleaned.refuse("currency", Message(said, value=currency[:20]))
            return
    if "value" in given:
        try:
            worth = money.read(given["value"], currency)
        except ValueError as error:
            cleaned.refuse("value", error.args[0])
        else:
            if worth is not None and given.get("currency") in (None, "") and current is None:
                currency = worth.currency
            if worth is not None and worth.currency != currency:
                cleaned.refuse("value", Message("All amounts here are in %(currency)s.", currency=currency))
            elif worth is not None and worth.amount < 0:
                cleaned.refuse("value", "A quote is not worth less than nothing.")
            else:
                cleaned.values["value"] = worth.amount if worth is not None else 0
    known: dict[str, Any] = documents.to_json(current.document) if current else {}
    if current and currency != current.currency and current.document.lines and "lines" not in given:
        cleaned.refuse("currency", "Give the lines in the new currency too.")
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
