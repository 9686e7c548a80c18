"""A mailing of which a lane was given up goes on by itself."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from crmhost.core.mail import mailings
from crmhost.db import WRITES
from crmhost.testing import Host
from crmhost.work.tables import JobRow
from tests.peers import smtp
from tests.unit.core.mail.test_mailings import people, plan, start, state, states


@pytest.mark.database("sqlite")
def test_a_lane_that_was_given_up_begins_anew(site: Host, peer: smtp.Peer) -> None:
    """As after too many kills: its mails go, the other lane stays as it is, and a mailing that is through is left alone."""
    number = plan(site, people(site, 6), lanes=2)
    start(site, number)
    with site.site.engine.execution_options(**{WRITES: True}).begin() as connection:
        connection.execute(update(JobRow).where(JobRow.dedupe_key == f"{number}:0").values(state="failed"))
    site.run_jobs()
    assert states(site, number) == {"sent": 3, "queued": 3}
    with site.work() as work:
        assert mailings.sending(work)
    for lanes in (1, 0):
        with site.work() as work, work.begin():
            job = work.enqueue("mail.revive")
        site.run_jobs()
        assert [found.result for found in site.jobs("mail.revive") if found.id == job] == [{"lanes": lanes}]
    assert states(site, number) == {"sent": 6}
    assert state(site, number) == "done"
    assert len(peer.taken) == 6
    with site.work() as work:
        assert not mailings.sending(work)
