"""What every page has in common: session, gate, token, headers, errors, files."""

from __future__ import annotations

import gzip
import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Blueprint
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from werkzeug.routing import Map, Rule
from werkzeug.test import Client

from crmhost.core.contacts.models import Contact
from crmhost.core.users.models import Role
from crmhost.db import Base
from crmhost.errors import Conflict, Forbidden, Invalid, NotFound
from crmhost.testing import PASSWORD, Host
from crmhost.web.app import base_app
from crmhost.web.database import ProcessSQLAlchemy, RequestSession, db
from crmhost.web.request import local_path, public
from crmhost.web.rules import KeptRule
from crmhost.web.static import StaticFiles, published
from tests.unit.web.conftest import HTMX, Reader

ONE = pytest.mark.database("sqlite")


@ONE
def test_requests_use_the_engine_of_the_process(site: Host) -> None:
    """Flask-SQLAlchemy makes no engine of its own, whatever generation asks."""
    for app in (site.generation.app, base_app(site.site, site.generation)):
        assert app is not None
        with app.app_context():
            assert db.engine is site.site.engine
            assert isinstance(db.session(), RequestSession)
            assert db.session().get_bind() is site.site.engine


def test_flask_sqlalchemy_still_asks_for_its_engine_and_base_in_the_same_way() -> None:
    """The two private methods that are overridden exist with these arguments; a release that changes them fails here."""
    for name in ("_make_engine", "_make_declarative_base"):
        theirs, ours = getattr(SQLAlchemy, name), getattr(ProcessSQLAlchemy, name)
        assert list(inspect.signature(theirs).parameters) == list(inspect.signature(ours).parameters)
    assert db.Model is Base
    assert db.metadata is Base.metadata


@ONE
def test_addresses_are_made_as_werkzeug_makes_them(site: Host) -> None:
    """Keeping what rules read and compile changes no address, neither one that is asked for nor one that is made."""
    app = site.generation.app
    assert app is not None
    made = 0
    for ours in app.url_map.iter_rules():
        assert isinstance(ours, KeptRule)
        again, theirs = ours.empty(), ours.empty()
        theirs.__class__ = Rule
        for rule in (again, theirs):
            Map([rule], converters=app.url_map.converters)
        assert again._parts == theirs._parts
        made_of = [{name: type(one) for name, one in rule._converters.items()} for rule in (again, theirs)]
        assert made_of[0] == made_of[1]
        assert (again.arguments, again._trace) == (theirs.arguments, theirs._trace)
        assert all(one.map is again.map for one in again._converters.values())
        numbers = dict.fromkeys(ours.arguments, 7)
        for values in (numbers, {**numbers, "more": "ü&"}, {}):
            for unknown in (True, False):
                answers = []
                for rule in (ours, theirs):
                    try:
                        answers.append(rule.build(values, unknown))
                    except TypeError:
                        answers.append(None)
                assert answers[0] == answers[1]
                made += answers[0] is not None
    assert made > 100
    for name in ("_compile_builder", "_parse_rule", "get_converter"):
        signatures = [inspect.signature(getattr(kind, name)) for kind in (Rule, KeptRule)]
        assert list(signatures[0].parameters) == list(signatures[1].parameters)


@ONE
def test_a_page_that_is_read_can_not_write(site: Host) -> None:
    """A change outside a begun unit of work is refused before it reaches the database."""
    app = base_app(site.site, site.generation)
    with app.app_context():
        db.session().add(Role(name="sneaked in"))
        with pytest.raises(RuntimeError, match="begin"):
            db.session().flush()


@ONE
def test_reading_pages_writes_nothing(site: Host, reader: Reader) -> None:
    """Not one statement of all pages inserts, updates or deletes."""
    contact = site.make.contact(first_name="Ann", email="ann@example.com")
    statements: list[str] = []
    event.listen(site.site.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    for path in (
        "/contacts/",
        f"/contacts/{contact}",
        f"/contacts/{contact}/edit",
        "/journal/",
        "/settings/",
        "/account",
    ):
        assert reader.get(path).status_code == 200
    assert statements
    assert not [text for text in statements if re.match(r"\s*(insert|update|delete|replace)", text, re.IGNORECASE)]


# --- the gate --------------------------------------------------------------------------------------------------------


@ONE
def test_pages_need_a_sign_in_and_lead_back(site: Host) -> None:
    """A stranger gets to the sign-in page, and from there to the page they wanted."""
    stranger = Reader(site, "")
    answer = stranger.get("/contacts/?q=ann")
    assert answer.status_code == 302
    assert answer.location == "/login?next=%2Fcontacts%2F%3Fq%3Dann"
    user = site.make.user("Read only", "reader@example.com")
    assert user
    data = {"email": "reader@example.com", "password": PASSWORD, "next": "/contacts/?q=ann"}
    answer = stranger.post("/login", data)
    assert (answer.status_code, answer.location) == (303, "/contacts/?q=ann")
    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith("crmhost_session"))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert stranger.get("/contacts/").status_code == 200


