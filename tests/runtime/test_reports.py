"""Reports of sales by mail whose workers are killed."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select

from bench.load import Start
from bench.sites import Place
from crmhost import config as configuration
from crmhost.api import mail
from crmhost.site import Site
from crmhost.testing import Clock, Host
from plugins.sales_dashboard import report
from plugins.sales_dashboard.recipients import Sent
from tests.runtime.report_steps import DUE


@pytest.mark.slow
@pytest.mark.database("sqlite")
def test_each_report_is_sent_once_whatever_is_killed(place: Place, forked: Start) -> None:
    """Processes that draw and send reports end by kill -9 before each of their transactions: each reader gets one mail."""
    clock = Clock()
    clock.freeze(DUE)
    host = Host(Site(configuration.load(place.environment()), kind="test", clock=clock), clock)
    readers = [host.make.user("Admin", email=f"boss{number}@example.com") for number in range(2)]
    seller = host.make.user("CRM manager", email="seller@example.com", only_assigned=True)
    host.run_jobs()
    with host.work() as work, work.begin():
        report.choose(work, {"weekly": [*readers, seller]})
        work.enqueue("sales_dashboard.report")
    log = place.home / "steps.log"
    steps = forked(["-m", "tests.runtime.report_steps"], place.environment(), log)
    assert steps.wait(120) == 0, log.read_text()
    assert log.read_text().count(" -9") > len(readers), log.read_text()
    with host.work() as work:
        got = Counter(work.session.scalars(select(mail.MailMessage.to_email)))
        assert got == {"boss0@example.com": 1, "boss1@example.com": 1, "seller@example.com": 1}
        assert len(work.session.scalars(select(Sent)).all()) == 3
    host.site.close()
