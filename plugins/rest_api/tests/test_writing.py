"""Writes that are conditional or repeated."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from crmhost.api import contacts
from crmhost.testing import Clock, Host
from plugins.rest_api.models import StoredAnswer

from .conftest import Client, client_of


def rows(site: Host) -> list[StoredAnswer]:
    """The answers that are kept."""
    with site.site.sessions() as session:
        return list(session.scalars(select(StoredAnswer)))


# --- If-Match --------------------------------------------------------------------------------------------------------


def test_a_change_on_top_of_somebody_else_s_is_refused(api: Client) -> None:
    """If-Match with an old version answers 412 and changes nothing; the newest, several or a star are taken."""
    number = api.add(first_name="Ada")
    api("PATCH", f"/contacts/{number}", {"first_name": "Grace"})
    for method, document in (("PATCH", {"first_name": "Late"}), ("DELETE", None)):
        for stale in ('"1"', 'W/"2"', '"nonsense"', '"7", "8"', '"99999999999999999999"'):
            answer = api(method, f"/contacts/{number}", document, headers={"If-Match": stale})
            assert answer.status_code == 412, stale
            assert answer.content_type == "application/problem+json"
    assert api.get(f"/contacts/{number}")["data"]["first_name"] == "Grace"
    good = api("PATCH", f"/contacts/{number}", {"last_name": "Hopper"}, headers={"If-Match": '"1", "2"'})
    assert good.status_code == 200
    assert good.headers["ETag"] == '"3"'
    assert api("PATCH", f"/contacts/{number}", {"prefix": "Dr"}, headers={"If-Match": "*"}).status_code == 200
    assert api("DELETE", f"/contacts/{number}", headers={"If-Match": '"4"'}).status_code == 204


# --- Idempotency-Key -------------------------------------------------------------------------------------------------


def test_a_repeated_write_is_carried_out_once(api: Client) -> None:
    """The same request with the same key gives the same answer, and there is one contact."""
    first = api("POST", "/contacts", {"first_name": "Ada"}, headers={"Idempotency-Key": "order-5"})
    again = api("POST", "/contacts", {"first_name": "Ada"}, headers={"Idempotency-Key": "order-5"})
    assert first.status_code == again.status_code == 201
    assert first.json == again.json
    assert first.headers["Location"] == again.headers["Location"]
    assert first.headers["ETag"] == again.headers["ETag"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert api.get("/contacts?count=1")["total"] == 1


def test_a_key_stands_for_one_request_of_one_user(site: Host) -> None:
    """Another body, address or method under the same key is refused; another user's key is another key."""
    api, other = Client(site), Client(site, "CRM manager")
    key = {"Idempotency-Key": "k"}
    number = api("POST", "/contacts", {"first_name": "Ada"}, headers=key).json["data"]["id"]
    for method, path, document in (
        ("POST", "/contacts", {"first_name": "Bob"}),
        ("POST", "/statuses", {"name": "Ada"}),
        ("PATCH", f"/contacts/{number}", {"first_name": "Ada"}),
        ("DELETE", f"/contacts/{number}", None),
    ):
        answer = api(method, path, document, headers=key)
        assert answer.status_code == 422, (method, path)
        assert "Idempotency-Key" in answer.json["errors"]
    assert other("POST", "/contacts", {"first_name": "Ada"}, headers=key).json["data"]["id"] != number


def test_a_key_that_can_t_be_one_is_refused(api: Client) -> None:
    """A key is 1 to 255 visible ASCII characters."""
    for key in ("", " ", "x" * 256, "two words", "naïve"):
        answer = api("POST", "/contacts", {"first_name": "Ada"}, headers={"Idempotency-Key": key})
        assert answer.status_code == 422, key
    assert api.get("/contacts?count=1")["total"] == 0


def test_a_refused_write_keeps_its_key_free(api: Client) -> None:
    """A write that was refused stored nothing: mended, it can be sent under the same key."""
    key = {"Idempotency-Key": "k"}
    assert api("POST", "/contacts", {"first_name": "Ada", "status": "Leed"}, headers=key).status_code == 422
    assert rows(api.host) == []
    assert api("POST", "/contacts", {"first_name": "Ada"}, headers=key).status_code == 201


