"""The funnel as it really was."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import statistics
from collections import Counter
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, func, select, text

from crmhost.api import (
    Contact,
    Invalid,
    StatusChange,
    Work,
    contacts,
    contacts_bulk,
    contacts_list,
    merging,
    settings,
    statuses,
)
from crmhost.testing import Host
from plugins.funnel import actual, flows, stays
from plugins.funnel.models import Flow, Stay

Hosts = Callable[..., Host]
NAMES = ("Lead", "Contacted", "Customer", "Upsell")
OTHERS = ("Refused", "Blacklisted")
ZONE = ZoneInfo("Pacific/Chatham")


def brute(work: Work, first: dt.date, last: dt.date, only: set[int] | None = None) -> list[dict[str, Any]]:
    """The same figures, contact by contact from the history."""
    names = {status.id: status.name for status in statuses.all_statuses(work)}
    live = {contact.id for contact in work.session.scalars(select(Contact).where(Contact.visible_to(work.actor)))}
    told: dict[int, list[StatusChange]] = {}
    for change in work.session.scalars(select(StatusChange).order_by(StatusChange.id)):
        if change.contact_id in live and (only is None or change.contact_id in only):
            told.setdefault(change.contact_id, []).append(change)
    found: list[dict[str, Any]] = []
    for place, name in enumerate(NAMES):
        figure: dict[str, Any] = {"count": 0, "current": 0, "on": 0, "back": 0, "left": {}, "times": []}
        for changes in told.values():
            entered = [
                number
                for number, change in enumerate(changes)
                if change.new_name == name and first <= change.at.astimezone(ZONE).date() <= last
            ]
            if not entered:
                continue
            figure["count"] += 1
            here = entered[-1]
            if here + 1 == len(changes):
                figure["current"] += 1
                continue
            following = names[changes[here + 1].new_id or 0]
            if following in OTHERS:
                figure["left"][following] = figure["left"].get(following, 0) + 1
            elif NAMES.index(following) > place:
                figure["on"] += 1
                figure["times"].append(int((changes[here + 1].at - changes[here].at).total_seconds()))
            else:
                figure["back"] += 1
        times = figure.pop("times")
        figure["median"] = statistics.median(times) if times else None
        found.append(figure)
    return found


def shown(found: actual.Actual) -> list[dict[str, Any]]:
    """The figures in the same shape."""
    return [
        {
            "count": step.count,
            "current": step.current,
            "on": step.on,
            "back": step.back,
            "left": dict(step.left),
            "median": step.median,
        }
        for step in found.steps
    ]


def lives(made: Host, chance: random.Random) -> list[int]:
    """Contacts whose statuses change over some weeks; some go to the bin, come back or are erased."""
    made.clock.freeze(dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC))
    ids: list[int] = []
    mine = made.actor("Contacts manager", only_assigned=True).user_id
    for week in range(5):
        with made.work() as work, work.begin():
            rows = [
                {"first_name": f"P{week}-{n}", "status": chance.choice(NAMES), "tags": ["VIP"] if n % 3 else [],
                 "assigned_to": mine if n % 2 else None}
                for n in range(12)
            ]  # fmt: skip
            ids += [result.id or 0 for result in contacts_bulk.save_many(work, rows)]
        for _ in range(4):
            made.clock.move(hours=chance.randrange(20, 60), seconds=chance.randrange(4000))
            with made.work() as work, work.begin():
                for _ in range(3):
                    contacts.set_status(work, chance.sample(ids, 9), chance.choice(NAMES + OTHERS))
                gone = chance.sample(ids, 2)
                contacts.to_bin(work, gone)
                contacts.restore(work, gone[:1])
                if chance.random() < 0.3:
                    contacts.erase(work, gone[1])
                    ids.remove(gone[1])
    return ids


def test_the_figures_are_those_of_the_history(host: Hosts) -> None:
    """For every period, filter and reader they are what counting contact by contact gives; the list holds the same people."""
    made, chance = host("funnel"), random.Random(11)
    with made.work() as work, work.begin():
        settings.set_many(work, {"site.timezone": str(ZONE)})
    lives(made, chance)
    spans = [(dt.date(2026, 1, 1), dt.date(2026, 12, 31)), (dt.date(2026, 3, 8), dt.date(2026, 3, 8)),
             (dt.date(2026, 3, 5), dt.date(2026, 3, 20)), (dt.date(2027, 1, 1), dt.date(2027, 2, 1))]  # fmt: skip
    for _ in range(12):
        start = dt.date(2026, 2, 20) + dt.timedelta(days=chance.randrange(40))
        spans.append((start, start + dt.timedelta(days=chance.randrange(40))))
    with made.work("Admin") as work:
        tagged = set(work.session.scalars(contacts_list.matching(work, {"tag": "VIP"})))
        for first, last in spans:
            chosen = actual.Period(first, last)
            assert shown(actual.actual(work, chosen)) == brute(work, first, last)
            assert shown(actual.actual(work, chosen, {"tag": "VIP"})) == brute(work, first, last, tagged)
            for step in actual.actual(work, chosen).steps:
                query = contacts_list.ListQuery(filters={"funnel_entered": actual.as_filter(step, chosen)})
                assert contacts_list.count(work, query).number == step.count
        assert sum(step.count for step in actual.actual(work, actual.Period(*spans[0])).steps) > 80
        assert actual.actual(work, actual.Period(*spans[0])).counted
    limited = made.actor("Contacts manager", only_assigned=True)
    with made.site.work(limited, generation=made.generation) as work:
        assert shown(actual.actual(work, actual.Period(*spans[0]))) == brute(work, *spans[0])


def test_merging_people(host: Hosts) -> None:
    """A merge and undoing it leave the figures those of the history, for the one who stays and for the others."""
    made, chance = host("funnel"), random.Random(7)
    with made.work() as work, work.begin():
        settings.set_many(work, {"site.timezone": str(ZONE)})
    ids = lives(made, chance)
    year = dt.date(2026, 1, 1), dt.date(2026, 12, 31)
    merges: list[int] = []
    for _ in range(4):
        with made.work("Admin") as work, work.begin():
            living = work.session.scalars(contacts_list.matching(work, {})).all()
            one, *others = chance.sample([key for key in ids if key in living], 3)
            merges.append(merging.merge(work, one, others, {}).id)
    with made.work("Admin") as work:
        assert shown(actual.actual(work, actual.Period(*year))) == brute(work, *year)
    for merge_id in reversed(merges):
        with made.work("Admin") as work, work.begin():
            merging.undo(work, merge_id)
    with made.work("Admin") as work:
        assert shown(actual.actual(work, actual.Period(*year))) == brute(work, *year)


def kept(work: Work) -> Counter[flows.Key]:
    """The sums as they are kept, those of nobody left out."""
    found: Counter[flows.Key] = Counter()
    for row in work.session.scalars(select(Flow)):
        found[flows.Key(row.status_id, row.week, row.next_id, row.span)] += row.amount
    return Counter({key: amount for key, amount in found.items() if amount})


def summed(work: Work) -> Counter[flows.Key]:
    """What they have to be, by the stays."""
    return flows.counted(vars(row) for row in work.session.scalars(select(Stay)))


def test_the_sums_follow_the_stays(host: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through changes, erasing and what happened while the plugin was off; putting rows together changes no sum."""
    monkeypatch.setattr(flows, "FOLD_EVERY", 50)
    made, chance = host("funnel"), random.Random(3)
    ids = lives(made, chance)
    with made.work() as work:
        before, rows = kept(work), work.session.scalar(select(func.count()).select_from(Flow)) or 0
        assert before == summed(work)
        assert sum(before.values()) > 80
    made.run_jobs()
    with made.work() as work:
        assert kept(work) == before
        assert len(before) <= (work.session.scalar(select(func.count()).select_from(Flow)) or 0) < rows
    made.disable("funnel")
    with made.work("Admin") as work, work.begin():
        contacts.erase(work, ids[0])
        contacts.set_status(work, ids[1:9], "Upsell")
    made.enable("funnel")
    with made.work() as work:
        assert kept(work) == summed(work) != before


