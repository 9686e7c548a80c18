"""Changes of many rows of a list, and the parts that they were made in."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, UTCDateTime


class ListChange(Base):
    """What one user did to many rows of a list. ``action`` is the id of the list's :class:`crmhost.web.api.Bulk`."""

    __tablename__ = "lists_change"
    __table_args__ = (
        Index("ix_lists_change_user", "user_id"),
        Index("ix_lists_change_created", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"))
    list_id: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class ListPart(Base):
    """Rows that were changed in one transaction.

    ``ids`` are those that were meant, ``number`` says how many of them changed. ``undo`` is what the action needs to take it
    back. ``done_at`` is empty until the part's turn came, ``undone_at`` until it was taken back.
    """

    __tablename__ = "lists_part"

    change_id: Mapped[int] = mapped_column(ForeignKey("lists_change.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ids: Mapped[list[int]] = mapped_column(JSON)
    number: Mapped[int] = mapped_column(default=0, server_default="0")
    undo: Mapped[Any] = mapped_column(JSON, nullable=True)
    done_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    undone_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)


class ListView(Base):
    """A view of a list that is shared with everybody; ``content``: ``name``, and ``query`` of the list's address."""

    __tablename__ = "lists_view"
    __table_args__ = (Index("ix_lists_view_list", "list_id", "id"), Index("ix_lists_view_user", "user_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[str] = mapped_column(String(80))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    content: Mapped[dict[str, str]] = mapped_column(JSON)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
