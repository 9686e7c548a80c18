"""Openings: counted where site and campaign want it, told apart from proxies and scanners, and gone with who is erased."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from crmhost.api import JournalEntry, conditions
from crmhost.core.privacy import erasing
from crmhost.core.settings import services as settings
from crmhost.testing import Clock, Host
from plugins.mail_campaigns import figures, opens, over_time, privacy, recipients, services
from plugins.mail_campaigns.models import Event
from plugins.mail_campaigns.tests.conftest import act, stored, written
from plugins.mail_campaigns.tests.test_clicks import HTML, PERSON, paths
from tests.peers import smtp

APPLE = {"User-Agent": "Mozilla/5.0"}
GOOGLE = {"User-Agent": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"}


def picture(peer: smtp.Peer, to: str) -> str:
    """The path of the picture in the mail to somebody; empty without one."""
    mail = next(taken.mail for taken in peer.taken if taken.recipients == [to])
    found = re.search(r'src="https://crm\.example\.com(/campaigns/o/[^"]+)"', mail.get_body(("html",)).get_content())
    return found[1] if found else ""


def sure(site: Host) -> dict[int | None, str]:
    with site.site.sessions() as session:
        rows = session.execute(select(Event.contact_id, Event.sure).where(Event.kind == opens.KIND))
        return {row[0]: row[1] for row in rows}


def allow(site: Host, *, yes: bool) -> None:
    with site.work() as work, work.begin():
        settings.set_many(work, {opens.SETTING: "true" if yes else ""})


def test_openings_of_people_count_and_those_of_programs_do_not(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """Off by default; proxies, scanners, fetches on arrival and bursts are kept apart, a person later counts, once; forged and
    foreign tokens count nothing; journal, list, segment and export tell it; nothing is left of who is erased."""
    clock.freeze()
    names = ("ann", "bob", "cem", "dee", "eve")
    made = {name: site.make.contact(first_name=name, email=f"{name}@example.org") for name in names}
    plain = written(site, html=HTML, track_clicks=True, track_opens=True, name="Plain")
    act(site, "send", plain)
    site.run_jobs()
    assert picture(peer, "ann@example.org") == ""
    peer.taken.clear()
    allow(site, yes=True)
    number = written(site, html=HTML, track_clicks=True, track_opens=True)
    act(site, "send", number)
    site.run_jobs()
    ann, bob, cem, dee, eve = (picture(peer, f"{name}@example.org") for name in names)
    client = site.client("")
    first = client.get(ann, headers=PERSON)
    assert (first.mimetype, first.data, first.headers.get("Set-Cookie")) == ("image/gif", opens.PICTURE, None)
    assert sure(site) == {made["ann"]: "likely_machine"}, "nobody reads that soon"
    clock.move(seconds=3_600)
    forged = f"/campaigns/o/{number}/{'a' * 24}.gif"
    token = ann.rpartition("/")[2]
    for other in (forged, f"/campaigns/o/{plain}/{token}", "/campaigns/o/1/é.gif"):
        assert client.get(other, headers=PERSON).data == opens.PICTURE
    assert client.get(f"/campaigns/o/99999999999/{token}").status_code == 404
    client.head(bob, headers=PERSON)
    client.get(bob, headers=APPLE)
    client.get(cem, headers={**PERSON, "Sec-Purpose": "prefetch"})
    client.get(dee, headers=GOOGLE)
    # Whoever follows all links within seconds opened it as a program too.
    client.get(eve, headers=PERSON)
    for link in (1, 2, 3):
        client.get(paths(peer, "eve@example.org")[link], headers=PERSON)
    machines = {made[name]: "likely_machine" for name in ("ann", "bob", "cem", "eve")}
    assert sure(site) == {**machines, made["dee"]: "unknown"}
    clock.move(seconds=3_600)
    for _ in range(2):
        client.get(ann, headers=PERSON)
    client.get(dee, headers=APPLE)
    assert sure(site) == {**machines, made["ann"]: "certain", made["dee"]: "unknown"}
    with site.work("CRM manager") as work:
        campaign = services.get(work, number)
        assert figures.of(work, [campaign])[number]["opened"] == 2
        rows = recipients.page(work, campaign, "opened").rows
        assert sorted(row.contact_id for row in rows if row.contact_id) == sorted([made["ann"], made["dee"]])
        document = {"conditions": [{"type": "campaign_opened", "operator": "has", "value": str(number)}]}
        asked = conditions.question(work, conditions.read(work, document))
        assert sorted(work.session.scalars(asked.ids())) == sorted([made["ann"], made["dee"]])
        assert [one["kind"] for one in privacy.told_of(work, made["ann"])["answers"]] == ["opened"]
    with site.site.sessions() as session:
        wanted = select(JournalEntry.object_id).where(JournalEntry.type == opens.JOURNAL)
        # The click that was a program's is in no journal, nor is the opening that went with it after a second thought.
        assert list(session.scalars(wanted)) == [made["eve"], made["ann"]]
        assert sum(day.get("opened", 0) for day in over_time.answers(work, campaign)) == 2
    page = site.client("CRM manager").get(f"/campaigns/{number}").text
    assert "unreliable" in page
    assert "When do people answer?" in page
    with site.work() as work, work.begin():
        erasing.erase(work, made["ann"])
    client.get(ann, headers=PERSON)
    with site.site.sessions() as session:
        mine = select(func.count()).select_from(Event).where(Event.contact_id.in_([made["ann"]]))
        assert session.scalar(mine) == 0
        assert session.scalar(select(func.count()).select_from(Event).where(Event.contact_id.is_(None))) == 0
    allow(site, yes=False)
    client.get(bob, headers=PERSON)
    assert sure(site)[made["bob"]] == "likely_machine"


@pytest.mark.database("sqlite")
def test_openings_are_offered_where_the_site_lets_them_be_counted(site: Host) -> None:
    """The switch stands at the campaign's name then, and what was set stays when the site takes it back."""
    client, number = site.client("CRM manager"), written(site)
    step = f"/campaigns/{number}/subject"
    assert "Count openings" not in client.get(step).text
    allow(site, yes=True)
    assert "Count openings" in client.get(step).text
    given = {"name": "Spring", "subject": "News", "account": "", "version": "1"}
    client.post(step, data={**given, "track_opens": "y"})
    assert stored(site, number).track_opens
    allow(site, yes=False)
    client.post(step, data={**given, "version": "2"})
    assert stored(site, number).track_opens
