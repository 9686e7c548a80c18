"""Invoices and credit notes, and what makes new ones from time to time."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, ColumnElement, ForeignKey, Index, String, Text, and_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import Actor, Contact, Money, UTCDateTime, documents, plugin_base, texts

Base = plugin_base("invoices")
#: Kind of record, as tags, journal, search, custom fields and ids in other systems know it.
KIND = "invoice"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


_LIVE = _where("deleted_at IS NULL")


class Invoice(documents.Priced, Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """An invoice, or a credit note: one whose totals are below zero and that belongs to an invoice.

    ``state`` follows from the rest (see :mod:`.paying`): draft, unpaid, part_paid, paid, overdue, void. ``paid`` is what
    attached transactions and ``paid_apart``, what was marked as paid without one, come to; ``credited`` what issued credit notes
    take off. ``due`` is the total less both, and below zero when too much was paid. A draft has no number.
    """

    __tablename__ = "invoices_invoice"
    __table_args__ = (
        Index("uq_invoices_invoice_number", "number_key", unique=True, **_where("number_key <> ''")),
        Index("ix_invoices_invoice_date", "date", "id", **_LIVE),
        Index("ix_invoices_invoice_created", "created_at", "id", **_LIVE),
        Index("ix_invoices_invoice_due_date", "due_date", "id", **_LIVE),
        Index("ix_invoices_invoice_number", "number_key", "id"),
        Index("ix_invoices_invoice_total", "currency", "total", "id", **_LIVE),
        Index("ix_invoices_invoice_due", "currency", "due", "id", **_LIVE),
        Index("ix_invoices_invoice_state_date", "state", "date", "id", **_LIVE),
        Index("ix_invoices_invoice_state_due", "state", "due_date"),
        Index("ix_invoices_invoice_owed", "state", "currency", "due", **_LIVE),
        Index("ix_invoices_invoice_contact", "contact_id", "date", "id"),
        Index("ix_invoices_invoice_state_contact", "state", "contact_id", "deleted_at"),
        Index("ix_invoices_invoice_company", "company_id", "date", "id"),
        Index("ix_invoices_invoice_credits", "credits_id", **_where("credits_id IS NOT NULL")),
        Index("uq_invoices_invoice_recurrence", "recurrence_id", "recurrence_date", unique=True,
              **_where("recurrence_id IS NOT NULL")),
        Index("uq_invoices_invoice_origin", "origin", unique=True, **_where("origin IS NOT NULL")),
        Index("ix_invoices_invoice_deleted", "deleted_at", "id", **_where("deleted_at IS NOT NULL")),
        # The id of a deleted draft is never given again.
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str | None] = mapped_column(String(60))
    #: Empty for a draft, which has no number.
    number_key: Mapped[str] = mapped_column(texts.folded(60), default="")
    reference: Mapped[str] = mapped_column(String(120), default="")
    state: Mapped[str] = mapped_column(String(12), default="draft")
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="SET NULL"))
    #: A record of another extension, which may be off or gone: no foreign key.
    company_id: Mapped[int | None]
    date: Mapped[dt.date]
    due_date: Mapped[dt.date]
    paid: Mapped[int] = mapped_column(BigInteger, default=0)
    paid_apart: Mapped[int] = mapped_column(BigInteger, default=0)
    #: The day on which it was marked as paid; set as long as ``paid_apart`` is.
    paid_apart_on: Mapped[dt.date | None]
    credited: Mapped[int] = mapped_column(BigInteger, default=0)
    due: Mapped[int] = mapped_column(BigInteger, default=0)
    #: The invoice that a credit note belongs to.
    credits_id: Mapped[int | None] = mapped_column(ForeignKey("invoices_invoice.id"))
    #: No foreign key: the two tables would need each other.
    recurrence_id: Mapped[int | None]
    recurrence_date: Mapped[dt.date | None]
    #: What it was made of, such as ``quote:7``: of one thing one invoice is made.
    origin: Mapped[str | None] = mapped_column(String(80))
    notes: Mapped[str] = mapped_column(Text, default="")
    terms: Mapped[str] = mapped_column(Text, default="")
    #: Language of its PDF and mails; empty for the site's.
    language: Mapped[str] = mapped_column(String(10), default="")
    #: manual, import, api, recurring, or the id of a plugin.
    source: Mapped[str] = mapped_column(String(60), default="manual")
    custom: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    issued_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    sent_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    paid_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    voided_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    void_reason: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Invoices that are not in the bin and that the actor may see."""
        alive = cls.deleted_at.is_(None)
        return and_(alive, cls.within_reach(actor)) if actor.only_assigned else alive

    @classmethod
    def within_reach(cls, actor: Actor) -> ColumnElement[bool]:
        """Invoices that a limited actor may see, those in the bin too: of the contacts that they see."""
        return cls.contact_id.in_(select(Contact.id).where(Contact.visible_to(actor)))

    @property
    def is_credit(self) -> bool:
        """Whether it is a credit note."""
        return self.credits_id is not None

    @property
    def title(self) -> str:
        """What to call it: its number, or for a draft its reference; empty when it has neither."""
        return self.number or self.reference

    @property
    def counts(self) -> bool:
        """Whether it was issued and still stands."""
        return self.state not in ("draft", "void")

    def amount(self, name: str) -> Money:
        """One of its sums: those of :meth:`money`, ``paid``, ``credited`` or ``due``."""
        return Money(getattr(self, name), self.currency)


class Recurrence(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """Makes a copy of an invoice from time to time.

    The ``made``-th one is due ``made`` times ``every`` units after ``starts_on``; a day that a month lacks is its last one.

    :param unit: week, month or year.
    :param issue: gives each copy a number at once; :param send: and sends it.
    """

    __tablename__ = "invoices_recurrence"
    __table_args__ = (
        Index("ix_invoices_recurrence_next", "next_on", "id", **_where("active")),
        Index("ix_invoices_recurrence_invoice", "invoice_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices_invoice.id", ondelete="CASCADE"))
    every: Mapped[int] = mapped_column(default=1)
    unit: Mapped[str] = mapped_column(String(8), default="month")
    starts_on: Mapped[dt.date]
    ends_on: Mapped[dt.date | None]
    next_on: Mapped[dt.date]
    made: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    issue: Mapped[bool] = mapped_column(default=False)
    send: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)


class Reminder(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A reminder that was sent: for one due date and one distance from it, once.

    :param days: after the due date; below zero before it.
    """

    __tablename__ = "invoices_reminder"

    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices_invoice.id", ondelete="CASCADE"), primary_key=True)
    due_date: Mapped[dt.date] = mapped_column(primary_key=True)
    days: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mail_id: Mapped[int | None]
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
