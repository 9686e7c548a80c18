"""Merges with what they moved, the keys by which duplicates are found, and pairs that are none."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, MessageJSON, UTCDateTime
from ..text import folded


class Merge(Base):
    """One merge, an undoable step.

    ``changes``: what was done to the contact that stayed, see :mod:`crmhost.core.merging.joining`; empty once it was undone or
    can't be any more, and then not ``kept``. ``stayed``: what an undo found edited or gone, and left as it was.
    """

    __tablename__ = "merging_merge"
    __table_args__ = (Index("ix_merging_merge_winner", "winner_id", "id"), Index("ix_merging_merge_kept", "kept", "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    winner_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
    loser_ids: Mapped[list[int]] = mapped_column(JSON, default=list)
    changes: Mapped[dict[str, Any]] = mapped_column(MessageJSON, default=dict)
    stayed: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    kept: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    actor_label: Mapped[str] = mapped_column(String(200), default="")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    undone_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    undone_by: Mapped[str] = mapped_column(String(200), default="")


class MergeStep(Base):
    """Rows of one table that a merge moved from one contact: ``rows`` holds ``[key, digest]`` of each, the key as a list.

    ``kind``: “moved”, or “dropped” for rows that the contact that stayed had already; ``rows`` then holds their columns.
    """

    __tablename__ = "merging_step"
    __table_args__ = (Index("ix_merging_step_merge", "merge_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    merge_id: Mapped[int] = mapped_column(ForeignKey("merging_merge.id", ondelete="CASCADE"))
    loser_id: Mapped[int]
    plugin: Mapped[str] = mapped_column(String(60), default="")
    table_name: Mapped[str] = mapped_column(String(64))
    column_name: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(10), default="moved")
    rows: Mapped[list[Any]] = mapped_column(JSON, default=list)


class MatchKey(Base):
    """A key of a contact that is not in the bin: two contacts with the same key may be one person.

    ``kind``: name, phone or email, see :mod:`crmhost.core.merging.keys`.
    """

    __tablename__ = "merging_key"
    __table_args__ = (Index("ix_merging_key_key", "kind", "key", "contact_id"),)

    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    key: Mapped[str] = mapped_column(folded(200), primary_key=True)


class MatchGroup(Base):
    """A key that several contacts have, unless somebody said of each pair of them that they are two people."""

    __tablename__ = "merging_group"

    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    key: Mapped[str] = mapped_column(folded(200), primary_key=True)
    size: Mapped[int]


class Distinct(Base):
    """Two contacts that somebody looked at and found to be two people."""

    __tablename__ = "merging_distinct"
    __table_args__ = (Index("ix_merging_distinct_high", "high_id"),)

    low_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"), primary_key=True)
    high_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"), primary_key=True)
