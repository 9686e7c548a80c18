"""The mails about invoices: their settings, and the texts that they have until somebody writes own ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crmhost.api import Invalid, Message, Setting, Work, texts

from . import wording

SUBJECT, TEXT = "invoices.mail_subject", "invoices.mail_text"
REMINDER_SUBJECT, REMINDER_TEXT = "invoices.reminder_subject", "invoices.reminder_text"
RECEIPT_SUBJECT, RECEIPT_TEXT = "invoices.receipt_subject", "invoices.receipt_text"
STATEMENT_SUBJECT, STATEMENT_TEXT = "invoices.statement_subject", "invoices.statement_text"

#: Setting -> its text while nobody changed it; each customer gets it in their language.
DEFAULTS: Mapping[str, Message] = {
    SUBJECT: Message("Invoice ##INVOICE-NUMBER##"),
    TEXT: Message(
        "Hello ##CONTACT-FNAME##,\n\nhere is the invoice ##INVOICE-NUMBER## over ##INVOICE-TOTAL##. It is attached, "
        "and you find it at ##INVOICE-LINK## too."
    ),
    REMINDER_SUBJECT: Message("Reminder: invoice ##INVOICE-NUMBER##"),
    REMINDER_TEXT: Message(
        "Hello ##CONTACT-FNAME##,\n\nthe invoice ##INVOICE-NUMBER## over ##INVOICE-DUE## is due on "
        "##INVOICE-DUE-DATE##. It is attached. If you have paid it meanwhile, thank you."
    ),
    RECEIPT_SUBJECT: Message("Your payment of invoice ##INVOICE-NUMBER##"),
    RECEIPT_TEXT: Message(
        "Hello ##CONTACT-FNAME##,\n\nwe have received ##PAYMENT-AMOUNT## for the invoice ##INVOICE-NUMBER## on "
        "##PAYMENT-DATE##. Thank you. Still due: ##INVOICE-DUE##. The invoice is attached."
    ),
    STATEMENT_SUBJECT: Message("Statement of account, ##STATEMENT-FROM## to ##STATEMENT-UNTIL##"),
    STATEMENT_TEXT: Message(
        "Hello ##CONTACT-FNAME##,\n\nattached is the statement of your account from ##STATEMENT-FROM## to "
        "##STATEMENT-UNTIL##. Balance: ##STATEMENT-BALANCE##."
    ),
}


def declared() -> list[Setting]:
    """The settings with what mails say."""
    return [
        Setting(
            key=SUBJECT, label="Subject of the mail with an invoice", default=_default(SUBJECT), validate=_line(wording.INVOICE),
            help="##INVOICE-NUMBER##, ##INVOICE-TOTAL##, ##INVOICE-DUE##, ##INVOICE-DUE-DATE##, ##INVOICE-LINK##, "
            "##CONTACT-FNAME## and the like stand for what they say.",
        ),
        Setting(
            key=TEXT, label="Text of the mail with an invoice", kind="long_text", default=_default(TEXT),
            validate=_text(wording.INVOICE), help="Until you change them, customers get these texts in their own language.",
        ),
        Setting(
            key=REMINDER_SUBJECT, label="Subject of a reminder", default=_default(REMINDER_SUBJECT),
            validate=_line(wording.INVOICE),
        ),
        Setting(
            key=REMINDER_TEXT, label="Text of a reminder", kind="long_text", default=_default(REMINDER_TEXT),
            validate=_text(wording.INVOICE),
        ),
        Setting(
            key=RECEIPT_SUBJECT, label="Subject of a receipt", default=_default(RECEIPT_SUBJECT),
            validate=_line(wording.RECEIPT),
            help="##PAYMENT-AMOUNT##, ##PAYMENT-DATE##, ##PAYMENT-METHOD## and ##PAYMENT-REF## stand for the payment.",
        ),
        Setting(
            key=RECEIPT_TEXT, label="Text of a receipt", kind="long_text", default=_default(RECEIPT_TEXT),
            validate=_text(wording.RECEIPT),
        ),
        Setting(
            key=STATEMENT_SUBJECT, label="Subject of a statement of account", default=_default(STATEMENT_SUBJECT),
            validate=_line(wording.STATEMENT),
            help="##STATEMENT-FROM##, ##STATEMENT-UNTIL## and ##STATEMENT-BALANCE## stand for its days and the balance.",
        ),
        Setting(
            key=STATEMENT_TEXT, label="Text of a statement of account", kind="long_text", default=_default(STATEMENT_TEXT),
            validate=_text(wording.STATEMENT),
        ),
    ]  # fmt: skip


def own(work: Work, key: str) -> str:
    """What somebody wrote for the site; empty while it is the default."""
    stored = str(work.settings.get(key) or "")
    return "" if stored == _default(key) else stored


def _default(key: str) -> str:
    return str.__str__(DEFAULTS[key])


def _line(known: wording.Known) -> Callable[[Work, Any], str]:
    """One line that says something, with placeholders that are known."""

    def check(work: Work, value: Any) -> str:
        text = _said(texts.clean_line(str(value)), 200)
        wording.check(work, text, known, line=True)
        return text

    return check


def _text(known: wording.Known) -> Callable[[Work, Any], str]:
    """A text that says something, with placeholders that are known."""

    def check(work: Work, value: Any) -> str:
        text = _said(texts.clean_text(str(value)), 10_000)
        wording.check(work, text, known)
        return text

    return check


def _said(text: str, longest: int) -> str:
    if not text or len(text) > longest:
        raise Invalid(Message("Give a text of at most %(longest)s characters.", longest=longest))
    return text
