"""What is sent to webhooks, to a real receiver: once, signed, again after a failure, and with no more than the owner sees."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from crmhost.api import Event, contacts, contacts_bulk, notifications, users
from crmhost.testing import Clock, Host
from plugins.rest_api import events, jobs
from plugins.rest_api.models import Delivery, Webhook

from .conftest import Client
from .receiver import Receiver, listening

SECRET = "a secret of ours"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Who gets the deliveries."""
    with listening() as found:
        yield found


@pytest.fixture
def site(host: Callable[..., Host], receiver: Receiver, clock: Clock) -> Host:
    """A site that may call the receiver, at an instant that stands still."""
    clock.freeze()
    return host("rest_api", allow_private_hosts=(receiver.listing,))


@pytest.fixture
def api(site: Host) -> Client:
    """An admin's client."""
    return Client(site)


def hook(api: Client, receiver: Receiver, *names: str, **fields: Any) -> int:
    """Adds a webhook to the receiver; gives its id."""
    document = {"url": receiver.url, "events": list(names or ("*",)), "secret": SECRET, **fields}
    answer = api("POST", "/webhooks", document)
    assert answer.status_code == 201, answer.text
    return int(answer.json["data"]["id"])


def log(api: Client, webhook: int, state: str = "") -> list[dict[str, Any]]:
    """The log of a webhook, oldest first."""
    found: list[dict[str, Any]] = api.get(f"/webhooks/{webhook}/deliveries?limit=200&state={state}")["data"]
    return found[::-1]


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_an_event_is_told_once_signed_and_as_the_api_gives_it(api: Client, receiver: Receiver, site: Host) -> None:
    """A POST with id, event, instant and the contact; the signature fits; nothing is sent twice, whatever is repeated."""
    webhook = hook(api, receiver, "contact.created", "contact.deleted")
    number = api.add(first_name="Ada", email="ada@example.com", tags=["VIP"])
    api("PATCH", f"/contacts/{number}", {"last_name": "Lovelace"})
    site.run_jobs()
    (got,) = receiver.got
    assert got.path == "/take?from=crm"
    assert got.headers["Content-Type"] == "application/json"
    document = got.document
    assert document.keys() == {"id", "event", "created_at", "data"}
    assert document["event"] == "contact.created"
    assert document["created_at"] == site.clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert document["data"] == api.get(f"/contacts/{number}")["data"]
    stamp, _, signature = got.headers["Crmhost-Signature"].partition(",")
    at = stamp.removeprefix("t=")
    assert at == str(int(site.clock().timestamp()))
    expected = hmac.new(SECRET.encode(), at.encode() + b"." + got.body, hashlib.sha256).hexdigest()
    assert signature == f"v1={expected}"

    with site.work() as work:
        row = work.session.scalars(select(Delivery)).one()
        repeat = Event(row.event_id, row.event, (number, number), {}, row.event_at, "")
        events.fan_out(work, repeat)
    site.run_jobs()
    assert len(receiver.got) == 1
    (line,) = log(api, webhook)
    assert (line["state"], line["attempts"], line["status"], line["answer"]) == ("delivered", 1, 200, "thanks")
    assert (line["event_id"], line["request"].encode()) == (document["id"], got.body)

    api("DELETE", f"/contacts/{number}")
    site.run_jobs()
    gone = receiver.got[1].document
    assert (gone["event"], gone["data"]) == ("contact.deleted", {"id": number})
    assert gone["id"] != document["id"]
    assert site.faults() == []


@pytest.mark.database("sqlite")
def test_each_kind_of_event_tells_its_object(api: Client, receiver: Receiver, site: Host) -> None:
    """Journal, statuses, tags and settings come in the API's shape; what is gone with its id; a test says that it is one."""
    webhook = hook(api, receiver)
    number = api.add(first_name="Ada", tags=["Old"])
    entry = api("POST", f"/contacts/{number}/journal", {"summary": "Rang"}).json["data"]
    tag = api.get("/tags")["data"][0]
    api("PATCH", f"/tags/{tag['id']}", {"name": "New"})
    status = api("POST", "/statuses", {"name": "Fresh"}).json["data"]
    api("DELETE", f"/tags/{tag['id']}")
    api("PATCH", "/settings", {"site.name": "Ours"})
    assert api("POST", f"/webhooks/{webhook}/test").status_code == 201
    with site.work("Admin") as work, work.begin():
        work.tell(
            "mail.bounced", [5], {"contact_id": number, "source": "contact", "blocked": "bounced", "said": "kept here"}
        )
    site.run_jobs()
    told: dict[str, Any] = {}
    for document in receiver.documents():
        told.setdefault(document["event"], document["data"])
    assert told["journal.added"] == entry
    assert told["status.added"] == {**status, "count": None}
    assert told["tag.deleted"] == {"id": tag["id"]}
    assert told["setting.changed"] == {"keys": ["site.name"]}
    assert told["webhook.test"] == {"id": webhook}
    assert told["mail.bounced"] == {"id": 5, "contact_id": number, "source": "contact", "blocked": "bounced"}


