"""Reminders: each once, of what is unpaid, on their day."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select

from crmhost.api import JobContext, mail, settings
from crmhost.testing import Clock, Host
from plugins.invoices import reminders, services
from plugins.invoices.models import Reminder

from .conftest import Write, pay

START = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)


def ready(host: Callable[..., Host], clock: Clock, *days: int) -> Host:
    """A site that reminds at these distances."""
    clock.freeze(START)
    site = host("invoices")
    with site.work() as work, work.begin():
        settings.set_many(work, {"invoices.reminders": ", ".join(map(str, days))})
    return site


def run(site: Host) -> None:
    """Runs the job, as its schedule does."""
    with site.work() as work:
        reminders.remind(JobContext(work, 0, 1))


def told(site: Host) -> list[tuple[int, int]]:
    """Invoice and distance of each reminder, and that there is a mail for each."""
    with site.work() as work:
        rows = work.session.scalars(select(Reminder).order_by(Reminder.at, Reminder.invoice_id)).all()
        subjects = work.session.scalars(select(mail.MailMessage.subject)).all()
        assert len(subjects) == len(rows)
        return [(row.invoice_id, row.days) for row in rows]


def test_each_reminder_goes_once_on_its_day(host: Callable[..., Host], write: Write, clock: Clock) -> None:
    """Three days before, a day and a week after; run twice a day; none once it is paid; anew for another due date."""
    site = ready(host, clock, -3, 1, 7)
    number = write(site, due_date="2026-03-12")
    seen: dict[int, list[int]] = {}
    for day in range(20):
        run(site)
        run(site)
        seen[day] = [days for _number, days in told(site)]
        clock.move(days=1)
    assert [day for day in seen if seen[day] != seen.get(day - 1, [])] == [7, 11, 17]
    assert seen[19] == [-3, 1, 7]
    with site.work() as work, work.begin():
        services.update(work, number, {"due_date": "2026-03-25"})
    run(site)
    assert [days for _number, days in told(site)] == [-3, 1, 7, -3]
    clock.freeze(dt.datetime(2026, 3, 26, 9, 0, tzinfo=dt.UTC))
    run(site)
    assert [days for _number, days in told(site)] == [-3, 1, 7, -3, 1]
    pay(site, number)
    clock.move(days=6)
    run(site)
    assert len(told(site)) == 5


def test_nobody_is_reminded_of_what_is_not_owed_or_long_gone(
    host: Callable[..., Host], write: Write, clock: Clock
) -> None:
    """Drafts, paid and void invoices, one without an address, one issued that day, and days gone before the setting came."""
    site = ready(host, clock)
    for status in ("Draft", "Paid", "Void"):
        write(site, status=status, due_date="2026-03-12")
    write(site, contact=site.make.contact(first_name="Ada"), due_date="2026-03-12")
    write(site, due_date="2026-03-04")
    clock.freeze(dt.datetime(2026, 3, 13, 9, 0, tzinfo=dt.UTC))
    with site.work() as work, work.begin():
        settings.set_many(work, {"invoices.reminders": "0, 1"})
    write(site, date="2026-03-01", due_date="2026-03-12")
    run(site)
    assert told(site) == []
    with site.work() as work:
        assert reminders.has_work(work)


@pytest.mark.database("postgresql")
def test_two_runs_at_once_send_one_reminder(host: Callable[..., Host], write: Write, clock: Clock) -> None:
    """Both find the same invoice before either has written anything."""
    site = ready(host, clock, 1)
    write(site, due_date="2026-03-12")
    clock.freeze(dt.datetime(2026, 3, 13, 9, 0, tzinfo=dt.UTC))
    gate = threading.Barrier(2)
    given = reminders.candidates
    errors: list[BaseException] = []

    def one() -> None:
        try:
            with site.work() as work:
                found = list(given(work, 1))
                gate.wait(20)
                for number, due_date in found:
                    try:
                        reminders._one(work, number, due_date, 1)
                    except reminders._Settled:
                        errors.append(AssertionError("settled"))
        except BaseException as error:  # shown by the test
            errors.append(error)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(told(site)) == 1
    assert [str(error) for error in errors] in (["settled"], ["This invoice is being changed. Send it again."])