@given(st.timedeltas(dt.timedelta(days=-40_000), dt.timedelta(days=80_000)))
def test_weeks_begin_and_end(since: dt.timedelta) -> None:
    """Each moment lies in its week, before 1970 too."""
    at = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + since
    week = flows.week_of(at)
    assert flows.begin_of(week) <= at < flows.begin_of(week + 1)


def test_what_happened_while_it_was_off(host: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enabling takes the history of before; of many contacts in the background, and the page says so until it is done."""
    made = host()
    monkeypatch.setattr(stays, "AT_ONCE", 10)
    ids = lives(made, random.Random(5))
    with made.work() as work, work.begin():
        statuses.delete(work, statuses.find(work, "Blacklisted").id, "Refused")
    made.enable("funnel")
    year = actual.Period(dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    with made.work("Admin") as work:
        assert not actual.actual(work, year).counted
    made.run_jobs()
    with made.work("Admin") as work:
        found = actual.actual(work, year)
        assert found.counted
        assert found.steps[0].count > 10
        before = [
            (row.contact_id, row.status_id, row.seconds) for row in work.session.scalars(select(Stay).order_by(Stay.id))
        ]
    with made.work() as work, work.begin():
        stays.take(work, ids)
    with made.work() as work:
        again = [
            (row.contact_id, row.status_id, row.seconds) for row in work.session.scalars(select(Stay).order_by(Stay.id))
        ]
    assert sorted(before, key=str) == sorted(again, key=str)


@given(st.lists(st.integers(0, 10**9), min_size=2))
def test_spans_keep_the_order(times: list[int]) -> None:
    """A longer time has no smaller span, and times of one span differ by a sixteenth at most."""
    ordered = sorted(times)
    spans = [stays.span_of(seconds) for seconds in ordered]
    assert spans == sorted(spans)
    for (one, span), (other, other_span) in itertools.pairwise(zip(ordered, spans, strict=True)):
        assert span != other_span or other <= one * 17 / 16


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("2026-02-30", "", "from"),
        ("", "tomorrow", "to"),
        ("2026-03-02", "2026-03-01", "from"),
        ("", "9999-12-31", "from"),
        ("0001-01-01", "", "from"),
    ],
)
def test_no_period(host: Hosts, first: str, last: str, field: str) -> None:
    """What is no period is refused with a sentence at its field, on the page and in the API."""
    made = host("funnel", "rest_api")
    with made.work() as work, pytest.raises(Invalid) as refused:
        actual.period(work, first, last)
    assert list(refused.value.errors) == [field]
    query = {"view": "actual", "from": first, "to": last}
    assert made.client().get("/funnel/", query_string=query).status_code == 422
    assert made.api().get("/api/v1/funnel", query_string=query).status_code == 422


def test_it_is_read_from_indexes(host: Hosts) -> None:
    """Neither the figures nor a median look at a row of the table, filtered or not, whatever the period."""
    made = host("funnel")
    lives(made, random.Random(2))
    seen: list[tuple[str, Any]] = []
    with made.work("Admin") as work:
        connection = work.session.connection()
        sqlite = connection.dialect.name == "sqlite"
        event.listen(made.site.engine, "before_cursor_execute", lambda *told: seen.append((told[2], told[3])))
        actual.actual(work, actual.Period(dt.date(2026, 1, 1), dt.date(2026, 12, 31)))
        assert len(seen) <= 6
        actual.actual(work, actual.Period(dt.date(2026, 3, 7), dt.date(2026, 3, 20)))
        actual.actual(work, actual.Period(dt.date(2026, 3, 7), dt.date(2026, 3, 20)), {"tag": "VIP"})
        if not sqlite:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        asked = [item for item in seen if "funnel_" in item[0]]
        assert len(asked) == 6
        for statement, parameters in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{statement}", parameters)
            lines = [str(row) for row in plan if "funnel_" in str(row) and (sqlite or "Scan" in str(row))]
            assert lines, statement
            for line in lines:
                assert ("USING COVERING INDEX" if sqlite else "Index") in line, (line, statement)