def test_a_mass_of_contacts_is_told_one_by_one(api: Client, receiver: Receiver, site: Host) -> None:
    """An import is one event with many ids here, and one delivery per contact there, each with an id of its own."""
    hook(api, receiver, "contact.created")
    rows = [{"first_name": f"Person {number}", "email": f"p{number}@example.com"} for number in range(25)]
    with site.work("Admin") as work, work.begin():
        contacts_bulk.save_many(work, rows)
    site.run_jobs()
    documents = receiver.documents()
    assert len({document["id"] for document in documents}) == 25
    assert {document["data"]["first_name"] for document in documents} == {row["first_name"] for row in rows}


@pytest.mark.database("sqlite")
def test_a_plugin_says_what_its_events_are_about(notebook: Client) -> None:
    """Without an answer of its plugin, the id of the object is all that is told of an event of another plugin."""
    with listening() as receiver:
        site = notebook.host
        object.__setattr__(site.site.config, "allow_private_hosts", (receiver.listing,))
        hook(notebook, receiver, "page.torn", "page.*")
        with site.work("Admin") as work, work.begin():
            work.tell("page.torn", [7], {"why": "not told"})
            work.tell("page.read", [3])
            work.tell("page.hidden", [4])
        site.run_jobs()
        told = {document["event"]: document["data"] for document in receiver.documents()}
    assert told == {"page.torn": {"id": 7}, "page.read": {"id": 3, "page": "three"}}


# --- who sees what ---------------------------------------------------------------------------------------------------


def test_nothing_goes_out_that_the_owner_may_not_see(api: Client, receiver: Receiver, site: Host) -> None:
    """A user limited to their own contacts is told of those alone; one who may no longer sign in, of nothing."""
    limited = Client(site, "CRM manager", only_assigned=True)
    webhook = hook(limited, receiver, "contact.*", "journal.*", "mail.*")
    mine, other = limited.add(first_name="Mine"), api.add(first_name="Other")
    api("POST", f"/contacts/{mine}/journal", {"summary": "of mine"})
    api("POST", f"/contacts/{other}/journal", {"summary": "of another"})
    api("DELETE", f"/contacts/{other}")
    with site.work("Admin") as work, work.begin():
        work.tell("mail.sent", [1], {"contact_id": other, "source": "contact"})
        work.tell("mail.sent", [2], {"contact_id": None, "source": "test"})
    site.run_jobs()
    told = [(document["event"], document["data"]["id"]) for document in receiver.documents()]
    assert [name for name, number in told if name.startswith("contact.")] == ["contact.created"]
    assert ("contact.created", mine) in told
    assert len(told) == 2
    assert [line["event"] for line in log(limited, webhook, "dropped")] == ["journal.added", "mail.sent", "mail.sent"]
    api("PATCH", f"/contacts/{mine}", {"assigned_to": api.user_id})
    site.run_jobs()
    assert receiver.documents() == []
    with site.work("Admin") as work, work.begin():
        users.disable(work, limited.user_id)
    api("PATCH", f"/contacts/{mine}", {"first_name": "Changed"})
    site.run_jobs()
    assert receiver.got == []


@pytest.mark.database("sqlite")
def test_what_is_taken_from_the_owner_meanwhile_stays_here(api: Client, receiver: Receiver, site: Host) -> None:
    """Permissions count when it is sent: a contact that is somebody else's by then is dropped, and the log says why."""
    limited = Client(site, "CRM manager", only_assigned=True)
    webhook = hook(limited, receiver, "contact.created")
    receiver.status = 500
    mine = limited.add(first_name="Mine")
    site.run_jobs()
    assert len(receiver.documents()) == 1
    api("PATCH", f"/contacts/{mine}", {"assigned_to": api.user_id})
    site.clock.move(hours=1)
    site.run_jobs()
    assert receiver.got == []
    (line,) = log(limited, webhook)
    assert (line["state"], line["attempts"]) == ("dropped", 1)
    assert line["error"]


