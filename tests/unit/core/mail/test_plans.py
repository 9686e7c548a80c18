"""Every list and question of mail is served by an index on both databases."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence

import pytest
from sqlalchemy import insert, text

from crmhost.core.mail import intake, keys, lanes, log, services, suppression
from crmhost.core.mail.models import MailBounce, MailMessage, MailSuppression
from crmhost.errors import RetryLater
from crmhost.testing import Host
from crmhost.work.context import JobContext
from crmhost.work.unit import SYSTEM
from tests.unit.core import test_plans
from tests.unit.core.test_plans import Plans

FILTERS: list[tuple[str, Mapping[str, Sequence[str]]]] = [
    ("", {}),
    ("p7@example.org", {}),
    ("example", {"state": ["failed"]}),
    ("", {"state": ["failed"]}),
    ("", {"state": ["failed", "unknown"]}),
    ("", {"account": ["1"]}),
    ("", {"contact": ["1"]}),
    ("", {"from": ["2020-01-01"], "to": ["2030-01-01"]}),
    ("p7@example.org", {"state": ["sent"], "account": ["1"]}),
]


def test_lists_and_questions_of_mail_are_read_from_indexes(
    host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each filter of the log, on the first page and in the middle, both ways; the mails of a contact; blocked addresses."""
    monkeypatch.setattr(test_plans, "BIG", ("mail_message", "mail_bounce", "mail_suppression"))
    site = host()
    contact = site.make.contact(email="p7@example.org")
    with site.work("Admin") as work, work.begin():
        hashes = [keys.address_hash(work, f"p{number}@example.org") for number in range(300)]
        common = {"to_email": "p7@example.org", "email_key": "p7@example.org", "subject": "S", "actor_label": ""}
        rows = [
            {**common, "contact_id": contact, "state": "failed" if number % 50 else "sent", "created_at": work.now}
            for number in range(300)
        ]
        work.session.execute(insert(MailMessage), rows)
        work.session.execute(
            insert(MailSuppression),
            [{"address_hash": value, "reason": "bounced", "said": "", "at": work.now} for value in hashes],
        )
        reports = [
            {"digest": value, "address_hash": value, "message_id": 1, "kind": "soft", "at": work.now}
            for value in hashes
        ]
        work.session.execute(insert(MailBounce), reports)
    with site.site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    with site.work("Admin") as work:
        plans = Plans(work)
        for q, filters in FILTERS:
            with plans.good((q, filters)):
                page = log.page(work, q, filters, limit=5)
            if page.next:
                with plans.good(("middle", q, filters)):
                    following = log.page(work, q, filters, after=page.next, limit=5)
                with plans.good(("back", q, filters)):
                    back = log.page(work, q, filters, before=following.previous, limit=5)
                assert [row.id for row in back.rows] == [row.id for row in page.rows]
        with plans.good("of a contact"):
            services.of_contact(work, contact)
        with plans.good("blocked"):
            assert services.blocked(work, ["p7@example.org", "q@example.org"]) == {"p7@example.org"}
        with plans.good("has"):
            assert suppression.has(work, hashes[7], "bounced")
        with plans.good("soft"):
            assert intake.soft_bounces(work, hashes[7]) == 1
        with plans.good("reports"):
            log.reports(work, 1)


def test_mailings_are_read_from_indexes(host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> None:
    """What a lane asks before each run of mails, and the figures, read no more than the mails of the mailing."""
    monkeypatch.setattr(test_plans, "BIG", ("mail_message",))
    site = host(base_url="https://crm.example.com")
    contact = site.make.contact(email="p7@example.org")
    with site.work("Admin") as work, work.begin():
        common = {"contact_id": contact, "to_email": "p7@example.org", "subject": "S", "actor_label": "", "told": True}
        rows = [
            {
                **common,
                "email_key": f"{number}",
                "state": "sent",
                "created_at": work.now,
                "mailing_id": number % 10 or None,
            }
            for number in range(2_000)
        ]
        work.session.execute(insert(MailMessage), rows)
        made = services.mailings.create(work, source="probe:1", subject="S", text="T")
        services.mailings.add(work, made, [services.mailings.Recipient(contact, "p7@example.org")])
        services.mailings.start(work, made.id)
        number = made.id
    with site.site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    with site.site.work(SYSTEM) as work:
        plans = Plans(work)
        with plans.good("figures"):
            services.mailings.figures(work, [number])
        with plans.good("lane"), contextlib.suppress(RetryLater):
            for lane in range(made.lanes):
                lanes.send(JobContext(work, 0, 1), number, lane)
