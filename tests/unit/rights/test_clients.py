"""Every address of clients, behind links and in the portal, with everybody who may come; found from the URL map."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from crmhost.api import Actor, Invalid, NotFound, links, settings
from crmhost.testing import Host
from crmhost.web.guesses import PER_PERSON
from plugins.companies import members
from plugins.companies import services as companies
from plugins.files import portal_pages as file_pages
from plugins.files import services as files
from plugins.invoices import portal_pages as invoice_pages
from plugins.invoices import services as invoices
from plugins.portal import arranging, frame, sessions
from plugins.portal.api import Client
from plugins.quotes import portal_pages as quote_pages
from plugins.quotes import services as quotes
from plugins.quotes import versions
from tests import clients

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.routing import Rule

#: Open to who is not signed in: the ways in and out, and what says of itself who asks.
DOOR = {"sign_in", "sign_out", "ask_link", "open_link", "new_password", "end_preview", "seen"}
WEEK = dt.timedelta(days=7)
GUESSES = 10_000
_VARIES = re.compile(r'value="[^"]*"|content="[^"]*"|\d+')


@dataclasses.dataclass
class World:
    """A site with Ann's papers, and numbers of them by the names that they have in addresses."""

    site: Host
    ann: int
    company: int
    hers: dict[str, int]
    hidden: dict[str, int]

    @property
    def rules(self) -> list[tuple[Rule, str]]:
        """Addresses for signed-in clients, with each method."""
        app = self.site.generation.app
        assert app is not None
        return [
            (rule, method)
            for rule, method in clients.rules(app)
            if not rule.endpoint.startswith("portal_staff.")
            and rule.endpoint not in {f"portal.{name}" for name in DOOR}
        ]


@pytest.fixture
def world(host: Callable[..., Host]) -> World:
    site = host("quotes", "invoices", "transactions", "files", "companies", "portal")
    ann = site.make.contact(first_name="Ann", last_name="Secretive", email="ann@example.com")
    line = {"title": "Secretive work", "quantity": "1", "unit_price": "100"}
    with site.work() as work:
        kept = [files.stage(work, "contact", ann, b"Secretive", name=f"Secretive {number}.txt") for number in range(2)]
        with work.begin():
            company = companies.create(work, {"name": "Harbour Ltd"}).id
            papers = [
                quotes.create(
                    work, {"title": "Secretive quote", "contact_id": ann, "content": "<p>x</p>", "lines": [line]}
                ).id
                for _ in range(2)
            ]
            versions.send(work, papers[0])
            bills = [
                invoices.create(work, {"contact_id": ann, "lines": [line], "reference": "Secretive"}).id
                for _ in range(2)
            ]
            invoices.issue(work, bills[0])
            entries = [files.add(work, one, portal=shown).id for one, shown in zip(kept, (True, False), strict=True)]
            settings.set_many(work, {"portal.upload_slots": "Plan"})
    pairs = {"quote_id": papers, "invoice_id": bills, "entry_id": entries}
    return World(
        site,
        ann,
        company,
        {name: some[0] for name, some in pairs.items()},
        {name: some[1] for name, some in pairs.items()},
    )


def ask(browser: FlaskClient, rule: Rule, method: str, numbers: dict[str, int]) -> Any:
    """Asks for an address with these numbers; an argument that no number is known of must be none of a record."""
    values: dict[str, Any] = {name: numbers.get(name, "none") for name in rule.arguments}
    built = rule.build(values)
    assert built is not None, f"{rule.rule}: say in this test what its arguments are"
    answer = browser.open(built[1], method=method, data={} if method != "GET" else None)
    answer.get_data()
    answer.close()
    return answer


def entered(answer: Any) -> bool:
    """Whether somebody came further than the sign-in."""
    return not answer.headers.get("Location", "").startswith("/portal/sign-in")


