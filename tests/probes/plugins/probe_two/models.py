"""Notes that outlive their contact."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmhost.api import Contact, UTCDateTime, plugin_base

Base = plugin_base("probe_two")


class Note(Base):
    """A note; its contact may be gone."""

    __tablename__ = "probe_two_note"
    __table_args__ = (Index("ix_probe_two_note_contact_id", "contact_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="SET NULL"))
    text: Mapped[str] = mapped_column(String(200))

    contact: Mapped[Contact | None] = relationship(Contact)


class Badge(Base):
    """One badge a contact."""

    __tablename__ = "probe_two_badge"

    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40))


class Place(Base):
    """A contact's place on a list, once a list."""

    __tablename__ = "probe_two_place"

    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"), primary_key=True)
    list: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    more: Mapped[dict[str, int] | None] = mapped_column(JSON)
