"""Writing invoices: numbers, what may change, the bin, permissions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from crmhost.api import Conflict, CrmError, Forbidden, Invalid, NotFound, Stale, settings
from crmhost.testing import Host
from plugins.invoices import recurring, services
from plugins.invoices.models import Invoice, Recurrence

from .conftest import Write, line, pay, seen

Hosts = Callable[..., Host]


@pytest.fixture
def site(host: Hosts) -> Host:
    """A site with invoices and nothing on them."""
    return host("invoices")


def test_a_draft_has_no_number_and_an_issued_one_keeps_it(site: Host, write: Write) -> None:
    """Numbers are given in order when drafts are issued, from the format of the settings; one that is taken is refused."""
    draft = write(site, status="Draft")
    assert (seen(site, draft).number, seen(site, draft).state) == (None, "draft")
    assert seen(site, write(site)).number == "INV-0001"
    with site.work() as work, work.begin():
        assert services.issue(work, draft).number == "INV-0002"
    with site.work() as work, work.begin():
        settings.set_many(work, {"invoices.number_format": "INV-{number}-A"})
    assert seen(site, write(site)).number == "INV-3-A"
    assert seen(site, write(site, number="inv-5-a")).number == "inv-5-a"
    assert seen(site, write(site)).number == "INV-4-A"
    assert seen(site, write(site)).number == "INV-6-A"
    with pytest.raises(Conflict, match="Inv-6-a"):
        write(site, number="Inv-6-a")
    with pytest.raises(Invalid, match="stay"), site.work() as work, work.begin():
        services.update(work, draft, {"number": "X"})


def test_64_savers_at_once_get_64_numbers_in_a_row(site: Host, write: Write) -> None:
    """No number is given twice and none is left out, on both databases, while some of the savings fail."""
    contact = site.make.contact()

    def save(number: int) -> None:
        with site.work() as work, work.begin():
            services.create(work, {"lines": [line(100)], "contact_id": contact, "status": "Unpaid"})
            if number % 4 == 0:
                raise RuntimeError("the machine fell over")

    def safely(number: int) -> bool:
        try:
            save(number)
        except RuntimeError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        done = sum(pool.map(safely, range(64 + 22)))
    with site.work() as work:
        numbers = sorted(work.session.scalars(select(Invoice.number)))
    assert done == len(numbers) == 64
    assert numbers == [f"INV-{number:04}" for number in range(1, 65)]


def test_what_was_paid_or_sent_stays(site: Host, write: Write) -> None:
    """An unpaid invoice can still be corrected; a paid one keeps its sums, not its notes; a void one stays as it is."""
    invoice = write(site)
    with site.work() as work, work.begin():
        services.update(work, invoice, {"lines": [line(20_000)]}, version=seen(site, invoice).version)
    assert seen(site, invoice).total == 20_000
    with site.work() as work, work.begin(), pytest.raises(Stale):
        services.update(work, invoice, {"notes": "x"}, version=1)
    pay(site, invoice, 5_000)
    with site.work() as work, work.begin(), pytest.raises(Invalid, match="sums stay"):
        services.update(work, invoice, {"lines": [line(1)]})
    with site.work() as work, work.begin():
        services.update(work, invoice, {"notes": "Thank you", "due_date": "2030-01-01"})
    assert (seen(site, invoice).notes, seen(site, invoice).due) == ("Thank you", 15_000)
    with site.work() as work, work.begin():
        services.void(work, invoice, "a mistake")
    with site.work() as work, work.begin(), pytest.raises(Invalid, match="void"):
        services.update(work, invoice, {"notes": "x"})
    with site.work() as work, work.begin(), pytest.raises(Invalid, match="void it instead"):
        services.delete(work, [invoice])


def test_drafts_go_to_the_bin_and_come_back(site: Host, write: Write) -> None:
    """Only drafts are deleted; a copy is a draft of today with the same lines."""
    draft = write(site, status="Draft", reference="For March", tags=["VIP"])
    with site.work() as work, work.begin():
        assert services.delete(work, [draft]) == 1
    with pytest.raises(NotFound):
        seen(site, draft)
    with site.work() as work, work.begin():
        assert services.restore(work, [draft]) == 1
        copy = services.duplicate(work, draft)
        assert (copy.reference, copy.total, copy.state, copy.number) == ("For March", 10_000, "draft", None)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"lines": []}, "lines"), ({"contact_id": None}, "contact_id"), ({"contact_id": 999_999}, "contact_id"),
    ({"due_date": "2020-01-01"}, "due_date"), ({"date": "soon"}, "date"), ({"currency": "EURO"}, "currency"),
    ({"status": "Sold"}, "status"), ({"colour": "red"}, "colour"), ({"company_id": 7}, "company_id"),
    ({"lines": [line(1) | {"quantity": "x"}]}, "lines.0.quantity"), ({"notes": ["x"]}, "notes"),
    ({"lines": "x"}, "lines"), ({"discount": "101%"}, "discount"), ({"contact_id": "x"}, "contact_id"),
    ({"shipping": {"amount": 1.5}}, "shipping"), ({"reference": "x" * 121}, "reference"), ({"tags": 7}, "tags"),
]  # fmt: skip


def test_what_can_not_be_is_refused_at_its_field(site: Host) -> None:
    """Each mistake is named where it stands, and nothing is written."""
    contact = site.make.contact()
    for given, field in WRONG:
        fields = {"lines": [line(100)], "contact_id": contact, "status": "Unpaid"} | given
        with site.work() as work:
            with pytest.raises(Invalid) as caught, work.begin():
                services.create(work, fields)
            assert field in caught.value.errors, given
            assert work.session.scalar(select(Invoice.id)) is None


def test_of_one_origin_one_invoice_is_made(site: Host) -> None:
    """Asked for twice, the first one is given back."""
    contact = site.make.contact()
    ids = []
    for _ in range(2):
        with site.work() as work, work.begin():
            ids.append(services.create(work, {"lines": [line(1)], "contact_id": contact}, origin="quote:7").id)
    assert ids[0] == ids[1]


def test_only_who_may_and_only_of_own_contacts(site: Host, write: Write) -> None:
    """Each thing takes its permission; a user limited to their contacts finds, changes and writes only theirs."""
    limited = site.actor("Invoices manager", only_assigned=True)
    mine = site.make.contact(first_name="Mine", assigned_to=limited.user_id)
    other = write(site)
    own = write(site, contact=mine)
    foreign = site.make.contact()
    with site.work("Invoices manager", only_assigned=True) as work:
        assert [found.id for found in work.session.scalars(work.visible(Invoice))] == [own]
        for call in (services.get, services.issue, services.void, services.duplicate):
            with pytest.raises(NotFound), work.begin():
                call(work, other)
        with pytest.raises(Invalid), work.begin():
            services.create(work, {"lines": [line(1)], "contact_id": foreign})
    with site.work("Read only") as work:
        for call in (services.issue, services.void):
            with pytest.raises(Forbidden), work.begin():
                call(work, own)
        for refused in (lambda: services.create(work, {}), lambda: services.delete(work, [own])):
            with pytest.raises(CrmError), work.begin():
                refused()


def test_recurring_invoices_are_made_once_each(site: Host, write: Write) -> None:
    """On the last day of months that lack the day, each once however often the job runs, until the end; issued when wanted."""
    site.clock.freeze(dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC))
    invoice = write(site)
    given = {"every": 1, "unit": "month", "starts_on": "2026-01-31", "ends_on": "2026-04-30", "issue": True}
    with site.work() as work, work.begin():
        recurring.set_up(work, invoice, given)
    for month, day in ((1, 31), (2, 28), (6, 1)):
        site.clock.freeze(dt.datetime(2026, month, day, 13, tzinfo=dt.UTC))
        for _ in range(2):
            with site.work() as work, work.begin():
                work.enqueue("invoices.days")
            site.run_jobs()
    with site.work() as work:
        made = work.session.scalars(
            select(Invoice).where(Invoice.recurrence_id.is_not(None)).order_by(Invoice.id)
        ).all()
        assert [str(one.recurrence_date) for one in made] == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
        assert [one.number for one in made] == ["INV-0002", "INV-0003", "INV-0004", "INV-0005"]
        assert work.session.scalar(select(Recurrence.active)) is False
