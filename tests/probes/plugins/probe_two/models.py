"""Notes that outlive their contact."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crmhost.api import Contact, plugin_base

Base = plugin_base("probe_two")


class Note(Base):
    """A note; its contact may be gone."""

    __tablename__ = "probe_two_note"
    __table_args__ = (Index("ix_probe_two_note_contact_id", "contact_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="SET NULL"))
    text: Mapped[str] = mapped_column(String(200))

    contact: Mapped[Contact | None] = relationship(Contact)