@ONE
def test_a_fragment_without_sign_in_gets_401_and_the_address_of_the_sign_in(site: Host) -> None:
    """The page stays as it is; its script asks to sign in elsewhere."""
    headers = {**HTMX, "HX-Current-URL": "http://localhost/contacts/?q=a"}
    answer = Reader(site, "").get("/contacts/", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["Crmhost-Login"] == "/login?next=%2Fcontacts%2F%3Fq%3Da"


@ONE
def test_the_sign_in_leads_nowhere_else(site: Host) -> None:
    """An address of another site in “next” is ignored."""
    site.make.user("Read only", "reader@example.com")
    for bad in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        data = {"email": "reader@example.com", "password": PASSWORD, "next": bad}
        assert Reader(site, "").post("/login", data).location == "/"
    assert local_path("/a?b=c#d") == "/a?b=c#d"
    assert local_path("/a\nb") == ""


@ONE
def test_wrong_passwords_are_counted_and_then_must_wait(site: Host) -> None:
    """The count is kept although the sign-in itself is rolled back."""
    site.make.user("Read only", "reader@example.com")
    stranger = Reader(site, "")
    codes = [
        stranger.post("/login", {"email": "reader@example.com", "password": "wrong"}).status_code for _ in range(6)
    ]
    assert codes == [422] * 5 + [429]
    answer = stranger.post("/login", {"email": "reader@example.com", "password": PASSWORD})
    assert answer.status_code == 429
    assert "Try again in" in answer.text


@ONE
def test_nothing_typed_is_lost_with_the_sign_in(site: Host, reader: Reader) -> None:
    """A form sent without a session comes back after signing in, without its passwords and whatever else it says is secret."""
    site.make.user("Contacts manager", "back@example.com")
    reader.client.delete_cookie("crmhost_session")
    form = {"last_name": "Kept", "tags": ["A", "B"], "password": "hush", "dkim_key": "hush", "_secret": "dkim_key"}
    form |= {"api_token": "", "seen": "prints"}
    answer = reader.client.post("/contacts/new", data=form)
    assert answer.status_code == 401
    kept = re.search(r'name="kept_form" value="([^"]+)"', answer.text)
    assert kept is not None
    data = {"email": "back@example.com", "password": PASSWORD, "kept_form": kept.group(1)}
    answer = reader.post("/login", data)
    assert answer.status_code == 200
    assert 'action="/contacts/new"' in answer.text
    assert answer.text.count('name="tags"') == 2
    assert "hush" not in answer.text
    assert "give it once more: password, dkim_key<" in answer.text
    assert answer.text.count("prints") == 1
    assert "Kept" in answer.text


@ONE
def test_a_form_without_its_token_changes_nothing_and_is_offered_again(site: Host, reader: Reader) -> None:
    """From our own page it is offered once more; from another site it is refused."""
    reader.client.forges = True
    answer = reader.client.post("/contacts/new", data={"last_name": "Late"})
    assert answer.status_code == 400
    assert "Late" in answer.text
    assert 'name="last_name"' in answer.text
    answer = reader.client.post("/contacts/new", data={"last_name": "X"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 400
    assert 'name="last_name"' not in answer.text
    with site.work() as work:
        assert not list(work.session.scalars(work.visible(Contact)))


@ONE
def test_signing_out_ends_the_session(reader: Reader) -> None:
    """The token of the browser is worth nothing afterwards."""
    cookie = reader.client.get_cookie("crmhost_session")
    assert cookie is not None
    assert reader.post("/logout").status_code == 303
    reader.client.set_cookie("crmhost_session", cookie.value)
    assert reader.get("/contacts/").status_code == 302


# --- headers and errors ----------------------------------------------------------------------------------------------


@ONE
def test_pages_carry_a_strict_policy_and_their_generation(reader: Reader, site: Host) -> None:
    """Nothing inline runs but the import map, whose digest the policy names."""
    answer = reader.get("/contacts/")
    policy = answer.headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["Crmhost-Generation"] == str(site.generation.number)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["X-Request-Id"])
    scripts = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", answer.text)
    assert scripts == ['<script type="importmap">']
    assert not re.search(r'\sstyle="|\son[a-z]+="', answer.text)


@ONE
def test_errors_are_told_in_the_frame_in_plain_words(site: Host) -> None:
    """Each refusal has its status; a crash shows a number to quote, and no traceback."""
    app = base_app(site.site, site.generation)
    pages = Blueprint("probe", __name__)
    raised = {
        "missing": (NotFound("thing", 7), 404),
        "forbidden": (Forbidden("contacts.edit"), 403),
        "invalid": (Invalid("That is no number."), 422),
        "conflict": (Conflict("Taken."), 409),
        "crash": (ZeroDivisionError("secret detail"), 500),
    }

    def page(name: str) -> str:
        raise raised[name][0]

    pages.add_url_rule("/probe/<name>", view_func=public(page))
    app.register_blueprint(pages)
    for plugin, blueprint in site.generation.contributions("routes"):
        if plugin == "users":
            app.register_blueprint(blueprint)
    client = app.test_client()
    for name, (error, status) in raised.items():
        answer = client.get(f"/probe/{name}")
        assert answer.status_code == status, name
        assert "<h1>" in answer.text
        assert ("secret detail" in answer.text) is False
        if name == "crash":
            assert answer.headers["X-Request-Id"] in answer.text
        elif name != "forbidden":
            assert str(error).rstrip(".") in answer.text
    problem = client.get("/api/nothing")
    assert problem.mimetype == "application/problem+json"
    assert problem.json is not None
    assert problem.json["status"] == 404
    fragment = client.get("/probe/conflict", headers=HTMX)
    assert fragment.headers["HX-Reswap"] == "none"
    assert "Taken." in fragment.headers["HX-Trigger"]


@ONE
def test_a_body_that_is_too_large_is_told_so(reader: Reader) -> None:
    """413 in plain words, not a crash."""
    answer = reader.post("/contacts/new", {"notes": "x" * (9 * 1024 * 1024)})
    assert answer.status_code == 413
    assert "too large" in answer.text


@ONE
def test_an_application_is_built_fast(site: Host, benchmark_ms: Callable[[Callable[[], object]], float]) -> None:
    """A rebuild of the base costs far less than 40 ms of this process's time."""
    generation = site.generation
    base_app(site.site, generation)
    assert benchmark_ms(lambda: base_app(site.site, generation)) < 40


@pytest.fixture
def benchmark_ms() -> Callable[[Callable[[], object]], float]:
    """The least processor time of five calls, in milliseconds."""
    import time

    def measure(function: Callable[[], object]) -> float:
        taken = []
        for _ in range(5):
            start = time.process_time()
            function()
            taken.append((time.process_time() - start) * 1000)
        return min(taken)

    return measure


# --- static files ----------------------------------------------------------------------------------------------------


@ONE
def test_static_files_are_served_by_digest_and_only_from_their_folder(site: Host, tmp_path: Path) -> None:
    """They may be kept for a year; nothing outside the folder, hidden or of another digest can be fetched."""
    folder = tmp_path / "probe" / "static"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.js").write_text("export const a = 1;" * 100)
    (folder / "sub" / "b.css").write_text("b{}")
    (folder / ".secret").write_text("no")
    (tmp_path / "outside.txt").write_text("no")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    base = published.add("probe", folder)
    client = Client(StaticFiles(site.site))
    answer = client.get(f"{base}a.js", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert gzip.decompress(answer.data).startswith(b"export")
    assert answer.mimetype == "text/javascript"
    assert client.get(f"{base}sub/b.css").status_code == 200
    assert client.head(f"{base}sub/b.css").data == b""
    for bad in (
        ".secret",
        "link.txt",
        "../../outside.txt",
        "%2e%2e/%2e%2e/outside.txt",
        "sub",
        "",
        "none.js",
        "a%00.js",
    ):
        assert client.get(base + bad).status_code == 404, bad
    assert client.get("/static/000000000000/probe/a.js").status_code == 404
    assert client.post(f"{base}a.js").status_code == 405
    (folder / "a.js").write_text("export const a = 2;")
    assert published.add("probe", folder) != base
