"""What people are told of jobs: lists, counts, time left, secrets, dead letters."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import event

from crmhost.core.jobs import services
from crmhost.errors import Forbidden, Invalid, NotFound
from crmhost.work import events, jobs
from crmhost.work.tables import JobRow
from crmhost.work.unit import Work
from tests.unit.core.test_plans import Plans
from tests.unit.work.errands import MakeHost, effects, errand_host, failing, told, want

from .rows import add


def _pages(work: Work, **chosen: str) -> list[int]:
    """Numbers of all jobs of a list, read two at a time."""
    found: list[int] = []
    after = None
    while True:
        page = services.page(work, after=after, limit=2, **chosen)
        found += [job.id for job in page.rows]
        after = page.next
        if after is None:
            return found


def test_lists_show_every_job_once_in_order(host: MakeHost) -> None:
    """Newest first, what waits by its due time, narrowed by state and kind, page after page; others' only to who may."""
    made = errand_host(host)
    me = made.actor("Read only").user_id
    now = made.clock()
    rows: list[dict[str, Any]] = [
        {
            "state": services.STATES[n % 6],
            "kind": "errand.do" if n % 5 else "errand.steps",
            "due_at": now + dt.timedelta(seconds=(n * 7) % 11),
            "user_id": me if n % 3 == 0 else None,
        }
        for n in range(24)
    ]
    ids = dict(zip(add(made, *rows), rows, strict=True))

    def wanted(state: str = "", kind: str = "", mine: bool = False) -> list[int]:
        some = [
            n
            for n, row in ids.items()
            if state in ("", row["state"]) and kind in ("", row["kind"]) and (not mine or row["user_id"])
        ]
        if state and not kind and not mine:
            return sorted(some, key=lambda n: (ids[n]["due_at"], n), reverse=state not in ("due", "parked"))
        return sorted(some, reverse=True)

    choices = [(state, kind) for state in ("", *services.STATES) for kind in ("", "errand.do", "errand.steps")]
    for role in ("Admin", "Read only"):
        with made.work(role) as work:
            for state, kind in choices:
                assert _pages(work, state=state, kind=kind) == wanted(state, kind, role != "Admin"), (role, state, kind)
            numbers = {state: len(wanted(state, mine=role != "Admin")) for state in services.STATES}
            assert services.counts(work) == numbers
    with made.work("Admin") as work:
        assert _pages(work, kind="nobody.knows") == []
        first = services.page(work, state="due", limit=1)
        for bad in ({"state": "nowhere"}, {"after": "x"}, {"after": first.next}):
            with pytest.raises(Invalid):
                services.page(work, **bad)  # type: ignore[arg-type]
        assert ("errand.do", "Do an errand") in services.kinds(work)
    with made.work("Read only") as work:
        assert [kind for kind, _ in services.kinds(work)] == ["errand.do", "errand.steps"]


def test_lists_and_counts_are_read_from_indexes(host: MakeHost) -> None:
    """Whatever is chosen, the table of jobs and that of deliveries are not read from end to end."""
    made = errand_host(host)
    add(made, *({"state": services.STATES[n % 6]} for n in range(60)))
    for role in ("Admin", "Read only"):
        with made.work(role) as work:
            plans = Plans(work)
            seen: list[tuple[str, Any]] = []

            def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
                seen.append((statement, parameters))  # noqa: B023  # read within the round

            engine = work.session.get_bind()
            work.can("jobs.view")
            event.listen(engine, "before_cursor_execute", note)
            for state in ("", *services.STATES):
                for kind in ("", "errand.do"):
                    services.page(work, state=state, kind=kind)
            services.counts(work)
            services.waited(work)
            if role == "Admin":
                services.undelivered(work)
                services.dead_letters(work)
            event.remove(engine, "before_cursor_execute", note)
            for statement, parameters in seen:
                plan = plans.plan(statement, parameters)
                # All jobs, by number: read backwards to the end of the page.
                by_number = not any("TEMP B-TREE" in line for line in plan) and "WHERE work_job.id IS NOT" in statement
                for line in plan:
                    whole = line.startswith("SCAN work_") and "USING" not in line and not by_number
                    assert not whole, (line, statement)
                    assert "Seq Scan on work_" not in line, (line, statement)


def test_secrets_in_arguments_are_masked(host: MakeHost) -> None:
    """By name, however deep they stand; what is long is shortened, and nothing else is changed."""
    del host
    given = {
        "name": "Ann",
        "smtp_password": "hunter2",
        "options": {"apiKey": "k-1", "list": [{"Access-Token": "t-1", "page": 2}], "empty_secret": ""},
        "long": "x" * 900,
        "none": None,
    }
    shown = dict(services.shown(given))
    text = " ".join(shown.values())
    assert all(secret not in text for secret in ("hunter2", "k-1", "t-1"))
    assert (shown["name"], shown["none"], len(shown["long"])) == ("Ann", "null", 500)
    assert '"page": 2' in shown["options"]
    assert services.shown(["not", "a", "mapping"]) == []


