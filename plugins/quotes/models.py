"""Quotes, what of them was sent, what became of it, and templates to write them by."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, ColumnElement, ForeignKey, Index, LargeBinary, String, Text, and_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import Actor, Contact, Money, UTCDateTime, documents, plugin_base, texts

Base = plugin_base("quotes")
#: Kind of record, as tags, journal, search, custom fields, links and ids in other systems know it.
KIND = "quote"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


_LIVE = _where("deleted_at IS NULL")


class Quote(documents.Priced, Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A quote. ``content`` is HTML with placeholders, written by people; what the client saw stands in a :class:`Version`.

    ``state`` is draft, sent, viewed, accepted, declined or expired. ``value`` is what it is worth: the total of its lines, or
    what was typed when it has none; minor units of ``currency``. ``owner_id`` is the user who is told what becomes of it.
    """

    __tablename__ = "quotes_quote"
    __table_args__ = (
        Index("ix_quotes_quote_date", "date", "id", **_LIVE),
        Index("ix_quotes_quote_created", "created_at", "id", **_LIVE),
        Index("ix_quotes_quote_valid", "valid_until", "id", **_LIVE),
        Index("ix_quotes_quote_title", "title_key", "id", **_LIVE),
        Index("ix_quotes_quote_value", "currency", "value", "id", **_LIVE),
        Index("ix_quotes_quote_state_date", "state", "date", "id", **_LIVE),
        Index("ix_quotes_quote_state_valid", "state", "valid_until"),
        Index("ix_quotes_quote_state_value", "state", "currency", "value", **_LIVE),
        Index("ix_quotes_quote_contact", "contact_id", "date", "id"),
        Index("ix_quotes_quote_company", "company_id", "date", "id"),
        Index("ix_quotes_quote_owner", "owner_id", "date", "id"),
        Index("ix_quotes_quote_deleted", "deleted_at", "id", **_where("deleted_at IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    title_key: Mapped[str] = mapped_column(texts.folded(200))
    state: Mapped[str] = mapped_column(String(12), default="draft")
    value: Mapped[int] = mapped_column(BigInteger, default=0)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="SET NULL"))
    #: A record of another extension, which may be off or gone: no foreign key.
    company_id: Mapped[int | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    date: Mapped[dt.date]
    valid_until: Mapped[dt.date | None]
    content: Mapped[str] = mapped_column(Text, default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    language: Mapped[str] = mapped_column(String(10), default="")
    source: Mapped[str] = mapped_column(String(60), default="manual")
    custom: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: The version that was sent last, which the link shows.
    version_id: Mapped[int | None]
    sent_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    viewed_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    decided_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    decline_reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Quotes that are not in the bin and that the actor may see."""
        alive = cls.deleted_at.is_(None)
        return and_(alive, cls.within_reach(actor)) if actor.only_assigned else alive

    @classmethod
    def within_reach(cls, actor: Actor) -> ColumnElement[bool]:
        """Quotes that a limited actor may see, those in the bin too: of the contacts that they see."""
        return cls.contact_id.in_(select(Contact.id).where(Contact.visible_to(actor)))

    @property
    def worth(self) -> Money:
        """Its value."""
        return Money(self.value, self.currency)


class Version(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A quote as it was sent: it never changes.

    ``digest`` is the SHA-256 of :func:`.versions.canonical`, what the client saw and agrees to. ``html`` is the filled-in text.
    """

    __tablename__ = "quotes_version"
    __table_args__ = (Index("ix_quotes_version_quote", "quote_id", "number", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    quote_id: Mapped[int] = mapped_column(ForeignKey("quotes_quote.id", ondelete="CASCADE"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    html: Mapped[str] = mapped_column(Text)
    document: Mapped[documents.Document] = mapped_column(documents.DocumentJSON())
    currency: Mapped[str] = mapped_column(String(3))
    value: Mapped[int] = mapped_column(BigInteger)
    date: Mapped[dt.date]
    valid_until: Mapped[dt.date | None]
    #: Who it was written to, as they were called then.
    client: Mapped[str] = mapped_column(String(250))
    #: Who it is from: name, address and so on of the site, as they were then.
    sender: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    language: Mapped[str] = mapped_column(String(10), default="")
    digest: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)

    @property
    def worth(self) -> Money:
        """What it said it is worth."""
        return Money(self.value, self.currency)


class Acceptance(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """Who accepted which version of a quote, when and how: of one quote there is one.

    ``digest`` is the SHA-256 of :func:`.accepting.canonical`: whoever changes a row here can't make it fit.
    """

    __tablename__ = "quotes_acceptance"
    __table_args__ = (Index("ix_quotes_acceptance_version", "version_id"),)

    quote_id: Mapped[int] = mapped_column(ForeignKey("quotes_quote.id", ondelete="CASCADE"), primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("quotes_version.id", ondelete="CASCADE"))
    #: typed or drawn.
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(200))
    #: The drawing, as PNG.
    drawing: Mapped[bytes | None] = mapped_column(LargeBinary)
    email: Mapped[str] = mapped_column(String(254), default="")
    address: Mapped[str] = mapped_column(String(60), default="")
    agent: Mapped[str] = mapped_column(String(300), default="")
    #: link, portal, or staff who noted it.
    by: Mapped[str] = mapped_column(String(120), default="link")
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    #: Names the certificate on its public page.
    code: Mapped[str] = mapped_column(String(40), unique=True)
    digest: Mapped[str] = mapped_column(String(64))


class Template(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A text to begin a quote with. ``builtin`` names one that came along; it can be changed and deleted like any other."""

    __tablename__ = "quotes_template"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(texts.folded(120), unique=True)
    title: Mapped[str] = mapped_column(String(200), default="")
    content: Mapped[str] = mapped_column(Text, default="")
    builtin: Mapped[str] = mapped_column(String(40), default="")
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)
