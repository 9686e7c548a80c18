"""Exchange rates."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base


class Rate(Base):
    """What one unit of a currency was worth on a day: ``rate`` units of ``base``, a decimal number kept as text."""

    __tablename__ = "rates_rate"
    __table_args__ = (
        UniqueConstraint("base", "currency", "day", name="uq_rates_rate_base"),
        Index("ix_rates_rate_day", "day", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    base: Mapped[str] = mapped_column(String(3))
    currency: Mapped[str] = mapped_column(String(3))
    day: Mapped[dt.date]
    rate: Mapped[str] = mapped_column(String(40))
    #: manual, import, or the id of the plugin that delivered it.
    source: Mapped[str] = mapped_column(String(60), default="manual")

    @property
    def exact(self) -> Decimal:
        """The rate as a number."""
        return Decimal(self.rate)
