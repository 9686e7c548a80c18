"""The journal: what happened with a contact."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, MessageJSON, MessageLine, UTCDateTime

_PEOPLE: dict[str, Any] = {"sqlite_where": text("by_system = 0"), "postgresql_where": text("NOT by_system")}


class JournalEntry(Base):
    """One entry. ``by_system`` ones are written by the host and plugins and can't be edited.

    ``is_contact``: of a type that counted as having contacted the person when it was written; the newest of them is the
    contact's ``last_contacted_at``.

    ``object_type`` and ``object_id`` say on whose page it stands (“contact” in the core); ``contact_id`` is set for
    contacts, so that the database removes a contact's entries with it.
    """

    __tablename__ = "journal_entry"
    __table_args__ = (
        Index("ix_journal_entry_object", "object_type", "object_id", "at", "id"),
        Index("ix_journal_entry_at", "at", "id"),
        Index("ix_journal_entry_people", "at", "id", **_PEOPLE),
        Index("ix_journal_entry_type_at", "type", "at", "id"),
        Index("ix_journal_entry_user_at", "user_id", "at", "id"),
        Index("ix_journal_entry_contact", "contact_id", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    object_type: Mapped[str] = mapped_column(String(40), default="contact")
    object_id: Mapped[int]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
    type: Mapped[str] = mapped_column(String(80))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    summary: Mapped[str] = mapped_column(MessageLine(300), default="")
    comment: Mapped[str] = mapped_column(Text, default="")
    outcome: Mapped[str] = mapped_column(Text, default="")
    data: Mapped[dict[str, Any]] = mapped_column(MessageJSON, default=dict)
    actor_label: Mapped[str] = mapped_column(String(200), default="")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    by_system: Mapped[bool] = mapped_column(default=False)
    is_contact: Mapped[bool] = mapped_column(default=False)
    pinned: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1, server_default="1")
