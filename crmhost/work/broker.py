"""Carries word of due jobs to worker machines by dramatiq, over Redis or RabbitMQ.

A message only says "jobs of this kind are due"; the row stays the truth and the claim is made on the row. So a lost message, an
emptied broker or one that is away loses nothing: the runner sends again what stays due, and runs it itself where it can't.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from ..errors import CrmError

log = logging.getLogger("crmhost.work")

#: Seconds that sending may take: the request that wants a job must not hang on a broker that is away.
TIMEOUT = 0.5
#: Seconds between two lines in the log while the broker is away, and before it is tried again.
AWAY = 5.0


class Carrier(Protocol):
    """Takes word of due jobs to workers."""

    def send(self, kinds: Iterable[str]) -> bool:
        """Tells the workers; says whether the broker took it."""

    def start(self, take: Callable[[str], bool], threads: int) -> None:
        """Lets threads of this process take jobs as messages come; ``take`` says whether there may be more of the kind."""

    def stop(self) -> None:
        """Ends those threads, after what they are at."""


class DramatiqCarrier:
    """See the module's text.

    :param url: ``redis://…``, ``rediss://…`` or ``amqp://…``.
    :raises CrmError: when the address can't be used.
    """

    def __init__(self, url: str) -> None:
        self._broker = _broker(url)
        self._take: Callable[[str], bool] | None = None
        self._worker: dramatiq.Worker | None = None
        self._away_until = 0.0
        declare = dramatiq.actor(actor_name="run_due", queue_name="jobs", broker=self._broker)
        self._actor: Any = declare(self._run)

    def _run(self, kind: str) -> None:
        if self._take is not None and self._take(kind):
            self.send([kind])

    def send(self, kinds: Iterable[str]) -> bool:
        """Tells the workers; says whether the broker took it."""
        if time.monotonic() < self._away_until:
            return False
        try:
            for kind in kinds:
                self._actor.send(kind)
        except Exception as error:  # whatever the broker's client raises: the rows are found without it
            self._away_until = time.monotonic() + AWAY
            log.warning("the broker does not answer (%s); workers look into the database meanwhile", error)
            return False
        return True

    def start(self, take: Callable[[str], bool], threads: int) -> None:
        """Lets threads of this process take jobs as messages come."""
        self._take = take
        self._worker = dramatiq.Worker(self._broker, worker_threads=threads, worker_timeout=200)
        self._worker.start()

    def stop(self) -> None:
        """Ends those threads, after what they are at."""
        if self._worker is not None:
            self._worker.stop(timeout=20_000)
        self._broker.close()


def _broker(url: str) -> dramatiq.Broker:
    scheme = url.partition("://")[0]
    if scheme in ("redis", "rediss", "unix"):
        # Without dramatiq's own middleware: retries, ages and results are the row's business.
        return RedisBroker(  # type: ignore[no-untyped-call]
            url=_with_timeouts(url), namespace="crmhost", middleware=[], heartbeat_timeout=10_000
        )
    if scheme in ("amqp", "amqps"):
        try:
            from dramatiq.brokers.rabbitmq import RabbitmqBroker
        except ImportError:
            raise CrmError("RabbitMQ needs the package pika: pip install 'dramatiq[rabbitmq]'.") from None
        return RabbitmqBroker(url=url, middleware=[])
    raise CrmError("CRMHOST_BROKER_URL is no broker's address; it looks like redis://host:6379/0.")


def _with_timeouts(url: str) -> str:
    mark = "&" if "?" in url else "?"
    return f"{url}{mark}socket_connect_timeout={TIMEOUT}&socket_timeout={TIMEOUT}"


def carrier(url: str) -> Carrier | None:
    """The carrier of a site with this broker; none without one."""
    return DramatiqCarrier(url) if url else None
