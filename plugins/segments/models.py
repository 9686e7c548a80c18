"""Segments, and how large they were."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, and_, or_, text
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import Actor, UTCDateTime, plugin_base, texts

Base = plugin_base("segments")
#: Kind of record, as the audit log and events know it.
KIND = "segment"


class Segment(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """People chosen by conditions.

    ``conditions`` is a group as ``crmhost.api.conditions`` reads it; ``brought`` says which plugins its types come from.
    ``number`` is how many contacts there were in it at ``counted_at``, whoever may see them. One that is not ``shared`` is its
    owner's alone. ``version`` grows with each change (ETag).
    """

    __tablename__ = "segments_segment"
    __table_args__ = (
        Index(
            "uq_segments_segment_name",
            "name_key",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        # The id of a segment that is gone is never given again.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(texts.folded(120))
    conditions: Mapped[dict[str, Any]] = mapped_column(JSON)
    brought: Mapped[dict[str, list[str]]] = mapped_column(JSON, default=dict)
    shared: Mapped[bool] = mapped_column(default=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    number: Mapped[int | None]
    counted_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """Those that are shared, and the actor's own."""
        alive = cls.deleted_at.is_(None)
        if actor.kind == "system":
            return alive
        own = cls.owner_id == actor.user_id if actor.user_id is not None else text("1 = 0")
        return and_(alive, or_(cls.shared.is_(True), own))


class Size(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """How many contacts were in a segment on a day of the site's zone, when it was counted last."""

    __tablename__ = "segments_size"

    segment_id: Mapped[int] = mapped_column(ForeignKey("segments_segment.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    number: Mapped[int]
