"""Each request has a number and one line in the log."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crmhost.api import audit
from crmhost.host.dispatcher import Dispatcher
from crmhost.testing import PASSWORD, Host

from .conftest import LogTo, taken

ONE = pytest.mark.database("sqlite")
PLUGIN = """
from crmhost.hooks import hookimpl
from crmhost.web.api import current_work
from flask import Blueprint, Response

pages = Blueprint("frail", __name__)

@pages.get("/crash/<word>")
def crash(word):
    raise RuntimeError("secret detail")

@pages.get("/slow")
def slow():
    import logging
    log = logging.getLogger("crmhost.frail")
    def parts():
        log.warning("sending")
        yield b"part"
    return Response(parts())

class Plugin:
    @hookimpl
    def routes(self):
        return [pages]
"""

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def site(host: Callable[..., Host], tmp_path: Path) -> Host:
    """A site with a plugin whose page crashes, behind a proxy at 127.0.0.1."""
    folder = tmp_path / "mine" / "frail"
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text('id = "frail"\nname = "Frail"\nversion = "1.0.0"\napi = ">=1,<2"\n')
    (folder / "__init__.py").write_text(PLUGIN)
    return host("frail", "rest_api", home_plugins=folder.parent, trusted_proxies=("127.0.0.1",), log_format="json")


@pytest.fixture
def lines(site: Host, log_to: LogTo) -> Lines:
    """What was logged since the last call, as ``crmhost run`` writes it."""
    stream = log_to(site.site.config)
    return lambda: taken(stream)


def ask(site: Host, path: str, role: str = "Admin", **options: Any) -> Any:
    """The answer, read to its end."""
    with site.client(role).get(path, **options) as answer:
        answer.get_data()
        return answer


@ONE
def test_a_request_is_one_line(site: Host, lines: Lines) -> None:
    """Method, template of the address, status, time, user, number and generation; nothing of the address itself."""
    person = site.make.contact(first_name="Ada")
    ask(site, f"/contacts/{person}?q=Lovelace")
    ask(site, "/somewhere/Ada", "")
    first, second = lines()
    assert first["event"] == "request"
    assert (first["method"], first["path"], first["status"]) == ("GET", "/contacts/<int:contact_id>", 200)
    assert first["user"] == site.actor("Admin").user_id
    assert first["generation"] == site.generation.number
    assert 0 < first["ms"] < 60_000
    assert re.fullmatch(r"[0-9a-f]{16}", first["request_id"])
    assert (second["path"], second["status"], "user" in second) == ("-", 404, False)
    assert "Ada" not in str(second)


@ONE
def test_a_user_of_the_api_is_named_too(site: Host, lines: Lines) -> None:
    """The number of the user whose token it is, not the token."""
    client = site.api("Read only")
    token = client.environ_base["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    with client.get("/api/v1/contacts") as answer:
        answer.get_data()
    (line,) = lines()
    assert (line["path"], line["user"]) == ("/api/v1/contacts", site.actor("Read only").user_id)
    assert token not in str(line)


@ONE
def test_a_crash_names_the_plugin_and_the_number(site: Host, lines: Lines) -> None:
    """The page shows the number that stands on every line of that request, and nothing of what happened."""
    answer = ask(site, "/frail/crash/Lovelace")
    number = answer.headers["X-Request-Id"]
    assert answer.status_code == 500
    assert f"Tell support this number: {number}" in re.sub(r"<[^>]+>", "", answer.text)
    assert "secret detail" not in answer.text
    found = lines()
    assert {line["request_id"] for line in found} == {number}
    assert [line["event"] for line in found].count("request") == 1
    assert found[-1]["plugin"] == "frail"
    assert found[-1]["path"] == "/frail/crash/<word>"
    assert any("RuntimeError: secret detail" in line.get("exception", "") for line in found)
    assert "Lovelace" not in str([line for line in found if "exception" not in line])


@ONE
def test_a_body_is_sent_in_the_name_of_its_request(site: Host, lines: Lines) -> None:
    """What is logged while it is sent carries the number, and the request's line comes last."""
    answer = ask(site, "/frail/slow")
    assert answer.text == "part"
    assert [(line["event"], line["request_id"]) for line in lines()] == [
        ("sending", answer.headers["X-Request-Id"]),
        ("request", answer.headers["X-Request-Id"]),
    ]


@ONE
def test_a_number_goes_around(site: Host, lines: Lines) -> None:
    """One that the proxy gave is in the answer and the log; files and probes have one as well, and no line by default."""
    given = {"X-Request-Id": "from-the-proxy-0001"}
    assert ask(site, "/login", "", headers=given).headers["X-Request-Id"] == "from-the-proxy-0001"
    assert [line["request_id"] for line in lines()] == ["from-the-proxy-0001"]
    for path in ("/healthz", "/readyz", "/static/nothing"):
        assert ask(site, path, "", headers=given).headers["X-Request-Id"] == "from-the-proxy-0001"
    assert lines() == []


@ONE
def test_a_proxy_tells_who_asks(site: Host, lines: Lines) -> None:
    """Sign-ins are noted under the client's own address, whatever the client wrote before it; it is in no line of the log."""
    headers = {"X-Forwarded-For": "203.0.113.9, 198.51.100.1"}
    site.actor("Admin")
    form = {"email": "admin@example.com", "password": PASSWORD}
    with site.client("").post("/login", data=form, headers=headers) as answer:
        assert answer.status_code == 303
    with site.work("Admin") as work:
        rows, _ = audit.entries(work, action="user.signed_in")
        assert [row.address for row in rows] == ["198.51.100.1"]
    assert "198.51.100.1" not in json.dumps(lines())


@ONE
def test_hostile_requests_stay_in_their_line(site: Host, lines: Lines) -> None:
    """Whatever stands in the address, the method and the headers, the log has one valid line without any of it."""
    hostile = 'evil"\n\r\x00\x1b[31m\u2028{"event":"forged"}'
    headers = {name: hostile.replace("\n", "").replace("\r", "") for name in ("X-Request-Id", "User-Agent", "Referer")}
    dispatcher = Dispatcher(site.site)
    for changes in (
        {"PATH_INFO": f"/contacts/{hostile}".encode().decode("latin-1")},
        {"QUERY_STRING": "token=evil&email=evil%40example.com"},
        {"REQUEST_METHOD": "evil"},
        {"HTTP_COOKIE": "crmhost_session=evil; crm_gen=evil"},
        {"HTTP_AUTHORIZATION": "Bearer evil", "PATH_INFO": "/api/v1/contacts"},
    ):
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
            **changes,
        }
        answer: Any = dispatcher(environ, lambda *_: None)
        b"".join(answer)
        answer.close()
        found = lines()
        assert [line["event"] for line in found].count("request") == 1
        assert "evil" not in json.dumps(found)


@ONE
def test_no_secret_of_a_form_is_logged(site: Host, lines: Lines) -> None:
    """Not what somebody types who signs in, nor the cookie that they get."""
    client = site.client("")
    user = site.actor("Admin")
    assert user.user_id is not None
    for password in ("wrong-word", PASSWORD):
        with client.post("/login", data={"email": "admin@example.com", "password": password}) as answer:
            answer.get_data()
    cookie = client.get_cookie("crmhost_session")
    assert cookie is not None
    text = json.dumps(lines())
    for private in (PASSWORD, "wrong-word", "admin@example.com", cookie.value):
        assert private not in text
