"""Other fees and goals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from crmhost.api import SYSTEM, AuditEntry, Conflict, Forbidden, Invalid, Money, Stale, insert_rows, rates
from crmhost.testing import Host
from plugins.sales_dashboard import fees, goals
from plugins.sales_dashboard.entered import Fee

Hosts = Callable[..., Host]
DAYS = st.dates(dt.date(2019, 1, 1), dt.date(2029, 12, 31))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@settings(deadline=None, max_examples=200)
@given(
    first=DAYS,
    until=st.none() | DAYS,
    every=st.sampled_from(sorted(fees.EVERY)),
    start=DAYS,
    length=st.integers(0, 900),
)
def test_days_of_a_fee(first: dt.date, until: dt.date | None, every: str, start: dt.date, length: int) -> None:
    """A span has exactly those days of a fee that a walk over all of its days from the first on finds there."""
    end = start + dt.timedelta(days=length)
    row = fees.Row(first, every, until, "EUR", 1)
    walked, number = [], 0
    while (when := fees.months_later(first, number * (fees.EVERY[every] or 1))) <= dt.date(2035, 1, 1):
        if start <= when <= end and (until is None or when <= until):
            walked.append(when)
        if not every:
            break
        number += 1
    assert list(fees.days_of(row, (start, end))) == walked


def test_story(host: Hosts) -> None:
    """A fee is added, changed, ended, deleted and restored; sums hold what falls in each span; all is audited."""
    made = host("sales_dashboard", "transactions")
    made.clock.freeze(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC))
    with made.work("CRM manager") as work:
        with work.begin():
            rent = fees.save(
                work, None, {"name": " Shop  rent ", "amount": "500", "day": "2026-01-31", "every": "month"}
            )
            fees.save(work, None, {"name": "Stall", "amount": Money(1999, "EUR"), "day": day("2026-02-28")})
            fees.save(
                work,
                None,
                {"name": "Mat", "amount": "1000", "currency": "JPY", "day": "2026-02-03", "until": "2026-01-01"},
            )
            fees.save(
                work, None, {"name": "Licence", "amount": "7", "currency": "USD", "day": "2026-02-03", "every": "year"}
            )
            rates.put(work.as_actor(SYSTEM), [("USD", "2026-02-03", "0.5")])
        assert (rent.name, rent.amount, rent.version) == ("Shop rent", 50_000, 1)
        spans = [
            (day("2026-02-01"), day("2026-02-28")),
            (day("2026-01-01"), day("2026-12-31")),
            (day("2027-02-01"), day("2027-02-28")),
        ]
        assert fees.by_span(work, spans, "EUR") == [51_999, 12 * 50_000 + 1999, 50_000]
        assert fees.by_span(work, spans, "JPY") == [1000, 1000, 0]
        assert [(one.amount, one.number, one.left_out) for one in fees.sums(work, spans, "")] == [
            (52_349, 3, 1), (12 * 50_000 + 1999 + 350, 14, 1), (50_000, 1, 1),
        ]  # fmt: skip
        assert [(when.isoformat(), fee.name) for when, fee in fees.newest(work, spans[0], "EUR")] == [
            ("2026-02-28", "Stall"), ("2026-02-28", "Shop rent"),
        ]  # fmt: skip
        with work.begin():
            fees.end(work, rent.id, day("2026-05-30"))
        assert fees.by_span(work, spans[1:2], "EUR") == [4 * 50_000 + 1999]
        with work.begin(), pytest.raises(Stale):
            fees.save(work, rent.id, {"name": "Rent", "amount": "1", "day": "2026-01-01"}, version=1)
        with work.begin(), pytest.raises(Invalid):
            fees.end(work, 2, day("2026-05-30"))
        with work.begin():
            assert fees.to_bin(work, [rent.id, 2, 999]) == 2
        assert fees.by_span(work, spans[1:2], "EUR") == [0]
        with work.begin():
            assert fees.restore(work, [rent.id]) == 1
            assert fees.erase(work, [rent.id, 2]) == 1
        assert fees.by_span(work, spans[1:2], "EUR") == [4 * 50_000]
        actions = work.session.scalars(
            select(AuditEntry.action).where(AuditEntry.object_type == "sales_fee").order_by(AuditEntry.id)
        )
        assert list(actions) == [f"sales_fee.{verb}" for verb in (
            "created", "created", "created", "created", "updated", "deleted", "deleted", "restored", "erased",
        )]  # fmt: skip
    with made.work("Read only") as work, work.begin(), pytest.raises(Forbidden):
        fees.save(work, None, {"name": "Mine", "amount": "1", "day": "2026-01-01"})
    with made.work("CRM manager", only_assigned=True) as work:
        assert fees.by_span(work, spans[1:2], "EUR") == [0]
    with made.work() as work:
        # A database chooses by the size of the table: nine years of fees that fell once, a day apart.
        old = {"name": "Old", "name_key": "old", "amount": 1, "currency": "EUR", "every": "", "version": 1}
        at = {"created_at": work.now, "updated_at": work.now}
        days = [spans[0][1] - dt.timedelta(days=number) for number in range(3000)]
        insert_rows(work.session, Fee, [{**old, **at, "day": when} for when in days])
        work.session.execute(text("ANALYZE"))
        plan = _plan(work, select(func.sum(Fee.amount)).where(*fees.falling(spans[0], "EUR")))
        assert "ix_sales_dashboard_fee_falls" in plan


def _plan(work: Any, statement: Any) -> str:
    compiled = str(statement.compile(work.session.connection(), compile_kwargs={"literal_binds": True}))
    prefix = "EXPLAIN QUERY PLAN" if work.session.connection().dialect.name == "sqlite" else "EXPLAIN"
    return "\n".join(str(row) for row in work.session.execute(text(f"{prefix} {compiled}")))


GOOD = {"name": "Rent", "amount": "1", "day": "2026-01-01"}


@pytest.mark.database("sqlite")
def test_what_is_refused(host: Hosts) -> None:
    """Each field that can't be taken says so, and nothing is stored; goals stand once for a figure, a time and a currency."""
    made = host("sales_dashboard", "transactions")
    with made.work("CRM manager") as work, work.begin():
        for wrong, field in (
            ({"name": " "}, "name"), ({"name": "x" * 201}, "name"), ({"amount": "0"}, "amount"), ({"amount": "-3"}, "amount"),
            ({"amount": "1.005"}, "amount"), ({"amount": "much"}, "amount"), ({"amount": 1.5}, "amount"),
            ({"amount": None}, "amount"),
            ({"amount": "1e30"}, "amount"), ({"amount": "1.5", "currency": "JPY"}, "amount"), ({"currency": "XXQ"}, "currency"),
            ({"day": "31.1."}, "day"), ({"day": None}, "day"), ({"every": "week"}, "every"), ({"until": "soon"}, "until"),
            ({"every": "month", "until": "2025-12-31"}, "until"),
        ):  # fmt: skip
            with pytest.raises(Invalid) as caught:
                fees.save(work, None, GOOD | wrong)
            assert list(caught.value.errors) == [field], wrong
        assert work.session.scalar(select(func.count()).select_from(Fee)) == 0
        goal = goals.save(work, None, {"metric": "net_revenue", "every": "quarter", "target": "1000.50"})
        assert (goal.currency, goal.target) == ("EUR", 100_050)
        assert (
            goals.save(
                work, None, {"metric": "new_customers", "every": "month", "target": "20", "currency": "EUR"}
            ).currency
            == ""
        )
        with pytest.raises(Conflict):
            goals.save(work, None, {"metric": "net_revenue", "every": "quarter", "target": "5"})
        goals.save(work, goal.id, {"metric": "net_revenue", "every": "quarter", "target": "5"})
        for wrong, field in (
            ({"metric": "luck"}, "metric"),
            ({"every": "day"}, "every"),
            ({"target": "0"}, "target"),
            ({"currency": "?"}, "currency"),
        ):
            with pytest.raises(Invalid) as caught:
                goals.save(work, None, {"metric": "fees", "every": "month", "target": "5"} | wrong)
            assert list(caught.value.errors) == [field], wrong
        assert goals.delete(work, goal.id)["target"] == "5.00"


def test_progress() -> None:
    """A goal is measured against the time that has passed; a limit is kept, neared too fast, or broken."""

    def state(metric: str, value: int, today: str = "2026-11-15", every: str = "month") -> str:
        return goals.progress(goals.Goal(metric=metric, every=every, target=100), value, day(today)).state

    assert [state("gross_revenue", value) for value in (100, 60, 40, -5)] == ["reached", "ahead", "behind", "behind"]
    assert [state("fees", value) for value in (40, 60, 101)] == ["within", "fast", "over"]
    assert state("total_customers", 1) == "ahead"
    assert goals.span_of("quarter", day("2026-11-15")) == (day("2026-10-01"), day("2026-12-31"))
    assert goals.span_of("year", day("2026-11-15")) == (day("2026-01-01"), day("2026-12-31"))
