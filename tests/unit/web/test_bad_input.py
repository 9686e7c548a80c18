"""No page of the core answers 5xx, whatever is asked of it or sent to it."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from werkzeug.routing import Rule

from crmhost.testing import Host
from tests.pages import owner
from tests.unit.web.conftest import Reader

CORE = (
    "settings",
    "users",
    "statuses",
    "contacts",
    "journal",
    "mail",
    "jobs",
    "files",
    "notifications",
    "health",
    "frame",
    "fields",
    "merging",
    "privacy",
    "storage",
    "themes",
    "dashboard",
)
#: Values that one database takes and another one does not.
DIFFERENT = ("\x00", "99999999999999999999", "ŵ‮💥" * 4 + "a" * 400)
#: Other values that tend to break something.
ODD = ("", "-1", "1e9", "None", "' OR 1=1 --", "<script>", "a" * 5000, "%s%d{0}")
FIELDS = [
    "q",
    "sort",
    "rows",
    "at",
    "after",
    "before",
    "view",
    "status",
    "tag",
    "assigned_to",
    "not_contacted",
    "source",
    "created_from",
    "created_to",
    "in_bin",
    "count",
    "type",
    "user",
    "from",
    "to",
    "by",
    "action",
    "object_type",
    "object_id",
    "ids",
    "do",
    "list",
    "back",
    "everything",
    "entry.tag",
    "name",
    "hue",
    "heir",
    "statuses",
    "order",
    "first_name",
    "last_name",
    "emails",
    "version",
    "value",
    "text",
    "outcome",
    "pinned",
    "kept",
    "email",
    "password",
    "role",
    "given",
    "permission",
    "add",
    "remove",
    "address1_country",
    "mobile_phone",
    "tags",
    "notes",
    "column",
    "next",
    "kept_form",
    "_secret",
    "language",
    "again",
    "current",
    "tab",
    "saved",
    "site.timezone",
    "page",
    "template",
    "account",
    "contact",
    "kind",
    "subject",
    "content",
    "files",
    "from_email",
    "host",
    "port",
    "security",
    "per_day",
    "dkim_domain",
    "dkim_key",
    "mail.from",
    "mail.layout",
    "mail.imap_port",
]
#: How browsers send forms.
FORM = "application/x-www-form-urlencoded"


def address(rule: Rule, value: str) -> str:
    """The rule's address with its arguments filled; numbers where it wants numbers."""
    values = {name: 10**12 if "int:" in rule.rule and f"int:{name}" in rule.rule else value for name in rule.arguments}
    built = rule.build(values)
    return built[1] if built else "/"


def rules(site: Host, method: str) -> list[Rule]:
    app = site.generation.app
    assert app is not None
    return [rule for rule in app.url_map.iter_rules() if owner(rule.endpoint, CORE) and method in (rule.methods or ())]


@pytest.mark.parametrize("value", DIFFERENT)
def test_what_databases_take_differently(site: Host, value: str) -> None:
    """Every page that is read and every page that takes a form, on both databases."""
    ask(site, value)
    send(site, value)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("value", ODD)
def test_odd_questions(site: Host, value: str) -> None:
    """Every page that is read, with all fields of its address odd; and some of the fields one by one."""
    ask(site, value)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("value", ODD)
def test_odd_forms(site: Host, value: str) -> None:
    """Every page that takes a form, with all fields odd and with none; of records that are there and that are not."""
    send(site, value)


def ask(site: Host, value: str) -> None:
    """Reads all pages with this value in their addresses."""
    reader = Reader(site)
    site.make.contact()
    questions = [(address(rule, value or "x"), dict.fromkeys(FIELDS, value)) for rule in rules(site, "GET")]
    values = (*DIFFERENT, *ODD)
    own = FIELDS[values.index(value) :: len(values)]
    questions += [(path, {field: value}) for field in own for path in ("/contacts/", "/journal/", "/settings/audit")]
    # Each page is asked for whole with some of the values, and with the others as scripts ask, who get lists alone.
    turn = values.index(value)
    answers = {
        (path, *list(query)[:1]): reader.get(
            path, query_string=query, htmx=len(query) == 1 or (value in ODD and (number + turn) % 4 != 0)
        ).status_code
        for number, (path, query) in enumerate(questions)
    }
    assert {key: code for key, code in answers.items() if code >= 500} == {}


def send(site: Host, value: str) -> None:
    """Sends forms with this value in all fields."""
    reader = Reader(site)
    site.make.contact(first_name="Ann", email="ann@example.com", tags=["A"])
    failed = []
    left_out = ("users.sign_out", "users.switch")
    filled = urlencode([(field, value) for field in FIELDS for _ in range(2)])
    # A form without fields is the same whatever the value.
    bodies = ("", filled) if value == ODD[0] else (filled,)
    # Most are sent as scripts do: a refusal is then a sentence instead of a whole page. Each is sent by a page with some value.
    turn = (*DIFFERENT, *ODD).index(value)
    for number, rule in enumerate(rule for rule in rules(site, "POST") if rule.endpoint not in left_out):
        there, other = address(rule, "contact").replace(str(10**12), "1"), address(rule, value or "x")
        # A number that no record has is the same whatever the value: once on each database is enough.
        paths = [there, other] if other != address(rule, "y") or number % len(DIFFERENT) == turn else [there]
        # An address without arguments is sent to once; twice with one value, which is taken by then.
        for path in [there, there] if value == DIFFERENT[-1] and not rule.arguments else dict.fromkeys(paths):
            for body in bodies:
                answer = reader.post(path, body, htmx=(number + turn + bool(body)) % 4 != 0, content_type=FORM)
                if answer.status_code >= 500:
                    failed.append((path, body[:20], answer.status_code))
    assert failed == []


@pytest.mark.database("sqlite")
def test_bodies_that_are_no_forms(site: Host) -> None:
    """Bytes that are no text, JSON and broken multipart bodies are refused, not crashed on."""
    reader = Reader(site)
    for body, kind in (
        (b"\xff\xfe=\x00", "application/x-www-form-urlencoded"),
        (b'{"a": 1}', "application/json"),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data"),
    ):
        answer = reader.post("/contacts/new", body, headers={"Content-Type": kind})
        assert 400 <= answer.status_code < 500, (body, answer.status_code)
