"""What the tests of sequences share."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from crmhost.testing import Host
from plugins.mail_campaigns.models import Place
from plugins.mail_campaigns.sequences import services, steps
from tests.peers import smtp

DAY = 86_400
LINE = "<p>Hello</p><p>##UNSUB-LINE##</p>"


def made_sequence(site: Host, waits_of: tuple[int, ...] = (0, 2), **given: object) -> tuple[int, list[int]]:
    """A sequence for VIPs that is on, and the numbers of its steps."""
    fields = {"name": "Welcome", "audience": {"include": [{"tag": "VIP"}]}}
    with site.work("CRM manager") as work, work.begin():
        number = services.create(work, fields | given).id
        made = []
        for place, days in enumerate(waits_of, 1):
            step = steps.add(work, number)
            words = {"subject": f"Step {place}", "content_kind": "html", "content": LINE}
            steps.change(work, number, step.id, words | {"wait_number": days, "wait_unit": "days"})
            made.append(step.id)
        services.switch_on(work, number)
    tick(site)
    return number, made


def tick(site: Host) -> None:
    """What the schedules do."""
    for kind in ("look", "walk"):
        with site.work() as work, work.begin():
            work.enqueue(f"mail_campaigns.{kind}")
        site.run_jobs()


def taken(peer: smtp.Peer) -> Counter[tuple[str, str]]:
    return Counter((taken.recipients[0].partition("@")[0], str(taken.mail["Subject"])) for taken in peer.taken)


def states(site: Host, number: int) -> dict[int, tuple[str, str]]:
    with site.site.sessions() as session:
        rows = session.scalars(select(Place).where(Place.sequence_id == number))
        return {row.contact_id: (row.state, row.reason) for row in rows}
