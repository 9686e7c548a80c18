"""Clicks of people and of programs, what they add to figures, journal and segments, and the lists of recipients."""

from __future__ import annotations

import re

from flask.testing import FlaskClient
from sqlalchemy import select

from crmhost.api import JournalEntry, conditions
from crmhost.testing import Clock, Host
from plugins.mail_campaigns import clicks, figures, privacy, recipients, services
from plugins.mail_campaigns.tests.conftest import act, written
from tests.peers import smtp

PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
HTML = """<p>Dear {{ contact.first_name }}, <a href="https://example.com/a?x=1&amp;y=2">one</a>
<a href='https://example.com/b'>two</a> <a href="https://example.com/c">three</a> <a href="mailto:x@example.com">us</a>
<a href="https://example.com/{{ contact.first_name }}">own</a></p><p>##UNSUB-LINE##</p>"""


def paths(peer: smtp.Peer, to: str) -> dict[int, str]:
    """The counted links of the mail to somebody: number -> path."""
    mail = next(taken.mail for taken in peer.taken if taken.recipients == [to])
    html = mail.get_body(("html",)).get_content()
    return {
        int(number): path
        for path, number in re.findall(r'https://crm\.example\.com(/campaigns/c/\d+/(\d+)/\w+)"', html)
    }


def counted(site: Host, number: int) -> tuple[int, list[tuple[int, int, int]]]:
    """Mails that were clicked, and of each link those by people, by programs, and not sure."""
    with site.work("CRM manager") as work:
        campaign = services.get(work, number)
        return figures.of(work, [campaign])[number]["clicked"], [row[1:] for row in clicks.by_link(work, campaign)]


def visit(client: FlaskClient, path: str, **options: object) -> str:
    answer = client.get(path, headers=PERSON, **options)
    assert answer.status_code == 302
    return str(answer.location)


def test_clicks_count_for_people_and_not_for_programs(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """Each link leads where it led; HEAD, forged and foreign tokens count nothing; bursts and the hidden link are a program's."""
    clock.freeze()
    made = {name: site.make.contact(first_name=name, email=f"{name}@example.org") for name in ("ann", "bob", "cem")}
    number = written(site, html=HTML, track_clicks=True)
    act(site, "send", number)
    site.run_jobs()
    other = written(site, html=HTML, track_clicks=True, name="Other")
    html = peer.taken[0].mail.get_body(("html",)).get_content()
    assert 'href="mailto:x@example.com"' in html
    assert "https://example.com/ann" in html or "https://example.com/bob" in html or "https://example.com/cem" in html
    assert "/campaigns/c/" not in peer.taken[0].mail["List-Unsubscribe"]
    ann, bob, cem = (paths(peer, f"{name}@example.org") for name in made)
    assert sorted(ann) == [0, 1, 2, 3]
    client = site.client("")
    clock.move(seconds=3_600)
    assert client.head(ann[1], headers=PERSON).status_code == 302
    forged = f"/campaigns/c/{number}/1/{'a' * 24}"
    assert visit(client, forged) == "https://example.com/a?x=1&y=2"
    for gone in (f"/campaigns/c/{number}/9/x", f"/campaigns/c/{other}/1/x", "/campaigns/c/99999999999/1/x"):
        assert client.get(gone).status_code == 404
    assert counted(site, number)[0] == 0
    for _ in range(2):
        assert visit(client, ann[1]) == "https://example.com/a?x=1&y=2"
    assert visit(client, ann[2]) == "https://example.com/b"
    assert client.get(bob[1], headers={"User-Agent": "SomeBot/1.0"}).status_code == 302
    for link in (1, 2, 3):
        visit(client, cem[link])
    assert counted(site, number) == (1, [(1, 2, 0), (1, 1, 0), (0, 1, 0)])
    clock.move(seconds=3_600)
    visit(client, cem[1])
    visit(client, bob[0])
    visit(client, bob[2])
    assert counted(site, number) == (2, [(2, 1, 0), (1, 2, 0), (0, 1, 0)])
    with site.site.sessions() as session:
        wanted = select(JournalEntry.object_id).where(JournalEntry.type == clicks.JOURNAL)
        assert sorted(session.scalars(wanted)) == [made["ann"], made["cem"]]
    with site.work() as work:
        answers = privacy.told_of(work, made["ann"])["answers"]
        assert {one["link"] for one in answers} == {"https://example.com/a?x=1&y=2", "https://example.com/b"}
    assert "https://example.com/b" in site.client("CRM manager").get(f"/campaigns/{number}").text


def test_recipients_are_listed_by_what_became_of_them(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """Each figure has its list; who may see only their own contacts finds no others; segments can ask for it."""
    clock.freeze()
    mine = site.actor("Mail manager", only_assigned=True)
    ann = site.make.contact(first_name="Ann", email="ann@example.org")
    bob = site.make.contact(first_name="Bob", email="bob@example.org", assigned_to=mine.user_id)
    dee = site.make.contact(first_name="Dee")
    number = written(site, html=HTML, track_clicks=True)
    act(site, "send", number)
    site.run_jobs()
    clock.move(seconds=60)
    visit(site.client(""), paths(peer, "ann@example.org")[1])
    wanted = {"planned": [ann, bob], "sent": [ann, bob], "clicked": [ann], "left_no_email": [dee], "failed": []}
    with site.work("CRM manager") as work:
        campaign = services.get(work, number)
        for figure, people in wanted.items():
            page = recipients.page(work, campaign, figure)
            assert sorted(row.contact_id for row in page.rows if row.contact_id) == people, figure
            assert recipients.count(work, campaign, figure) == (len(people), True)
        first = recipients.page(work, campaign, "planned", limit=1)
        following = recipients.page(work, campaign, "planned", after=first.next, limit=1)
        assert {row.contact_id for row in [*first.rows, *following.rows]} == {ann, bob}
    client = site.client("CRM manager")
    for figure in recipients.FIGURES:
        assert client.get(f"/campaigns/{number}/recipients?figure={figure}").status_code == 200
    assert "Ann" in client.get(f"/campaigns/{number}/recipients?figure=clicked").text
    limited = site.client("Mail manager", only_assigned=True).get(f"/campaigns/{number}/recipients").text
    assert "bob@example.org" in limited
    assert "ann@example.org" not in limited
    for kind, people in (("sent", [ann, bob]), ("clicked", [ann]), ("bounced", [])):
        with site.work("CRM manager") as work:
            document = {"conditions": [{"type": f"campaign_{kind}", "operator": "has", "value": str(number)}]}
            asked = conditions.question(work, conditions.read(work, document))
            assert sorted(work.session.scalars(asked.ids())) == people
            if people:
                assert asked.holds(people[0])