def test_the_time_left_follows_the_pace_of_this_attempt(host: MakeHost) -> None:
    """From where the attempt began, not from zero; nothing while too little is known, or for what no job would say."""
    made = errand_host(host)
    now = made.clock()
    at, begun = now.isoformat(), (now - dt.timedelta(seconds=10)).isoformat()
    good = {"done": 600, "total": 1000, "at": at, "first": {"done": 500, "at": begun}}
    tellings: list[tuple[Any, float | None]] = [
        (good, 40.0),
        ({**good, "first": {"done": 600, "at": begun}}, None),
        ({**good, "first": {"done": 500, "at": at}}, None),
        ({**good, "first": {"done": 500}}, None),
        ({**good, "at": "yesterday"}, None),
        ({**good, "total": 0}, None),
    ]
    nothing: list[Any] = [None, {}, {"done": "many"}]
    running = add(made, *({"state": "running", "progress": told_} for told_, _ in tellings))
    silent = add(made, *({"progress": told_} for told_ in nothing))
    with made.work("Admin") as work:
        for number, (told_, left) in zip(running, tellings, strict=True):
            found = services.progress(work, jobs.get(work, number))
            assert found is not None
            assert found.left == left, told_
            assert found.rate == (None if left is None and told_.get("total") else 10.0), told_
        assert [services.progress(work, jobs.get(work, number)) for number in silent] == [None] * 3


def test_tracebacks_are_for_those_who_see_all_jobs(host: MakeHost) -> None:
    """In the error and in the log; the asker reads the sentence of a refusal, and of an error of the code only that it is one."""
    made = errand_host(host)
    failing().update(broken=ValueError("row 7 of secret.csv"), refused=NotFound("contact", 7))
    with made.work("Contacts manager") as work, work.begin():
        broken, refused = (work.enqueue("errand.do", key=key) for key in ("broken", "refused"))
    made.run_jobs()
    seen: dict[str, list[Any]] = {}
    for role in ("Contacts manager", "Admin"):
        with made.work(role) as work:
            found = [jobs.get(work, number) for number in (broken, refused)]
            seen[role] = [(*services.error_of(work, job), len(services.log(work, job))) for job in found]
    assert seen["Contacts manager"][0] == (services.SOMETHING_WRONG, "", 0)
    sentence, traceback, lines = seen["Admin"][0]
    assert sentence == "ValueError: row 7 of secret.csv"
    assert traceback.startswith("Traceback")
    assert lines == 1
    assert seen["Contacts manager"][1] == seen["Admin"][1] == (str(NotFound("contact", 7)), "", 1)


def test_dead_letters_are_listed_and_delivered_again(host: MakeHost) -> None:
    """Newest first, page after page; one or all of a subscriber are let go again by who may, and written to the audit log."""
    made = errand_host(host)
    numbers = told(made, 1, 2, 3)
    failing().update({f"event:{number}": ValueError("never") for number in numbers})
    for _ in range(events.ATTEMPTS):
        made.run_jobs()
        made.clock.move(hours=7)
    with made.work("Admin") as work:
        first, following = services.dead_letters(work, limit=2)
        rest, end = services.dead_letters(work, following, limit=2)
        assert sorted(number for dead in (*first, *rest) for number in dead.ids) == sorted(numbers)
        assert (end, services.undelivered(work)) == (None, 3)
        failing().clear()
        with work.begin():
            events.retry(work, first[0].id)
        with work.begin():
            assert services.retry_all(work, "somebody else's") == 0
        with work.begin():
            assert services.retry_all(work, first[0].subscriber) == 2
    made.run_jobs()
    assert len([key for key in effects(made) if key.startswith("event:")]) == 3
    with made.work("CRM manager") as work, work.begin():
        for refused in (services.undelivered, services.dead_letters):
            with pytest.raises(Forbidden):
                refused(work)
        with pytest.raises(Forbidden):
            services.retry_all(work, first[0].subscriber)


def test_the_daily_clearing_deletes_what_was_over_long_ago(host: MakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """In several transactions, by the schedule; what is young or waits stays."""
    from crmhost.core.jobs import clearing

    monkeypatch.setattr(clearing, "BATCH", 2)
    made = errand_host(host)
    old = made.clock() - dt.timedelta(days=40)
    add(made, *({"finished_at": old} for _ in range(5)))
    young = want(made, "errand.do", key="young")
    made.run_jobs()
    made.clock.move(days=1)
    made.run_jobs()
    kinds = [(job.kind, job.state) for job in made.jobs()]
    assert ("jobs.prune", "done") in kinds
    assert next(job for job in made.jobs("jobs.prune")).result == {"jobs": 5, "events": 0}
    with made.work() as work:
        assert work.session.get(JobRow, young) is not None
