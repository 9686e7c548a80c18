"""Asks every address of a plugin, as everybody."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from werkzeug.routing.converters import NumberConverter

from crmhost.api import users
from crmhost.core.users.models import User
from crmhost.testing import Host
from tests.pages import owner

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.routing import Rule

#: What stands for an argument of an address: the number of a contact that is there, one that is not, and one too large.
TOO_LARGE = 999_999_999_999
NUMBERS = (1, 2_000_000_000, TOO_LARGE)
#: Query strings that nobody means well with.
QUERIES = ("", "?after=%00%ff&limit=-1&sort=;--&q=%25%00'\"<&page=x&from=9999-99-99&filter=&status=zz")


@dataclasses.dataclass(frozen=True)
class Address:
    """An address of a plugin. ``public``: open to everybody; ``api``: for programs, with a token."""

    path: str
    public: bool
    api: bool
    methods: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Answer:
    """An answer; ``wrong`` says what is wrong with it, empty when nothing is."""

    who: str
    address: str
    status: int
    wrong: str


def addresses(site: Host, plugins: Collection[str], method: str = "GET") -> list[Address]:
    """Addresses of these plugins that take the method, with numbers in the places of arguments."""
    app = site.generation.app
    assert app is not None
    mounts = tuple(mount.prefix for mount in site.generation.contributions("api_mounts"))
    found: set[Address] = set()
    for rule in app.url_map.iter_rules():
        if owner(rule.endpoint, plugins) and method in (rule.methods or ()):
            public = bool(getattr(app.view_functions[rule.endpoint], "crmhost_public", False))
            api = bool(mounts) and rule.rule.startswith(mounts)
            found |= {Address(path, public, api, frozenset(rule.methods or ())) for path in _filled(rule)}
    return sorted(found, key=lambda address: address.path)


def _filled(rule: Rule) -> Iterator[str]:
    for number in NUMBERS if rule.arguments else NUMBERS[:1]:
        values: dict[str, Any] = {}
        for name in rule.arguments:
            values[name] = number if isinstance(rule._converters[name], NumberConverter) else f"none-{number}"
        built = rule.build(values)
        if built is not None:
            yield built[1]


def answers_of(site: Host, plugin: str, roles: Collection[str], *, strangers: bool = True) -> Iterator[Answer]:
    """What strangers and users with these roles get from every address of a plugin."""
    places = addresses(site, [plugin])
    posts = addresses(site, [plugin], "POST")
    stranger = site.client("")
    for place in places:
        # What is open to everybody reads the database for them too.
        if strangers or place.public:
            yield from _ask(site, stranger, "stranger", place, {})
    for place in posts:
        if strangers or place.public:
            yield _sent(stranger, "stranger", place, {}, _refused_to_strangers)
    for role in roles:
        client, headers = site.client(role), _token(site, role)
        for place in places:
            yield from _ask(site, client, role, place, headers if place.api else {})
        if role == "Admin":
            for place in posts:
                yield _sent(client, role, place, headers if place.api else {}, _not_broken)


def _token(site: Host, role: str) -> dict[str, str]:
    with site.work() as work:
        user = work.session.get_one(User, site.actor(role).user_id)
        with work.begin():
            return {"Authorization": f"Bearer {users.make_token(work, user, 'conformance')}"}


def _ask(site: Host, client: FlaskClient, who: str, place: Address, headers: dict[str, str]) -> Iterator[Answer]:
    for query in QUERIES if who in ("stranger", "Admin") else QUERIES[:1]:
        with client.get(place.path + query, headers=headers) as answer:
            status = answer.status_code
            rule = _refused_to_strangers if who == "stranger" else _not_broken
            yield Answer(who, place.path + query, status, rule(place, status, answer.headers.get("Location", "")))


def _sent(client: FlaskClient, who: str, place: Address, headers: dict[str, str], rule: Any) -> Answer:
    """An empty form without a token, or an empty document."""
    kind = {"json": {}} if place.api else {"data": {}}
    with client.post(place.path, headers=headers, **kind) as answer:
        status = answer.status_code
        return Answer(who, f"POST {place.path}", status, rule(place, status, answer.headers.get("Location", "")))


def _not_broken(place: Address, status: int, location: str) -> str:
    if status >= 500:
        return "it fails"
    if status == 302 and "/login" in location:
        return "it does not know who is signed in"
    return ""


def _refused_to_strangers(place: Address, status: int, location: str) -> str:
    if status >= 500:
        return "it fails"
    if place.public:
        return "" if status != 401 and "/login" not in location else "it is public and asks to sign in"
    if status in (404, 405) and str(TOO_LARGE) in place.path:
        return ""
    if status == 401 or (status in (302, 303) and location.startswith("/login")):
        return ""
    # Which record is there, and which method it takes, must not be told either.
    return "it is open to everybody"
