"""Every address, page or API, with everybody who may come: what is written down in ``decisions.py`` holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.routing.converters import NumberConverter

from crmhost.core.contacts import services as contacts
from crmhost.core.journal import services as journal
from crmhost.core.mail import services as mail
from crmhost.core.notifications import services as notifications
from crmhost.core.users.roles import FIRST_ROLES
from crmhost.testing import Host
from tests.unit.rights.decisions import BODIES, DECISIONS, PERSON, PERSONAL, PUBLIC

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.routing import Rule

API = "/api/"
#: Public addresses that lead to the sign-in: signing out, and its second step without the first.
LEADING = ("users.sign_out", "users.code")
#: Roles to whom what is refused, wrong or not there is told by whole pages; to others, which takes less time, by sentences.
WHOLE = ("Admin", "Read only")
#: A number that no record has.
NOBODY = 999_999


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    return host("funnel", "csv_tools", "rest_api", "transactions", "invoices")


def rules(site: Host) -> Iterator[tuple[Rule, str]]:
    """Each address with each method that it takes."""
    app = site.generation.app
    assert app is not None
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static" and not rule.rule.startswith("/static/"):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method


def address(rule: Rule, **numbers: int) -> str:
    """The address with these numbers, or one that nobody has, in the places of its arguments."""
    values: dict[str, Any] = {"object_type": "contact"}
    for name in rule.arguments - {"object_type"}:
        number = isinstance(rule._converters[name], NumberConverter)
        values[name] = numbers.get(name, NOBODY) if number else "none"
    built = rule.build({name: values[name] for name in rule.arguments})
    assert built is not None
    return built[1]


def ask(browser: FlaskClient, api: FlaskClient, rule: Rule, method: str, *, part: bool = False, **numbers: int) -> Any:
    """Sends a request: an empty form to a page, a document that its schema takes to the API.

    :param part: ask as a script does, which is refused with a sentence instead of a page around it.
    """
    path = address(rule, **numbers)
    if path.startswith(API):
        return api.open(path, method=method, json=BODIES.get(rule.endpoint, {}) if method != "GET" else None)
    headers = {"HX-Request": "true"} if part else {}
    return browser.open(path, method=method, data={} if method != "GET" else None, headers=headers)


def holds(permissions: frozenset[str], decision: str) -> bool:
    """Whether somebody with these permissions may come in."""
    return decision in (PUBLIC, PERSON) or "*" in permissions or bool(permissions & set(decision.split("|")))


def test_every_address_has_a_decision(site: Host) -> None:
    """A new one without a line fails here, and so does a line for one that is gone."""
    endpoints = {rule.endpoint for rule, _ in rules(site)} - {"health.livez"}
    assert endpoints ^ DECISIONS.keys() == set()


@pytest.mark.database("sqlite")
def test_every_address_with_every_role(site: Host) -> None:
    """Who lacks the permission is refused, also with an empty form; who holds it is not."""
    site.make.contact(first_name="Ann")
    wrong = []
    held = {role: site.actor(role).permissions for role in FIRST_ROLES}
    for role, permissions in held.items():
        browser, api = site.client(role), site.api(role)
        for rule, method in rules(site):
            decision = DECISIONS[rule.endpoint]
            if decision == PUBLIC:
                continue
            allowed = holds(permissions, decision)
            # What isn't enough for somebody with more isn't for this role either: that one is asked for.
            if not allowed and any(more > permissions and not holds(more, decision) for more in held.values()):
                continue
            numbers = {} if allowed else dict.fromkeys(rule.arguments, 1)
            part = role not in WHOLE and (not allowed or method != "GET" or bool(rule.arguments))
            status = ask(browser, api, rule, method, part=part, **numbers).status_code
            if status >= 500 or status == 401 or (status == 403) == allowed:
                wrong.append(f"{role}: {method} {rule.rule} gives {status}, it takes {decision}")
    assert wrong == []


@pytest.mark.database("sqlite")
def test_strangers_come_in_nowhere(site: Host) -> None:
    """They are asked to sign in, whatever they send; what is public asks nobody."""
    site.make.contact(first_name="Ann")
    browser = site.client("")
    wrong = []
    for rule, method in rules(site):
        answer = ask(browser, browser, rule, method, **dict.fromkeys(rule.arguments, 1))
        asked = answer.status_code == 401 or answer.headers.get("Location", "").startswith("/login")
        if (DECISIONS[rule.endpoint] == PUBLIC) == asked and rule.endpoint not in LEADING:
            wrong.append(f"{method} {rule.rule} gives {answer.status_code}")
    assert wrong == []


@pytest.mark.database("sqlite")
def test_what_belongs_to_somebody_elses_contact_is_not_there(site: Host) -> None:
    """For who is limited to the own contacts, and for records of another user: 404 wherever one of them is named."""
    me = site.actor("CRM manager", only_assigned=True)
    theirs, mine = site.make.contact(first_name="Zoltan"), site.make.contact(first_name="Own", assigned_to=me.user_id)
    with site.work("Admin") as work, work.begin():
        entry = journal.add(work, "contact", theirs, "note", summary="Zoltan said").id
        message = mail.queue(work, to="zoltan@example.com", subject="Zoltan", text="x", contact_id=theirs).id
        job = work.enqueue("files.tidy")
        notifications.tell(work, [work.actor.user_id or 0], "For Zoltan")
    numbers = {"contact_id": theirs, "object_id": theirs, "entry_id": entry, "job_id": job, "notification_id": 1}
    numbers |= {"message_id": message, "run_id": 1}
    browser, api = site.client("CRM manager", only_assigned=True), site.api("CRM manager", only_assigned=True)
    wrong = []
    for rule, method in rules(site):
        if not rule.arguments & set(PERSONAL):
            continue
        answer = ask(browser, api, rule, method, **{**dict.fromkeys(rule.arguments, 1), **numbers})
        if answer.status_code not in (403, 404):
            wrong.append(f"{method} {rule.rule} gives {answer.status_code}")
    for rule, method in rules(site):
        if method == "GET" and not rule.arguments and "Zoltan" in ask(browser, api, rule, method).text:
            wrong.append(f"{rule.rule} names the contact")
    paths = ("/search?q=zoltan", "/contacts/?q=zoltan", "/journal/?type=note")
    wrong += [f"{path} names the contact" for path in paths if "Zoltan" in browser.get(path).text]
    assert wrong == []
    with site.work() as work:
        assert contacts.get(work, theirs).version == 1
    own = {"contact_id": mine, "object_id": mine}
    for rule, method in rules(site):
        if method == "GET" and rule.arguments and rule.arguments <= own.keys() | {"object_type"}:
            assert ask(browser, api, rule, method, **own).status_code < 400, rule.rule