def test_every_kind_of_write_can_be_repeated(api: Client) -> None:
    """Changing, deleting, the journal, statuses, settings and bulk give their first answer again."""
    number = api.add(first_name="Ada")
    status = api("POST", "/statuses", {"name": "Odd"}).json["data"]["id"]
    writes: list[tuple[str, str, Any]] = [
        ("POST", f"/contacts/{number}/journal", {"summary": "Once"}),
        ("PATCH", f"/contacts/{number}", {"first_name": "Grace"}),
        ("POST", "/contacts/bulk", {"contacts": [{"first_name": f"P{n}"} for n in range(300)]}),
        ("PATCH", "/settings", {"site.name": "Ours"}),
        ("DELETE", f"/statuses/{status}", None),
        ("DELETE", f"/contacts/{number}", None),
    ]
    for place, (method, path, document) in enumerate(writes):
        key = {"Idempotency-Key": f"write-{place}"}
        first, again = (api(method, path, document, headers=key) for _ in range(2))
        assert first.status_code == again.status_code, path
        assert first.status_code < 300, first.text
        assert first.data == again.data
        assert again.headers["Idempotent-Replayed"] == "true"
    assert api.get("/contacts?count=1")["total"] == 300


def test_a_key_is_forgotten_after_a_day(api: Client, clock: Clock) -> None:
    """After 24 hours the key may be used anew, and what was kept is deleted by the next write with a key."""
    clock.freeze()
    key = {"Idempotency-Key": "k"}
    api("POST", "/contacts", {"first_name": "Ada"}, headers=key)
    clock.move(hours=23, minutes=59)
    assert "Idempotent-Replayed" in api("POST", "/contacts", {"first_name": "Ada"}, headers=key).headers
    clock.move(minutes=2)
    assert "Idempotent-Replayed" not in api("POST", "/contacts", {"first_name": "Ada"}, headers=key).headers
    assert len(rows(api.host)) == 1


def test_erasing_a_person_erases_the_answers_that_are_kept(api: Client) -> None:
    """After an erasure nothing of any answer is left; its key still keeps the write from being carried out again."""
    key = {"Idempotency-Key": "k"}
    answer = api("POST", "/contacts", {"first_name": "Ada", "email": "ada@example.com"}, headers=key)
    with api.host.work("Admin") as work, work.begin():
        contacts.erase(work, answer.json["data"]["id"])
    assert [(row.body, row.headers) for row in rows(api.host)] == [(b"", {})]
    again = api("POST", "/contacts", {"first_name": "Ada", "email": "ada@example.com"}, headers=key)
    assert again.status_code == 409
    assert "carried out" in again.json["detail"]


def test_of_many_at_once_one_is_carried_out(api: Client) -> None:
    """Twelve threads send the same write with the same key: one contact, twelve times the same answer."""
    answers: list[Any] = []
    begin = threading.Barrier(12)

    def send() -> None:
        client = Client.__new__(Client)
        client.host, client.token, client.http = api.host, api.token, client_of(api.host)
        begin.wait()
        answers.append(client("POST", "/contacts", {"first_name": "Ada"}, headers={"Idempotency-Key": "k"}))

    threads = [threading.Thread(target=send) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    assert len({answer.data for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert api.get("/contacts?count=1")["total"] == 1


def test_writes_of_other_plugins_can_be_repeated_too(notebook: Client) -> None:
    """A plugin's resource that writes several times is one transaction under a key; a part that fails takes back only itself."""
    key = {"Idempotency-Key": "k"}
    first, again = (notebook("POST", "/notebook", {"names": ["Ada", "", "Bob"]}, headers=key) for _ in range(2))
    assert first.status_code == 200, first.text
    assert len(first.json["data"]) == 2
    assert again.json == first.json
    people = notebook.get("/contacts?count=1")
    assert people["total"] == 2
    told = [ids for name, ids in notebook.host.events() if name == "contact.created"]
    assert sorted(number for ids in told for number in ids) == sorted(first.json["data"])


def test_a_view_that_answers_with_an_error_changes_nothing_under_a_key(notebook: Client) -> None:
    """What a view changed before it answered 409 is taken back, and its key stays free."""
    answer = notebook("POST", "/notebook/refuse", headers={"Idempotency-Key": "k"})
    assert answer.status_code == 409
    assert notebook.get("/contacts?count=1")["total"] == 0
    assert rows(notebook.host) == []


def test_the_answers_go_with_their_user_and_with_the_plugin(host: Callable[..., Host]) -> None:
    """Uninstalling the plugin drops the table."""
    site = host("rest_api")
    Client(site)("POST", "/contacts", {"first_name": "Ada"}, headers={"Idempotency-Key": "k"})
    assert len(rows(site)) == 1
    assert "rest_api_idempotency" in site.uninstall("rest_api")
