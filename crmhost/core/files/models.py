"""What is known of each file; its bytes lie in the file storage."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, UTCDateTime


class File(Base):
    """A file: its bytes never change; another version is another file.

    ``key`` says where the bytes lie and is never shown. ``owner`` is the plugin that says who may open it. A file about a
    person has ``contact_id``, goes when that person is erased, and is closed to whoever may not see the contact.
    """

    __tablename__ = "files_file"
    __table_args__ = (
        Index("ix_files_file_owner", "owner", "id"),
        Index("ix_files_file_contact", "contact_id", "id"),
        # The number of a deleted file, which links may hold, is never given again.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    #: In bytes.
    size: Mapped[int] = mapped_column(BigInteger)
    #: SHA-256, as 64 digits.
    sha256: Mapped[str] = mapped_column(String(64))
    #: As its first bytes tell.
    media_type: Mapped[str] = mapped_column(String(120))
    owner: Mapped[str] = mapped_column(String(60))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
