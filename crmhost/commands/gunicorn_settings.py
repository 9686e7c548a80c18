"""Settings that gunicorn reads, by their names, when ``crmhost run --workers N`` starts it."""

from __future__ import annotations

import gc
import os
import signal
from typing import Any

from ..config import load
from ..logs import configure
from .children import PARENT, outlive_nobody
from .serving import PATIENCE

graceful_timeout = int(PATIENCE)
loglevel = "warning"


def on_starting(_server: Any) -> None:
    """The process that watches over the others logs as they do, and ends them when ``crmhost run`` is gone."""
    configure(load())
    if parent := os.environ.pop(PARENT, ""):
        outlive_nobody(int(parent), lambda: os.kill(os.getpid(), signal.SIGTERM))


def post_fork(_server: Any, _worker: Any) -> None:
    """A process imports what it needs; the collector would only look through it again and again."""
    gc.disable()


def post_worker_init(worker: Any) -> None:
    """A process is ready before its first request comes."""
    worker.wsgi.readiness.healthz()
    gc.enable()
