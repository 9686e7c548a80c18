"""A host with the plugin whose jobs and events leave a trace, and what tests ask of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crmhost.testing import Host

PLUGINS = Path(__file__).parents[3] / "bench" / "plugins"
MakeHost = Callable[..., Host]


def errand_host(host: MakeHost) -> Host:
    """A host with the plugin, at a standing clock, whose jobs fail as the test says."""
    made = host("errand", home_plugins=PLUGINS)
    made.clock.freeze()
    failing().clear()
    return made


def failing() -> dict[str, Exception]:
    """Key -> what its next attempts raise."""
    from plugins.errand import jobs

    return jobs.failing


def told(host: Host, *numbers: int, **data: str) -> list[int]:
    """Makes changes, each in a transaction of its own; gives their ids."""
    from plugins.errand import services

    ids = []
    for number in numbers:
        with host.work() as work, work.begin():
            ids.append(services.tell(work, number, data))
    return ids


def want(host: Host, kind: str, **arguments: object) -> int:
    """Wants a job; gives its id."""
    with host.work() as work, work.begin():
        return work.enqueue(kind, **arguments)


def effects(host: Host) -> list[str]:
    """Keys of all traces, in order."""
    from plugins.errand import services

    with host.work() as work:
        return services.effects(work)
