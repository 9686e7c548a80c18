"""Users, roles, sessions, tokens, sign-in attempts and what each user arranged for themselves."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...db import Base, UTCDateTime


class Role(Base):
    """An editable set of permissions. ``locked``: Admin, which holds every permission and can't be changed."""

    __tablename__ = "users_role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    permissions: Mapped[list[str]] = mapped_column(JSON, default=list)
    locked: Mapped[bool] = mapped_column(default=False)


class User(Base):
    """Somebody who signs in. ``given`` and ``taken`` are permissions on top of the role.

    ``totp_secret`` stands encrypted; it counts once it was confirmed, ``totp_at``. ``totp_step`` is the last time step
    (RFC 6238) of which a code was taken: none works twice.
    """

    __tablename__ = "users_user"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    password: Mapped[str] = mapped_column(String(200), default="")
    role_id: Mapped[int] = mapped_column(ForeignKey("users_role.id"))
    given: Mapped[list[str]] = mapped_column(JSON, default=list)
    taken: Mapped[list[str]] = mapped_column(JSON, default=list)
    only_assigned: Mapped[bool] = mapped_column(default=False)
    disabled_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    locale: Mapped[str] = mapped_column(String(10), default="")
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    #: SHA-256 of the token of an open invitation.
    invite_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    invite_until: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    totp_secret: Mapped[str] = mapped_column(String(300), default="", server_default="")
    totp_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    totp_step: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")

    role: Mapped[Role] = relationship(lazy="joined", innerjoin=True)


class UserSession(Base):
    """A signed-in browser. The cookie holds a random token, the table its SHA-256.

    ``confirmed_at``: when the person last proved who they are. ``way``: password, openid.
    """

    __tablename__ = "users_session"
    __table_args__ = (Index("ix_users_session_user", "user_id"),)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"))
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(300), default="")
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    way: Mapped[str] = mapped_column(String(10), default="password", server_default="password")


class Browser(Base):
    """A browser from which a user signed in before; until ``trusted_until`` it is not asked for a code."""

    __tablename__ = "users_browser"
    __table_args__ = (Index("ix_users_browser_user", "user_id", "seen_at"),)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"), primary_key=True)
    seen_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    trusted_until: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)


class RecoveryCode(Base):
    """A code that stands in for the authenticator app, once. Stored as SHA-256: it is random, 80 bits."""

    __tablename__ = "users_recovery"
    __table_args__ = (UniqueConstraint("user_id", "code_hash", name="uq_users_recovery_code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"))
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)


class Ticket(Base):
    """Leave to do one thing once: what is held is a random token, the table has its SHA-256.

    ``kind``: ``code`` (the password was right, the code is still to come), ``reset`` (choose a new password), ``openid``
    (somebody is at the OpenID provider).
    """

    __tablename__ = "users_ticket"
    __table_args__ = (Index("ix_users_ticket_user", "user_id", "kind"), Index("ix_users_ticket_expires", "expires_at"))

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"))
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    expires_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Identity(Base):
    """A user as an OpenID provider knows them: ``issuer`` and ``subject`` never change, an e-mail may."""

    __tablename__ = "users_identity"
    __table_args__ = (
        UniqueConstraint("issuer", "subject", name="uq_users_identity_subject"),
        Index("ix_users_identity_user", "user_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    linked_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class ApiToken(Base):
    """A bearer token of the API, stored as SHA-256, bound to a user and that user's permissions."""

    __tablename__ = "users_token"
    __table_args__ = (Index("ix_users_token_user", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"))
    label: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)


class SignInAttempt(Base):
    """A failed sign-in, for limits by address and by account that hold in every process."""

    __tablename__ = "users_attempt"
    __table_args__ = (Index("ix_users_attempt_key", "key", "at"), Index("ix_users_attempt_at", "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(300))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Preference(Base):
    """What one user arranged: order of dashboard widgets, columns and views of lists, layout of pages."""

    __tablename__ = "users_preference"

    user_id: Mapped[int] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
