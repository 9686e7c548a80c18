"""How days are cut: as they are kept with each transaction, or by the instants of a zone."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Sequence
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, Integer, String, and_, column, values

from crmhost.api import UTCDateTime
from plugins.transactions.api import Transaction

#: First and last day, both included.
Span = tuple[dt.date, dt.date]
_DAY = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Calendar:
    """Days of transactions.

    :param zone: cuts them by their instants in this zone; ``None`` takes the day that is kept, of the site's zone.
    """

    zone: ZoneInfo | None = None

    def between(self, span: Span) -> ColumnElement[bool]:
        """The condition that a transaction lies in a span."""
        first, last = self._bounds(span)
        if self.zone is None:
            return and_(Transaction.day >= first, Transaction.day <= last)
        return and_(Transaction.at >= first, Transaction.at < last)

    def until(self, day: dt.date) -> ColumnElement[bool]:
        """The condition that a transaction lies on a day or before it."""
        last = self._bounds((day, day))[1]
        return cast("ColumnElement[bool]", Transaction.day <= last if self.zone is None else Transaction.at < last)

    def table(self, spans: Sequence[Span], currencies: Sequence[str] = ()) -> tuple[Any, ColumnElement[bool]]:
        """Spans as a table with a column ``place``, and the condition that joins transactions to it.

        :param currencies: one for each span, as a column ``currency``.
        """
        kind: Any = Date() if self.zone is None else UTCDateTime()
        codes = currencies or [""] * len(spans)
        rows = [(place, code, *self._bounds(span)) for place, (code, span) in enumerate(zip(codes, spans, strict=True))]
        names = column("place", Integer), column("currency", String), column("first", kind), column("last", kind)
        table = values(*names, name="spans").data(rows).cte()
        return table, and_(self.since(self.moment, table), self.before_end(self.moment, table))

    def since(self, moment: Any, table: Any) -> ColumnElement[bool]:
        """The condition that a moment does not lie before a span of a table."""
        return cast("ColumnElement[bool]", moment >= table.c.first)

    def before_end(self, moment: Any, table: Any) -> ColumnElement[bool]:
        """The condition that a moment does not lie after a span of a table."""
        end: Any = table.c.last
        return cast("ColumnElement[bool]", moment <= end if self.zone is None else moment < end)

    @property
    def moment(self) -> Any:
        """The column that says when."""
        return Transaction.day if self.zone is None else Transaction.at

    def end(self, day: dt.date) -> dt.datetime:
        """The instant at which a day of the zone is over."""
        return cast("dt.datetime", self._bounds((day, day))[1])

    def _bounds(self, span: Span) -> tuple[Any, Any]:
        if self.zone is None:
            return span
        start, end = (
            dt.datetime.combine(day, dt.time(), self.zone).astimezone(dt.UTC) for day in (span[0], span[1] + _DAY)
        )
        return start, end


def days_of(spans: Sequence[Span]) -> list[dt.date]:
    """All days from the first to the last of some spans."""
    if not spans:
        return []
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    return [first + dt.timedelta(days=place) for place in range((last - first).days + 1)]


def month_spans(first: dt.date, last: dt.date) -> list[Span]:
    """The months from that of a day to that of another, as spans."""
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    starts = [dt.date(number // 12, number % 12 + 1, 1) for number in (*numbers, numbers.stop)]
    return [(start, end - _DAY) for start, end in itertools.pairwise(starts)]


def month_of(day: dt.date) -> dt.date:
    """The first day of its month."""
    return day.replace(day=1)


def week_of(day: dt.date) -> dt.date:
    """The Monday of its week."""
    return day - dt.timedelta(days=day.weekday())
