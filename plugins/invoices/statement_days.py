"""What pages with a statement of account share, those of staff and those of clients: its days, and what its parts are called."""

from __future__ import annotations

import datetime as dt

from crmhost.api import Invalid, Message, Work
from crmhost.web.api import lazy_text, parse_day, request

from . import statements

#: What the parts of the open amount are called, in the order of :data:`.statements.AGE_NAMES`.
AGES = (
    lazy_text("Not due yet"),
    lazy_text("1–30 days late"),
    lazy_text("31–60 days late"),
    lazy_text("61–90 days late"),
    lazy_text("More than 90 days late"),
)
KINDS = {
    "invoice": lazy_text("Invoice"),
    "credit_note": lazy_text("Credit note"),
    "payment": lazy_text("Payment"),
    "refund": lazy_text("Refund"),
    "marked_paid": lazy_text("Marked as paid"),
}
#: The fields of a form that asks for days.
FIELDS = ("date_from", "date_to")


def typed() -> dict[str, str]:
    """What the address has for the fields."""
    return {name: request.args.get(name, "").strip()[:40] for name in FIELDS}


def asked(work: Work) -> tuple[dt.date, dt.date]:
    """The days that the address names.

    :raises Invalid: by field, when one is none, or they are the wrong way round.
    """
    found: dict[str, dt.date | None] = {}
    wrong = {}
    for name, text in typed().items():
        try:
            found[name] = parse_day(text) if text else None
        except ValueError:
            wrong[name] = [Message("“%(text)s” is not a day such as 2026-03-31.", text=text)]
    if wrong:
        raise Invalid(wrong)
    return statements.period(work, found["date_from"], found["date_to"])
