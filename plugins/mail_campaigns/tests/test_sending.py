"""Campaigns from the draft to the last mail: to whom, once, and what came of it."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import select

from crmhost.api import Conflict, Forbidden, Invalid, mail
from crmhost.testing import Clock, Host
from crmhost.work import jobs
from plugins.mail_campaigns import audience, figures, reviving, running, services
from plugins.mail_campaigns.models import Campaign, LeftOut
from plugins.mail_campaigns.tests.conftest import HTML, act, stored, written
from tests.peers import smtp

ONE = pytest.mark.database("sqlite")


def people(site: Host) -> list[int]:
    """Six people: tags, an address twice, one without an address, one who unsubscribed."""
    rows = [
        {"first_name": "Ann", "email": "ann@example.org", "tags": ["VIP", "Skyline"]},
        {"first_name": "Bob", "email": "bob@example.org", "tags": ["VIP"]},
        {"first_name": "Cem", "email": "cem@example.org"},
        {"first_name": "Dee", "email": ""},
        {"first_name": "Eve", "email": "eve@example.org", "tags": ["VIP"]},
    ]
    made = [site.make.contact(**row) for row in rows]
    with site.work() as work, work.begin():
        mail.suppress(work, "eve@example.org", "unsubscribed")
    return made


def test_a_campaign_reaches_each_of_its_audience_once(site: Host, peer: smtp.Peer) -> None:
    """Clicked twice it goes out once; who is left out stands there with the reason; the end is told."""
    made = people(site)
    number = written(site)
    with site.work("CRM manager") as work:
        found = audience.preview(work, services.get(work, number).audience)
        assert (found.count, found.reached, found.left_out) == (5, 3, {"no_email": 1, "unsubscribed": 1})
        assert [one.email for one in found.first] == ["ann@example.org", "bob@example.org", "cem@example.org"]
    act(site, "send", number)
    act(site, "send", number)
    site.run_jobs()
    act(site, "send", number)
    site.run_jobs()
    assert sorted(taken.recipients[0] for taken in peer.taken) == [f"{n}@example.org" for n in ("ann", "bob", "cem")]
    campaign = stored(site, number)
    assert (campaign.state, campaign.planned, campaign.left_out) == ("sent", 3, {"no_email": 1, "unsubscribed": 1})
    with site.site.sessions() as session:
        left = {row.contact_id: row.reason for row in session.scalars(select(LeftOut))}
    assert left == {made[3]: "no_email", made[4]: "unsubscribed"}
    assert ("campaign.sent", [number]) in site.events()
    with site.work("CRM manager") as work:
        counted = figures.of(work, [services.get(work, number)])[number]
        assert (counted["planned"], counted["sent"], counted["left_out"], counted["waiting"]) == (3, 3, 2, 0)


def test_tags_and_statuses_are_taken_in_and_kept_out(site: Host, peer: smtp.Peer) -> None:
    """VIP but not Skyline; a part that is gone stops the campaign instead of making it wider."""
    people(site)
    number = written(site, audience={"include": [{"tag": "vip"}], "exclude": [{"tag": "Skyline"}]})
    act(site, "send", number)
    site.run_jobs()
    assert [taken.recipients for taken in peer.taken] == [["bob@example.org"]]
    with site.work("CRM manager") as work, work.begin(), pytest.raises(Invalid) as refused:
        services.create(work, {"name": "X", "audience": {"include": [{"tag": "nobody has it"}]}})
    assert "audience" in refused.value.errors
    with site.work("CRM manager") as work, work.begin(), pytest.raises(Invalid):
        services.create(work, {"name": "X", "audience": {"include": [{"segment": 1}]}})


@ONE
def test_without_a_way_out_or_an_audience_nothing_is_sent(site: Host, peer: smtp.Peer) -> None:
    """##UNSUB-LINE## has to be there, in either writing; subject, words and audience too; each is said at its field."""
    people(site)
    lacking = {
        "content": {"html": "<p>News</p>"},
        "subject": {"subject": ""},
        "audience": {"audience": {"include": []}},
    }
    for field, given in lacking.items():
        number = written(site, **given)
        with pytest.raises(Invalid) as refused:
            act(site, "send", number)
        assert field in refused.value.errors
        assert stored(site, number).state == "draft"
    act(site, "send", written(site, html="<p>News {{ unsubscribe.url }}</p>"))
    site.run_jobs()
    assert len(peer.taken) == 3
    with site.work("Read only") as work, work.begin(), pytest.raises(Forbidden):
        running.send(work, number)
    with site.work("CRM manager") as work, work.begin(), pytest.raises(Invalid):
        services.create(work, {"name": "X", "html": "<p>{{ contact.nothing_such }}</p>"})


