"""The pages: a campaign from its template to the last mail, as people do it with a browser."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from crmhost.api import Invalid
from crmhost.testing import Host
from plugins.mail_campaigns import services
from plugins.mail_campaigns.tests.conftest import stored, written
from tests.peers import smtp

ONE = pytest.mark.database("sqlite")


def version(site: Host, number: int) -> str:
    return str(stored(site, number).version)


def test_a_campaign_is_written_step_by_step_and_sent(site: Host, peer: smtp.Peer) -> None:
    """A draft is saved at every step, whichever way one goes; sent twice it goes out once; a copy begins anew."""
    for name in ("Ann", "Bob"):
        site.make.contact(first_name=name, email=f"{name.lower()}@example.org", tags=["VIP"])
    site.make.contact(first_name="Cem", email="cem@example.org")
    client = site.client("CRM manager")
    assert "No campaigns yet" in client.get("/campaigns/").text
    assert "Blank" in client.get("/campaigns/new").text
    answer = client.post("/campaigns/new", data={"template": ""})
    number = int(answer.location.split("/")[2])
    step = f"/campaigns/{number}"
    assert answer.location == f"{step}/subject"
    assert "Insert personalisation" in client.get(f"{step}/subject").text
    given = {"name": "Spring", "subject": "News, {{ contact.first_name }}", "account": ""}
    answer = client.post(f"{step}/subject", data={**given, "version": version(site, number)})
    assert answer.location == f"{step}/audience"
    chosen = {"include_tag": "VIP", "version": version(site, number)}
    assert "ann@example.org" in client.post(f"{step}/audience/preview", data=chosen).text
    assert client.post(f"{step}/audience", data={**chosen, "go": "subject"}).location == f"{step}/subject"
    assert stored(site, number).audience["include"] == [{"tag": "VIP"}]
    words = {"kind": "rich", "content": "<p>Dear {{ contact.first_name }}</p>", "text": ""}
    shown = client.post(f"{step}/preview", data={**words, "contact": ""}).text
    assert "Dear Ann" in shown
    answer = client.post(f"{step}/content", data={**words, "version": version(site, number)})
    assert answer.location == f"{step}/review"
    page = client.get(answer.location).text
    assert "Correct 1 thing to send." in page
    assert "##UNSUB-LINE##" in page
    words["content"] += "<p>##UNSUB-LINE##</p>"
    client.post(f"{step}/content", data={**words, "version": version(site, number)})
    page = client.get(f"{step}/review").text
    assert "Send to 2 people" in page
    seen = version(site, number)
    client.post(f"{step}/subject", data={**given, "name": "Spring news", "version": seen})
    client.post(f"{step}/send", data={"version": seen})
    assert stored(site, number).state == "draft", "nobody sends what they have not seen"
    for _ in range(2):
        client.post(f"{step}/send", data={"version": version(site, number)})
    site.run_jobs()
    assert sorted(taken.recipients[0] for taken in peer.taken) == ["ann@example.org", "bob@example.org"]
    page = client.get(step).text
    assert "Sent" in page
    assert "Spring news" in client.get("/campaigns/?state=sent").text
    assert client.get(f"{step}/subject").location == step
    copy = client.post(f"{step}/duplicate").location
    assert client.get(copy).status_code == 200
    assert client.post(copy.replace("/subject", "/delete")).location == "/campaigns/"


@ONE
def test_nothing_typed_is_lost_when_two_write_one_campaign(site: Host) -> None:
    """The second to save sees both versions; what can't be saved stays in the form, with the sentence at its field."""
    number = written(site)
    client = site.client("CRM manager")
    seen = client.get(f"/campaigns/{number}/subject").text
    prints = re.search(r'name="seen"[^>]*value="([^"]*)"', seen)
    assert prints
    with site.work("CRM manager") as work, work.begin():
        services.update(work, number, {"subject": "Theirs"})
    sent = {"name": "Mine", "subject": "Of mine", "account": "", "version": "1"}
    answer = client.post(f"/campaigns/{number}/subject", data=sent)
    assert answer.status_code == 409
    assert "Theirs" in answer.text
    assert "Of mine" in answer.text
    answer = client.post(f"/campaigns/{number}/subject", data={**sent, "name": "", "version": version(site, number)})
    assert (answer.status_code, "Of mine" in answer.text) == (422, True)
    broken = {"kind": "html", "content": "<p>{{ contact.nothing_such }} kept</p>", "version": version(site, number)}
    answer = client.post(f"/campaigns/{number}/content", data=broken)
    assert (answer.status_code, "kept" in answer.text) == (422, True)
    answer = client.post(f"/campaigns/{number}/schedule", data={"at": "2001-01-01T10:00"})
    assert (answer.status_code, "This time is over" in answer.text) == (422, True)
    assert client.post(f"/campaigns/{number}/schedule", data={"at": ""}).status_code == 422
    answer = client.post(f"/campaigns/{number}/schedule", data={"at": "2999-01-01T10:00"})
    assert (answer.status_code, stored(site, number).state) == (303, "scheduled")
    assert client.get(f"/campaigns/{number}").status_code == 200
    client.post(f"/campaigns/{number}/unschedule")
    assert stored(site, number).state == "draft"


