"""Reports by mail: whom they reach, once, with the figures that each of them may see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pypdf
import pytest
from sqlalchemy import select

from crmhost.api import Invalid, Stale, files, mail, users
from crmhost.testing import Host
from plugins.sales_dashboard import report
from plugins.transactions import services

MakeHost = Callable[..., Host]


def mails(made: Host) -> list[mail.MailMessage]:
    """All mails, in their order."""
    with made.work() as work:
        return list(work.session.scalars(select(mail.MailMessage).order_by(mail.MailMessage.id)))


def paper(made: Host, place: int) -> str:
    """What the PDF of a mail says."""
    with made.work() as work, files.open(work, mails(made)[place].attachments[0]["file_id"]) as stream:
        return " ".join(page.extract_text() for page in pypdf.PdfReader(stream).pages)


def test_each_reader_gets_each_report_once(host: MakeHost) -> None:
    """The week on Monday, the month on the first, in the reader's language and of the contacts that they see; late ones too, old
    ones not; a job that runs again sends nothing again.
    """
    made = host("sales_dashboard")
    made.clock.freeze(dt.datetime(2093, 4, 27, 12, tzinfo=dt.UTC))
    boss = made.make.user("Admin", email="boss@example.com")
    seller = made.make.user("CRM manager", email="seller@example.com", only_assigned=True)
    stranger = made.make.user("Mail manager", email="stranger@example.com")
    own = made.make.contact(first_name="Own", assigned_to=seller)
    for number, (contact, total) in enumerate(((own, 1000), (made.make.contact(first_name="Other"), 20000))):
        given = {
            "ref": f"R{number}",
            "name": "Order",
            "status": "Completed",
            "date": "2093-04-22",
            "contact_id": contact,
            "tags": ["Parts"],
        }
        with made.work() as work, work.begin():
            services.create(work, given | {"total": {"amount": total, "currency": "EUR"}})
    with made.work() as work, work.begin():
        users.save_role(work, None, "Counts", ["sales_dashboard.view"])
    counter = made.make.user("Counts", email="counter@example.com")
    with made.work() as work, work.begin():
        with pytest.raises(Invalid):
            report.choose(work, {"weekly": [boss, stranger]})
        seen = report.version(work)
        report.choose(work, {"weekly": [seller, boss, counter], "monthly": [boss]}, seen=seen)
        with pytest.raises(Stale):
            report.choose(work, {"weekly": [boss]}, seen=seen)
    made.run_jobs()

    def night(day: str) -> list[tuple[str, str]]:
        known = len(mails(made))
        made.clock.freeze(dt.datetime.fromisoformat(f"{day}T07:00:00+00:00"))
        made.run_jobs()
        return [(one.to_email, one.subject) for one in mails(made)[known:]]

    week = "Sales of the week 20–26 Apr 2093"
    reached = [("boss", "€210.00"), ("seller", "€10.00"), ("counter", "€210.00")]
    assert night("2093-04-28") == [(f"{name}@example.com", f"{week}: {total}") for name, total in reached]
    # Who may not see contacts reads the names of none.
    assert ["Other" in paper(made, place) for place in range(3)] == [True, False, False]
    assert night("2093-04-29") == []
    with made.work() as work, work.begin():
        work.enqueue("sales_dashboard.report")
    assert night("2093-04-29") == []
    assert night("2093-05-01") == [("boss@example.com", "Sales of April 2093: €210.00")]
    # The site was off for days: the week that is too long over is left out.
    assert night("2093-05-15") == []
    assert [to for to, _subject in night("2093-05-18")] == [f"{name}@example.com" for name, _total in reached]
    first = mails(made)[0]
    assert "Gross revenue: €210.00 (before: €0.00)" in first.text
    with made.work() as work:
        attached = files.get(work, first.attachments[0]["file_id"])
        assert (attached.name, attached.media_type) == ("sales-2093-04-20-2093-04-26.pdf", "application/pdf")
        assert [name for row, name in report.last_sent(work)][:1] != [""]