def test_people_of_companies_get_it_each_once(host: Callable[..., Host]) -> None:
    """By tags and statuses of their companies, whoever may see them; switched off, the campaign says so and goes to nobody."""
    site = host("mail_campaigns", "companies", base_url="https://crm.example.com")
    ann, bob, cem = (site.make.contact(first_name=name, email=f"{name}@example.org") for name in ("ann", "bob", "cem"))
    site.make.contact(first_name="dee", email="dee@example.org")
    with site.work("CRM manager") as work, work.begin():
        companies = work.service("companies")
        for name, status, people in (("Mill", "Vendor", (ann, bob)), ("Forge", "Customer", (bob, cem))):
            companies.create({"name": name, "status": status, "tags": ["Partner", name]}, source="manual")
            companies.join_many([(number, name) for number in people])
    wanted = {
        "ann bob": [{"company_status": "vendor"}],
        "ann bob cem": [{"company_tag": "partner"}],
        "cem": [{"company_tag": "Forge"}],
    }
    for names, include in wanted.items():
        exclude = [{"company_status": " vendor"}] if names == "cem" else []
        number = written(site, audience={"include": include, "exclude": exclude}, name=names)
        with site.work("CRM manager") as work:
            found = audience.preview(work, services.get(work, number).audience)
            assert " ".join(one.name for one in found.sample) == names
        with site.work("Mail manager", only_assigned=True) as work, contextlib.suppress(Invalid):
            assert not audience.count(work, {"include": include})
    client = site.client("CRM manager")
    page = client.get(f"/campaigns/{number}/audience").text
    assert "Whose company has one of the statuses" in page
    assert stored(site, number).audience["exclude"] == [{"company_status": "Vendor"}]
    assert "Companies: Forge" in client.get(f"/campaigns/{number}/review").text
    for wrong in (
        {"company_tag": "none"},
        {"company_status": "none"},
        {"company_status": ""},
        {"company_tag": None},
        {"company_status": 1},
    ):
        with site.work("CRM manager") as work, work.begin(), pytest.raises(Invalid):
            services.create(work, {"name": "X", "audience": {"include": [wrong]}})
    site.disable("companies")
    with pytest.raises(Invalid) as refused:
        act(site, "send", number)
    assert "Companies are switched off" in refused.value.errors["audience"][0]
    assert "Companies are switched off" in client.get(f"/campaigns/{number}/review").text


def test_paused_resumed_and_cancelled(site: Host, peer: smtp.Peer) -> None:
    """Also while its audience is written down: nothing is lost or doubled, and what was cancelled gets nothing."""
    people(site)
    number = written(site)
    act(site, "send", number)
    act(site, "pause", number)
    site.run_jobs()
    assert peer.taken == []
    act(site, "resume", number)
    peer.on_data = lambda _taken: act(site, "pause", number) if len(peer.taken) == 1 else None
    site.run_jobs()
    assert 1 <= len(peer.taken) <= 3
    act(site, "resume", number)
    site.run_jobs()
    assert sorted(Counter(taken.recipients[0] for taken in peer.taken).values()) == [1, 1, 1]
    assert stored(site, number).state == "sent"
    with pytest.raises(Conflict):
        act(site, "cancel", number)
    other = written(site, name="Summer")
    act(site, "send", other)
    act(site, "cancel", other)
    site.run_jobs()
    assert len(peer.taken) == 3
    assert stored(site, other).state == "cancelled"


