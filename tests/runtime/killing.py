"""Processes that are killed where it hurts most."""

from __future__ import annotations

import os
import signal

from sqlalchemy import Engine, event


def kill_before_commit(number: int) -> None:
    """Kills this process with -9 before it commits its transaction of that number, counted from 0."""
    left = number

    def committing(_connection: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "commit", committing)
