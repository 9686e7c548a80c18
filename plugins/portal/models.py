"""Accounts of clients, their sessions, links that let them in once, changes that wait for approval, pages of the site's own."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import UTCDateTime, plugin_base

Base = plugin_base("portal")


class Account(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A contact's way into the portal. Its user name is the contact's main e-mail, whatever that is at the time.

    ``password`` is an argon2 hash, empty for one who comes by mailed links alone. A ``temporary`` one lets in until
    ``temporary_until`` and must be changed first. ``last_at`` is when the client was last there.
    """

    __tablename__ = "portal_account"
    __table_args__ = (
        Index("ix_portal_account_created_by", "created_by_id"),
        Index("ix_portal_account_last", "last_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"), unique=True)
    password: Mapped[str] = mapped_column(String(200), default="")
    temporary: Mapped[bool] = mapped_column(default=False)
    temporary_until: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    enabled: Mapped[bool] = mapped_column(default=True)
    #: Whether the client sees the records of their companies, where the site leaves that to each account.
    sees_company: Mapped[bool] = mapped_column(default=False)
    locale: Mapped[str] = mapped_column(String(10), default="")
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))
    last_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)


class PortalSession(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A browser that is signed in, or was: ended ones are the list of visits. The cookie holds a token, this its SHA-256.

    It holds while the contact's main e-mail is ``email_key``: who signed in under an address that changed signs in again. One
    with ``user_id`` is that user's preview of the portal as the contact of ``contact_id``; it has no account.
    """

    __tablename__ = "portal_session"
    __table_args__ = (
        Index("ix_portal_session_account", "account_id", "created_at"),
        Index("ix_portal_session_contact", "contact_id"),
        Index("ix_portal_session_user", "user_id"),
        Index("ix_portal_session_seen", "seen_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("portal_account.id", ondelete="CASCADE"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"))
    email_key: Mapped[str] = mapped_column(String(254), default="")
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    #: Whether the client wanted to stay signed in on this computer.
    stays: Mapped[bool] = mapped_column(default=False)
    #: password, link.
    way: Mapped[str] = mapped_column(String(10), default="password")
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(300), default="")


class Token(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A mailed link that works once. ``kind``: welcome, sign_in, password. It holds while the main e-mail is ``email_key``."""

    __tablename__ = "portal_token"
    __table_args__ = (
        Index("ix_portal_token_account", "account_id", "kind"),
        Index("ix_portal_token_expires", "expires_at"),
    )

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("portal_account.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(10))
    email_key: Mapped[str] = mapped_column(String(254))
    expires_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class DetailChange(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """What a client wants changed of their details and staff decide on. ``state``: waiting, approved, rejected.

    ``before`` and ``after`` hold fields by the names of :mod:`.details`.
    """

    __tablename__ = "portal_change"
    __table_args__ = (
        Index("ix_portal_change_contact", "contact_id", "state"),
        Index("ix_portal_change_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts_contact.id", ondelete="CASCADE"))
    before: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    after: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    note: Mapped[str] = mapped_column(Text, default="")
    asked_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    decided_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="SET NULL"))


class SitePage(Base):  # type: ignore[misc, valid-type]  # the base is made by a function
    """A page of the portal that the site wrote itself. ``content`` is HTML with placeholders."""

    __tablename__ = "portal_page"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    title: Mapped[str] = mapped_column(String(80))
    content: Mapped[str] = mapped_column(Text, default="")
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)
