"""No text of the pages escapes translation."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from crmhost.api import contacts, contacts_bulk, journal, mail, notifications, statuses, users
from crmhost.core.mail import accounts, patterns
from crmhost.core.mail.models import MailMessage
from crmhost.core.users.models import Role, User
from crmhost.messages import Message
from crmhost.testing import Host
from crmhost.web import i18n
from crmhost.work.tables import JobRow
from plugins.rest_api import webhooks
from tests import pseudo
from tests.unit.web.conftest import Reader

ONE = pytest.mark.database("sqlite")
PLUGINS = ("funnel", "csv_tools", "rest_api")
GREEK = str.maketrans(
    "abcdefghiklmnoprstuvwxyzABCDEFGHIKLMNOPRSTUVWXYZ", "αβκδεφγηικλμνοπρστυωωχψζΑΒΚΔΕΦΓΗΙΚΛΜΝΟΠΡΣΤΥΩΩΧΨΖ"
)
#: For programs and their authors, in English.
FOR_PROGRAMS = ("/dev/", "/api/", "/metrics", "/static/", "/hooks/", "/health", "/ready", "/live")
#: What would end the round, or change its language.
LEFT_OUT = ("/logout", "/account", "/disable", "/uninstall", "/settings/page/general", "/sign-out")


def greek(text: str) -> str:
    """A text of a user, which can't be mistaken for one of ours."""
    return text.translate(GREEK)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the language made for tests."""
    return pseudo.write(tmp_path_factory.mktemp("pseudo"))


@pytest.fixture
def site(host: Callable[..., Host], catalogue: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A site in which everybody speaks the language made for tests, with something of everything in it."""
    monkeypatch.setattr(i18n, "CORE_TRANSLATIONS", catalogue)
    made = host(*PLUGINS)
    with made.work() as work, work.begin():
        for role in work.session.scalars(select(Role)):
            # The tests sign in by the name.
            role.name = role.name if role.name == "Admin" else greek(role.name)
        for status in statuses.all_statuses(work):
            statuses.rename(work, status.id, greek(status.name))
    with made.work("Admin", locale=pseudo.LOCALE, name=greek("Admin")) as work, work.begin():
        fill(work)
    return made


def fill(work: Any) -> None:
    """Writes records of each kind, in every state."""
    me = work.actor.user_id
    known = statuses.all_statuses(work)
    ada = contacts.create(
        work,
        {
            "first_name": greek("Ada"),
            "last_name": greek("Lovelace"),
            "emails": ["ada@example.com"],
            "tags": [greek("north")],
            "address1_city": greek("London"),
            "address1_country": "GB",
            "assigned_to": me,
            "source": greek("Fair"),
        },
    )
    gone = contacts.create(work, {"last_name": greek("Gone")})
    contacts_bulk.save_many(work, [{"first_name": greek("Row")}])
    contacts.update(work, ada.id, {"status": known[1].id})
    contacts.to_bin(work, [gone.id])
    journal.add(work, "contact", ada.id, "note", summary=greek("Talked"))
    users.make_token(work, work.session.get_one(User, me), greek("desk"))
    for text, url in (
        ("“%(name)s” failed and was switched off. Look at the reason, then try it again.", ""),
        ("The import of “%(file)s” was taken back.", "/"),
    ):
        notifications.tell(work, [me], text, url=url, data={"name": greek("Quotes"), "file": greek("a")})
    account = {"name": greek("Office"), "from_email": "office@example.com", "host": "mail.example.com", "port": 587}
    accounts.save(work, None, account)
    pattern = {"name": greek("Welcome"), "kind": "text", "subject": greek("Hi"), "content": greek("Hello")}
    patterns.save(work, None, pattern)
    for state in ("queued", "sent", "failed", "unknown", "bounced", "logged"):
        made = mail.queue(work, contact_id=ada.id, subject=greek("Dates"), html=f"<p>{greek('Hello')}</p>")
        work.session.execute(update(MailMessage).where(MailMessage.id == made.id).values(state=state))
    webhooks.add(work, {"url": "https://hooks.example.com/x", "events": ["contact.created"], "label": greek("shop")})
    for state in ("due", "running", "parked", "done", "failed", "cancelled"):
        work.session.add(
            JobRow(
                plugin="csv_tools",
                kind="csv_tools.import",
                arguments={"run_id": 1},
                state=state,
                due_at=work.now,
                created_at=work.now,
                started_at=work.now,
                finished_at=None if state in ("due", "running", "parked") else work.now,
                actor="schedule",
                error=Message("The file “%(name)s” is no longer there.", name="x") if state == "failed" else None,
                progress={"done": 3, "total": 9, "text": ""} if state == "running" else None,
                result={"message": Message("“%(file)s” was stopped at row %(position)s.", file=greek("a"), position=5)},
            )
        )
    work.session.flush()