@pytest.mark.database("sqlite")
def test_every_page_of_the_portal_with_everybody(world: World) -> None:
    """Strangers, staff and who was disabled are asked to sign in; other clients find nothing of Ann's, as if there were none."""
    site = world.site
    others = [site.make.contact(first_name=name, email=f"{name}@example.com") for name in ("Bob", "Cora", "Dora")]
    with site.work() as work, work.begin():
        for contact in (world.ann, others[1]):
            members.join(work, world.company, contact)
        settings.set_many(work, {"portal.company_records": "everybody"})
    disabled = clients.sign_in(site, others[2])
    clients.account(site, others[2], enabled=False)
    wrong = []
    for name, browser in (("stranger", site.client("")), ("staff", site.client("Admin")), ("disabled", disabled)):
        for rule, method in world.rules:
            if entered(ask(browser, rule, method, world.hers)):
                wrong.append(f"{name}: {method} {rule.rule}")
    own = clients.sign_in(site, world.ann)
    nothing = dict.fromkeys(world.hers, 999999)
    for name, browser in (
        ("Bob", clients.sign_in(site, others[0])),
        ("Cora", clients.sign_in(site, others[1])),
        ("Ann", own),
    ):
        for rule, method in world.rules:
            if not rule.arguments & world.hers.keys():
                answer = browser.get(rule.build(dict.fromkeys(rule.arguments, "none"))[1]) if method == "GET" else None  # type: ignore[index]
                if answer is not None and name != "Ann" and b"Secretive" in answer.data:
                    wrong.append(f"{name}: {rule.rule} tells of Ann's")
                continue
            numbers = world.hidden if name == "Ann" else world.hers
            answer, missing = ask(browser, rule, method, numbers), ask(browser, rule, method, nothing)
            alike = _VARIES.sub("", answer.text) == _VARIES.sub("", missing.text)
            if (answer.status_code, missing.status_code, alike) != (404, 404, True):
                wrong.append(f"{name}: {method} {rule.rule} gives {answer.status_code}, {missing.status_code}")
    for rule, method in world.rules:
        if (
            method == "GET"
            and rule.arguments <= world.hers.keys()
            and ask(own, rule, method, world.hers).status_code != 200
        ):
            wrong.append(f"Ann can't open {rule.rule}")
    assert wrong == []
    with site.work() as work:
        assert quotes.get(work, world.hers["quote_id"]).state == "sent"
    assert_files_of_papers(world, own, clients.sign_in(site, others[0]))


def assert_files_of_papers(world: World, ann: FlaskClient, bob: FlaskClient) -> None:
    """Files of papers that Ann sees are hers when they are marked; those of drafts and of pages that are hidden are nobody's."""
    site, made = world.site, {}
    with site.work() as work:
        for kind in ("quote", "invoice"):
            for place, numbers in (("sent", world.hers), ("draft", world.hidden)):
                for marked in (True, False):
                    name = f"{kind} {place} {'marked' if marked else 'kept'}.txt"
                    paper = numbers[f"{kind}_id"]
                    kept = files.stage(work, kind, paper, b"Secretive", name=name)
                    with work.begin():
                        made[name] = files.add(work, kept, portal=marked).id

    def opened(browser: FlaskClient) -> list[str]:
        found = []
        for name, number in made.items():
            with browser.get(f"/portal/files/{number}") as answer:
                found += [name] if answer.status_code == 200 else []
        return found

    assert (opened(ann), opened(bob)) == (["quote sent marked.txt", "invoice sent marked.txt"], [])
    for kind in ("quote", "invoice"):
        page = ann.get(f"/portal/{kind}s/{world.hers[f'{kind}_id']}").text
        assert [name for name in made if name in page] == [f"{kind} sent marked.txt"]
    with site.work() as work, work.begin():
        arranging.arrange(work, [{"id": "quotes", "hidden": True}])
    assert opened(ann) == ["invoice sent marked.txt"]


@pytest.mark.database("sqlite")
def test_a_client_is_nobody_on_the_pages_of_staff_and_a_preview_sends_nothing(world: World) -> None:
    """All pages of staff ask who signed in to the portal to sign in; in a preview every form is refused."""
    site = world.site
    browser = clients.sign_in(site, world.ann)
    app = site.generation.app
    assert app is not None
    wrong = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        staff = not getattr(view, "crmhost_public", False) and not rule.rule.startswith(
            ("/api/", "/hooks/", "/static/")
        )
        if staff and "GET" in (rule.methods or ()) and not rule.arguments and rule.endpoint != "health.livez":
            answer = browser.get(rule.rule)
            if not answer.headers.get("Location", "").startswith("/login"):
                wrong.append(f"{rule.rule} gives {answer.status_code}")
    with site.work("Admin") as work, work.begin():
        token = sessions.open_preview(work, world.ann)
    preview = site.client("")
    preview.set_cookie(frame.PREVIEW, token, path=frame.PATH)
    for rule, method in world.rules:
        answer = ask(preview, rule, method, world.hers)
        if (answer.status_code == 403) != (method == "POST") or not entered(answer):
            wrong.append(f"preview: {method} {rule.rule} gives {answer.status_code}")
    assert wrong == []


