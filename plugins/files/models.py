"""Files of records, their versions, and uploads that are under way."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, String, and_, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import Actor, Contact, UTCDateTime, keyset, plugin_base, texts

Base = plugin_base("files")
#: Kind of record, as the audit log and links know it.
KIND = "file"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


_LIVE = _where("deleted_at IS NULL")


class Entry(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A file of a record; ``name``, ``size``, ``media_type``, ``file_id`` and ``thumbnail_id`` are those of its newest version.

    ``object_type`` and ``object_id`` name the record (:class:`crmhost.api.RecordKind`); for a contact ``contact_id`` is the same
    number. One in the bin has ``deleted_at``. ``version`` grows with each change (ETag).
    """

    __tablename__ = "files_entry"
    __table_args__ = (
        Index("ix_files_entry_object", "object_type", "object_id", "id", **_LIVE),
        Index("ix_files_entry_contact", "contact_id", "id"),
        Index("ix_files_entry_created", "created_at", "id", **_LIVE),
        Index("ix_files_entry_name", "name_key", "id", **_LIVE),
        Index("ix_files_entry_size", "size", "id", **_LIVE),
        Index("ix_files_entry_kind_created", "kind", "created_at", "id", **_LIVE),
        Index("ix_files_entry_kind_name", "kind", "name_key", "id", **_LIVE),
        Index("ix_files_entry_kind_size", "kind", "size", "id", **_LIVE),
        Index("ix_files_entry_journal", "journal_id", **_where("journal_id IS NOT NULL")),
        Index("ix_files_entry_deleted", "deleted_at", "id", **_where("deleted_at IS NOT NULL")),
        # The id of an erased file is never given again.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[int]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("files_file.id", ondelete="SET NULL"))
    thumbnail_id: Mapped[int | None] = mapped_column(ForeignKey("files_file.id", ondelete="SET NULL"))
    #: The entry of the journal that it was attached to.
    journal_id: Mapped[int | None] = mapped_column(ForeignKey("journal_entry.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(texts.folded(200))
    #: In bytes.
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(80), default="")
    description: Mapped[str] = mapped_column(String(1000), default="")
    #: Whether the client sees it in the portal.
    portal: Mapped[bool] = mapped_column(default=False)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Files that are not in the bin, of records that the actor may see: for contacts exactly, for others by their page."""
        return and_(cls.deleted_at.is_(None), cls.within_reach(actor))

    @classmethod
    def within_reach(cls, actor: Actor) -> ColumnElement[bool]:
        """Files of contacts that the actor sees; those of other records too, but for an actor limited to their own contacts."""
        # Asked row by row: the ids of a million contacts are no list to make for each page.
        of_contacts = select(Contact.id).where(Contact.id == cls.contact_id, Contact.visible_to(actor)).exists()
        # A list is read in its order; the index on contacts would find all of them first, and sort.
        return keyset.opaque(of_contacts if actor.only_assigned else or_(cls.contact_id.is_(None), of_contacts))


class Version(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A version of a file; the first has ``number`` 1."""

    __tablename__ = "files_version"
    __table_args__ = (Index("ix_files_version_file", "file_id"), Index("ix_files_version_thumbnail", "thumbnail_id"))

    entry_id: Mapped[int] = mapped_column(ForeignKey("files_entry.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    file_id: Mapped[int | None] = mapped_column(ForeignKey("files_file.id", ondelete="SET NULL"))
    thumbnail_id: Mapped[int | None] = mapped_column(ForeignKey("files_file.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(200))
    size: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(String(120))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Upload(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """An upload that is under way: ``offset`` bytes of ``size`` have come. ``entry_id`` is the file that gets a new version."""

    __tablename__ = "files_upload"
    __table_args__ = (Index("ix_files_upload_created", "created_at"), Index("ix_files_upload_user", "user_id"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"))
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[int]
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("files_entry.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(120), default="")
    size: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger, default=0)
    #: The file that it became.
    made_id: Mapped[int | None] = mapped_column(ForeignKey("files_entry.id", ondelete="CASCADE"))
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Piece(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """Bytes of an upload that wait in the storage, from ``start`` on."""

    __tablename__ = "files_piece"

    upload_id: Mapped[str] = mapped_column(ForeignKey("files_upload.id", ondelete="CASCADE"), primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(40))
    size: Mapped[int]
