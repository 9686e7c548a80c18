"""Who reads a connection just now, and whether they still live."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

from plugins.syncs import running
from plugins.syncs.models import Connection

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def is_over(key: str) -> bool:
    """Whether a reading under a key is over that was heard of just now."""
    return running.is_over(Connection(run_key=key, run_until=NOW + running.LEASE), NOW)


def test_a_reading_by_a_process_that_is_gone_is_over() -> None:
    """Only where its number means the same: in another container, which may have the same name, another process has it."""
    key = running.process_key()
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    kind, machine, _number, rest = key.split(":")
    assert not is_over(key)
    assert is_over(f"{kind}:{machine}:{gone.pid}:{rest}")
    assert not is_over(f"{kind}:elsewhere:{gone.pid}:{rest}")
    assert not is_over("job:7")
    assert running.is_over(Connection(run_key=key, run_until=NOW), NOW)
