"""Takes the steps of a story at Stripe, each in a process of its own that ends by kill -9 in the middle of its work.

    python -m tests.runtime.stripe_steps NUMBER

The steps are told to the site whose home is in the environment, as Stripe tells them; ``ACCOUNT`` is where the account answers.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import threading
import urllib.request

import stripe
from sqlalchemy import text

from crmhost import config as configuration
from crmhost.site import Site
from crmhost.testing import Clock, Host
from plugins.stripe_sync.tests.test_account import told
from plugins.stripe_sync.tests.test_story import STORY
from tests.runtime.killing import kill_before_commit


def site(**other: str) -> Host:
    """The site, whose connections end with the process.

    :param other: what differs from the environment.
    """
    return Host(Site(configuration.load({**os.environ, **other}), kind="test"), Clock())


def warm() -> None:
    """Has a copy of the site do some steps, so that all that they need is imported once, for all processes."""
    database = os.environ["CRMHOST_DATABASE_URL"].removeprefix("sqlite:///")
    shutil.copy(database, f"{database}.warm")
    host = site(CRMHOST_DATABASE_URL=f"sqlite:///{database}.warm")
    for step in STORY[:6]:
        told(host, step)
    host.run_jobs()
    host.site.close()


def take(host: Host, step: int) -> None:
    """What was left undone, then a step, until it is killed: at once, or before or after one of its transactions is kept."""
    with host.site.engine.begin() as connection:
        # Nobody has to wait until the dead process's lease is over.
        connection.execute(text("UPDATE work_job SET lease_until = '2020-01-01 00:00:00' WHERE state = 'running'"))
    host.run_jobs()
    urllib.request.urlopen(f"{os.environ['ACCOUNT']}/v1/happen/{step}", b"").close()
    # The one before may have got no answer: Stripe tells it again.
    assert told(host, STORY[max(step - 1, 0)]) == 200
    assert told(host, STORY[step]) == 200
    kill_before_commit(step % 5)
    host.run_jobs()
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    """Takes all steps; gives how many processes were not killed."""
    assert stripe.WebhookSignature  # imported once, for all of them
    host, wrong = site(), 0
    warm()
    # What each of them would do anew is done once: the site is read, and no connection is open that two would share.
    host.run_jobs()
    host.client("").get("/login")
    host.site.engine.dispose()
    assert threading.active_count() == 1, threading.enumerate()
    gc.collect()
    gc.freeze()
    for step in range(len(STORY)):
        child = os.fork()
        if child == 0:
            try:
                take(host, step)
            finally:
                os._exit(1)
        _pid, status = os.waitpid(child, 0)
        wrong += os.waitstatus_to_exitcode(status) != -signal.SIGKILL
    return wrong


if __name__ == "__main__":
    sys.exit(main())
