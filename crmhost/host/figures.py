"""``/metrics``: the figures of the processes, and those that the site's database tells."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from werkzeug.wrappers import Request, Response

from .. import __version__
from ..work.tables import NEW_EVENT, Delivery, JobRow, OutboxEvent
from . import beats, metrics

if TYPE_CHECKING:
    import datetime as dt

    from prometheus_client.core import GaugeMetricFamily
    from sqlalchemy import Connection

    from ..site import Site

#: States of jobs that wait for something; those that are done are kept for a while and tell nothing.
OPEN_STATES = ("due", "running", "failed", "parked")


def page(site: Site, environ: dict[str, Any]) -> Response:
    """The answer to ``/metrics``, for who knows the token, if there is one."""
    figures = metrics.of(site.config)
    assert figures is not None
    token = site.config.metrics_token
    given = Request(environ).headers.get("Authorization", "")
    if token and not secrets.compare_digest(given.encode(), f"Bearer {token}".encode()):
        answer = Response("Send the token: Authorization: Bearer …\n", 401, content_type="text/plain; charset=utf-8")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    with contextlib.suppress(Exception):
        # Without a database there may be no generation yet; the other figures are wanted all the more.
        figures.process(site.runtime)
    answer = Response(figures.text() + _of_site(site), content_type="text/plain; version=0.0.4; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _of_site(site: Site) -> bytes:
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_SiteFigures(site))
    return generate_latest(registry)


class _SiteFigures:
    """Figures that all processes of the site have in common, read from its database when they are asked for."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def collect(self) -> Iterator[GaugeMetricFamily]:
        from prometheus_client.core import GaugeMetricFamily

        version = GaugeMetricFamily("crmhost_build_info", "The version that runs.", labels=("version",))
        version.add_metric((__version__,), 1)
        yield version
        figures: list[GaugeMetricFamily] = []
        with contextlib.suppress(Exception), self._site.engine.connect() as connection:
            figures = list(_read(connection, self._site.clock()))
        yield GaugeMetricFamily("crmhost_database_up", "Whether the database answers.", value=float(bool(figures)))
        yield from figures


def _read(connection: Connection, now: dt.datetime) -> Iterator[GaugeMetricFamily]:
    from prometheus_client.core import GaugeMetricFamily

    def number(name: str, text: str, value: float) -> GaugeMetricFamily:
        return GaugeMetricFamily(name, text, value=value)

    jobs = GaugeMetricFamily("crmhost_jobs", "Jobs that are not done, by state.", labels=("state",))
    counted = select(JobRow.state, func.count()).where(JobRow.state.in_(OPEN_STATES)).group_by(JobRow.state)
    counts = dict.fromkeys(OPEN_STATES, 0) | {row[0]: row[1] for row in connection.execute(counted)}
    for state, count in counts.items():
        jobs.add_metric((state,), count)
    yield jobs
    due = connection.scalar(select(func.min(JobRow.due_at)).where(JobRow.state == "due", JobRow.due_at <= now))
    yield number("crmhost_job_oldest_due_seconds", "How long the oldest due job has waited.", _age(due, now))
    yield number(
        "crmhost_events_new", "Events that nobody has taken up.", _count(connection, OutboxEvent.id, NEW_EVENT)
    )
    # By id: those that wait are few, and their index is by id.
    told = connection.scalar(select(OutboxEvent.at).where(NEW_EVENT).order_by(OutboxEvent.id).limit(1))
    yield number("crmhost_event_oldest_seconds", "How long the oldest of them has waited.", _age(told, now))
    late = (Delivery.state == "due", Delivery.due_at <= now)
    yield number("crmhost_deliveries_due", "Deliveries of events that are due.", _count(connection, Delivery.id, *late))
    processes = GaugeMetricFamily("crmhost_processes", "Living processes of the site, by kind.", labels=("kind",))
    kinds = [row.kind for row in beats.living(connection, now)]
    for kind in sorted({*kinds, "web", "worker"}):
        processes.add_metric((kind,), kinds.count(kind))
    yield processes


def _count(connection: Connection, column: Any, *where: Any) -> int:
    return connection.scalar(select(func.count(column)).where(*where)) or 0


def _age(instant: dt.datetime | None, now: dt.datetime) -> float:
    return max(0.0, (now - instant).total_seconds()) if instant is not None else 0.0
