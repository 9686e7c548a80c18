"""The placeholders of mails about invoices, and what is said of those that stand for nothing."""

from __future__ import annotations

from crmhost.api import Invalid, Message, Work, placeholders

#: What follows ``invoice.``, or ``##INVOICE-…##`` in the older form.
NAMES = (
    "number", "title", "ref", "reference", "date", "due_date", "currency", "total", "paid", "due", "link", "url", "status",
)  # fmt: skip


def check(work: Work, text: str, *, line: bool = False) -> None:
    """:raises Invalid: when a template of the settings can't be read, or a placeholder of it stands for nothing."""
    more = {"invoice": dict.fromkeys(NAMES, "x"), "company": {"name": "x"}}
    piece = (placeholders.line if line else placeholders.text)(work, text, None, more=more)
    if piece.unknown:
        raise Invalid(unknown(piece.unknown))


def unknown(names: tuple[str, ...]) -> Message:
    """What is said of placeholders that stand for nothing."""
    shown = ", ".join(f"{{{{ {name} }}}}" for name in names[:5])
    return Message("Nothing is known as %(names)s: choose placeholders of the list.", names=shown)
