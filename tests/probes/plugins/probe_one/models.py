"""Scores, the roll-up per status and what was already heard."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import UTCDateTime, plugin_base

Base = plugin_base("probe_one")


class Score(Base):
    """Points given to a contact. ``source``: page, api, webhook, import, bulk or command."""

    __tablename__ = "probe_one_score"
    __table_args__ = (Index("ix_probe_one_score_contact_id", "contact_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
    points: Mapped[int]
    remark: Mapped[str] = mapped_column(String(200), default="")
    source: Mapped[str] = mapped_column(String(20), default="page")
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    custom: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class Member(Base):
    """The status in which the roll-up counts a contact."""

    __tablename__ = "probe_one_member"

    contact_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status_id: Mapped[int]


class Rollup(Base):
    """How many contacts that are not in the bin a status holds; a status without contacts has no row."""

    __tablename__ = "probe_one_rollup"

    status_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    contacts: Mapped[int] = mapped_column(default=0)


class Heard(Base):
    """An event that was handled, so that a repeat changes nothing."""

    __tablename__ = "probe_one_heard"

    event_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(80))
