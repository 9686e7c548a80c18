"""Figures for Prometheus, made once per process: generations come and go, counters stay.

Off unless ``CRMHOST_METRICS`` is on. Several processes of one machine add theirs up in the folder that
``PROMETHEUS_MULTIPROC_DIR`` names, which ``crmhost run`` sets; then any of them answers for all.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..config import Config
    from .attribution import Cost
    from .runtime import Runtime

#: The variable with which the library shares figures between processes.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_made: Metrics | None = None


def of(config: Config) -> Metrics | None:
    """The figures of this process; ``None`` while the operator wants none."""
    global _made
    if not config.metrics:
        return None
    if _made is None:
        _made = Metrics()
    return _made


class Metrics:
    """The figures of one process."""

    def __init__(self) -> None:
        # Not at the top: it takes long to load, and most sites want no figures.
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

        # The instants at which counters began; processes that share a folder don't tell them either.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
        self.registry = own = CollectorRegistry()
        self._requests = Counter(
            "crmhost_requests", "Requests answered.", ("method", "endpoint", "status"), registry=own
        )
        self._seconds = Histogram(
            "crmhost_request_seconds", "Time to answer a request.", ("endpoint",), registry=own, buckets=SECONDS
        )
        self.in_flight = Gauge(
            "crmhost_requests_in_flight", "Requests being answered.", registry=own, multiprocess_mode="livesum"
        )
        self._plugin_calls = Counter("crmhost_plugin_calls", "Calls into a plugin.", ("plugin",), registry=own)
        self._plugin_errors = Counter("crmhost_plugin_errors", "Failures of a plugin.", ("plugin",), registry=own)
        self._plugin_seconds = Counter("crmhost_plugin_seconds", "Time in a plugin.", ("plugin",), registry=own)
        self._plugin_queries = Counter("crmhost_plugin_queries", "Queries of a plugin.", ("plugin",), registry=own)
        each: dict[str, Any] = {"registry": own, "multiprocess_mode": "liveall"}
        kind = ("kind",)
        self._generation = Gauge("crmhost_generation", "Number of the generation that a process runs.", kind, **each)
        self._build = Gauge("crmhost_generation_build_seconds", "Time that building it took.", kind, **each)
        self._memory = Gauge("crmhost_process_memory_bytes", "Resident memory of a process.", kind, **each)

    def request_done(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        """One request is answered. ``endpoint`` is the template of its address, of which there are few."""
        self.in_flight.dec()
        self._requests.labels(method, endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def plugins_cost(self, costs: Mapping[str, Cost]) -> None:
        """What plugins cost since the last call."""
        for plugin, cost in costs.items():
            self._plugin_calls.labels(plugin).inc(cost.calls)
            self._plugin_errors.labels(plugin).inc(cost.errors)
            self._plugin_seconds.labels(plugin).inc(cost.milliseconds / 1000)
            self._plugin_queries.labels(plugin).inc(cost.queries)

    def process(self, runtime: Runtime) -> None:
        """What this process runs and holds."""
        generation = runtime.current()
        self._generation.labels(runtime.kind).set(generation.number)
        self._build.labels(runtime.kind).set(generation.build_ms / 1000)
        self._memory.labels(runtime.kind).set(memory())

    def text(self) -> bytes:
        """The figures in the text format of Prometheus, of all processes that share a folder."""
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        folder = os.environ.get(FOLDER)
        if not folder:
            return generate_latest(self.registry)
        forget_dead(Path(folder))
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]  # it has no types
        return generate_latest(shared)


@contextlib.contextmanager
def shared(config: Config, *, alone: bool = False) -> Iterator[None]:
    """Around what starts several processes of one site: they add their figures up. The operator may have named a folder.

    :param alone: there will be one process only.
    """
    if not config.metrics or alone or os.environ.get(FOLDER):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="crmhost-figures-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]


# --- processes -------------------------------------------------------------------------------------------------------


def memory() -> int:
    """Resident memory of this process, in bytes; where the system does not tell, the most it ever was."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    try:
        import resource
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def forget_dead(folder: Path) -> None:
    """Takes the processes that are gone out of a shared folder; what they counted stays."""
    from prometheus_client.multiprocess import mark_process_dead

    for process in _processes(folder.glob("gauge_live*_*.db")):
        if not _lives(process):
            mark_process_dead(process, str(folder))  # type: ignore[no-untyped-call]  # it has no types


def _processes(files: Iterable[Path]) -> set[int]:
    found = (re.search(r"_(\d+)\.db\Z", path.name) for path in files)
    return {int(match[1]) for match in found if match}


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