def test_erasing_a_person_erases_what_was_sent(api: Client, receiver: Receiver, site: Host) -> None:
    """Bodies and answers about that person go from the log; those about others stay."""
    webhook = hook(api, receiver, "contact.created", "journal.added")
    ada, eve = api.add(first_name="Ada"), api.add(first_name="Eve")
    api("POST", f"/contacts/{ada}/journal", {"summary": "about Ada"})
    site.run_jobs()
    with site.work("Admin") as work, work.begin():
        contacts.erase(work, ada)
    kept = {(line["event"], line["object_id"]): line["request"] for line in log(api, webhook)}
    assert kept[("contact.created", ada)] is None
    assert "Eve" in kept[("contact.created", eve)]
    assert [body for (name, _), body in kept.items() if name == "journal.added"] == [None]
    assert {line["answer"] for line in log(api, webhook) if line["object_id"] == ada} == {None}


# --- failures --------------------------------------------------------------------------------------------------------


def test_a_failure_is_tried_again_until_it_is_given_up_and_can_be_sent_again(
    api: Client, receiver: Receiver, site: Host, clock: Clock
) -> None:
    """Pauses grow, the id stays, each attempt is signed anew; after the last one it waits to be replayed, as it is then."""
    webhook = hook(api, receiver, "contact.created")
    receiver.status, receiver.answer = 503, b"busy"
    number = api.add(first_name="Ada")
    sent: list[dt.datetime] = []
    for _ in range(40):
        site.run_jobs()
        sent += [clock()] * (len(receiver.got) - len(sent))
        due = [job.due_at for job in site.jobs("rest_api.deliver") if job.state == "due"]
        if not due:
            break
        clock.freeze(max(due))
    assert len(sent) == jobs.ATTEMPTS
    pauses = [later - earlier for earlier, later in itertools.pairwise(sent)]
    assert pauses[0] < dt.timedelta(minutes=1)
    assert all(later > earlier for earlier, later in itertools.pairwise(pauses))
    assert len({got.document["id"] for got in receiver.got}) == 1
    assert len({got.headers["Crmhost-Signature"] for got in receiver.got}) == jobs.ATTEMPTS
    (line,) = log(api, webhook, "failed")
    assert (line["attempts"], line["status"], line["answer"]) == (jobs.ATTEMPTS, 503, "busy")
    assert "503" in line["error"]
    assert [job.state for job in site.jobs("rest_api.deliver")] == ["failed"]

    api("PATCH", f"/contacts/{number}", {"first_name": "Augusta"})
    receiver.status = 204
    first = receiver.documents()[0]
    again = api("POST", f"/webhooks/{webhook}/deliveries/{line['id']}/replay")
    assert again.json["data"]["state"] == "due"
    site.run_jobs()
    (document,) = receiver.documents()
    assert document["id"] == first["id"]
    assert document["data"]["first_name"] == "Augusta"
    assert log(api, webhook)[0]["state"] == "delivered"
    assert api.get(f"/webhooks/{webhook}")["data"]["failing_since"] is None
    assert site.faults() == []
    assert site.state("rest_api") == "enabled"


@pytest.mark.database("sqlite")
def test_a_receiver_in_trouble_does_not_hold_the_others_up(api: Client, receiver: Receiver, site: Host) -> None:
    """After three failures in a row the rest waits without being tried; one success, and all goes on."""
    hook(api, receiver, "contact.created")
    receiver.status = 500
    for number in range(12):
        api.add(first_name=f"Person {number}")
    site.run_jobs()
    assert len(receiver.documents()) == jobs.TROUBLED
    receiver.status = 200
    for _ in range(8):
        site.clock.move(minutes=1)
        site.run_jobs()
    assert len({document["id"] for document in receiver.documents()}) == 12