@ONE
def test_an_audience_whose_job_was_given_up_is_written_down(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """As after many kills: the next look, minutes later, goes on for who sent it; one that moves is left alone."""
    clock.freeze()
    people(site)
    number = written(site)
    act(site, "send", number)
    with site.work("Admin") as work, work.begin():
        jobs.cancel(work, site.jobs("mail_campaigns.plan")[0].id)
    for minutes, mails in ((1, 0), (3, 3)):
        clock.move(seconds=minutes * 60)
        with site.work() as work:
            assert reviving.stalled(work) == bool(mails)
        with site.work() as work, work.begin():
            work.enqueue("mail_campaigns.revive")
        site.run_jobs()
        assert len(peer.taken) == mails
    assert stored(site, number).state == "sent"


@ONE
def test_a_scheduled_campaign_goes_at_its_time(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """Moved, it goes at the later time only; taken back, it does not go; one whose job was cancelled is a draft again."""
    clock.freeze()
    people(site)
    number = written(site)
    at = clock() + dt.timedelta(hours=1)
    act(site, "schedule", number, at)
    act(site, "schedule", number, at + dt.timedelta(hours=1))
    clock.move(seconds=3_700)
    site.run_jobs()
    assert (peer.taken, stored(site, number).state) == ([], "scheduled")
    clock.move(seconds=3_700)
    site.run_jobs()
    assert len(peer.taken) == 3
    other = written(site, name="Other")
    act(site, "schedule", other, clock() + dt.timedelta(hours=1))
    act(site, "unschedule", other)
    clock.move(seconds=3_700)
    site.run_jobs()
    assert len(peer.taken) == 3
    with pytest.raises(Invalid):
        act(site, "schedule", other, clock())
    act(site, "schedule", other, clock() + dt.timedelta(hours=1))
    with site.work("Admin") as work, work.begin():
        jobs.cancel(work, stored(site, other).begin_job_id or 0)
    clock.move(seconds=3_800)
    with site.work() as work, work.begin():
        assert reviving.stalled(work)
        work.enqueue("mail_campaigns.revive")
    site.run_jobs()
    assert (stored(site, other).state, len(peer.taken)) == ("draft", 3), "whose job was cancelled is a draft again"


@ONE
def test_a_copy_begins_at_nothing(site: Host, peer: smtp.Peer) -> None:
    """Words and audience are the same, the figures zero, the original keeps its name; what went out can't be changed."""
    people(site)
    number = written(site)
    act(site, "send", number)
    site.run_jobs()
    with site.work("CRM manager") as work, work.begin():
        copy = services.duplicate(work, number)
        assert (copy.name, copy.state, copy.planned, copy.mailing_id) == ("Spring (2)", "draft", 0, None)
        assert copy.content == HTML
        assert not any(figures.of(work, [copy])[copy.id].values())
        assert services.get(work, number).name == "Spring"
        with pytest.raises(Conflict):
            services.update(work, number, {"subject": "Other"})
        with pytest.raises(Conflict):
            services.delete(work, number)
        assert services.delete(work, copy.id) == "Spring (2)"


def test_what_comes_back_counts_once(site: Host, peer: smtp.Peer) -> None:
    """One click on unsubscribe, twice, is one in the figures; the contact gets no more campaigns."""
    people(site)
    number = written(site)
    act(site, "send", number)
    site.run_jobs()
    address = peer.taken[0].mail["List-Unsubscribe"].strip("<>")
    path = address.removeprefix("https://crm.example.com")
    stranger = site.client("")
    assert stranger.get(path).status_code == 200
    for _ in range(2):
        assert stranger.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    site.run_jobs()
    with site.work("CRM manager") as work:
        assert figures.of(work, [work.session.get_one(Campaign, number)])[number]["unsubscribed"] == 1
        found = audience.preview(work, {"include": [{"all": True}]})
        assert found.left_out["unsubscribed"] == 2
