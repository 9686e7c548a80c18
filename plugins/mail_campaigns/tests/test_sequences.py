"""Sequences: who enters, what goes out when, and that each step reaches each contact once."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event as watched
from sqlalchemy import select

from crmhost.api import Invalid, mail
from crmhost.testing import Clock, Host
from plugins.mail_campaigns import privacy
from plugins.mail_campaigns.models import Campaign, Step
from plugins.mail_campaigns.sequences import figures, parts, people, services, steps, waits, walking
from plugins.mail_campaigns.tests.sequences import DAY, LINE, made_sequence, states, taken, tick
from tests.peers import smtp

ONE = pytest.mark.database("sqlite")


def test_waits_end_at_their_time_of_day_and_on_weekdays() -> None:
    """Two days over the change of clocks, a Friday evening, a Saturday, before opening, and no window at all."""
    zone = ZoneInfo("Europe/Paris")

    def due(start: str, number: int, unit: str, *, office: bool = True) -> str:
        step = Step(wait_number=number, wait_unit=unit, office=office, opens=540, closes=1_020)
        at = dt.datetime.fromisoformat(start).replace(tzinfo=zone).astimezone(dt.UTC)
        return f"{waits.due(step, at, zone).astimezone(zone):%a %d %H:%M}"

    assert due("2026-03-27T10:00", 2, "days", office=False) == "Sun 29 10:00"
    assert due("2026-03-27T10:00", 2, "days") == "Mon 30 09:00"
    assert due("2026-03-27T16:30", 45, "minutes") == "Mon 30 09:00"
    assert due("2026-03-26T06:00", 1, "hours") == "Thu 26 09:00"
    assert due("2026-03-26T12:00", 0, "days") == "Thu 26 12:00"


def test_each_step_reaches_each_contact_once(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """Who comes later enters too; who unsubscribes, goes into the bin or is taken out leaves; by hand it begins anew."""
    clock.freeze()
    site.make.contact(first_name="Ann", email="x@example.org")
    made = {
        name: site.make.contact(first_name=name, email=f"{name}@example.org", tags=["VIP"])
        for name in ("ann", "bob", "cem", "dee")
    }
    number, (first, second) = made_sequence(site)
    assert taken(peer) == {(name, "Step 1"): 1 for name in made}
    tick(site)
    assert len(peer.taken) == 4
    with site.work() as work, work.begin():
        mail.suppress(work, "bob@example.org", "unsubscribed")
    with site.work("CRM manager") as work, work.begin():
        assert people.remove(work, number, [made["cem"]])
        assert not people.remove(work, number, [made["cem"]])
    eve = site.make.contact(first_name="eve", email="eve@example.org", tags=["VIP"])
    clock.move(seconds=DAY)
    with site.work("CRM manager") as work, work.begin():
        steps.change(work, number, second, {"subject": "Step two"})
        steps.change(work, number, first, {"subject": "Step one"})
    tick(site)
    clock.move(seconds=DAY)
    with site.work("CRM manager") as work, work.begin():
        services.switch_off(work, number)
    tick(site)
    assert len(peer.taken) == 5
    with site.work("CRM manager") as work, work.begin():
        services.switch_on(work, number)
    tick(site)
    assert taken(peer)["eve", "Step one"] == taken(peer)["ann", "Step two"] == taken(peer)["dee", "Step two"] == 1
    assert states(site, number) == {
        made["ann"]: ("finished", ""),
        made["bob"]: ("left", "unsubscribed"),
        made["cem"]: ("left", "by_hand"),
        made["dee"]: ("finished", ""),
        eve: ("inside", ""),
    }
    with site.work("CRM manager") as work, work.begin():
        assert people.add(work, number, [made["cem"], eve]) == 1
        steps.take_away(work, number, second)
    tick(site)
    assert taken(peer)["cem", "Step one"] == 1
    clock.move(seconds=3 * DAY)
    tick(site)
    assert {state for state, _reason in states(site, number).values()} == {"finished", "left"}
    told = [name for name, _ids in site.events()]
    assert {"sequence.entered", "sequence.finished", "sequence.left"} <= set(told)
    with site.work("CRM manager") as work:
        found = figures.of(work, services.get(work, number))
        assert (found.inside, found.finished, found.left) == (0, 4, {"unsubscribed": 1})
        assert privacy.told_of(work, made["bob"])["sequences"][0]["state"] == "left"


def _break_off(site: Host, number: int) -> None:
    with site.work() as work, work.begin():
        assert walking.batch(work, services.get(work, number, lock=True)) == 2
        raise ZeroDivisionError


@ONE
def test_a_batch_that_breaks_off_happened_not_at_all(site: Host, peer: smtp.Peer, clock: Clock) -> None:
    """Ended before its commit, it is done again: one mail each; thousands inside take as many queries as ten."""
    clock.freeze()
    for name in ("ann", "bob"):
        site.make.contact(first_name=name, email=f"{name}@example.org", tags=["VIP"])
    with site.work("CRM manager") as work, work.begin(), pytest.raises(Invalid):
        services.switch_on(work, services.create(work, {"name": "Empty"}).id)
    number, _steps = made_sequence(site, (1,))
    clock.move(seconds=DAY)
    with pytest.raises(ZeroDivisionError):
        _break_off(site, number)
    assert not peer.taken
    tick(site)
    assert sorted(taken(peer).values()) == [1, 1]
    site_plans = []

    def note(connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if "mail_campaigns_place" in statement and statement.lstrip().upper().startswith("SELECT"):
            site_plans.append((statement, parameters))

    with site.work("CRM manager") as work:
        watched.listen(site.site.engine, "before_cursor_execute", note)
        walking.due(work)
        figures.of(work, services.get(work, number))
        people.of_contact(work, 1)
        watched.remove(site.site.engine, "before_cursor_execute", note)
        for statement, parameters in site_plans:
            plan = work.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            told = [str(row[-1]) for row in plan]
            assert not any("SCAN mail_campaigns_place" in line and "USING" not in line for line in told)
            if "GROUP BY" in statement:
                # Of a million contacts, no row is looked up.
                counted = [line for line in told if "mail_campaigns_place" in line]
                assert len(counted) == 2
                assert all("COVERING INDEX" in line for line in counted), counted


@ONE
def test_the_pages_of_amade_sequence(site: Host, peer: smtp.Peer) -> None:
    """Made, written, switched on and off; the box of a contact takes in and out; editions stand in no list of campaigns."""
    ann = site.make.contact(first_name="Ann", email="ann@example.org", tags=["VIP"])
    client = site.client("CRM manager")
    assert "No sequences yet" in client.get("/campaigns/sequences/").text
    given = {"name": "", "joins": "start", "include_tag": "VIP", "account": ""}
    assert client.post("/campaigns/sequences/new", data=given).status_code == 422
    page = client.post("/campaigns/sequences/new", data={**given, "name": "Welcome"}).location
    assert "No mail yet." in client.get(page).text
    step = client.post(f"{page}/steps", data={"template": ""}).location
    assert client.get(step).status_code == client.get(f"{step}/preview").status_code == 200
    words = {
        "wait_number": "0",
        "wait_unit": "days",
        "opens": "9:00",
        "closes": "17:00",
        "subject": "Hello",
        "kind": "html",
    }
    wrong = client.post(step, data={**words, "content": LINE, "closes": "8:00", "version": "1"})
    assert (wrong.status_code, "Give a time after the first one." in wrong.text) == (422, True)
    assert client.post(step, data={**words, "content": LINE, "version": "1"}).status_code == 303
    assert "Switch on" in client.get(page).text
    client.post(f"{page}/on")
    tick(site)
    assert len(peer.taken) == 1
    assert "1 came to it · 0 wait · 1 sent" in client.get(page).text
    assert client.get(f"{page}/edit").status_code == 200
    with site.site.sessions() as session:
        edition = session.scalars(select(Campaign)).one()
    assert client.get(f"/campaigns/{edition.id}/recipients").status_code == 200
    assert "Welcome" not in client.get("/campaigns/").get_data(as_text=True).partition("<main")[2]
    contact = f"/contacts/{ann}"
    assert "Welcome" in client.get(contact).text
    number = int(page.rsplit("/", 1)[1])
    client.post(f"/campaigns/sequences/of/{ann}", data={"sequence": str(number)})
    assert states(site, number)[ann][0] == "inside"
    client.post(f"/campaigns/sequences/{number}/people/{ann}/leave")
    assert states(site, number)[ann] == ("left", "by_hand")
    with site.work("CRM manager") as work, work.begin():
        assert "1" in parts.add_many(work, [ann], {"choice": str(number)})
    tick(site)
    assert len(peer.taken) == 2
    client.post(f"{page}/off")
    client.post(f"{page}/delete")
    assert client.get(page).status_code == 200
