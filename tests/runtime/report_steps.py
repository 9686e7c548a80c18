"""Sends the reports of sales in processes of their own, each of which ends by kill -9, two transactions later each time.

    python -m tests.runtime.report_steps

The site whose home is in the environment is on the day on which the reports are due; at the end all of them went out.
"""

from __future__ import annotations

import datetime as dt
import gc
import os
import signal
import sys
import threading

from sqlalchemy import text

from crmhost import config as configuration
from crmhost.site import Site
from crmhost.testing import Clock, Host
from tests.runtime.killing import kill_before_commit

#: When the reports of the week before are due.
DUE = dt.datetime(2093, 4, 27, 7, tzinfo=dt.UTC)
#: Transactions after which the work has to be done.
MOST = 40


def site() -> Host:
    """The site on that day."""
    clock = Clock()
    clock.freeze(DUE)
    return Host(Site(configuration.load(dict(os.environ)), kind="test", clock=clock), clock)


def send(host: Host, place: int) -> None:
    """Sends what is left, until it is killed: while a report is drawn, or before some transaction is kept."""
    with host.site.engine.begin() as connection:
        # Nobody has to wait until the dead process's lease is over.
        connection.execute(text("UPDATE work_job SET lease_until = '2020-01-01 00:00:00' WHERE state = 'running'"))
        connection.execute(text("UPDATE work_job SET due_at = '2020-01-01 00:00:00' WHERE state = 'due'"))
    kill_before_commit(place)
    host.run_jobs()


def main() -> int:
    """Sends until nobody is killed any more; gives 0 then."""
    host = site()
    host.client("").get("/login")
    host.site.engine.dispose()
    assert threading.active_count() == 1, threading.enumerate()
    gc.collect()
    gc.freeze()
    for place in range(0, MOST, 2):
        child = os.fork()
        if child == 0:
            try:
                send(host, place)
                os._exit(0)
            finally:
                os._exit(1)
        _pid, status = os.waitpid(child, 0)
        ended = os.waitstatus_to_exitcode(status)
        print(place, ended, flush=True)
        if ended != -signal.SIGKILL:
            return ended
    return 1


if __name__ == "__main__":
    sys.exit(main())
