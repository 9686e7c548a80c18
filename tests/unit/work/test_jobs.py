"""Jobs: wanted with the change, run once, tried again, given up, cancelled, taken over from the dead."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, update

from crmhost.core.notifications.models import Notification
from crmhost.errors import Conflict, Forbidden, GiveUp, NotFound, RetryLater
from crmhost.testing import Host
from crmhost.work import context, jobs
from crmhost.work.runner import Runner
from crmhost.work.tables import JobRow

from .errands import MakeHost, effects, errand_host, failing, told, want


def test_a_job_is_wanted_with_its_change_and_run_once(host: MakeHost) -> None:
    """A change that is rolled back wants nothing; one that stands is followed by its job, with its result kept."""
    made = errand_host(host)
    from plugins.errand import services

    def fail() -> None:
        with made.work() as work, work.begin():
            services.tell(work, 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    (number,) = told(made, 7)
    made.run_jobs()
    made.run_jobs()
    (job,) = made.jobs("errand.do")
    assert effects(made) == [f"event:1:{number}", f"errand:{number}"]
    assert (job.state, job.attempts, job.failures, job.result) == ("done", 1, 0, {"message": f"Done errand:{number}"})


def test_the_same_job_waits_once(host: MakeHost) -> None:
    """While a job of a kind and key waits, due or parked, no second one is made; once it ran, it may be wanted again."""
    made = errand_host(host)
    first = want(made, "errand.do", dedupe="x", key="one")
    assert want(made, "errand.do", dedupe="x", key="two") == first
    made.run_jobs()
    second = want(made, "errand.do", dedupe="x", key="two")
    assert second != first
    made.disable("errand")
    made.run_jobs()
    assert want(made, "errand.do", dedupe="x", key="three") == second


def test_a_failure_is_tried_again_with_growing_pauses_and_then_given_up(host: MakeHost) -> None:
    """Half a minute, then twice as long each time; the fourth failure of this kind is the last, kept with its traceback."""
    made = errand_host(host)
    failing()["broken"] = ValueError("no good")
    poison, good = want(made, "errand.do", key="broken"), want(made, "errand.do", key="good")
    pauses = []
    for _ in range(4):
        made.run_jobs()
        job = next(job for job in made.jobs() if job.id == poison)
        if job.state == "due":
            pauses.append((job.due_at - made.clock()).total_seconds())
            made.clock.move(seconds=pauses[-1] + 1)
    assert [round(pause / 30) for pause in pauses] == [1, 2, 4]
    assert (job.state, job.failures, job.attempts) == ("failed", 4, 4)
    assert "ValueError: no good" in str(job.error)
    assert next(job for job in made.jobs() if job.id == good).state == "done"
    # Held against the plugin when it began and when it was given up, not each time: one job must not suspend a plugin.
    assert len([fault for fault in made.faults() if fault.place == "job errand.do"]) == 2
    failing().clear()
    with made.work("Admin") as work, work.begin():
        jobs.retry(work, poison)
    made.run_jobs()
    assert "broken" in effects(made)


def test_a_handler_says_what_becomes_of_the_job(host: MakeHost) -> None:
    """RetryLater puts it off without counting, GiveUp ends it at once, and neither is held against the plugin."""
    made = errand_host(host)
    failing().update(later=RetryLater(300, "The limit of this hour is reached."), never=GiveUp("The address is gone."))
    later, never = want(made, "errand.do", key="later"), want(made, "errand.do", key="never")
    made.run_jobs()
    found = {job.id: job for job in made.jobs()}
    assert (found[later].state, found[later].attempts, found[later].failures) == ("due", 0, 0)
    assert found[later].error == "The limit of this hour is reached."
    assert (found[never].state, found[never].error) == ("failed", "The address is gone.")
    assert made.faults() == []
    made.clock.move(seconds=301)
    made.run_jobs()
    assert effects(made) == ["later"]


def test_jobs_of_a_plugin_that_is_off_wait(host: MakeHost) -> None:
    """They are parked, not failed, and run when the plugin is on again."""
    made = errand_host(host)
    number = want(made, "errand.do", key="waits")
    made.disable("errand")
    made.run_jobs()
    assert [job.state for job in made.jobs() if job.id == number] == ["parked"]
    made.enable("errand")
    made.run_jobs()
    assert effects(made) == ["waits"]


def test_a_kind_that_is_gone_fails_with_a_sentence(host: MakeHost) -> None:
    """A job whose kind the plugin no longer declares, or whose arguments its handler no longer takes, is no endless retry."""
    made = errand_host(host)
    gone = want(made, "errand.gone")
    made.run_jobs()
    job = next(job for job in made.jobs() if job.id == gone)
    assert job.state == "failed"
    assert job.error == "The plugin “errand” has no job “errand.gone” any more."


def test_who_was_killed_is_followed(host: MakeHost) -> None:
    """A lease that ran out frees the job, uncounted as a failure; a job that kills its worker again and again is given up."""
    made = errand_host(host)
    number = want(made, "errand.do", key="x")
    dead = Runner(made.site, threads=1)
    try:
        for attempt in range(1, jobs.DEATHS + 1):
            with made.site.engine.begin() as connection:
                claimed = jobs.claim(connection, f"gone:{attempt}", ["errand"], 5, made.clock())
            assert [job.id for job in claimed] == [number]
            made.clock.move(seconds=31)
            with made.site.engine.begin() as connection:
                assert jobs.take_back(connection, made.clock(), ()) == 1
            job = made.jobs()[0]
            assert (job.failures, job.worker) == (0, None)
        assert job.state == "failed"
        assert "was killed 4 times" in str(job.error)
    finally:
        dead.close()


def test_a_sleeper_writes_nothing_once_another_took_over(host: MakeHost) -> None:
    """A worker that lost its lease can neither end the job nor save beside the one that has it now."""
    made = errand_host(host)
    number = want(made, "errand.do", key="x")
    with made.site.engine.begin() as connection:
        (slow,) = jobs.claim(connection, "slow", ["errand"], 1, made.clock())
    made.clock.move(seconds=31)
    with made.site.engine.begin() as connection:
        jobs.take_back(connection, made.clock(), ())
        (quick,) = jobs.claim(connection, "quick", ["errand"], 1, made.clock())
    with made.site.engine.begin() as connection:
        jobs.end(connection, "slow", [jobs.Outcome(slow, "failed", error="too late")], made.clock())
        jobs.renew(connection, "slow", [number], made.clock())
    assert (made.jobs()[0].state, made.jobs()[0].worker) == ("running", "quick")
    with made.site.engine.begin() as connection:
        jobs.end(connection, "quick", [jobs.Outcome(quick, "done")], made.clock())
    assert made.jobs()[0].state == "done"


def test_steps_go_on_where_they_were_stopped(host: MakeHost) -> None:
    """What was saved with a step is not done again; progress and log are kept."""
    made = errand_host(host)
    failing()["step:3"] = ValueError("stumbled")
    number = want(made, "errand.steps", count=5)
    made.run_jobs()
    assert len(effects(made)) == 3
    failing().clear()
    made.clock.move(minutes=2)
    made.run_jobs()
    job = made.jobs("errand.steps")[0]
    assert effects(made) == [f"step:{number}:{step}" for step in range(5)]
    assert job.result == {"count": 5}
    assert (job.progress["done"], job.progress["total"]) == (5, 5)
    with made.work("Admin") as work:
        assert [line.text.splitlines()[0] for line in jobs.lines(work, number)] == [
            "ValueError: stumbled",
            "All 5 are done.",
        ]


def test_cancelling(host: MakeHost) -> None:
    """One that waits is cancelled at once; one that runs stops at its next check, and what it did stays."""
    made = errand_host(host)
    waiting, running = want(made, "errand.do", key="w"), want(made, "errand.steps", count=3)
    with made.work("Admin") as work, work.begin():
        assert jobs.cancel(work, waiting).state == "cancelled"
        with pytest.raises(Conflict):
            jobs.cancel(work, waiting)
    with made.site.engine.begin() as connection:
        jobs.claim(connection, "me", ["errand"], 1, made.clock())
    with made.work("Admin") as work, work.begin():
        assert jobs.cancel(work, running).state == "running"
    from crmhost.errors import JobStopped
    from crmhost.work.context import JobContext

    with made.work() as work:
        context = JobContext(work, running, 1, owner="me")
        context._checked = 0.0
        with pytest.raises(JobStopped):
            context.check()


def test_people_see_their_own_jobs_and_need_a_permission_for_others(host: MakeHost) -> None:
    """Without jobs.view a user sees, retries and cancels what they asked for, and nothing else."""
    made = errand_host(host)
    with made.work("Contacts manager") as work, work.begin():
        own = work.enqueue("errand.do", key="own")
    other = want(made, "errand.do", key="other")
    with made.work("Contacts manager") as work:
        assert [job.id for job in jobs.newest(work)] == [own]
        with pytest.raises(NotFound):
            jobs.get(work, other)
        with work.begin():
            jobs.cancel(work, own)
        with work.begin(), pytest.raises(NotFound):
            jobs.cancel(work, other)
    with made.work("Admin") as work:
        assert {job.id for job in jobs.newest(work)} == {own, other}


def test_a_job_acts_for_its_asker_where_it_says_so(host: MakeHost) -> None:
    """With the permissions that they have when it runs; of one who may no longer sign in it is not done."""
    made = errand_host(host)
    for role in ("Contacts manager", "Read only"):
        with made.work(role) as work, work.begin():
            work.enqueue("errand.mine", key=role)
    made.run_jobs()
    found = {job.arguments["key"]: job for job in made.jobs("errand.mine")}
    assert found["Contacts manager"].state == "done"
    assert found["Read only"].state == "due"
    assert str(Forbidden("contacts.edit")) == found["Read only"].error
    assert _told(made) == []
    orphan = want(made, "errand.mine", key="nobody")
    made.run_jobs()
    job = next(job for job in made.jobs() if job.id == orphan)
    assert (job.state, "may no longer sign in" in str(job.error)) == ("failed", True)


def _told(host: Host) -> list[tuple[str, str]]:
    with host.work() as work:
        rows = work.session.scalars(select(Notification).order_by(Notification.id))
        return [(row.kind, row.url) for row in rows]


def test_who_asked_is_told_of_what_was_given_up(host: MakeHost) -> None:
    """Once, with the address of the job; what nobody asked for is told to nobody."""
    made = errand_host(host)
    failing().update(mine=GiveUp("no"), nobodys=GiveUp("no"))
    with made.work("Contacts manager") as work, work.begin():
        number = work.enqueue("errand.do", key="mine")
    want(made, "errand.do", key="nobodys")
    made.run_jobs()
    assert _told(made) == [("jobs.failed", f"/settings/jobs/{number}")]
    with made.client("Contacts manager") as client:
        assert client.get(f"/settings/jobs/{number}").status_code == 200


def test_old_jobs_are_pruned(host: MakeHost) -> None:
    """Done ones after a month, failed ones after three; those that wait never."""
    made = errand_host(host)
    for number, (state, days) in enumerate([("done", 29), ("done", 31), ("failed", 31), ("failed", 91), ("due", 400)]):
        job = want(made, "errand.do", key=str(number))
        with made.site.engine.begin() as connection:
            ended = made.clock() - dt.timedelta(days=days)
            connection.execute(update(JobRow).where(JobRow.id == job).values(state=state, finished_at=ended))
    with made.work() as work, work.begin():
        assert jobs.prune(work) == 2
    with made.work() as work:
        assert [job.arguments["key"] for job in work.session.scalars(select(JobRow).order_by(JobRow.id))] == [
            "0",
            "2",
            "4",
        ]


@pytest.mark.database("sqlite")
def test_what_is_counted_anew_has_a_pace_of_its_own(host: MakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Customers, then orders: how fast the ones came in says nothing of the others."""
    monkeypatch.setattr(context, "PROGRESS_EVERY", 0)
    made = errand_host(host)
    number = want(made, "errand.do", key="x")
    with made.site.engine.begin() as connection:
        (job,) = jobs.claim(connection, "one", ["errand"], 1, made.clock())
    with made.work() as work:
        told = context.JobContext(work, number, job.attempts, owner="one")
        for done, first in ((100, 100), (300, 100), (10, 10), (50, 10)):
            told.progress(done, 500)
            assert made.jobs()[0].progress["first"]["done"] == first
