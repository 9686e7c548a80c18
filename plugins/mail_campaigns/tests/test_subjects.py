"""Several subjects of one campaign: who gets which, what wins, and that each address gets one mail whatever happens."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from crmhost.api import Conflict, Invalid, mail
from crmhost.testing import Clock, Host
from plugins.mail_campaigns import choices, reviving, subjects, topics, web, winning
from plugins.mail_campaigns.tests.conftest import act, stored, written
from plugins.mail_campaigns.watching import note
from tests.peers import smtp

ONE = pytest.mark.database("sqlite")
THREE = {
    "subject": "A news",
    "subjects": ["B news", "C {{ contact.first_name }}"],
    "track_clicks": True,
    "test_share": 50,
}


def test_the_split_is_even_and_the_same_however_often_it_is_drawn() -> None:
    """Half of 6,000 people is tried, a third of that with each subject, by the numbers of campaign and contact alone."""
    campaign = SimpleNamespace(id=7, subjects=["b", "c"], test_share=50)
    people = [mail.mailings.Recipient(number, f"{number}@example.org") for number in range(6_000)]
    drawn = subjects.parted(campaign, people)  # type: ignore[arg-type]  # as much of a campaign as is asked for
    assert drawn == subjects.parted(campaign, people[::-1])[::-1]  # type: ignore[arg-type]  # as above
    counted = Counter((one.variant, one.held) for one in drawn)
    assert set(counted) == {(0, True), (0, False), (1, False), (2, False)}
    assert abs(counted[0, True] - 3_000) < 200
    assert all(abs(counted[number, False] - 1_000) < 150 for number in range(3))


def _people(site: Host, number: int = 24) -> None:
    for place in range(number):
        site.make.contact(first_name=f"P{place}", email=f"p{place}@example.org")


def _click(site: Host, number: int, variant: int, most: int = 99) -> None:
    """So many of those with a subject click."""
    with site.work() as work, work.begin():
        campaign = work.session.get_one(winning.Campaign, number)
        wanted = work.session.query(mail.MailMessage).filter_by(mailing_id=campaign.mailing_id, variant=variant)
        for one in wanted.filter(mail.MailMessage.state != "held").limit(most):
            note(work, number, one.id, "clicked", one.contact_id, link=1, sure="certain")


def _subjects(peer: smtp.Peer) -> Counter[str]:
    return Counter(str(taken.mail["Subject"])[0] for taken in peer.taken)


def test_the_best_subject_goes_to_the_rest_once(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """Tried, waited for, chosen by clicks, paused and resumed at each stage; nobody gets two mails, nobody none."""
    clock.freeze()
    _people(site)
    number = written(site, **THREE)
    act(site, "send", number)
    site.run_jobs()
    tried = len(peer.taken)
    assert (stored(site, number).state, 0 < tried < 24) == ("testing", True)
    assert set(_subjects(peer)) <= set("ABC")
    _click(site, number, 1)
    _click(site, number, 0, 1)
    act(site, "pause", number)
    clock.move(seconds=5 * 3_600)
    site.run_jobs()
    assert (len(peer.taken), stored(site, number).state) == (tried, "paused")
    with pytest.raises(Conflict), site.work("CRM manager") as work, work.begin():
        winning.choose(work, number)
    act(site, "resume", number)
    with site.work() as work, work.begin():
        # Its job was lost: the look at every minute does what it would have done.
        clock.move(seconds=300)
        assert reviving.stalled(work)
        work.enqueue("mail_campaigns.revive")
    site.run_jobs()
    campaign = stored(site, number)
    assert (campaign.state, campaign.winner, campaign.winner_how) == ("sent", 1, "figure")
    assert len(peer.taken) == len({taken.recipients[0] for taken in peer.taken}) == 24
    with site.work("CRM manager") as work:
        found = subjects.of(work, work.session.get_one(winning.Campaign, number))
        assert web.title(work, work.session.get_one(winning.Campaign, number)) == "B news"
        assert [one.sent for one in found] == [_subjects(peer)[letter] for letter in "ABC"]
        assert sum(one.happened.get("clicked", 0) for one in found) >= 2
        winning.choose(work, number)
        with pytest.raises(Conflict):
            winning.choose(work, number, 2)
    other = written(site, **THREE, name="Other")
    act(site, "send", other)
    site.run_jobs()
    before = len(peer.taken)
    act(site, "cancel", other)
    clock.move(seconds=5 * 3_600)
    site.run_jobs()
    assert (len(peer.taken), stored(site, other).state) == (before, "cancelled")


@ONE
def test_without_a_best_subject_the_first_one_goes_and_a_person_may_choose(
    site: Host, peer: smtp.Peer, clock: Clock
) -> None:
    """No clicks or as many: the first, said so on the page; what can't decide is refused at its field."""
    clock.freeze()
    _people(site, 12)
    number = written(site, **THREE)
    act(site, "send", number)
    site.run_jobs()
    client = site.client("CRM manager")
    assert "Send the best now" in client.get(f"/campaigns/{number}").text
    client.post(f"/campaigns/{number}/winner", data={"subject": ""})
    site.run_jobs()
    assert (stored(site, number).winner, stored(site, number).state) == (0, "sent")
    assert "Nobody answered" in client.get(f"/campaigns/{number}").text
    assert client.get(f"/campaigns/{number}/recipients?figure=subject_b").status_code == 200
    with pytest.raises(Invalid) as refused:
        written(site, **(THREE | {"track_clicks": False}))
    assert "test_figure" in refused.value.errors
    with site.work("CRM manager") as work, work.begin():
        topic = topics.save(work, None, {"name": "Courses", "chosen": True}).id
    given = THREE | {"track_clicks": False, "test_figure": "hand", "topic": topic}
    by_hand = written(site, **given, name="By hand")
    act(site, "send", by_hand)
    site.run_jobs()
    clock.move(seconds=30 * 24 * 3_600)
    site.run_jobs()
    assert stored(site, by_hand).state == "testing"
    with site.work() as work, work.begin():
        # Somebody who waits for the best subject does not want the topic any more.
        mine = work.session.query(mail.MailMessage).filter_by(mailing_id=stored(site, by_hand).mailing_id, state="held")
        first = mine.order_by(mail.MailMessage.id).first()
        choices.choose(work, mail.reader_of(work, first.to_email, first.contact_id), ())
        mail.subscribe_again(work, mail.reader_of(work, first.to_email, first.contact_id))
    client.post(f"/campaigns/{by_hand}/winner", data={"subject": "2"})
    site.run_jobs()
    assert (stored(site, by_hand).winner, stored(site, by_hand).state, len(peer.taken)) == (2, "sent", 23)
    step = f"/campaigns/{written(site, name='Draft')}/subject"
    given = {"name": "Draft", "subject": "A", "account": "", "subject_b": "a", "track_clicks": "y", "version": "1"}
    given |= {"test_share": "20", "test_figure": "clicked", "test_wait": "240"}
    answer = client.post(step, data=given)
    assert (answer.status_code, "Two of the subjects are the same." in answer.text) == (422, True)
    assert client.post(step, data={**given, "subject_b": "B {{ contact.nothing }}"}).status_code == 422
    assert client.post(step, data={**given, "subject_b": "Other"}).status_code == 303
    assert "Who gets which subject" in client.get(step.replace("subject", "review")).text
