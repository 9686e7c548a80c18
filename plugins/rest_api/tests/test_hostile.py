"""Hostile and broken input: clear refusals or clean records, never a failure of the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import PREFIX, Client

#: Texts that break what is careless with them.
NASTY = [
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\u202egnp.exe",
    "\ufeff",
    "\x1b[31m",
    "x" * 100_000,
    "' OR 1=1 --",
    "%",
    "_" * 50,
    "\\",
    "{{ 7*7 }}",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "9" * 400,
    "-1",
    "1e999",
    "null",
    "😀" * 200,
    "﷽" * 130,
    "İ" * 120,
]
#: Values of every JSON kind.
ODD: list[Any] = [None, True, -1, 2**63, 1.5, "", [], {}, [None], {"a": {"b": []}}]


def send(api: Client, method: str, path: str, body: bytes, kind: str = "application/json") -> Any:
    """Sends raw bytes."""
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": kind}
    return api.http.open(PREFIX + path, method=method, data=body, headers=headers)


def fields_with(value: Any) -> list[dict[str, Any]]:
    """Documents with the value in each field of a contact, alone."""
    names = ("prefix", "first_name", "last_name", "email", "emails", "phones", "addresses", "notes", "tags", "status",
             "assigned_to", "external_ids", "socials", "custom", "source", "created_at", "nothing", "id")  # fmt: skip
    inner: list[dict[str, Any]] = [
        {"emails": [value]},
        {"tags": [value]},
        {"phones": {"mobile": value}},
        {"addresses": [{"city": value, "country": value}]},
        {"external_ids": [{"source": value, "account": value, "id": value}]},
        {"socials": {"x": value}},
        {"custom": {"key": value, str(value)[:50]: 1}},
    ]
    return [{name: value} for name in names] + inner


def assert_decent(answer: Any, sent: Any) -> None:
    """The answer is no failure, and a refusal is a problem document that says something."""
    assert answer.status_code < 500, (sent, answer.text)
    if answer.status_code >= 400:
        assert answer.content_type == "application/problem+json", sent
        assert answer.json["detail"], sent


def test_nasty_texts_in_every_field_are_stored_clean_or_refused(api: Client) -> None:
    """Each field takes each text or says why not; what was stored is read back, found and listed."""
    for text in NASTY:
        rows = [{"first_name": "Ada", **document} for document in fields_with(text)]
        assert_decent(api("POST", "/contacts/bulk", {"contacts": rows}), text)
        together = dict.fromkeys(("prefix", "first_name", "last_name", "notes", "source"), text)
        assert_decent(api("POST", "/contacts", together), text)
    cursor = ""
    while cursor is not None:
        page = api.get(f"/contacts?limit=200{cursor and f'&after={cursor}'}")
        assert "\x00" not in json.dumps(page["data"], ensure_ascii=False)
        cursor = page["next"]


def test_values_of_the_wrong_kind_are_refused_in_every_field(api: Client) -> None:
    """Numbers, lists, objects and nulls where texts belong, and the other way round, never fail."""
    number = api.add(first_name="Ada")
    for value in ODD:
        for document in fields_with(value):
            assert_decent(api("PATCH", f"/contacts/{number}", document), document)
        for method, path, name in (
            ("POST", "/statuses", "name"),
            ("PATCH", "/statuses/1", "position"),
            ("PATCH", "/statuses/1", "hue"),
            ("PATCH", "/settings", "contacts.bin_days"),
            ("POST", "/journal/types", "label"),
            ("POST", "/journal/types", "contact"),
            ("POST", "/tags", "name"),
            ("POST", "/tags", "hue"),
            ("POST", f"/contacts/{number}/journal", "summary"),
            ("POST", f"/contacts/{number}/journal", "at"),
            ("POST", f"/contacts/{number}/journal", "pinned"),
            ("POST", "/contacts/bulk", "contacts"),
            ("POST", "/contacts/bulk", "match"),
            ("POST", "/plugins/nothing/disable", "with_dependents"),
        ):
            assert_decent(api(method, path, {name: value}), (path, name, value))
        assert_decent(api("PATCH", "/settings", value), value)
    assert api.host.faults() == []


def test_nasty_texts_in_parameters_are_refused_or_find_nothing(api: Client) -> None:
    """Each parameter of each list takes each text or answers 422."""
    api.add(first_name="Ada", tags=["VIP"])
    for text in [*NASTY[:8], "1e999", "😀" * 200, "WyJjcmVhdGVkX2F0IiwxLDJd", "W10", "bnVsbA", "e30"]:
        short = text[:500].encode("utf-8", "replace").decode()
        for path, names in (
            ("/contacts", ("q", "status", "tag", "assigned_to", "created_from", "sort", "after", "limit", short or "x")),
            ("/statuses", ("after", "limit")),
            ("/journal", ("type", "user_id", "from", "to", "after")),
            ("/audit", ("action", "object_type", "object_id", "user_id", "from", "after")),
            ("/jobs", ("state", "kind", "after")),
            ("/contacts/1/journal", ("by", "after")),
        ):  # fmt: skip
            for name in names:
                assert_decent(api("GET", path, query_string={name: short}), (path, name, text[:50]))
        assert_decent(api("DELETE", "/statuses/1", query_string={"heir": short}), text[:50])
        assert_decent(api("POST", "/plugins/x/enable", headers={"Idempotency-Key": "k"}), text[:50])
    for raw in ("q=%ff%fe", "q=%00", "%00=1", "q=%", "&&&=&", "limit=1&limit=2", "q[]=1", "q=" + "%F0%9F%98%80" * 500):
        answer = api.http.get(f"{PREFIX}/contacts?{raw}", headers={"Authorization": f"Bearer {api.token}"})
        assert_decent(answer, raw)
    for path in (
        "/plugins/..%2f..%2fetc/enable",
        "/plugins/%00/enable",
        "/plugins/%ff/disable",
        "/contacts/%00",
        "/contacts/1%00",
    ):
        assert_decent(api("POST", path, {}), path)
    assert api.host.faults() == []


BODIES = [
    (b"", 422),
    (b"{", 400),
    (b"nonsense", 400),
    (b"\xff\xfe\x00", 400),
    (b'{"first_name": "\xff"}', 400),
    (b'{"first_name": NaN}', 400),
    (b'{"custom": {"a": Infinity}}', 400),
    (b'{"custom": {"a": 1e999}, "first_name": "Ada"}', 422),
    (b'{"custom": {"a": ' + b"9" * 5000 + b"}}", 400),
    (b"[" * 100_000, 400),
    (b'{"custom": ' + b'{"a":' * 400 + b"1" + b"}" * 400 + b"}", 400),
    (b'{"custom": ' + b"[" * 30 + b"]" * 30 + b"}", 400),
    (b"{" + b",".join(b'"k%d": 1' % n for n in range(20_000)) + b"}", 422),
    (b'{"first_name": "Ada", "custom": {' + b",".join(b'"k%d": 1' % n for n in range(20_000)) + b"}}", 422),
    (b'{"first_name": "Ada"} {"first_name": "Bob"}', 400),
    (b"null", 422),
    (b'"text"', 422),
    (b"5", 422),
    (b'{"first_name": "' + b"x" * (9 * 1024 * 1024) + b'"}', 413),
]


def test_bodies_that_are_no_json_are_refused(api: Client) -> None:
    """Broken, deep, huge and non-JSON bodies answer 400, 413 or 422, and nothing is stored."""
    for body, status in BODIES:
        answer = send(api, "POST", "/contacts", body)
        assert answer.status_code == status, (body[:60], answer.text[:300])
        assert_decent(answer, body[:60])
        assert len(answer.data) < 100_000
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "application/xml",
        "x" * 500,
    ):
        answer = send(api, "POST", "/contacts", b'{"first_name": "Ada"}', kind)
        assert answer.status_code == 415, kind
    assert api.get("/contacts?count=1")["total"] == 0
    for kind in ("application/json; charset=utf-8", "application/merge-patch+json"):
        assert send(api, "POST", "/contacts", b'{"first_name": "Ada"}', kind).status_code == 201


def test_odd_headers_never_fail(api: Client) -> None:
    """Conditions, keys and languages that make no sense are refused or left aside."""
    number = api.add(first_name="Ada")
    names = ("If-Match", "If-None-Match", "Idempotency-Key", "Accept-Language", "Range", "X-Request-Id", "Cookie")
    for name in names:
        for value in ("", "*", '"', 'W/"', '"\xff"', "x" * 5000, "a, b;q=x"):
            headers = {name: value}
            assert_decent(api("PATCH", f"/contacts/{number}", {"prefix": "Dr"}, headers=headers), headers)
            assert_decent(api("GET", f"/contacts/{number}", headers=headers), headers)


@pytest.mark.shared
def test_the_big_list_of_naughty_strings_goes_through(api: Client, shared_data: Path) -> None:
    """Every string of the list is taken or refused in every text of a contact, as a search and as a key."""
    naughty = json.loads((shared_data / "security" / "lists" / "blns.json").read_text("utf-8"))
    assert len(naughty) > 400
    rows = [
        {
            "first_name": text,
            "last_name": text,
            "notes": text,
            "tags": [text],
            "phones": {"home": text},
            "custom": {text: text},
        }
        for text in naughty
    ]
    results = api("POST", "/contacts/bulk", {"contacts": rows})
    assert results.status_code == 200, results.text
    refused = [row for row in results.json["data"] if row["outcome"] == "refused"]
    assert len(refused) < len(rows) / 4
    assert all(row["reasons"] for row in refused)
    for text in naughty[::8]:
        short = text.encode("utf-8", "replace").decode()
        assert_decent(api("GET", "/contacts", query_string={"q": short, "limit": 1}), text)
        assert_decent(api("GET", "/contacts", query_string={"tag": short, "status": short}), text)
        assert_decent(api("POST", "/statuses", {"name": text, "hue": "red"}), text)
    assert api.get("/contacts?count=1&limit=1")["total"] == len(rows) - len(refused)
    assert api.host.faults() == []
