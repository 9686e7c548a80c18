"""Topics: what readers choose without signing in, who is left out for it, and what outlives a contact."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from crmhost.api import AuditEntry, Conflict, Forbidden, Invalid, JournalEntry, mail
from crmhost.core.privacy import erasing
from crmhost.core.settings import services as settings
from crmhost.testing import Host
from plugins.mail_campaigns import audience, choices, figures, privacy, recipients, running, services, topics
from plugins.mail_campaigns.models import Choice
from plugins.mail_campaigns.tests.conftest import act, stored, written
from tests.peers import smtp

EVERYBODY = {"include": [{"all": True}], "exclude": []}


def add(site: Host, name: str, **given: object) -> int:
    with site.work("CRM manager") as work, work.begin():
        return topics.save(work, None, {"name": name, "chosen": True} | given).id


def link(peer: smtp.Peer, to: str) -> str:
    """The path of the page to unsubscribe of the last mail to somebody."""
    mails = [taken.mail for taken in peer.taken if taken.recipients == [to]]
    return str(mails[-1]["List-Unsubscribe"]).strip("<>").removeprefix("https://crm.example.com")


def wanted(site: Host, email: str) -> dict[str, bool]:
    with site.work() as work:
        return {wish.name: wish.wanted for wish in choices.wishes(work, mail.address_hash(work, email))}


def test_people_choose_what_they_get(site: Host, peer: smtp.Peer) -> None:
    """A GET changes nothing; who does not want a topic is left out of it alone; one click stops all; what was said is obeyed
    after the contact is erased and added again, and staff see and change it."""
    ann, bob = (site.make.contact(first_name=name, email=f"{name}@example.org") for name in ("ann", "bob"))
    courses, sales = add(site, "Courses"), add(site, "Sales", description="Twice a year", chosen=False)
    first = written(site)
    act(site, "send", first)
    site.run_jobs()
    page, stranger = link(peer, "ann@example.org"), site.client("")
    shown = stranger.get(page).text
    to = re.search(r'href="(/campaigns/choices/[^"]+)"', shown)
    assert to
    there = stranger.get(to[1])
    assert (there.status_code, "a•••@example.org" in there.text, "Twice a year" in there.text) == (200, True, True)
    assert there.headers["X-Robots-Tag"].startswith("noindex")
    with site.site.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Choice)) == 0
    # Ann wants sales and no courses; somebody at the site says for Bob that he wants no sales, which he got none of anyway.
    assert "Saved." in stranger.post(to[1], data={"topic": [sales], "do": "choose"}).text
    with site.work("Contacts manager") as work, work.begin(), pytest.raises(Forbidden):
        choices.choose_for(work, bob, [courses])
    client = site.client("CRM manager")
    assert "Does not want it, chosen" in client.get(f"/contacts/{ann}").text
    assert client.post(f"/campaigns/topics/of/{bob}", data={"topic": [courses]}).status_code == 303
    assert (wanted(site, "ANN@example.org"), wanted(site, "bob@example.org")) == (
        {"Courses": False, "Sales": True},
        {"Courses": True, "Sales": False},
    )
    with site.work("CRM manager") as work:
        for topic, people in ((courses, "bob"), (sales, "ann")):
            found = audience.preview(work, EVERYBODY, topic)
            assert ([one.email for one in found.sample], found.left_out) == ([f"{people}@example.org"], {"topic": 1})
    second = written(site, name="Course", topic=courses)
    act(site, "send", second)
    site.run_jobs()
    assert peer.taken[-1].recipients == ["bob@example.org"]
    assert len(peer.taken) == 3
    assert stored(site, second).left_out == {"topic": 1}
    with site.work("CRM manager") as work:
        row = recipients.page(work, services.get(work, second), "left_topic").rows[0]
        assert (row.email, figures.of(work, [services.get(work, second)])[second]["left_out"]) == ("ann@example.org", 1)
    assert "Not in this topic" in client.get(f"/campaigns/{second}").text
    # Whose turn did not come yet gets no mail of a topic that they gave up meanwhile.
    third = written(site, name="More", topic=courses)
    act(site, "send", third)
    with site.work("CRM manager") as work:
        running.plan(SimpleNamespace(work=work, check=lambda: None, progress=lambda *_: None), third)
    bobs = link(peer, "bob@example.org").replace("/mail/u/", "/campaigns/choices/")
    stranger.post(bobs, data={"topic": [sales]})
    site.run_jobs()
    assert len(peer.taken) == 3
    # Without a box they get nothing any more; ticking one brings them back, and one click stops all.
    for data, out in (({"do": "choose"}, True), ({"topic": [courses]}, False), ({"do": "nothing"}, True)):
        stranger.post(bobs, data=data)
        with site.work() as work:
            assert ("bob@example.org" in mail.blocked(work, ["bob@example.org"])) == out
    stranger.post(page, data={"List-Unsubscribe": "One-Click"})
    with site.work("CRM manager") as work:
        assert audience.preview(work, EVERYBODY, sales).left_out == {"unsubscribed": 2}
        assert [one["topic"] for one in privacy.told_of(work, ann)["topics"]] == ["Courses", "Sales"]
    with site.site.sessions() as session:
        assert (
            session.scalars(select(JournalEntry.object_id).where(JournalEntry.type == choices.JOURNAL)).first() == ann
        )
        audited = select(func.count()).where(AuditEntry.action == "mail_topics.chosen")
        assert session.scalar(audited.select_from(AuditEntry)) >= 4
    with site.work() as work, work.begin():
        erasing.erase(work, ann)
    site.make.contact(email="ann@example.org")
    assert wanted(site, "ann@example.org") == {"Courses": False, "Sales": False}


@pytest.mark.database("sqlite")
def test_topics_are_kept_by_staff_and_stand_against_hostile_texts(site: Host, peer: smtp.Peer) -> None:
    """Pages list, change and delete them, but not while a campaign needs one; forged links open nothing."""
    site.make.contact(first_name="Ann", email="ann@example.org")
    client = site.client("CRM manager")
    assert "No topics yet" in client.get("/campaigns/topics/").text
    bad = "<script>alert(1)</script>\u202e{{ 7*7 }}' \""
    assert client.post("/campaigns/topics/new", data={"name": ""}).status_code == 422
    assert (
        client.post("/campaigns/topics/new", data={"name": bad, "description": bad, "chosen": "y"}).status_code == 303
    )
    assert client.post("/campaigns/topics/new", data={"name": bad}).status_code == 422
    with site.work() as work:
        number, kept = topics.all_topics(work)[0].id, topics.all_topics(work)[0].name
    for path in ("/campaigns/topics/", f"/campaigns/topics/{number}", "/contacts/1"):
        page = client.get(path).text
        assert "alert(1)" in page
        assert "<script>alert" not in page
    campaign = written(site, topic=number)
    assert f'<option selected value="{number}">' in client.get(f"/campaigns/{campaign}/subject").text
    assert client.post(f"/campaigns/topics/{number}/delete").location == f"/campaigns/topics/{number}"
    with site.work("CRM manager") as work, work.begin(), pytest.raises(Conflict):
        topics.delete(work, number)
    with site.work("CRM manager") as work, work.begin(), pytest.raises(Invalid):
        services.update(work, campaign, {"topic": 999})
    with site.work("Read only") as work, work.begin(), pytest.raises(Forbidden):
        topics.save(work, None, {"name": "X"})
    act(site, "send", campaign)
    site.run_jobs()
    real = link(peer, "ann@example.org").replace("/mail/u/", "/campaigns/choices/")
    stranger = site.client("")
    assert kept.replace("<", "&lt;")[:10] in stranger.get(real).text
    assert stranger.post(real, data={"topic": ["x", "-1", "9" * 30, str(number)]}).status_code == 200
    for forged in (real[:-3], real + "A", f"{real[:30]}{'x' * 40}", "/campaigns/choices/é"):
        for answer in (stranger.get(forged), stranger.post(forged, data={"do": "nothing"})):
            assert answer.status_code == 404
    with site.work() as work:
        assert not mail.blocked(work, ["ann@example.org"])
    assert client.post(f"/campaigns/topics/{number}/delete").location == "/campaigns/topics/"
    assert stored(site, campaign).topic_id is None
    page = stranger.get(real).text
    assert "Unsubscribe" in page
    assert "Subscribe again" in stranger.post(real, data={"do": "nothing"}).text
    assert "Unsubscribe" in stranger.post(real, data={"do": "again"}).text


@pytest.mark.database("sqlite")
def test_a_client_chooses_in_the_portal(host: Callable[..., Host]) -> None:
    """The same page, for who is signed in there, before any mail was sent; a preview changes nothing."""
    from tests import clients

    site = host("mail_campaigns", "portal", base_url="https://crm.example.com")
    with site.work() as work, work.begin():
        settings.set_many(work, {"mail.from": "hello@example.com"})
    topic = add(site, "Courses")
    contact = site.make.contact(first_name="Ann", email="ann@example.org")
    client = clients.sign_in(site, contact)
    assert "Courses" in client.get("/portal/mails/").text
    assert client.post("/portal/mails/", data={"do": "choose"}).status_code == 200
    assert wanted(site, "ann@example.org") == {"Courses": False}
    client.post("/portal/mails/", data={"topic": [topic]})
    assert wanted(site, "ann@example.org") == {"Courses": True}
