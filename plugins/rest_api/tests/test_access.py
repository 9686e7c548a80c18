"""Who may do what through the API, and how somebody without a token is answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from crmhost.testing import Host

from .conftest import PREFIX, Client

#: Method, path and document -> status for Admin, CRM manager, Contacts manager, Read only.
ROLES = ("Admin", "CRM manager", "Contacts manager", "Read only")
REQUESTS: list[tuple[str, str, Any, tuple[int, int, int, int]]] = [
    ("GET", "/contacts", None, (200, 200, 200, 200)),
    ("POST", "/contacts", {"first_name": "Eve"}, (201, 201, 201, 403)),
    ("GET", "/contacts/{id}", None, (200, 200, 200, 200)),
    ("PATCH", "/contacts/{id}", {"prefix": "Dr"}, (200, 200, 200, 403)),
    ("POST", "/contacts/bulk", {"contacts": [{"first_name": "Eve"}]}, (200, 200, 200, 403)),
    ("GET", "/contacts/{id}/journal", None, (200, 200, 200, 200)),
    ("POST", "/contacts/{id}/journal", {"summary": "Note"}, (201, 201, 201, 403)),
    ("GET", "/statuses", None, (200, 200, 200, 200)),
    ("POST", "/statuses", {"name": "{unique}"}, (201, 201, 403, 403)),
    ("GET", "/statuses/1", None, (200, 200, 200, 200)),
    ("PATCH", "/statuses/1", {"hue": "teal"}, (200, 200, 403, 403)),
    ("DELETE", "/statuses/2", None, (204, 404, 403, 403)),
    ("GET", "/tags", None, (200, 200, 200, 200)),
    ("POST", "/tags", {"name": "{unique}"}, (201, 201, 201, 403)),
    ("GET", "/tags/1", None, (200, 200, 200, 200)),
    ("PATCH", "/tags/1", {"hue": "teal"}, (200, 200, 200, 403)),
    ("DELETE", "/tags/2", None, (204, 404, 404, 403)),
    ("GET", "/users", None, (200, 200, 200, 200)),
    ("GET", "/settings", None, (200, 200, 403, 403)),
    ("PATCH", "/settings", {"site.name": "Ours"}, (200, 200, 403, 403)),
    ("GET", "/plugins", None, (200, 403, 403, 403)),
    ("POST", "/plugins/rest_api/enable", None, (200, 403, 403, 403)),
    ("POST", "/plugins/nothing/disable", {}, (404, 403, 403, 403)),
    ("GET", "/journal", None, (200, 200, 200, 200)),
    ("GET", "/journal/types", None, (200, 200, 200, 200)),
    ("POST", "/journal/types", {"label": "{unique}"}, (201, 201, 403, 403)),
    ("PATCH", "/journal/types/note", {"icon": "message"}, (200, 200, 403, 403)),
    ("DELETE", "/journal/types/letter", None, (204, 404, 403, 403)),
    ("GET", "/audit", None, (200, 200, 403, 403)),
    ("GET", "/webhooks", None, (200, 200, 403, 403)),
    ("POST", "/webhooks", {"url": "https://hooks.example/", "events": ["*"]}, (201, 201, 403, 403)),
    ("GET", "/webhooks/1", None, (200, 404, 403, 403)),
    ("PATCH", "/webhooks/1", {"label": "Mine"}, (200, 404, 403, 403)),
    ("POST", "/webhooks/1/test", None, (201, 404, 403, 403)),
    ("GET", "/webhooks/1/deliveries", None, (200, 404, 403, 403)),
    ("POST", "/webhooks/1/deliveries/1/replay", None, (200, 404, 403, 403)),
    ("POST", "/webhooks/1/replay", None, (200, 404, 403, 403)),
    ("DELETE", "/webhooks/1", None, (204, 404, 403, 403)),
    ("GET", "/jobs", None, (200, 200, 200, 200)),
    ("GET", "/jobs/99", None, (404, 404, 404, 404)),
    ("POST", "/jobs/99/retry", None, (404, 404, 404, 404)),
    ("POST", "/jobs/99/cancel", None, (404, 404, 404, 404)),
    ("GET", "/openapi.json", None, (200, 200, 200, 200)),
    ("GET", "/custom-fields", None, (200, 200, 200, 200)),
    ("POST", "/custom-fields", {"label": "{unique}", "kind": "text"}, (201, 201, 403, 403)),
    ("GET", "/custom-fields/1", None, (200, 200, 200, 200)),
    ("PATCH", "/custom-fields/1", {"help": "New"}, (200, 200, 403, 403)),
    ("DELETE", "/custom-fields/1", None, (204, 404, 403, 403)),
    ("POST", "/custom-fields/1/restore", None, (200, 200, 403, 403)),
    ("POST", "/contacts/{id}/custom/nothing/reveal", None, (404, 403, 403, 403)),
    ("GET", "/contacts/{id}/personal-data", None, (200, 200, 200, 403)),
    ("POST", "/contacts/{id}/merge", {"from": [99999]}, (404, 404, 404, 403)),
    ("POST", "/merges/1/undo", {}, (404, 404, 404, 403)),
    ("DELETE", "/contacts/{id}", None, (204, 404, 404, 403)),
]


def test_every_resource_answers_each_role_as_its_permissions_say(site: Host) -> None:
    """What a role may not do answers 403 with a problem document that names the permission."""
    clients = [Client(site, role) for role in ROLES]
    number = clients[0].add(first_name="Ada", tags=["One", "Two"])
    for method, path, document, wanted in REQUESTS:
        for client, role, status in zip(clients, ROLES, wanted, strict=True):
            sent = {name: role if value == "{unique}" else value for name, value in (document or {}).items()}
            answer = client(method, path.format(id=number), sent if document is not None else None)
            assert answer.status_code == status, (method, path, role, answer.text)
            if status == 403:
                assert answer.content_type == "application/problem+json"
                assert answer.json["permission"]


def test_every_operation_is_in_that_table(api: Client) -> None:
    """No operation of the core is left out of the test of roles."""
    keys = re.compile(r"/(\{id\}|\d+|rest_api|nothing|note|letter)(?=/|$)")
    written = {(method, keys.sub("/#", path)) for method, path, *_ in REQUESTS}
    described = {
        (method.upper(), re.sub(r"\{[a-z_]+\}", "#", path.removeprefix(PREFIX)))
        for path, operations in api.get("/openapi.json")["paths"].items()
        for method in operations
    }
    assert described == written | {("GET", "/docs")}


def test_without_a_token_everything_but_the_document_answers_401(api: Client) -> None:
    """The answer says how to sign in, is a problem document, and comes before anything is looked at."""
    for method, path, document, _ in REQUESTS:
        if path == "/openapi.json":
            continue
        answer = api.http.open(PREFIX + path.format(id=1), method=method, json=document)
        assert answer.status_code == 401, path
        assert answer.content_type == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert api.http.get(f"{PREFIX}/openapi.json").status_code == 200
    assert api.http.get(f"{PREFIX}/docs").status_code == 200


def test_a_token_that_is_none_is_refused(api: Client) -> None:
    """Other schemes, made-up, overlong and odd tokens answer 401; the right one in any case of the scheme is taken."""
    for header in (
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        f"Basic {api.token}",
        f"Bearer {api.token}x",
        f"Bearer {'x' * 100_000}",
        "Bearer ключ",
        "Bearer \xff\xfe",
        "Token a\tb",
    ):
        answer = api("GET", "/contacts", headers={"Authorization": header})
        assert answer.status_code == 401, header[:40]
    assert (
        'error="invalid_token"'
        in api("GET", "/users", headers={"Authorization": "Bearer x"}).headers["WWW-Authenticate"]
    )
    assert api("GET", "/contacts", headers={"Authorization": f"bearer  {api.token} "}).status_code == 200


def test_a_token_ends_with_its_revocation_and_with_its_user(site: Host) -> None:
    """Revoking the token, or disabling the user, refuses the next request."""
    from crmhost.api import users

    admin, one, other = Client(site), Client(site, "CRM manager"), Client(site, "Read only")
    with site.work("Admin") as work, work.begin():
        token = next(token for token, user in users.tokens(work) if user.id == one.user_id)
        users.revoke_token(work, token.id)
        users.disable(work, other.user_id)
    assert one("GET", "/contacts").status_code == other("GET", "/contacts").status_code == 401
    assert admin("GET", "/contacts").status_code == 200


def test_cookies_sign_nobody_in(site: Host) -> None:
    """A browser that is signed in gets 401 from the API, so that no page elsewhere can send requests in its name."""
    browser = site.client("Admin")
    assert browser.get(f"{PREFIX}/contacts").status_code == 401
    assert browser.post(f"{PREFIX}/contacts", json={"first_name": "Ada"}).status_code == 401


def test_the_last_use_of_a_token_is_kept(api: Client) -> None:
    """A request notes its token in memory; the next flush writes it."""
    from crmhost.api import users

    api.get("/statuses")
    api.host.settle()
    with api.host.work("Admin") as work:
        assert all(token.seen_at is not None for token, _ in users.tokens(work))


def test_what_a_token_does_is_audited_under_its_user(api: Client) -> None:
    """The audit log names the user, and that it was a token."""
    api.add(first_name="Ada")
    line = api.get("/audit?action=contact.created")["data"][0]
    assert line["user_id"] == api.user_id
    assert line["by"] == "admin@example.com"


def test_addresses_that_are_none_answer_with_problems(api: Client) -> None:
    """Unknown addresses answer 404 and wrong methods 405 with the methods that are allowed; OPTIONS says them too."""
    missing = api("GET", "/nothing")
    assert (missing.status_code, missing.content_type) == (404, "application/problem+json")
    for path in ("/contacts/0", "/contacts/99999999999999", "/contacts/abc", "/contacts/-1"):
        assert api("GET", path).status_code == 404
    wrong = api("PUT", "/contacts")
    assert (wrong.status_code, wrong.content_type) == (405, "application/problem+json")
    assert "GET" in wrong.headers["Allow"]
    options = api.http.options(f"{PREFIX}/contacts")
    assert options.status_code == 200
    assert "POST" in options.headers["Allow"]
    assert api("HEAD", "/contacts").status_code == 200


def test_a_plugin_s_resource_is_guarded_like_the_core_s(host: Callable[..., Host], notebook: Client) -> None:
    """Resources of any plugin need a token, refuse unknown parameters, and fail without telling what happened inside."""
    assert notebook.http.get(f"{PREFIX}/notebook").status_code == 401
    assert notebook("GET", "/notebook?limt=1").json["errors"] == {
        "limt": ["There is no parameter “limt”. Did you mean “limit”?"]
    }
    assert notebook("GET", "/notebook?limit=5").json == {"limit": 5}
    assert notebook("POST", "/notebook", {"nmaes": []}).json["errors"]["nmaes"] == [
        "There is no field “nmaes”. Did you mean “names”?"
    ]
    assert notebook("POST", "/notebook", data="names=1").status_code == 415
    assert notebook("POST", "/notebook/refuse?x=1").status_code == 422
    answer = notebook("GET", "/notebook/crash")
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert [fault.plugin for fault in notebook.host.faults()] == ["notebook"]
