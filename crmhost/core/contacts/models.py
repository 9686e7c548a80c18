"""Contacts, their addresses, tags, external ids and the search table."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint, and_, false, text, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...db import Base, MessageJSON, UTCDateTime
from ...work.unit import Actor
from ..statuses.models import Status
from ..text import folded
from ..users.models import User

#: Stands for “never” where contacts are sorted by the time of the last contact.
NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_CONTACTED = "coalesce(last_contacted_at, '1970-01-01 00:00:00.000000')"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


_LIVE = _where("deleted_at IS NULL")


class Contact(Base):
    """A person.

    ``sort_name`` (last name first), ``first_key`` and ``email_key`` are folded copies (no accents, no case) that lists sort and
    searches begin by. ``version`` grows with each change (ETag). A contact in the bin has ``deleted_at``; one that was merged
    away has ``merged_into_id`` too.
    """

    __tablename__ = "contacts_contact"
    __table_args__ = (
        Index("ix_contacts_contact_created", "created_at", "id", **_LIVE),
        Index("ix_contacts_contact_updated", "updated_at", "id", **_LIVE),
        Index("ix_contacts_contact_name", "sort_name", "id", **_LIVE),
        Index("ix_contacts_contact_first", "first_key", "id", **_LIVE),
        Index("ix_contacts_contact_email", "email_key", "id", **_LIVE),
        Index("ix_contacts_contact_status_created", "status_id", "created_at", "id", **_LIVE),
        Index("ix_contacts_contact_status_name", "status_id", "sort_name", "id", **_LIVE),
        Index("ix_contacts_contact_assigned_created", "assigned_to_id", "created_at", "id", **_LIVE),
        # Counting who of a status fulfils more reads nothing but this, in the order in which what else is asked lies.
        Index("ix_contacts_contact_status_live", "status_id", "id", "deleted_at", **_LIVE),
        # The number of each status among those that somebody has is counted from it alone.
        Index("ix_contacts_contact_assigned_status", "assigned_to_id", "status_id", **_LIVE),
        Index("ix_contacts_contact_source_created", "source", "created_at", "id", **_LIVE),
        Index("ix_contacts_contact_contacted", text(_CONTACTED), "id", **_LIVE),
        # Without their conditions SQLite would read these two for “IS NULL” and sort everybody.
        Index("ix_contacts_contact_deleted", "deleted_at", "id", **_where("deleted_at IS NOT NULL")),
        Index("ix_contacts_contact_merged", "merged_into_id", **_where("merged_into_id IS NOT NULL")),
        # The id of an erased contact is never given again.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(String(40), default="")
    first_name: Mapped[str] = mapped_column(String(120), default="")
    last_name: Mapped[str] = mapped_column(String(120), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    sort_name: Mapped[str] = mapped_column(folded(250), default="")
    first_key: Mapped[str] = mapped_column(folded(120), default="")
    email_key: Mapped[str] = mapped_column(folded(254), default="")
    home_phone: Mapped[str] = mapped_column(String(60), default="")
    work_phone: Mapped[str] = mapped_column(String(60), default="")
    mobile_phone: Mapped[str] = mapped_column(String(60), default="")
    #: Two addresses: {"line1", "line2", "city", "county", "postal_code", "country" (ISO 3166 alpha-2)} each.
    address1: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    address2: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    notes: Mapped[str] = mapped_column(Text, default="")
    avatar: Mapped[str] = mapped_column(String(200), default="")
    #: manual, import, form, api, or the id of a sync plugin.
    source: Mapped[str] = mapped_column(String(60), default="manual")
    #: Why we have this person: {"text", "by", "detail"}.
    reason: Mapped[dict[str, Any]] = mapped_column(MessageJSON, default=dict)
    socials: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    custom: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    status_id: Mapped[int] = mapped_column(ForeignKey("statuses_status.id"))
    status_since: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    assigned_to_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    last_contacted_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="SET NULL"))
    version: Mapped[int] = mapped_column(default=1, server_default="1")

    status: Mapped[Status] = relationship(lazy="raise_on_sql")
    assigned_to: Mapped[User | None] = relationship(lazy="raise_on_sql")

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Contacts that are not in the bin and that the actor may see."""
        alive = cls.deleted_at.is_(None)
        return and_(alive, cls.within_reach(actor)) if actor.only_assigned else alive

    @classmethod
    def within_reach(cls, actor: Actor) -> ColumnElement[bool]:
        """Contacts within the actor's limits, those in the bin too; nothing for one that is limited to nobody's."""
        if actor.contact_ids is not None:
            return cls.id.in_(sorted(actor.contact_ids))
        if actor.only_assigned:
            return cls.assigned_to_id == actor.user_id if actor.user_id is not None else false()
        return true()

    @property
    def name(self) -> str:
        """What to call the person: the full name, else the e-mail, else a phone, else the number of the record."""
        full = " ".join(part for part in (self.first_name, self.last_name) if part)
        return full or self.email or self.mobile_phone or self.work_phone or self.home_phone or f"#{self.id}"


