"""Webhooks in the API: adding, changing, secrets, what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from crmhost.config import checkout
from crmhost.testing import Host
from plugins.rest_api import deliveries
from plugins.rest_api.models import StoredAnswer, Webhook
from plugins.rest_api.webhooks import CORE_EVENTS, MOST

from .conftest import Client

URL = "https://hooks.example/take"


def add(api: Client, **fields: Any) -> Any:
    """The answer to adding a webhook."""
    return api("POST", "/webhooks", {"url": URL, "events": ["contact.created"], **fields})


def test_a_secret_is_shown_once_and_stored_encrypted(api: Client) -> None:
    """It is made when it is left out, is in the answer to adding and nowhere else, not even in a repeated answer's row."""
    first = add(api, secret="kept to ourselves")
    assert (first.status_code, first.json["data"]["secret"]) == (201, "kept to ourselves")
    assert first.headers["Location"].endswith(f"/webhooks/{first.json['data']['id']}")
    second = api("POST", "/webhooks", {"url": URL, "events": ["*"]}, headers={"Idempotency-Key": "once"})
    made = second.json["data"]["secret"]
    assert len(made) > 40
    again = api("POST", "/webhooks", {"url": URL, "events": ["*"]}, headers={"Idempotency-Key": "once"})
    assert again.json == second.json
    listed = api.get("/webhooks?count=1")
    assert listed["total"] == 2
    assert all("secret" not in webhook for webhook in listed["data"])
    number = second.json["data"]["id"]
    assert "secret" not in api.get(f"/webhooks/{number}")["data"]
    audit = str(api.get("/audit?object_type=webhook")["data"])
    assert made not in audit
    with api.host.site.sessions() as session:
        stored = [row.secret for row in session.scalars(select(Webhook))]
        answers = [row.body for row in session.scalars(select(StoredAnswer))]
    assert all(len(text) > 40 for text in stored)
    assert not any(secret in text for secret in (made, "kept to ourselves") for text in stored)
    assert answers
    assert not any(made.encode() in body for body in answers)