@ONE
def test_a_template_comes_with_a_way_out_and_replaces_only_what_is_given_up(site: Host) -> None:
    """Its text begins the campaign, with the line to unsubscribe added; a text written since is asked about first."""
    with site.work() as work, work.begin():
        from crmhost.core.mail import patterns

        made = {
            kind: patterns.save(
                work, None, {"name": kind, "kind": kind, "subject": f"Of {kind}", "content": content}
            ).id
            for kind, content in (
                ("rich", "<p>Hello</p>"),
                ("text", "Hello"),
                ("html", "<html><body><p>Hello</p></body></html>"),
                (
                    "mjml",
                    "<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>",
                ),
            )
        }
    client = site.client("CRM manager")
    for kind, template in made.items():
        number = int(client.post("/campaigns/new", data={"template": template}).location.split("/")[2])
        begun = stored(site, number)
        assert (begun.subject, begun.content_kind, "##UNSUB-LINE##" in begun.content) == (f"Of {kind}", kind, True)
        assert "Unsubscribe line is there" in client.get(f"/campaigns/{number}/review").text
    assert client.post(f"/campaigns/{number}/template", data={"template": made["rich"]}).status_code == 303
    with site.work("CRM manager") as work, work.begin():
        services.update(work, number, {"content": "<p>My own words</p>"})
    answer = client.post(f"/campaigns/{number}/template", data={"template": ""})
    assert answer.status_code == 409
    assert stored(site, number).content == "<p>My own words</p>"
    client.post(f"/campaigns/{number}/template", data={"template": "", "replace": "y"})
    assert "My own words" not in stored(site, number).content
    assert client.post("/campaigns/new", data={"template": "999"}).status_code == 404


@ONE
def test_who_is_limited_to_own_contacts_sees_these_alone(site: Host) -> None:
    """The preview, the reader of the text and the last look name and count no others."""
    mine = site.actor("Mail manager", only_assigned=True)
    site.make.contact(first_name="Zoe", email="zoe@example.org")
    site.make.contact(first_name="Own", email="own@example.org", assigned_to=mine.user_id)
    number = written(site)
    client = site.client("Mail manager", only_assigned=True)
    for path in ("audience", "review", "preview", "content"):
        page = client.get(f"/campaigns/{number}/{path}").text
        assert "zoe@" not in page.lower()
        assert "Zoe" not in page
    assert "own@example.org" in client.get(f"/campaigns/{number}/audience").text


