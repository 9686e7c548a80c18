"""Mail accounts, templates, mails with what became of them, bounces, and the addresses that get no more campaigns."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, MessageJSON, MessageText, UTCDateTime
from ...work.unit import Actor
from ..contacts.models import Contact

#: What a mail can be. ``unknown``: the sender ended between handing it over and writing that down; ``skipped``: one of a mailing
#: whose recipient got no more mail when its turn came; ``held``: one of a mailing that waits until it is let go.
STATES = ("queued", "sending", "sent", "logged", "failed", "unknown", "bounced", "skipped", "held")
#: What a mailing can be: its recipients are collected, it is sent, somebody halted it, all were dealt with, given up for good.
MAILING_STATES = ("planned", "sending", "paused", "done", "cancelled")

IN_MAILING, UNTOLD = "mailing_id IS NOT NULL", "NOT told"
OF_RECORD = "object_id IS NOT NULL"
OTHER_SUBJECT = "mailing_id IS NOT NULL AND variant > 0"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def record_of(row: Any) -> tuple[str, int] | None:
    """Kind and id of whom something with ``contact_id``, ``object_type`` and ``object_id`` is about; nothing for nobody."""
    if row.contact_id is not None:
        return "contact", row.contact_id
    return (row.object_type, row.object_id) if row.object_id is not None else None


def told_of(row: Any) -> dict[str, Any]:
    """Whose mail it is, as events say it."""
    known = {"contact_id": row.contact_id}
    return known if row.object_id is None else {**known, "object_type": row.object_type, "object_id": row.object_id}


class MailAccount(Base):
    """An account to send from. ``password`` and ``dkim_key`` stand encrypted, with the id of their key."""

    __tablename__ = "mail_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    name_key: Mapped[str] = mapped_column(String(80), unique=True)
    from_email: Mapped[str] = mapped_column(String(254))
    from_name: Mapped[str] = mapped_column(String(120), default="")
    reply_to: Mapped[str] = mapped_column(String(254), default="")
    host: Mapped[str] = mapped_column(String(253))
    port: Mapped[int]
    security: Mapped[str] = mapped_column(String(10))
    user: Mapped[str] = mapped_column(String(254), default="")
    password: Mapped[bytes | None] = mapped_column(LargeBinary)
    password_key: Mapped[str] = mapped_column(String(16), default="")
    signature: Mapped[str] = mapped_column(Text, default="")
    per_minute: Mapped[int | None]
    per_hour: Mapped[int | None]
    per_day: Mapped[int | None]
    dkim_domain: Mapped[str] = mapped_column(String(253), default="")
    dkim_selector: Mapped[str] = mapped_column(String(63), default="")
    dkim_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    dkim_key_key: Mapped[str] = mapped_column(String(16), default="")
    is_default: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class MailDomainPace(Base):
    """How many mails went to the addresses of a domain lately; ``used`` as in :class:`MailPace`."""

    __tablename__ = "mail_domain_pace"

    domain: Mapped[str] = mapped_column(String(253), primary_key=True)
    used: Mapped[dict[str, dict[str, int]]] = mapped_column(JSON, default=dict)


class MailPace(Base):
    """How many mails an account sent lately: one row an account (0: the one of the settings), locked while one is counted.

    ``used``: unit (``minute``, ``hour``, ``day``) -> number of a slot -> mails.
    """

    __tablename__ = "mail_pace"

    account: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    used: Mapped[dict[str, dict[str, int]]] = mapped_column(JSON, default=dict)


class MailTemplate(Base):
    """A template: ``content`` as it was written (``kind``: text, html, mjml), ``text`` when the text part is written by hand."""

    __tablename__ = "mail_template"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(String(120), unique=True)
    subject: Mapped[str] = mapped_column(String(300), default="")
    kind: Mapped[str] = mapped_column(String(10))
    content: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text, default="")
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    updated_by: Mapped[str] = mapped_column(String(200), default="")
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class MailMessage(Base):
    """One mail to one address, written with the job that sends it.

    It goes to a contact (``contact_id``), to the address of another record (``object_type``, the name of its kind, and
    ``object_id``), or to an address alone.

    ``source`` says which part of the site wanted it (``contact``, ``test``, or a plugin's ``ID:key``); ``answers`` is what
    servers said at each attempt: instant, code, words.

    One of a mailing has no text of its own: it is made from that of the mailing when it goes out. ``due_at`` is when it is tried
    again; ``told`` is false from its sending until the journal and the listeners know. ``variant``: which subject of the mailing
    it has, 0 for the first.
    """

    __tablename__ = "mail_message"
    __table_args__ = (
        Index("ix_mail_message_created", "created_at", "id"),
        Index("ix_mail_message_state", "state", "created_at", "id"),
        Index("ix_mail_message_account", "account_id", "created_at", "id"),
        Index("ix_mail_message_contact", "contact_id", "created_at", "id"),
        Index("ix_mail_message_object", "object_type", "object_id", "created_at", "id", **_where(OF_RECORD)),
        Index("ix_mail_message_email", "email_key", "created_at", "id"),
        Index("ix_mail_message_source", "source", "id"),
        Index("ix_mail_message_user", "user_id", "created_at", "id"),
        # The row is what keeps a mailing from reaching an address twice.
        Index("uq_mail_message_mailing", "mailing_id", "email_key", unique=True, **_where(IN_MAILING)),
        Index("ix_mail_message_mailing", "mailing_id", "state", "id", **_where(IN_MAILING)),
        Index("ix_mail_message_untold", "mailing_id", "id", **_where(UNTOLD)),
        Index("ix_mail_message_variant", "mailing_id", "variant", "state", **_where(OTHER_SUBJECT)),
        # The number stands in mails that are out: it is never given again.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
    object_type: Mapped[str] = mapped_column(String(60), default="", server_default="")
    object_id: Mapped[int | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("mail_account.id", ondelete="SET NULL"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    actor_label: Mapped[str] = mapped_column(String(200), default="")
    to_email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    to_name: Mapped[str] = mapped_column(String(250), default="")
    from_text: Mapped[str] = mapped_column(String(400), default="")
    subject: Mapped[str] = mapped_column(String(998))
    html: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    attachments: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    bulk: Mapped[bool] = mapped_column(default=False)
    base_url: Mapped[str] = mapped_column(String(300), default="")
    source: Mapped[str] = mapped_column(String(120), default="")
    state: Mapped[str] = mapped_column(String(10), default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    answers: Mapped[list[dict[str, Any]]] = mapped_column(MessageJSON, default=list)
    message_id: Mapped[str] = mapped_column(String(250), default="")
    mailing_id: Mapped[int | None]
    variant: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    started_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    told: Mapped[bool] = mapped_column(default=True, server_default=true())
    sent_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)

    @property
    def record(self) -> tuple[str, int] | None:
        """Kind and id of whose mail it is; nothing for one to an address alone."""
        return record_of(self)

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """What the actor may see: all, or the mails to their contacts and those they wrote."""
        if not actor.only_assigned:
            return true()
        mine = cls.contact_id.in_(select(Contact.id).where(Contact.within_reach(actor)))
        return or_(mine, cls.user_id == actor.user_id) if actor.user_id is not None else mine


class MailMailing(Base):
    """One text that goes to many: its mails are rows of :class:`MailMessage`, one an address.

    ``lanes``: so many mails at most are under way at a time, each over a connection of its own. ``halted`` is why it came to
    stand by itself. ``more``: placeholders of its sender besides those of the contact. ``size``: how many mails it has.
    ``subjects``: further ones, the second first.
    """

    __tablename__ = "mail_mailing"
    __table_args__ = (Index("ix_mail_mailing_source", "source", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(120))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("mail_account.id", ondelete="SET NULL"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    actor_label: Mapped[str] = mapped_column(String(200), default="")
    subject: Mapped[str] = mapped_column(String(998))
    subjects: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    html: Mapped[str] = mapped_column(Text, default="")
    text: Mapped[str] = mapped_column(Text, default="")
    more: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    base_url: Mapped[str] = mapped_column(String(300), default="")
    lanes: Mapped[int] = mapped_column(default=4)
    state: Mapped[str] = mapped_column(String(10), default="planned")
    size: Mapped[int] = mapped_column(default=0, server_default="0")
    halted: Mapped[str] = mapped_column(MessageText, default="")
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    started_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)


class MailPicture(Base):
    """A picture that a mail holds: as long as the mail is there, so is the picture."""

    __tablename__ = "mail_picture"
    __table_args__ = (Index("ix_mail_picture_message", "message_id"),)

    file_id: Mapped[int] = mapped_column(ForeignKey("files_file.id", ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("mail_message.id", ondelete="CASCADE"), primary_key=True)


class MailLink(Base):
    """What was found at an address that mails lead to; ``digest`` is its SHA-256.

    ``said``: why it leads nowhere; empty when somebody answers there.
    """

    __tablename__ = "mail_link"
    __table_args__ = (Index("ix_mail_link_at", "at"),)

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    said: Mapped[str] = mapped_column(MessageText, default="")
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class MailBounce(Base):
    """A report on a mail of ours that was taken into account, once: ``digest`` is the SHA-256 of the report.

    ``counted`` soft ones block an address when there are three in thirty days; a person who clears the address sets it to false.
    """

    __tablename__ = "mail_bounce"
    __table_args__ = (
        Index("ix_mail_bounce_address", "address_hash", "at"),
        Index("ix_mail_bounce_message", "message_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("mail_message.id", ondelete="SET NULL"))
    address_hash: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20), default="")
    said: Mapped[str] = mapped_column(String(500), default="")
    counted: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class MailSuppression(Base):
    """An address that gets no more campaigns, as a keyed hash: it outlives the contact and tells nobody the address.

    ``reason``: bounced, complained, unsubscribed.
    """

    __tablename__ = "mail_suppression"
    __table_args__ = (UniqueConstraint("address_hash", "reason", name="uq_mail_suppression_address_reason"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    address_hash: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(20))
    said: Mapped[str] = mapped_column(String(500), default="")
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