def test_a_webhook_is_changed_paused_and_deleted(api: Client) -> None:
    """Each change is on top of the version that was seen, and in the audit log with the secret masked."""
    number = add(api, label="Shop").json["data"]["id"]
    answer = api(
        "PATCH", f"/webhooks/{number}", {"events": ["contact.*", "contact.*", " Journal.Added "], "secret": "x" * 9}
    )
    assert answer.json["data"]["events"] == ["contact.*", "journal.added"]
    assert answer.headers["ETag"] == '"2"'
    stale = api("PATCH", f"/webhooks/{number}", {"label": "Late"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert api("PATCH", f"/webhooks/{number}", {"paused": True}).json["data"]["paused"] is True
    assert api("PATCH", f"/webhooks/{number}", {"paused": False}).json["data"]["paused"] is False
    actions = [line["action"] for line in api.get("/audit?object_type=webhook")["data"]]
    assert actions == ["webhook.resumed", "webhook.paused", "webhook.changed", "webhook.created"]
    assert "xxxx" not in str(api.get("/audit?object_type=webhook")["data"])
    assert api("DELETE", f"/webhooks/{number}").status_code == 204
    assert api("GET", f"/webhooks/{number}").status_code == 404
    assert api("GET", f"/webhooks/{number}/deliveries").status_code == 404


@pytest.mark.database("sqlite")
def test_what_can_t_work_is_refused_with_a_sentence_at_the_field(api: Client) -> None:
    """Addresses that are none or private, events that nobody tells, odd secrets: 422 with what to do, and nothing is added."""
    for url in (
        "", "hooks.example", "ftp://hooks.example/", "http://127.0.0.1/", "http://169.254.169.254/latest", "http://[::1]/",
        "http://2130706433/", "https://user:pass@hooks.example/", "https://hooks.example:22/", "https://a b/", "x" * 3000,
        "javascript:alert(1)", "http://\u0000/", "https://exa\ud800mple/",
    ):  # fmt: skip
        refused = add(api, url=url)
        assert refused.status_code == 422, url
        assert set(refused.json["errors"]) == {"url"}, url
    for events in (
        [], ["contact.create"], ["contacts.created"[:9]], ["contact"], ["*.created"], ["contact.*.x"], ["'; --"], ["\u0000"],
        ["a.b"] * 1 + ["x" * 300], [f"mine.event{number}" for number in range(200)],
    ):  # fmt: skip
        refused = add(api, events=events)
        assert refused.status_code == 422, events
        assert set(refused.json["errors"]) == {"events"}, events
    assert "contact.created" in str(add(api, events=["contact.creatd"]).json["errors"])
    for secret in ("x" * 201, "a\nb", " blank ", "a\u0000b", "\ud800"):
        assert set(add(api, secret=secret).json["errors"]) == {"secret"}, secret
    for document in (
        {},
        {"url": 1, "events": 1},
        {"url": None, "events": None},
        {"events": ["*"]},
        [],
        {"nonsense": 1},
    ):
        assert api("POST", "/webhooks", document).status_code == 422, document
    assert api.get("/webhooks?count=1")["total"] == 0
    assert add(api, events=["invoice.paid", "quote.*", "*"], secret=None, label="a\u0000\u202e b").status_code == 201
    assert api.get("/webhooks")["data"][0]["label"] == "a b"
    for path in (
        "/webhooks/0",
        "/webhooks/99999999999",
        "/webhooks/1/deliveries?state=lost",
        "/webhooks/1/deliveries?after=x",
    ):
        assert api("GET", path).status_code in (404, 422), path


@pytest.mark.database("sqlite")
def test_others_webhooks_are_reached_by_admins_alone(site: Host) -> None:
    """Who changed the address of somebody else's webhook would get what that one sees: only who sees everything may."""
    admin, manager, other = Client(site), Client(site, "CRM manager"), Client(site, "CRM manager", name="Other")
    mine = add(manager).json["data"]["id"]
    for client in (other, Client(site, "Admin", only_assigned=True)):
        assert client.get("/webhooks")["data"] == []
        for method, path in (
            ("GET", f"/webhooks/{mine}"),
            ("PATCH", f"/webhooks/{mine}"),
            ("DELETE", f"/webhooks/{mine}"),
            ("POST", f"/webhooks/{mine}/test"),
            ("GET", f"/webhooks/{mine}/deliveries"),
        ):
            assert client(method, path, {} if method == "PATCH" else None).status_code == 404, (method, path)
    assert [webhook["user_id"] for webhook in admin.get("/webhooks")["data"]] == [manager.user_id]
    assert admin("PATCH", f"/webhooks/{mine}", {"label": "Seen by an admin"}).status_code == 200


@pytest.mark.database("sqlite")
def test_nobody_has_too_many(api: Client) -> None:
    """The number of one user's webhooks has an end, with a sentence."""
    from plugins.rest_api import webhooks

    with api.host.work("Admin") as work, work.begin():
        for number in range(MOST):
            webhooks.add(work, {"url": f"{URL}/{number}", "events": ["*"]})
    refused = add(api)
    assert refused.status_code == 409
    assert str(MOST) in refused.json["detail"]


def test_the_events_that_can_be_chosen_are_those_of_the_core() -> None:
    """The choice offers each name of the reference page, of the kinds that it knows, and none that is not there."""
    page = (Path(checkout()) / "docs" / "reference" / "events.md").read_text("utf-8")
    kinds = tuple({f"{name.partition('.')[0]}." for name in CORE_EVENTS})
    told = {name for name in re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", page, re.MULTILINE) if name.startswith(kinds)}
    assert told == set(CORE_EVENTS)


@pytest.mark.database("sqlite")
def test_the_log_is_read_from_indexes(api: Client) -> None:
    """No look at the log, in any state, reads all deliveries or sorts them; nor does forgetting."""
    number = add(api).json["data"]["id"]
    seen: list[tuple[str, Any]] = []
    engine = api.host.site.engine
    with api.host.work("Admin") as work, work.begin():
        for _ in range(5):
            deliveries.send_test(work, number)
        event.listen(engine, "before_cursor_execute", lambda *given: seen.append((given[2], given[3])))
        for state in ("", "due"):
            following = deliveries.page(work, number, state=state, limit=2).next
            deliveries.page(work, number, state=state, after=following, limit=2)
        deliveries.counts(work, [number], ["failed", "held"])
        deliveries.put_on_their_way(work, number, "held", 10)
        deliveries.forget_person(work, 7)
        deliveries.prune(work)
        looked = [(statement, values) for statement, values in seen if "rest_api_delivery" in statement]
        assert len(looked) >= 8
        for statement, values in looked:
            for row in work.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values):
                assert "SCAN rest_api_delivery" not in row[3], statement
                assert "FOR ORDER BY" not in row[3], statement
