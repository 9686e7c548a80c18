"""Settings > Invoices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from crmhost.api import Invalid, Message, NotFound, Setting, Work, documents, money, numbering, texts

from . import letters

NUMBER, CREDIT_NUMBER = "invoices.number_format", "invoices.credit_number_format"
DUE_DAYS = "invoices.due_days"
HOURS, INCLUDE_TAX = "invoices.hours", "invoices.prices_include_tax"
TAXES, USUAL_TAX = "invoices.tax_rates", "invoices.usual_tax"
COMPANY_TEXT, TERMS, NOTES = "invoices.company_text", "invoices.terms", "invoices.notes"
REMINDERS, RECEIPTS = "invoices.reminders", "invoices.receipts"
MOST = 30
_DAYS = 365


def declared() -> list[Setting]:
    """The settings of the plugin."""
    return [
        Setting(
            key=NUMBER, label="Number format", default="INV-{number:04}", validate=check_format,
            help="{number} is the number, {number:04} one of at least four digits, {year} the year of the invoice.",
        ),
        Setting(
            key=CREDIT_NUMBER, label="Number format of credit notes", default="CN-{number:04}", validate=check_format,
            help="Credit notes have numbers of their own.",
        ),
        Setting(
            key=DUE_DAYS, label="Days to pay", kind="integer", default=30, validate=check_days,
            help="An invoice is due so many days after its date, unless it says otherwise.",
        ),
        Setting(
            key=TAXES, label="Tax rates", kind="list", default=[], validate=check_rates,
            help="Name and per cent, separated by commas: VAT 20, Reduced VAT 5.5.",
        ),
        Setting(
            key=USUAL_TAX, label="Tax of a new line", default="", validate=check_usual,
            help="The name of one of the rates; empty for none.",
        ),
        Setting(
            key=INCLUDE_TAX, label="Prices include tax", kind="boolean", default=False,
            help="How a new invoice is written: with prices that have the tax in them already.",
        ),
        Setting(key=HOURS, label="Bill hours", kind="boolean", default=False, help="The quantity of a line is called hours."),
        Setting(
            key=COMPANY_TEXT, label="Text below your name", kind="long_text", default="",
            help="Stands at the top of each invoice: address, registration and tax numbers.",
        ),
        Setting(key=TERMS, label="Terms", kind="long_text", default="", help="Stand at the end of a new invoice."),
        Setting(key=NOTES, label="Note", kind="long_text", default="", help="Stands below the lines of a new invoice."),
        Setting(
            key=REMINDERS, label="Reminders", kind="list", default=[], validate=check_reminders,
            help="Days after the due date on which a mail reminds of what is unpaid; -3 is three days before it. Empty for none.",
        ),
        Setting(
            key=RECEIPTS, label="Send receipts", kind="boolean", default=False,
            help="Whether a payment that is recorded is confirmed by mail, unless it is said otherwise there.",
        ),
        *letters.declared(),
    ]  # fmt: skip


def due_days(work: Work) -> int:
    """Days that customers have to pay."""
    return int(work.settings.get(DUE_DAYS) or 0)


def document_defaults(work: Work) -> dict[str, Any]:
    """How the document of a new invoice is written."""
    return {"prices_include_tax": bool(work.settings.get(INCLUDE_TAX)), "hours": bool(work.settings.get(HOURS))}


def rates(work: Work) -> list[documents.TaxRate]:
    """The tax rates, in the order of the setting."""
    return [_rate(item) for item in work.settings.get(TAXES) or ()]


def usual_rates(work: Work) -> list[documents.TaxRate]:
    """The taxes of a new line."""
    name = texts.fold(str(work.settings.get(USUAL_TAX) or ""))
    return [rate for rate in rates(work) if name and texts.fold(rate.name) == name]


def reminder_days(work: Work) -> list[int]:
    """Days after the due date on which reminders go out, the earliest first."""
    return sorted(int(item) for item in work.settings.get(REMINDERS) or ())


# --- what may be typed -----------------------------------------------------------------------------------------------


def check_format(_work: Work, value: Any) -> str:
    """A format of numbers.

    :raises Invalid: when it can't tell two invoices apart.
    """
    return numbering.check_pattern(texts.clean_line(str(value)))


def check_days(_work: Work, value: Any) -> int:
    """So many days, up to a year."""
    if not 0 <= int(value) <= _DAYS:
        raise Invalid(Message("Give a number of days between 0 and %(most)s.", most=_DAYS))
    return int(value)


def check_rates(_work: Work, value: Any) -> list[str]:
    """The tax rates, each written as ``VAT 20``."""
    found = [_rate(item) for item in value or () if texts.clean_line(str(item))]
    if len(found) > MOST:
        raise Invalid(Message("Give at most %(most)s rates.", most=MOST))
    if len({(texts.fold(rate.name), rate.percent) for rate in found}) < len(found):
        raise Invalid("One of these rates stands there twice.")
    return [f"{rate.name} {rate.json()['rate']}" for rate in found]


def _rate(item: object) -> documents.TaxRate:
    text = texts.clean_line(str(item))
    match = re.fullmatch(r"(.+?)[\s:=]+([\d.]+)\s*%?", text)
    number = money.read_decimal(match[2], "") if match and match[2].count(".") < 2 else None
    if match is None or number is None or len(match[1]) > 60 or not 0 <= number <= 100:
        said = Message(
            "“%(text)s” is not a rate: give a name and per cent, such as VAT 20.", text=texts.shorten(text, 60)
        )
        raise Invalid(said)
    return documents.TaxRate(match[1], Decimal(number))


def check_usual(work: Work, value: Any) -> str:
    """The name of a rate, or nothing. The rates may be saved with it, so an unknown name is taken and has no effect."""
    text = texts.clean_line(str(value or ""))
    for rate in rates(work):
        if texts.fold(rate.name) == texts.fold(text):
            return rate.name
    return text[:60]


def check_reminders(_work: Work, value: Any) -> list[str]:
    """Days around the due date."""
    try:
        found = sorted({int(str(item)) for item in value or () if str(item).strip()})
    except ValueError:
        raise Invalid("Give days as whole numbers, separated by commas, such as -3, 1, 14.") from None
    if len(found) > MOST or any(abs(day) > _DAYS for day in found):
        raise Invalid(Message("Give at most %(most)s days, each within a year of the due date.", most=MOST))
    return [str(day) for day in found]


def formats(work: Work) -> Sequence[tuple[str, str]]:
    """Name of each sequence of numbers and its format."""
    return [("invoices", str(work.settings.get(NUMBER))), ("invoices.credit", str(work.settings.get(CREDIT_NUMBER)))]


def next_numbers(work: Work) -> list[tuple[int, str]]:
    """What comes next of invoices and of credit notes of today: the number, and how it will be written."""
    return [numbering.following(work, name, pattern, work.today) for name, pattern in formats(work)]


def set_next(work: Work, sequence: str, number: object) -> None:
    """Has the numbers of ``invoices`` or ``invoices.credit`` go on with a higher one.

    :raises Invalid: when it is not beyond those that were given.
    """
    work.require("settings.edit")
    pattern = dict(formats(work)).get(sequence)
    if pattern is None:
        raise NotFound("sequence of numbers", sequence[:60])
    numbering.set_next(work, sequence, pattern, work.today, number)
