"""Names of processes (machine, number, kind), and whether one still lives."""

from __future__ import annotations

import os
import socket


def name_of(kind: str) -> str:
    """Name of this process among all of the site."""
    return f"{socket.gethostname()}:{os.getpid()}:{kind}"


def certainly_dead(process_id: str) -> bool:
    """Whether a process of this machine is gone: one that was killed says no goodbye."""
    host, pid, _ = process_id.rsplit(":", 2)
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