def test_one_that_fails_for_days_is_paused_and_its_owner_told(api: Client, receiver: Receiver, site: Host) -> None:
    """After three days without a success it is paused, and the bell says so; what happens is kept until it is resumed."""
    webhook = hook(api, receiver, "contact.created")
    receiver.status = 500
    for day in range(5):
        api.add(first_name=f"Day {day}")
        for _ in range(4):
            site.run_jobs()
            site.clock.move(hours=6)
    shown = api.get(f"/webhooks/{webhook}")["data"]
    assert shown["paused"]
    assert "3 days" in shown["paused_why"]
    with site.work("Admin") as work:
        (told,) = notifications.page(work).rows
        said = notifications.said(told, str)
        assert receiver.listing in said
        assert "paused" in said
    assert site.client().get(told.url).status_code == 200
    assert notifications_of(site, "CRM manager") == 0
    states = {line["state"] for line in log(api, webhook)}
    assert states == {"failed", "held"}

    receiver.status = 200
    receiver.got.clear()
    assert not api("PATCH", f"/webhooks/{webhook}", {"paused": False}).json["data"]["paused"]
    site.run_jobs()
    names = [document["data"]["first_name"] for document in receiver.documents()]
    assert names
    assert names == sorted(names)
    assert log(api, webhook, "held") == []
    failed = len(log(api, webhook, "failed"))
    assert api("POST", f"/webhooks/{webhook}/replay").json["data"] == {"replayed": failed}
    site.run_jobs()
    assert len(receiver.documents()) == failed
    assert {line["state"] for line in log(api, webhook)} == {"delivered"}


def notifications_of(site: Host, role: str) -> int:
    """How many unread notifications a user with a role has."""
    with site.work(role) as work:
        return notifications.unread(work)


def test_while_paused_nothing_is_sent_and_nothing_lost(api: Client, receiver: Receiver, site: Host) -> None:
    """What happens while somebody paused it, and what was on its way, comes after resuming; a replay waits too."""
    webhook = hook(api, receiver, "contact.created")
    api.add(first_name="On its way")
    assert api("PATCH", f"/webhooks/{webhook}", {"paused": True}).json["data"]["paused"]
    site.run_jobs()
    api.add(first_name="Meanwhile")
    site.run_jobs()
    assert receiver.got == []
    assert [line["state"] for line in log(api, webhook)] == ["held", "held"]
    line = log(api, webhook)[0]
    assert api("POST", f"/webhooks/{webhook}/deliveries/{line['id']}/replay").json["data"]["state"] == "held"
    api("PATCH", f"/webhooks/{webhook}", {"paused": False})
    site.run_jobs()
    assert [document["data"]["first_name"] for document in receiver.documents()] == ["On its way", "Meanwhile"]


@pytest.mark.database("sqlite")
def test_what_can_never_work_fails_at_once(api: Client, receiver: Receiver, site: Host) -> None:
    """A private address that nobody allowed, and one that wants no more (410), are not tried again; the log says what to do."""
    webhook = hook(api, receiver, "contact.created")
    receiver.status, receiver.headers = 307, {"Location": "http://169.254.169.254/latest"}
    api.add(first_name="Redirected")
    site.run_jobs()
    (line,) = log(api, webhook)
    assert line["state"] == "due"
    assert "final address" in line["error"]
    receiver.status, receiver.headers = 410, {}
    api.add(first_name="Unwanted")
    site.run_jobs()
    assert log(api, webhook)[1]["state"] == "failed"
    assert api.get(f"/webhooks/{webhook}")["data"]["paused"]

    inner = hook(api, receiver, "contact.created", url="http://localhost:8009/")
    api.add(first_name="Inner")
    site.run_jobs()
    (line,) = log(api, inner)
    assert (line["state"], line["attempts"], line["status"]) == ("failed", 1, None)
    assert "CRMHOST_ALLOW_PRIVATE_HOSTS" in line["error"]


@pytest.mark.database("sqlite")
def test_the_secret_is_needed_to_send(api: Client, receiver: Receiver, site: Host) -> None:
    """A secret that can't be decrypted any more fails the delivery with a sentence, instead of sending it unsigned."""
    webhook = hook(api, receiver, "contact.created")
    with site.work() as work, work.begin():
        work.session.get_one(Webhook, webhook).secret = "000000000000:AAAA"
    api.add(first_name="Ada")
    site.run_jobs()
    (line,) = log(api, webhook, "failed")
    assert "secret key" in line["error"]
    assert receiver.got == []


def test_old_deliveries_are_forgotten(api: Client, receiver: Receiver, site: Host) -> None:
    """A month later the schedule deletes them; newer ones stay."""
    webhook = hook(api, receiver, "contact.created")
    api.add(first_name="Old")
    site.run_jobs()
    site.clock.move(days=29)
    api.add(first_name="New")
    site.run_jobs()
    assert len(log(api, webhook)) == 2
    site.clock.move(days=2)
    site.run_jobs()
    assert [line["attempts"] for line in log(api, webhook)] == [1]
