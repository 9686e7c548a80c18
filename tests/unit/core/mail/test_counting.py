"""The figures of mailings are those that counting every mail gives, whatever state most of them are in."""

from __future__ import annotations

import random
from collections.abc import Callable

from sqlalchemy import func, select, update

from crmhost.core.mail import services
from crmhost.core.mail.models import STATES, MailMailing, MailMessage
from crmhost.core.privacy import erasing
from crmhost.testing import Host
from crmhost.work.unit import Work


def plainly(work: Work) -> dict[int, dict[str, int]]:
    counted = select(MailMessage.mailing_id, MailMessage.state, func.count())
    found: dict[int, dict[str, int]] = {}
    for mailing_id, state, number in work.session.execute(counted.group_by(MailMessage.mailing_id, MailMessage.state)):
        found.setdefault(mailing_id or 0, {})[state] = number
    return found


def test_figures_are_what_counting_gives(host: Callable[..., Host]) -> None:
    """In each state of a mailing, with one state of mails, two or all of them, and after somebody was erased."""
    chance = random.Random(7)  # the same at each run
    site = host(base_url="https://crm.example.com")
    contacts = [site.make.contact(email=f"p{number}@example.org") for number in range(6)]
    mixtures = [("sent",), ("queued",), ("queued", "sent"), ("sent", "bounced"), ("skipped", "sent"), STATES]
    with site.work("Admin") as work, work.begin():
        made = []
        for state in ("planned", "sending", "paused", "done", "cancelled"):
            for states in mixtures:
                mailing = services.mailings.create(work, source="probe:1", subject="S", text="T")
                for contact in contacts:
                    some = [
                        services.mailings.Recipient(contact, f"p{contact}.{number}@example.org") for number in range(4)
                    ]
                    services.mailings.add(work, mailing, [*some, some[0]])
                ids = list(work.session.scalars(select(MailMessage.id).where(MailMessage.mailing_id == mailing.id)))
                for number in ids:
                    became = update(MailMessage).where(MailMessage.id == number).values(state=chance.choice(states))
                    work.session.execute(became)
                work.session.execute(update(MailMailing).where(MailMailing.id == mailing.id).values(state=state))
                made.append(mailing.id)
    with site.work() as work:
        assert services.mailings.figures(work, made) == plainly(work)
        assert services.mailings.figures(work, [made[3], 999]) == {made[3]: plainly(work)[made[3]], 999: {}}
    with site.work() as work, work.begin():
        erasing.erase(work, contacts[2])
    with site.work() as work:
        assert services.mailings.figures(work, made) == plainly(work)
        assert sum(plainly(work)[made[0]].values()) == 20
