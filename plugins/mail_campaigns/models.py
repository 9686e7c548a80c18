"""Campaigns, who was left out of them, and sequences. The mails themselves are mailings of the core."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import Actor, UTCDateTime, plugin_base, texts

Base = plugin_base("mail_campaigns")
#: What the sources of mails of campaigns begin with.
SOURCE = "mail_campaigns"
#: Kind of record, as audit, events and search know it.
KIND = "campaign"
SEQUENCE = "sequence"
_OF_RECORD = "object_id IS NOT NULL"
#: What a campaign can be. ``planning``: its audience is being written down; ``testing``: several subjects are tried, the rest of
#: the audience waits for the best; ``sending``: its mailing goes out.
STATES = ("draft", "scheduled", "planning", "testing", "sending", "paused", "sent", "cancelled")


class Campaign(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A campaign. ``content`` is as it was written (``content_kind``: blocks, rich, text, html, mjml).

    ``audience``: ``{"include": [part, …], "exclude": [part, …]}``; a part is ``{"all": true}``, ``{"tag": name}``,
    ``{"status": name}``, ``{"segment": id}``, or for the people of companies ``{"company_tag": name}`` or
    ``{"company_status": name}``; with ``"companies": "address"`` these mean the addresses of the companies, with ``"both"`` these
    too. ``planned_to``, ``companies_to``: contacts and companies up to this id are written down.
    ``left_out``: reason -> how many. ``before_pause``: the state to go back to. ``begin_job_id``: the job that begins it when
    it is scheduled.

    ``subjects``: further ones that are tried, with ``test_share`` percent of the audience; ``test_figure`` decides after
    ``test_wait`` minutes, or a person (``hand``). ``winner``: number of the subject that the rest gets, 0 for the first;
    ``winner_how``: ``figure``, ``hand``, ``tie`` or ``none`` (nobody did anything).

    One with ``step_id`` is an edition of a step of the sequence ``sequence_id``: its words as they were, and the mails that went
    out with them. Lists don't show it, and it stays when its step is taken away. ``step_open``: further recipients may come.
    """

    __tablename__ = "mail_campaigns_campaign"
    __table_args__ = (
        Index("ix_mail_campaigns_campaign_updated", "updated_at", "id"),
        Index("ix_mail_campaigns_campaign_name", "name_key", "id"),
        Index("ix_mail_campaigns_campaign_state", "state", "updated_at", "id"),
        Index("ix_mail_campaigns_campaign_mailing", "mailing_id"),
        Index("ix_mail_campaigns_campaign_step", "step_id", "step_round", "id"),
        Index("ix_mail_campaigns_campaign_sequence", "sequence_id", "id"),
        Index("ix_mail_campaigns_campaign_topic", "topic_id", "state"),
        Index("ix_mail_campaigns_campaign_web", "web_key"),
        Index("ix_mail_campaigns_campaign_archive", "archived", "started_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(texts.folded(200))
    #: What it is about; none goes to everybody of its audience who did not unsubscribe.
    topic_id: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(10), default="draft")
    before_pause: Mapped[str] = mapped_column(String(10), default="")
    subject: Mapped[str] = mapped_column(String(300), default="")
    subjects: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    test_share: Mapped[int] = mapped_column(default=20, server_default="20")
    test_figure: Mapped[str] = mapped_column(String(10), default="clicked", server_default="clicked")
    test_wait: Mapped[int] = mapped_column(default=240, server_default="240")
    test_ends_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    winner: Mapped[int | None]
    winner_how: Mapped[str] = mapped_column(String(10), default="", server_default="")
    content_kind: Mapped[str] = mapped_column(String(10), default="rich")
    content: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    template_id: Mapped[int | None]
    #: Of the core's accounts; none is the default one.
    account_id: Mapped[int | None]
    audience: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    track_clicks: Mapped[bool] = mapped_column(default=False)
    track_opens: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: Last part of the address of its page on the web; nothing until mails are out.
    web_key: Mapped[str] = mapped_column(String(40), default="", server_default="")
    archived: Mapped[bool] = mapped_column(default=False, server_default=false())
    scheduled_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    begin_job_id: Mapped[int | None]
    mailing_id: Mapped[int | None]
    planned_to: Mapped[int] = mapped_column(default=0)
    companies_to: Mapped[int] = mapped_column(default=0, server_default="0")
    planned: Mapped[int] = mapped_column(default=0)
    left_out: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    started_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    sequence_id: Mapped[int | None]
    step_id: Mapped[int | None]
    step_round: Mapped[int] = mapped_column(default=0, server_default="0")
    step_open: Mapped[bool] = mapped_column(default=False, server_default=false())
    version: Mapped[int] = mapped_column(default=1)

    @property
    def best_subject(self) -> str:
        """The subject that most got: of several, the one that went to the rest."""
        return (self.subject, *self.subjects)[self.winner or 0]

    @classmethod
    def visible_to(cls, _actor: Actor) -> ColumnElement[bool]:
        """All but those that are a part of a sequence."""
        return cls.step_id.is_(None)


class Topic(Base):  # type: ignore[misc, valid-type]
    """What campaigns are about, for readers to choose from. ``chosen``: who said nothing gets its campaigns."""

    __tablename__ = "mail_campaigns_topic"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    name_key: Mapped[str] = mapped_column(String(80), unique=True)
    description: Mapped[str] = mapped_column(String(300), default="")
    chosen: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)


