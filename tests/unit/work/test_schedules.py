"""Schedules: fired once, by the clock of the site's zone, missed ones once, and gone with their plugin."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from crmhost.work import schedules
from crmhost.work.runner import Runner
from crmhost.work.tables import ScheduleRow

from .errands import MakeHost, effects, errand_host

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("cron", "after", "following"),
    [
        ("30 6 * * *", "2026-01-10T05:00", "2026-01-10T05:30"),
        ("30 6 * * *", "2026-07-10T05:00", "2026-07-11T04:30"),
        # The hour that is left out in spring, and the one that comes twice in autumn, fire once.
        ("30 2 * * *", "2026-03-28T12:00", "2026-03-29T01:00"),
        ("30 2 * * *", "2026-10-24T12:00", "2026-10-25T00:30"),
        ("0 9 * * 1", "2026-01-06T00:00", "2026-01-12T08:00"),
    ],
)
def test_days_and_hours_are_those_of_the_zone(cron: str, after: str, following: str) -> None:
    """The next instant, across the changes of summer time."""
    start = dt.datetime.fromisoformat(after).replace(tzinfo=dt.UTC)
    assert schedules.following(cron, start, PARIS) == dt.datetime.fromisoformat(following).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize("cron", ["", "* * * *", "* * * * * *", "61 * * * *", "a b c d e", "@daily"])
def test_what_is_no_schedule_is_told(cron: str) -> None:
    """Five fields, or it is refused."""
    assert not schedules.valid(cron)


def test_a_schedule_fires_once_whatever_the_number_of_workers(host: MakeHost) -> None:
    """Two runners, three missed days: one job; the next day, another."""
    made = errand_host(host)
    made.clock.freeze(dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC))
    runners = [Runner(made.site, threads=1), Runner(made.site, threads=1)]
    try:
        for hours in (0, 72, 24):
            made.clock.move(hours=hours)
            for runner in runners:
                runner._next.clear()
                runner.until_idle()
        # The trace has the same key each time, so the jobs are counted.
        assert effects(made) == ["daily"]
        assert len([job for job in made.jobs("errand.do") if job.state == "done"]) == 2
    finally:
        for runner in runners:
            runner.close()


def test_schedules_of_a_plugin_that_is_off_rest_and_go_with_it(host: MakeHost) -> None:
    """Off, it fires nothing; uninstalled, its row is gone."""
    made = errand_host(host)
    made.clock.freeze(dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC))
    made.run_jobs()
    made.disable("errand")
    made.clock.move(days=2)
    made.run_jobs()
    assert made.jobs("errand.do") == []
    made.uninstall("errand")
    with made.site.sessions() as session:
        assert session.scalars(select(ScheduleRow.kind).where(ScheduleRow.plugin == "errand")).all() == []
