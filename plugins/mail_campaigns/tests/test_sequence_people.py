"""The people of a sequence: nobody gets a mail twice, who leaves and why, the list of them; and sequences by the API."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select, text

from crmhost.api import AuditEntry, Conflict, Contact, JournalEntry, conditions, contacts, mail, merging
from crmhost.core.settings import services as settings
from crmhost.testing import Clock, Host
from plugins.mail_campaigns import choices, topics
from plugins.mail_campaigns.models import Campaign
from plugins.mail_campaigns.sequences import figures, inside, people, services, steps, walking
from plugins.mail_campaigns.tests.sequences import DAY, LINE, made_sequence, states, taken, tick
from plugins.mail_campaigns.tests.test_plans import _plans
from tests.peers import smtp

ONE = pytest.mark.database("sqlite")
PATH = "/api/v1/sequences"


def _who(site: Host, kind: str, number: int) -> list[int]:
    """Contacts for whom a condition on the sequence holds."""
    asked = {"match": "all", "conditions": [{"type": kind, "operator": "has", "value": str(number)}]}
    with site.work("CRM manager") as work:
        return sorted(work.session.scalars(conditions.question(work, conditions.read(work, asked)).ids()))


def _said(site: Host, contact_id: int) -> list[str]:
    """What the journal of a contact says of sequences."""
    wanted = select(JournalEntry.summary).where(
        JournalEntry.contact_id == contact_id, JournalEntry.type.startswith("mail_campaigns.sequence")
    )
    with site.site.sessions() as session:
        return [str(line) for line in session.scalars(wanted.order_by(JournalEntry.id))]


def test_nobody_gets_a_mail_twice_whatever_is_changed(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """Mails are moved and rewritten, people merged, erased, and don't want the topic; an address that two have gets one; off, a
    mail that waits for the server waits on; segments and the journal know who came, went and is through."""
    clock.freeze()
    with site.work("CRM manager") as work, work.begin():
        topic = topics.save(work, None, {"name": "Courses", "chosen": True}).id
    made = {
        name: site.make.contact(first_name=name, email=f"{name}@example.org", tags=["VIP"])
        for name in ("ann", "bob", "cem", "dee", "eve")
    }
    number, (first, _, _) = made_sequence(site, (0, 1, 1), topic=topic)
    assert len(peer.taken) == 5
    twin = site.make.contact(first_name="twin", email="twin@example.org", tags=["VIP"])
    with site.work("CRM manager") as work, work.begin():
        work.session.get_one(Contact, twin).email = "bob@example.org"
        steps.change(work, number, first, {"subject": "Step 1, new"})
        choices.choose(work, mail.reader_of(work, "cem@example.org", made["cem"]), ())
        mail.subscribe_again(work, mail.reader_of(work, "cem@example.org", made["cem"]))
    tick(site)
    assert len(peer.taken) == 5
    clock.move(seconds=DAY)
    with site.work("CRM manager") as work, work.begin():
        walking.batch(work, services.get(work, number, lock=True))
        services.switch_off(work, number)
    tick(site)
    assert len(peer.taken) == 5
    later = site.make.contact(first_name="later", email="later@example.org", tags=["VIP"])
    clock.move(seconds=2 * DAY)
    with site.work("CRM manager") as work, work.begin():
        services.switch_on(work, number)
    tick(site)
    # Whose mail waited gets no two at once.
    assert not any(subject == "Step 3" for _name, subject in taken(peer))
    assert taken(peer)["ann", "Step 2"] == taken(peer)["later", "Step 1, new"] == 1
    with site.work("Admin") as work, work.begin():
        merging.merge(work, later, [made["ann"]])
        contacts.erase(work, made["dee"])
        steps.move(work, number, first, 2)
    for _ in range(4):
        clock.move(seconds=DAY)
        tick(site)
    got = taken(peer)
    # Ann, whom “later” is too, has the second mail already, and everybody the first one, which is now the last.
    assert [got[name, "Step 3"] for name in ("bob", "eve", "later", "ann", "cem", "dee")] == [1, 1, 1, 0, 0, 0]
    assert (got["later", "Step 2"], got["cem", "Step 2"], sum(got.values()), max(got.values())) == (0, 0, 13, 1)
    assert states(site, number) == {
        later: ("finished", ""),
        twin: ("left", "duplicate"),
        made["ann"]: ("left", "gone"),
        made["bob"]: ("finished", ""),
        made["cem"]: ("left", "topic"),
        made["eve"]: ("finished", ""),
    }
    assert _who(site, "sequence_finished", number) == sorted([later, made["bob"], made["eve"]])
    assert (_who(site, "sequence_left", number), _who(site, "sequence_inside", number)) == ([made["cem"], twin], [])
    entered = "Entered the sequence “Welcome”"
    assert _said(site, made["cem"]) == [entered, "Left the sequence “Welcome”: Not in this topic"]
    assert _said(site, made["eve"]) == [entered, "Got all mails of the sequence “Welcome”"]
    with site.work("CRM manager") as work, work.begin():
        found = figures.of(work, services.get(work, number))
        assert [one.sent for one in found.steps] == [3, 3, 5]
        with pytest.raises(Conflict, match="belongs to this topic"):
            topics.delete(work, topic)


def _reads(site: Host, client: Any, path: str) -> int:
    """How many queries a page takes."""
    client.get(path)
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            seen.append(statement)

    event.listen(site.site.engine, "before_cursor_execute", note)
    try:
        assert client.get(path).status_code == 200, path
    finally:
        event.remove(site.site.engine, "before_cursor_execute", note)
    assert len(seen) <= 12, path + "\n" + "\n".join(" ".join(one.split())[-150:] for one in seen)
    return len(seen)


def test_the_list_of_the_people(site: Host, clock: Clock) -> None:
    """By state, reason and next mail; taken out and put back where they were; who sees only their own sees these alone; two who
    edit see both versions; served by indexes, with as many queries for hundreds as for few."""
    clock.freeze()
    ann, bob = (
        site.make.contact(first_name=name, email=f"{name}@example.org", tags=["VIP"]) for name in ("Ann", "Bob")
    )
    number, (first, second) = made_sequence(site)
    page, client = f"/campaigns/sequences/{number}", site.client("CRM manager")
    listed = f"{page}/people"
    shown = client.get(f"{listed}?state=inside&step={second}").text
    assert ("Ann" in shown, "2. Step 2" in shown) == (True, True)
    out = client.post(listed, data={"ids": [ann], "do": "take_out"}, follow_redirects=True).text
    assert "1 person gets no further mail of it." in out
    assert states(site, number)[ann] == ("left", "by_hand")
    left = client.get(f"{listed}?reason=by_hand").text
    assert ("Taken out by hand" in left and "2. Step 2" in left, f"/contacts/{bob}" in left) == (True, False)
    client.post(f"{listed}?undo={out.split(f'{listed}?undo=')[1].split(chr(34))[0]}")
    assert states(site, number)[ann] == ("inside", "")
    with site.work("CRM manager") as work, work.begin():
        edition = work.session.scalars(select(Campaign).where(Campaign.sequence_id == number)).one()
        mail.mailings.start(work, edition.mailing_id or 0).state = "sending"
        mail.mailings.pause(work, edition.mailing_id or 0, "535 No such user")
    clock.move(seconds=2 * DAY)
    tick(site)
    shown = client.get(page).text
    assert ("535 No such user" in shown, states(site, number)[ann]) == (True, ("inside", ""))
    client.post(f"{page}/resume")
    tick(site)
    assert states(site, number)[ann] == ("finished", "")
    assert _said(site, ann)[1:] == [
        "Taken out of the sequence “Welcome”",
        "Put back into the sequence “Welcome”",
        "Got all mails of the sequence “Welcome”",
    ]
    with site.site.sessions() as session:
        actions = set(session.scalars(select(AuditEntry.action).where(AuditEntry.object_type == "contact")))
    assert {"sequence_removed", "sequence_put_back"} <= actions
    forms = [client.get(f"{page}/edit").text for _ in range(2)]
    given = {"joins": "always", "account": "", "include_tag": "VIP"}
    for place, form in enumerate(forms):
        held = {
            name: html.unescape(re.search(rf'name="{name}"[^>]* value="([^"]*)"', form)[1])  # type: ignore[index]
            for name in ("version", "seen")
        }
        saved = client.post(f"{page}/edit", data={**given, **held, "name": f"Welcome {place}"})
        assert saved.status_code == (303, 409)[place], saved.text
    assert ("Welcome 0" in saved.text, "Welcome 1" in saved.text) == (True, True)
    # Somebody takes a mail away that another one writes.
    with site.work("CRM manager") as work, work.begin():
        third = steps.add(work, number, given={"subject": "Third", "content": LINE, "content_kind": "html"}).id
        steps.take_away(work, number, third)
    words = {
        "wait_number": "4",
        "wait_unit": "days",
        "opens": "9:00",
        "closes": "17:00",
        "subject": "Mine",
        "kind": "html",
    }
    lost = client.post(f"{page}/steps/{third}", data={**words, "content": LINE, "version": "1"})
    assert (lost.status_code, "Somebody took this mail away" in lost.text, "Mine" in lost.text) == (409, True, True)
    assert client.post(f"{page}/steps/{third}", data={**words, "content": LINE, "again": "1"}).status_code == 303
    assert "Mine" in client.get(page).text
    with site.work("CRM manager") as work, work.begin():
        assert people.add(work, number, [ann, bob]) == 2
    paths = (page, f"{page}/edit", f"{page}/steps/{second}", listed, f"{listed}?state=inside", "/campaigns/sequences/")
    few = [_reads(site, client, path) for path in paths]
    with site.work("CRM manager") as work, work.begin():
        ids = [contacts.create(work, {"first_name": f"P{place}"}).id for place in range(60)]
        people.take_in(work, services.get(work, number), services.steps_of(work, number), ids[:50])
        people.leave(work, services.get(work, number), ids[20:35], "no_email")
        other = services.create(work, {"name": "Other"})
        people.take_in(work, other, [], ids)
    limited = {"only_assigned": True}
    me = site.actor("CRM manager", **limited).user_id
    with site.work() as work, work.begin():
        contacts.update(work, bob, {"assigned_to": me})
    with site.work("CRM manager", **limited) as work, work.begin():
        sequence = services.get(work, number)
        assert [one.id for one in inside.page(work, sequence, inside.Which()).rows] == [bob]
        assert inside.count(work, sequence, inside.Which()) == (1, True)
        assert list(people.remove(work, number, [ann, bob])) == [bob]
        assert people.add(work, number, [ann, bob]) == 1
    with site.site.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    assert [_reads(site, client, path) for path in paths] == few
    with site.work("CRM manager") as work:
        sequence = services.get(work, number)
        for which in (
            inside.Which(),
            *(inside.Which(state) for state in inside.STATES),
            inside.Which(reason="no_email"),
            inside.Which(step=first),
            inside.Which("inside", step=first),
        ):
            after = inside.page(work, sequence, which, limit=2).next
            for place in (None, after):
                plans = _plans(work, lambda which=which, place=place: inside.page(work, sequence, which, after=place))
                assert plans == [], which
            assert _plans(work, lambda which=which: inside.count(work, sequence, which)) == [], which
        assert _plans(work, lambda: walking.due(work)) == []
        assert _plans(work, lambda: figures.of(work, sequence)) == []
        assert _plans(work, lambda: people.of_contact(work, ann)) == []
        assert _plans(work, lambda: services.sent(work, sequence)) == []


@ONE
def test_sequences_by_the_api(host: Callable[..., Host], peer: smtp.Peer) -> None:
    """Made, written, started, paused, people in and out, figures; what can't be is refused at its field."""
    site = host("mail_campaigns", "rest_api", base_url="https://crm.example.com")
    with site.work() as work, work.begin():
        values = {"transport": "smtp", "from": "hello@example.com", "smtp_host": "127.0.0.1", "smtp_security": "none"}
        settings.set_many(work, {f"mail.{key}": value for key, value in values.items()})
        settings.set_many(work, {"mail.smtp_port": str(peer.port)})
    ann, bob = (site.make.contact(first_name=name, email=f"{name}@example.org") for name in ("Ann", "Bob"))
    site.make.contact(first_name="Vip", email="vip@example.org", tags=["VIP"])
    api = site.api("CRM manager")
    made = api.post(PATH, json={"name": "Welcome", "audience": {"include": [{"tag": "VIP"}]}, "track_clicks": True})
    assert made.status_code == 201, made.text
    where, data = made.headers["Location"], made.json["data"]
    assert (data["state"], data["joins"], data["inside"], data["topic"]) == ("off", "always", 0, None)
    assert api.post(f"{where}/start").status_code == 422
    words = {"subject": "Hello", "content": LINE, "content_kind": "html", "wait_number": 0}
    step = api.post(f"{where}/steps", json=words)
    assert (step.status_code, step.json["data"]["opens"]) == (201, "09:00"), step.text
    api.post(f"{where}/steps", json={**words, "subject": "Again", "wait_number": 2})
    own = step.headers["Location"]
    assert api.patch(own, json={"subject": "X"}, headers={"If-Match": '"99"'}).status_code == 412
    changed = api.patch(own, json={"opens": "8:30", "office": False})
    assert changed.json["data"]["opens"] == "08:30"
    for wrong in ({"wait_unit": "years"}, {"wait_number": -1}, {"opens": "25:00"}, {"wait_number": "two"}):
        assert api.patch(own, json=wrong).status_code == 422, wrong
    assert api.post(f"{own}/move", json={"by": 1}).json["data"]["place"] == 2
    assert [one["subject"] for one in api.get(f"{where}/steps").json["data"]] == ["Again", "Hello"]
    api.post(f"{own}/move", json={"by": -1})
    for _ in range(2):
        assert api.post(f"{where}/start").json["data"]["state"] == "on"
    assert [api.post(f"{where}/people", json={"contacts": [ann, bob]}).json["entered"] for _ in range(2)] == [2, 0]
    tick(site)
    assert len(peer.taken) == 3
    assert api.delete(f"{where}/people/{bob}").status_code == 204
    page = api.get(f"{where}/people?state=inside&count=1&limit=1").json
    assert (page["total"], page["data"][0]["place"], bool(page["next"])) == (2, 2, True)
    left = api.get(f"{where}/people?reason=by_hand").json["data"]
    assert [(one["contact_id"], one["state"], one["place"]) for one in left] == [(bob, "left", 2)]
    assert api.get(f"{where}/people?state=nowhere").status_code == 422
    stats = api.get(f"{where}/stats").json
    assert (stats["inside"], stats["left"], [one["sent"] for one in stats["steps"]]) == (2, {"by_hand": 1}, [3, 0])
    assert api.post(f"{where}/pause").json["data"]["state"] == "off"
    assert api.post(f"{where}/people", json={"contacts": [bob]}).status_code == 409
    assert [one["name"] for one in api.get(f"{PATH}?state=off&q=welc&count=1").json["data"]] == ["Welcome"]
    assert api.delete(where).status_code == 409
    changed = api.patch(where, json={"name": "Hello", "joins": "start"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 412
    for wrong in ({"name": ""}, {"joins": "never"}, {"leave_segment": 99}, {"nothing": 1}):
        assert api.patch(where, json=wrong).status_code == 422, wrong
    empty = api.post(PATH, json={"name": "Empty"}).headers["Location"]
    assert api.delete(empty).status_code == 204
    reader = site.api("Read only")
    assert (reader.get(where).status_code, reader.post(f"{where}/start").status_code) == (200, 403)