@pytest.mark.database("sqlite")
def test_every_page_behind_a_link_with_every_kind_of_link(world: World) -> None:
    """Links that are over, revoked, of another document, of a draft, made up: 404 alike; the right one opens."""
    site = world.site
    app = site.generation.app
    assert app is not None
    found = [rule for rule in app.url_map.iter_rules() if "/d/<token>" in rule.rule]
    assert {rule.rule.split("/")[1] for rule in found} == {"quotes", "invoices"}

    def token(kind: str, number: int, lasts: dt.timedelta = WEEK) -> str:
        with site.work() as work, work.begin():
            return links.make(work, kind, number, lasts)

    names = {"quotes": "quote", "invoices": "invoice"}
    wrong = []
    for place, (folder, kind) in enumerate(names.items()):
        hers, hidden = world.hers[f"{kind}_id"], world.hidden[f"{kind}_id"]
        other = "invoice" if kind == "quote" else "quote"
        over, revoked = token(kind, hers, -WEEK), token(kind, hers)
        with site.work() as work, work.begin():
            links.revoke(work, kind, hers)
        right = token(kind, hers)
        closed = {
            "over": over, "revoked": revoked, "of another kind": token(other, world.hers[f"{other}_id"]),
            "of a draft": token(kind, hidden), "of nothing": token(kind, 999_999), "made up": secrets.token_urlsafe(32),
        }  # fmt: skip
        for at, rule in enumerate(rule for rule in found if rule.rule.startswith(f"/{folder}/")):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                browser = site.client("")
                browser.environ_base["REMOTE_ADDR"] = f"198.51.{place}.{at + 1}"
                answers = {name: ask_link(browser, rule, method, one) for name, one in closed.items()}
                texts = {_VARIES.sub("", answer.text) for answer in answers.values()}
                bad = [name for name, answer in answers.items() if answer.status_code != 404]
                if bad or len(texts) > 1:
                    wrong.append(f"{method} {rule.rule} opens for {bad}, {len(texts)} answers")
                opened = ask_link(browser, rule, method, right).status_code
                if opened in (404, 429) or opened >= 500:
                    wrong.append(f"{method} {rule.rule} gives {opened} for the right one")
    assert wrong == []


def ask_link(browser: FlaskClient, rule: Rule, method: str, token: str) -> Any:
    """Asks for an address with this token."""
    built = rule.build({"token": token})
    assert built is not None
    return browser.open(built[1], method=method, data={} if method != "GET" else None)


@pytest.mark.database("sqlite")
def test_ten_thousand_guesses_find_nothing_and_are_slowed(world: World) -> None:
    """Tokens at the service, ids at the views; over HTTP an address gets nothing after twenty wrong ones, nor the right one, and
    a client nothing after fifty numbers that are not theirs.
    """
    site = world.site
    opened = 0
    with site.work() as work:
        for _ in range(GUESSES):
            try:
                links.find(work, "quote", secrets.token_urlsafe(32))
                opened += 1
            except NotFound:
                pass
    assert opened == 0
    with site.work() as work, work.begin():
        right = links.make(work, "quote", world.hers["quote_id"], WEEK)
    guesser, client = site.client(""), site.client("")
    guesser.environ_base["REMOTE_ADDR"], client.environ_base["REMOTE_ADDR"] = "198.51.100.66", "198.51.100.67"
    codes = [guesser.get(f"/quotes/d/{secrets.token_urlsafe(32)}").status_code for _ in range(22)]
    assert codes == [404] * 20 + [429] * 2
    assert guesser.get(f"/quotes/d/{right}").status_code == 429
    assert client.get(f"/quotes/d/{right}").status_code == 200
    bob = clients.sign_in(site, site.make.contact(first_name="Bob", email="bob@example.com"))
    for folder in ("quotes", "invoices", "files"):
        for number in [*range(1, 5), secrets.randbelow(2**31), 2**31, 10**12]:
            assert bob.get(f"/portal/{folder}/{number}").status_code == 404
    codes = {bob.get(f"/portal/quotes/{secrets.randbelow(2**31)}").status_code for _ in range(PER_PERSON)}
    assert codes == {404, 429}
    assert guessed_ids(site, world) == []
    with site.work() as work, work.begin(), pytest.raises(Invalid):
        settings.set_many(work, {"site.logo": f"{world.hers['entry_id']}-0"})


def guessed_ids(site: Host, world: World) -> list[str]:
    """What the views of documents give a stranger to all of them, asked for ten thousand numbers, small and large, in all."""
    app = site.generation.app
    assert app is not None
    eve = Client(
        world.ann + 999, "Eve", "eve@example.com", "", Actor("client", "Eve"), frozenset({world.company + 999})
    )
    views = (quote_pages.show, invoice_pages.show, file_pages.download)
    found = []
    with app.test_request_context():
        for number in range(GUESSES):
            guess, view = secrets.randbelow(2 ** (1 + number % 31)), views[number % len(views)]
            try:
                view(eve, guess)
                found.append(f"{view.__module__} {guess}")
            except NotFound:
                pass
        # The same views open what is the client's own: they are the ones that are asked.
        ann = dataclasses.replace(eve, contact_id=world.ann)
        file_pages.download(ann, world.hers["entry_id"]).close()
    return found