class ContactEmail(Base):
    """An e-mail address of a contact. ``active`` is false while the contact is in the bin: it then blocks nobody."""

    __tablename__ = "contacts_email"
    __table_args__ = (
        Index(
            "uq_contacts_email_active",
            "email_key",
            unique=True,
            sqlite_where=text("active = 1"),
            postgresql_where=text("active"),
        ),
        Index("ix_contacts_email_contact", "contact_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(folded(254))
    main: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)


class ExternalId(Base):
    """The id of a record in another system: (kind, source, account, external id) is unique, many per record."""

    __tablename__ = "contacts_external_id"
    __table_args__ = (
        UniqueConstraint("kind", "source", "account", "external_id", name="uq_contacts_external_id"),
        Index("ix_contacts_external_id_object", "kind", "object_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), default="contact")
    source: Mapped[str] = mapped_column(String(60))
    account: Mapped[str] = mapped_column(String(120), default="")
    external_id: Mapped[str] = mapped_column(String(200))
    object_id: Mapped[int]


class Tag(Base):
    """A tag, shared by every kind of record."""

    __tablename__ = "contacts_tag"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    name_key: Mapped[str] = mapped_column(String(80), unique=True)
    hue: Mapped[str] = mapped_column(String(10), default="blue")


class Tagging(Base):
    """A tag on a record: ``object_type`` “contact”, “invoice” …"""

    __tablename__ = "contacts_tagging"
    __table_args__ = (Index("ix_contacts_tagging_object", "object_type", "object_id", "tag_id"),)

    tag_id: Mapped[int] = mapped_column(ForeignKey("contacts_tag.id", ondelete="CASCADE"), primary_key=True)
    object_type: Mapped[str] = mapped_column(String(40), primary_key=True)
    object_id: Mapped[int] = mapped_column(primary_key=True)


class ContactDay(Base):
    """Delta rows: the sum of ``amount`` per day is the number of contacts (not in the bin) that were added on it.

    A day of the site's time zone. Rows are only ever added, so that no row is hot, and folded now and then.
    """

    __tablename__ = "contacts_day"
    __table_args__ = (Index("ix_contacts_day_day", "day", "amount"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[dt.date]
    amount: Mapped[int]


class SearchDocument(Base):
    """What can be found of a record: its folded text (no accents, no case).

    SQLite indexes it by trigrams in ``search_fts`` (external content, kept by triggers), PostgreSQL by pg_trgm; both are
    made by the first migration.
    """

    __tablename__ = "search_document"
    __table_args__ = (UniqueConstraint("owner", "object_id", name="uq_search_document_object"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[int]
    text: Mapped[str] = mapped_column(Text)


class TagKept(Base):
    """A tag that was deleted or merged into another: what brings it back for a while.

    ``winner_id`` is the tag that took its records; ``NULL`` when it was deleted.
    """

    __tablename__ = "contacts_tag_kept"
    __table_args__ = (Index("ix_contacts_tag_kept_at", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    hue: Mapped[str] = mapped_column(String(10))
    winner_id: Mapped[int | None]
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class TaggingKept(Base):
    """A record that carried it; ``moved``: it got the winner because of that."""

    __tablename__ = "contacts_tagging_kept"
    __table_args__ = (Index("ix_contacts_tagging_kept_object", "object_type", "object_id"),)

    kept_id: Mapped[int] = mapped_column(ForeignKey("contacts_tag_kept.id", ondelete="CASCADE"), primary_key=True)
    object_type: Mapped[str] = mapped_column(String(40), primary_key=True)
    object_id: Mapped[int] = mapped_column(primary_key=True)
    moved: Mapped[bool]
