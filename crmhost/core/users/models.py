"""Users, roles, sessions, tokens, sign-in attempts and what each user arranged for themselves."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
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
    """Somebody who signs in. ``given`` and ``taken`` are permissions on top of the role."""

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

    role: Mapped[Role] = relationship(lazy="joined", innerjoin=True)


class UserSession(Base):
    """A signed-in browser. The cookie holds a random token, the table its SHA-256."""

    __tablename__ = "users_session"
    __table_args__ = (Index("ix_users_session_user", "user_id"),)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"))
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(300), default="")


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
    __table_args__ = (Index("ix_users_attempt_key", "key", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(300))
    at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class Preference(Base):
    """What one user arranged: order of dashboard widgets, columns and views of lists, layout of pages."""

    __tablename__ = "users_preference"

    user_id: Mapped[int] = mapped_column(ForeignKey("users_user.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
