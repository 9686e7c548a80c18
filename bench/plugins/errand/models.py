"""What errands leave behind."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crmhost.api import plugin_base

Base = plugin_base("errand")


class Told(Base):
    """A change that was made, with its event."""

    __tablename__ = "errand_told"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)


class Effect(Base):
    """An effect that may be there once: its key says of what."""

    __tablename__ = "errand_effect"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    note: Mapped[str] = mapped_column(String(200), default="")
