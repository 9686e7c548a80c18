"""Links to documents, and who opened them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, UTCDateTime


class Link(Base):
    """Leave to open one document.

    It is found by the SHA-256 of its token; ``sealed`` is the token encrypted, so that the link can be copied again.
    """

    __tablename__ = "links_link"
    __table_args__ = (
        Index("ix_links_link_object", "object_type", "object_id", "id"),
        Index("ix_links_link_expires", "expires_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    sealed: Mapped[str] = mapped_column(Text)
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[int]
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    #: None: until it is revoked.
    expires_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)

    def holds(self, now: dt.datetime) -> bool:
        """Whether it opens its document."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class LinkOpening(Base):
    """Somebody looked at a document by its link."""

    __tablename__ = "links_opening"
    __table_args__ = (Index("ix_links_opening_link", "link_id", "at"), Index("ix_links_opening_at", "at"))

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("links_link.id", ondelete="CASCADE"))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    address: Mapped[str] = mapped_column(String(60), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")