@ONE
def test_pages_survive_hostile_texts(site: Host, peer: smtp.Peer) -> None:
    """Whatever stands in name, subject and text, pages show it as text and the mails can be read."""
    site.make.contact(first_name="<script>alert(1)</script>", email="ann@example.org")
    bad = "<script>alert(1)</script>\u202e\x00{{ ' \" ]]>"
    with site.work("CRM manager") as work, work.begin():
        number = services.create(work, {"name": bad, "subject": "Hi\r\nBcc: x@example.org", "html": "<p>x</p>"}).id
    client = site.client("CRM manager")
    for path in ("", "/subject", "/audience", "/content", "/review", "/template"):
        answer = client.get(f"/campaigns/{number}{path}", follow_redirects=True)
        assert answer.status_code == 200
        assert "<script>alert(1)" not in answer.text
    assert "<script>alert(1)" not in client.get("/campaigns/").text
    assert client.get("/campaigns/999/review").status_code == 404
    assert client.get("/campaigns/99999999999999999999/review").status_code == 404


@ONE
@pytest.mark.shared
def test_naughty_strings_are_shown_and_sent(site: Host, peer: smtp.Peer, shared_data: Path) -> None:
    """As name, subject and text: refused at a field, or shown on each page and sent in a mail that can be read."""
    naughty = json.loads((shared_data / "security" / "lists" / "blns.json").read_text("utf-8"))[::25]
    site.make.contact(first_name="Ann", email="ann@example.org")
    client, made = site.client("CRM manager"), []
    for text in naughty:
        given = {"name": text, "subject": text, "content_kind": "text", "content": f"{text}\n\n##UNSUB-LINE##"}
        with site.work("CRM manager") as work, work.begin(), contextlib.suppress(Invalid):
            made.append(services.create(work, {**given, "audience": {"include": [{"all": True}]}}).id)
    assert len(made) > len(naughty) // 2
    assert client.get("/campaigns/?rows=200").status_code == 200
    for number in made:
        assert client.get(f"/campaigns/{number}/review").status_code == 200
        client.post(f"/campaigns/{number}/send", data={"version": version(site, number)})
    site.run_jobs()
    sent = [number for number in made if stored(site, number).state == "sent"]
    assert len(sent) > len(made) // 2
    assert len(peer.taken) == len(sent)
    for taken in peer.taken:
        assert taken.mail["List-Unsubscribe"]
        assert taken.mail.get_body(("plain",)).get_content()
        assert not taken.mail.defects


@ONE
def test_without_a_segment_one_is_made_on_the_way(host: Callable[..., Host]) -> None:
    """What was chosen is saved before, and the draft comes back after; no page elsewhere is led to."""
    site = host("mail_campaigns", "segments", base_url="https://crm.example.com")
    site.make.contact(first_name="Ann", email="ann@example.org", tags=["VIP"])
    number = written(site)
    client = site.client("CRM manager")
    here = f"/campaigns/{number}/audience"
    assert "Make a segment" in client.get(here).text
    chosen = {"include_tag": "VIP", "version": version(site, number), "go": "segment"}
    there = client.post(here, data=chosen).location
    assert there.startswith("/segments/new?")
    assert stored(site, number).audience["include"] == [{"tag": "VIP"}]
    form = {"name": "Anns", "shared": "y", "r-match": "all", "node": ["n1:r:condition"], "do": "save"}
    form |= {"n1-type": "first_name", "n1-operator": "equals", "n1-value": "Ann"}
    seal = re.search(r'name="previewed" value="(\w+)"', client.post(there, data=form).text)
    assert seal
    assert client.post(there, data={**form, "previewed": seal[1]}).location == here
    elsewhere = {**form, "name": "Others", "previewed": seal[1]}
    assert client.post("/segments/new?back=//example.com", data=elsewhere).location.startswith("/segments/")
    page = client.get(here).text
    assert "Anns" in page
    client.post(here, data={"include_segment": "1", "version": version(site, number)})
    assert "Anns" in client.get(f"/campaigns/{number}/review").text
    assert "1 person" in client.get(f"/campaigns/{number}/review").text
