"""Stored settings."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, UTCDateTime


class StoredSetting(Base):
    """One setting that differs from its default. Secrets stand encrypted in ``secret``, with the id of their key."""

    __tablename__ = "settings_value"

    plugin: Mapped[str] = mapped_column(String(60), primary_key=True)
    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    value: Mapped[Any | None] = mapped_column(JSON)
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    key_id: Mapped[str] = mapped_column(String(16), default="", server_default="")
    updated_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