@ONE
def test_every_page(site: Host) -> None:
    """Whatever an admin can open, whole pages and the parts that scripts fetch, says nothing in another language."""
    reader = Reader(site, locale=pseudo.LOCALE, name=greek("Admin"))
    upload(reader)
    site.run_jobs()
    found = set()
    for path in addresses(site, "GET"):
        for htmx in (False, True):
            found |= set(untranslated(path, reader.get(path, htmx=htmx)))
    none_left(found)


@ONE
def test_every_refusal(site: Host) -> None:
    """Forms that are sent empty or with nonsense, and what the notes say afterwards."""
    reader = Reader(site, locale=pseudo.LOCALE, name=greek("Admin"))
    upload(reader)
    # What stands around the notes is the same after each form.
    found = set(untranslated("/account", reader.get("/account")))
    for path in addresses(site, "POST"):
        for data in ({}, NONSENSE):
            for htmx in (False, True):
                found |= set(untranslated(f"POST {path}", reader.post(path, data, htmx=htmx)))
        after = reader.get("/account")
        if after.status_code == 200:
            notes = after.text.partition('id="toasts"')[2]
            assert notes
            found |= {f"after POST {path}: {left}" for left in pseudo.english(notes)}
        else:
            # It signed the reader out, or asks for the password first.
            reader = Reader(site, locale=pseudo.LOCALE, name=greek("Admin"))
    none_left(found)


@ONE
def test_strangers_and_errors(site: Host) -> None:
    """Signing in, what may not be seen, what is not there."""
    headers = {"Accept-Language": pseudo.LOCALE}
    stranger = Reader(site, "")
    found = set()
    for path in ("/login", "/nowhere", "/login?next=/contacts/", "/invitation/none", "/mail/u/none"):
        found |= set(untranslated(path, stranger.get(path, headers=headers)))
    wrong = stranger.post("/login", {"email": "ada@example.com", "password": "wrong"}, headers=headers)
    found |= set(untranslated("POST /login", wrong))
    reader = Reader(site, greek("Read only"), locale=pseudo.LOCALE)
    for path in ("/nowhere", "/contacts/999", "/settings/users/", "/settings/health", "/extensions/"):
        found |= set(untranslated(path, reader.get(path)))
    none_left(found)


# --- all addresses ---------------------------------------------------------------------------------------------------

NONSENSE = {
    **dict.fromkeys(("name", "label", "email", "url", "host", "port", "at", "day", "number", "status", "type"), "?%s%"),
    **dict.fromkeys(
        ("hue", "role", "kind", "sort", "ids", "q", "subject", "content", "mail.per_day", "events"), "?%s%"
    ),
    **dict.fromkeys(("emails", "created_at", "address1_country", "assigned_to", "password", "file", "column"), "?%s%"),
}


def upload(reader: Reader) -> None:
    """Sends a file to import, with rows that are refused."""
    file = (
        io.BytesIO(
            f"{greek('Name')};{greek('Mail')}\n{greek('Ada')};a@example.com\n{greek('Bob')};{greek('nobody')}\n".encode()
        ),
        "a.csv",
    )
    reader.post("/csv-tools/import", {"kind": "contacts", "file": file}, content_type="multipart/form-data")
    reader.post("/csv-tools/import/1", {"column": ["first_name", "email"], "start": "1"})


def addresses(site: Host, method: str) -> list[str]:
    """Addresses of pages that take the method, with values that are there in the places of arguments."""
    app = site.generation.app
    assert app is not None
    found = set()
    for rule in app.url_map.iter_rules():
        if method not in (rule.methods or ()) or rule.rule.startswith(FOR_PROGRAMS):
            continue
        values: dict[str, Any] = {name: VALUES.get(name, 1) for name in rule.arguments}
        built = rule.build(values)
        if built is not None and not any(part in built[1] for part in LEFT_OUT):
            found.add(built[1])
    return sorted(found)


VALUES = {
    "object_type": "contact",
    "plugin": "funnel",
    "name": "funnel",
    "page": "general",
    "table": "contacts",
    "key": "funnel.steps",
    "token": "none",
}


def none_left(found: set[str]) -> None:
    """:raises Failed: with all that is not translated, a line each."""
    if found:
        pytest.fail("\n".join(sorted(found)), pytrace=False)


def untranslated(path: str, answer: TestResponse) -> Iterator[str]:
    """What of an answer is English, with where it stands; an answer must never be a failure."""
    assert answer.status_code < 500, path
    if answer.mimetype == "text/html" and not 300 <= answer.status_code < 400:
        yield from (f"{path}: {left}" for left in pseudo.english(answer.text))
    for trigger in answer.headers.getlist("HX-Trigger"):
        if left := pseudo.escaped(
            trigger.partition('"text": "')[2].partition('"')[0].encode().decode("unicode_escape")
        ):
            yield f"{path}: HX-Trigger: {left}"
    answer.close()