class Choice(Base):  # type: ignore[misc, valid-type]
    """Whether the owner of an address wants a topic. As a keyed hash it outlives the contact and tells nobody the address."""

    __tablename__ = "mail_campaigns_choice"
    __table_args__ = (Index("ix_mail_campaigns_choice_address", "address_hash", "topic_id"),)

    topic_id: Mapped[int] = mapped_column(ForeignKey("mail_campaigns_topic.id", ondelete="CASCADE"), primary_key=True)
    address_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    wanted: Mapped[bool]
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class LeftOut(Base):  # type: ignore[misc, valid-type]
    """A contact or company of the audience that gets no mail, and why: see :class:`crmhost.api.mail.mailings.LeftOut`."""

    __tablename__ = "mail_campaigns_left"
    __table_args__ = (
        Index("ix_mail_campaigns_left_reason", "campaign_id", "reason", "id"),
        Index("ix_mail_campaigns_left_contact", "contact_id", "campaign_id", unique=True),
        Index(
            "ix_mail_campaigns_left_object",
            "object_type",
            "object_id",
            sqlite_where=text(_OF_RECORD),
            postgresql_where=text(_OF_RECORD),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("mail_campaigns_campaign.id", ondelete="CASCADE"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
    object_type: Mapped[str] = mapped_column(String(60), default="")
    object_id: Mapped[int | None]
    reason: Mapped[str] = mapped_column(String(20))


class Event(Base):  # type: ignore[misc, valid-type]
    """What a recipient did, or what came back: once for each mail, kind and link.

    ``kind``: bounced, complained, unsubscribed, clicked, opened; click_told, open_told: the journal has it. ``link``: number of
    the link, 0 for none. ``sure``: whether a person clicked or opened it: ``certain``, ``likely_machine`` or ``unknown``.
    """

    __tablename__ = "mail_campaigns_event"
    __table_args__ = (
        Index("ix_mail_campaigns_event_kind", "campaign_id", "kind", "at"),
        Index("ix_mail_campaigns_event_contact", "contact_id", "at"),
    )

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("mail_campaigns_campaign.id", ondelete="CASCADE"), primary_key=True
    )
    mail_id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    link: Mapped[int] = mapped_column(primary_key=True, default=0)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
    sure: Mapped[str] = mapped_column(String(15), default="")
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Link(Base):  # type: ignore[misc, valid-type]
    """A link of a campaign whose clicks are counted, by its number from 1; the address is where it leads."""

    __tablename__ = "mail_campaigns_link"

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("mail_campaigns_campaign.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(Text)


_DUE, _WHY = "due_at IS NOT NULL", "reason <> ''"


class Sequence(Base):  # type: ignore[misc, valid-type]
    """A series of mails with waits.

    ``joins``: ``start`` (who is in the audience when it is switched on) or ``always`` (who comes later too). ``gathered``:
    the first are all in. ``leave_segment``: who is in it gets no further mail. ``user_id``: who switched it on; it reaches whom
    they may see.
    """

    __tablename__ = "mail_campaigns_sequence"
    __table_args__ = (
        Index("ix_mail_campaigns_sequence_updated", "updated_at", "id"),
        Index("ix_mail_campaigns_sequence_name", "name_key", "id"),
        Index("ix_mail_campaigns_sequence_on", "is_on", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(texts.folded(200))
    is_on: Mapped[bool] = mapped_column(default=False)
    audience: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    joins: Mapped[str] = mapped_column(String(10), default="always")
    gathered: Mapped[bool] = mapped_column(default=False)
    leave_segment: Mapped[int | None]
    account_id: Mapped[int | None]
    #: What its mails are about; none goes to everybody who did not unsubscribe.
    topic_id: Mapped[int | None]
    track_clicks: Mapped[bool] = mapped_column(default=False)
    track_opens: Mapped[bool] = mapped_column(default=False, server_default=false())
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)


class Step(Base):  # type: ignore[misc, valid-type]
    """A mail of a sequence. ``content`` as that of a campaign.

    It goes out ``wait_number`` of ``wait_unit`` (minutes, hours, days, weeks) after the one before, or after entering; with
    ``office`` on weekdays only, from ``opens`` to ``closes``, minutes of the day in the site's zone.
    """

    __tablename__ = "mail_campaigns_step"
    __table_args__ = (
        Index("ix_mail_campaigns_step_place", "sequence_id", "place", "id"),
        # Its number stands at campaigns, which outlive it.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sequence_id: Mapped[int] = mapped_column(ForeignKey("mail_campaigns_sequence.id", ondelete="CASCADE"))
    place: Mapped[int]
    subject: Mapped[str] = mapped_column(String(300), default="")
    content_kind: Mapped[str] = mapped_column(String(10), default="rich")
    content: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    template_id: Mapped[int | None]
    wait_number: Mapped[int] = mapped_column(default=0)
    wait_unit: Mapped[str] = mapped_column(String(10), default="days")
    office: Mapped[bool] = mapped_column(default=False)
    opens: Mapped[int] = mapped_column(default=540)
    closes: Mapped[int] = mapped_column(default=1_020)
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)


class Place(Base):  # type: ignore[misc, valid-type]
    """Where a contact is in a sequence: one row, whatever happens, so nobody is in it twice.

    ``state``: inside, finished, left. ``step_id``: the step that comes next, or at which they left. ``due_at``: when it is due.
    ``reason``: why they left. ``round``: how often they were taken in again by hand.
    """

    __tablename__ = "mail_campaigns_place"
    __table_args__ = (
        Index(
            "ix_mail_campaigns_place_due",
            "sequence_id",
            "due_at",
            "contact_id",
            sqlite_where=text(_DUE),
            postgresql_where=text(_DUE),
        ),
        Index("ix_mail_campaigns_place_contact", "contact_id"),
        Index("ix_mail_campaigns_place_state", "sequence_id", "state", "contact_id"),
        Index("ix_mail_campaigns_place_step", "sequence_id", "step_id", "state", "contact_id"),
        Index(
            "ix_mail_campaigns_place_reason",
            "sequence_id",
            "reason",
            "contact_id",
            # For the figures, which are counted by the index alone.
            "step_id",
            sqlite_where=text(_WHY),
            postgresql_where=text(_WHY),
        ),
    )

    sequence_id: Mapped[int] = mapped_column(
        ForeignKey("mail_campaigns_sequence.id", ondelete="CASCADE"), primary_key=True
    )
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    step_id: Mapped[int | None]
    due_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(String(20), default="")
    round: Mapped[int] = mapped_column(default=0)
    entered_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
