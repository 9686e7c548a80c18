"""Looks whether there is anything to do: one statement on a connection of its own, several times a second."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, exc, or_, select

from ..db import UTCDateTime
from .tables import DUE_DELIVERY, NEW_EVENT, Delivery, JobRow, OutboxEvent, Subscriber

if TYPE_CHECKING:
    from ..site import Site


@dataclasses.dataclass(frozen=True)
class Seen:
    """What there is: events that were not fanned out, something due for a subscriber, jobs that are due."""

    events: bool
    deliveries: bool
    jobs: bool


def _statement() -> Select[bool, bool, bool]:
    now = bindparam("now", type_=UTCDateTime)
    names: BindParameter[Any] = bindparam("names", expanding=True)
    free = or_(Subscriber.lease_until.is_(None), Subscriber.lease_until < now)
    waiting = and_(Delivery.subscriber == Subscriber.name, DUE_DELIVERY, Delivery.due_at <= now)
    due = and_(JobRow.state == "due", JobRow.due_at <= now, JobRow.plugin.in_(bindparam("plugins", expanding=True)))
    return select(
        select(OutboxEvent.id).where(NEW_EVENT).exists().label("events"),
        select(Subscriber.name)
        .where(Subscriber.name.in_(names), free, select(Delivery.id).where(waiting).exists())
        .exists()
        .label("deliveries"),
        select(JobRow.id).where(due).exists().label("jobs"),
    )


_LOOK = _statement()


class Looker:
    """See the module's text; :meth:`close` it at the end."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._connection: Connection | None = None

    def look(self, subscribers: Collection[str], plugins: Collection[str], now: dt.datetime) -> Seen:
        """What there is to do for these subscribers and plugins."""
        if self._connection is None:
            # No transaction around each look: that would be three more messages to the database.
            self._connection = self._site.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            names = list(subscribers)
            row = self._connection.execute(_LOOK, {"now": now, "names": names, "plugins": list(plugins)}).one()
            # On SQLite a transaction is open all the same, which would see the same for ever.
            self._connection.rollback()
        except exc.DBAPIError:
            self.close()
            raise
        return Seen(events=row.events, deliveries=row.deliveries, jobs=row.jobs)

    def close(self) -> None:
        """Gives the connection up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(exc.DBAPIError):
                connection.close()
