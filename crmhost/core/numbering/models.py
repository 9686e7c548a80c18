"""How far sequences of numbers are."""

from __future__ import annotations

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base


class Sequence(Base):
    """The last number that a sequence gave in a period: a year, a month, or all time (an empty text)."""

    __tablename__ = "numbering_sequence"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    period: Mapped[str] = mapped_column(String(7), primary_key=True, default="")
    last: Mapped[int] = mapped_column(BigInteger)
