"""The placeholders of mails about invoices, and what is said of those that stand for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhost.api import Contact, Invalid, Message, Work, mail, placeholders, texts

#: What follows ``invoice.``, or ``##INVOICE-…##`` in the older form.
NAMES = (
    "number", "title", "ref", "reference", "date", "due_date", "currency", "total", "paid", "due", "link", "url", "status",
)  # fmt: skip
Known = Mapping[str, Sequence[str]]
#: The placeholders of a mail by what it is about, ``contact.…`` and the like aside: those of an invoice, of a receipt and of a
#: statement of account.
INVOICE: Known = {"invoice": NAMES, "company": ("name",)}
RECEIPT: Known = {**INVOICE, "payment": ("amount", "date", "method", "ref")}
STATEMENT: Known = {"statement": ("from", "until", "balance"), "company": ("name",)}


def check(work: Work, text: str, known: Known, *, line: bool = False) -> None:
    """:raises Invalid: when a template of the settings can't be read, or a placeholder of it stands for nothing."""
    more = {about: dict.fromkeys(names, "x") for about, names in known.items()}
    piece = (placeholders.line if line else placeholders.text)(work, text, None, more=more)
    if piece.unknown:
        raise Invalid(unknown(piece.unknown))


def written(work: Work, contact: Contact | None, more: Mapping[str, Any], subject: str, text: str) -> mail.Written:
    """Subject and text with their placeholders filled in.

    :param more: what they stand for besides the contact.
    :raises Invalid: by field, when one can't be read or stands for nothing.
    """
    subject, text = texts.clean_line(subject), texts.clean_text(text)
    if not subject or not text:
        empty = ["Write something first."]
        raise Invalid({name: empty for name, given in (("subject", subject), ("text", text)) if not given})
    errors: dict[str, list[str]] = {}
    for name, given, fill in (("subject", subject, placeholders.line), ("text", text, placeholders.text)):
        try:
            piece = fill(work, given, contact, more=more)
        except Invalid as error:
            errors[name] = [error.message]
        else:
            if piece.unknown:
                errors[name] = [unknown(piece.unknown)]
    if errors:
        raise Invalid(errors)
    return mail.write(work, mail.compose(work, "text", subject, text), contact, more=more)


def unknown(names: tuple[str, ...]) -> Message:
    """What is said of placeholders that stand for nothing."""
    shown = ", ".join(f"{{{{ {name} }}}}" for name in names[:5])
    return Message("Nothing is known as %(names)s: choose placeholders of the list.", names=shown)
