"""Asks every address of a plugin, as everybody."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing.converters import NumberConverter

from crmhost.api import users
from crmhost.core.users.models import User
from crmhost.testing import Host
from tests.pages import owner

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.routing import Rule

#: What stands for an argument of an address: the number of a contact that is there, one that is not, and one too large.
THERE = 1
MISSING = 2_000_000_000
TOO_LARGE = 999_999_999_999
#: A query string that nobody means well with.
MEANT_ILL = "?after=%00%ff&limit=-1&sort=;--&q=%25%00'\"<&page=x&from=9999-99-99&filter=&status=zz"


@dataclasses.dataclass(frozen=True)
class Address:
    """An address of a plugin. ``public``: open to everybody; ``api``: for programs, with a token.

    :param number: what stands in the places of its arguments.
    """

    path: str
    number: int
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
            methods = frozenset(rule.methods or ())
            found |= {Address(path, number, public, api, methods) for number, path in _filled(rule)}
    return sorted(found, key=lambda address: address.path)


def _filled(rule: Rule) -> Iterator[tuple[int, str]]:
    for number in (THERE, MISSING) if rule.arguments else (THERE,):
        values: dict[str, Any] = {}
        for name in rule.arguments:
            values[name] = number if isinstance(rule._converters[name], NumberConverter) else f"none-{number}"
        built = rule.build(values)
        if built is not None:
            yield number, built[1]


def too_large(site: Host, plugin: str) -> list[str]:
    """Addresses of a plugin whose view would be asked for a number that no database can hold."""
    app = site.generation.app
    assert app is not None
    found = []
    for rule in app.url_map.iter_rules():
        numbers = [name for name in rule.arguments if isinstance(rule._converters[name], NumberConverter)]
        if numbers and owner(rule.endpoint, [plugin]):
            path = (
                rule.build({name: TOO_LARGE if name in numbers else "none" for name in rule.arguments}) or ("", "")
            )[1]
            with contextlib.suppress(NotFound, MethodNotAllowed):
                app.url_map.bind("localhost").match(path, method=min(rule.methods or ()))
                found.append(path)
    return found


def differing_roles(site: Host) -> list[str]:
    """The roles of a new site; of those that may do the same only the first."""
    with site.work() as work:
        may = {(role.locked, *sorted(role.permissions)): role.name for role in reversed(users.all_roles(work))}
    return sorted(may.values())


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
            # Of what is not there the others hear what an admin hears, or that they may not ask at all.
            if role == "Admin" or place.number == THERE:
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
    # A record that is not there is missing whatever the query says.
    odd = who in ("stranger", "Admin") and place.number == THERE
    for query in ("", MEANT_ILL) if odd else ("",):
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
    if status == 401 or (status in (302, 303) and location.startswith("/login")):
        return ""
    # Which record is there, and which method it takes, must not be told either.
    return "it is open to everybody"
