"""How long each contact was in each status, taken from the history of statuses so that large periods are read quickly."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import UTCDateTime, plugin_base

Base = plugin_base("funnel")

_CAME_BACK = text("again_at IS NOT NULL")


class Stay(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """An unbroken time of a contact in a status.

    ``next_id``, ``seconds`` and ``span`` are empty while it lasts. ``again_at``: when the contact next entered the same status.
    ``live``: the contact is not in the bin. ``week``: see :func:`plugins.funnel.flows.week_of`.
    """

    __tablename__ = "funnel_stay"
    __table_args__ = (
        # Holds all that the figures need, in the order in which they are summed up, so that they are read from it alone.
        Index(
            "ix_funnel_stay_flow",
            "status_id",
            "live",
            "next_id",
            "span",
            "entered_at",
            "again_at",
            "seconds",
            "contact_id",
        ),
        # The same in order of time, for the ends of a period, and those that are not among the kept sums.
        Index("ix_funnel_stay_entered", "status_id", "live", "entered_at", "again_at", "next_id", "span", "contact_id"),
        Index(
            "ix_funnel_stay_again",
            "status_id",
            "live",
            "again_at",
            "entered_at",
            "next_id",
            "span",
            sqlite_where=_CAME_BACK,
            postgresql_where=_CAME_BACK,
        ),
        # The same by contact, for filters.
        Index("ix_funnel_stay_contact", "contact_id", "live", "status_id", "entered_at", "again_at", "next_id", "span"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
    #: 0 for a status that was deleted.
    status_id: Mapped[int]
    entered_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    #: The status that followed.
    next_id: Mapped[int | None]
    #: How long it lasted.
    seconds: Mapped[int | None] = mapped_column(BigInteger)
    #: ``seconds`` roughly, see :func:`plugins.funnel.stays.span_of`.
    span: Mapped[int | None]
    again_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    live: Mapped[bool] = mapped_column(default=True)
    week: Mapped[int] = mapped_column(server_default="0")


class Flow(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """How many stays of a kind there are, or how many more or fewer: the rows of one kind add up.

    Only stays of contacts that are not in the bin count, and of each contact only its last in a status.
    """

    __tablename__ = "funnel_flow"
    __table_args__ = (Index("ix_funnel_flow_week", "status_id", "week", "next_id", "span", "amount"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    status_id: Mapped[int]
    #: The week in which they began.
    week: Mapped[int]
    next_id: Mapped[int | None]
    span: Mapped[int | None]
    amount: Mapped[int]
