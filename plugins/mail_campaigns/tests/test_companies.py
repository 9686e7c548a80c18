"""Campaigns to the addresses of companies: each once, beside people, with their own values, and what comes back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import select

from crmhost.api import Invalid, Work, mail
from crmhost.core.journal.models import JournalEntry
from crmhost.core.settings import services as settings
from crmhost.testing import Host
from plugins.companies import mass
from plugins.mail_campaigns import audience, figures, recipients, running, services
from plugins.mail_campaigns.models import Event, LeftOut
from plugins.mail_campaigns.sequences import services as sequences
from plugins.mail_campaigns.tests.conftest import act, stored, written
from tests.peers import smtp
from tests.unit.core.mail.test_intake import dsn

ONE = pytest.mark.database("sqlite")
HOSTILE = 'Müller "& Söhne" <script>alert(1)</script>, evil@example.net'
WORDS = "<p>Dear {{ contact.first_name | default: company.name }} of {{ company.address.city }}.</p>##UNSUB-LINE##"
COMPANIES: tuple[Mapping[str, Any], ...] = (
    {"name": "Mill", "email": "office@mill.example", "address1": {"city": "Graz"}},
    {"name": HOSTILE, "email": "INFO@mueller.example"},
    {"name": "Forge", "email": ""},
    {"name": "Shared", "email": "Ann@example.org"},
    {"name": "Twin", "email": "Office@Mill.example"},
    {"name": "Gone", "email": "gone@example.net"},
    {"name": "Prospect", "email": "prospect@example.net", "status": "Lead", "tags": ["Partner", "Quiet"]},
)


@pytest.fixture
def site(host: Callable[..., Host], peer: smtp.Peer) -> Host:
    """Companies of all kinds that are partners, and Ann, who belongs to the mill."""
    made = host("mail_campaigns", "companies", "rest_api", base_url="https://crm.example.com")
    values = {"mail.transport": "smtp", "mail.from": "Atelier <hello@example.com>", "mail.smtp_host": "127.0.0.1"}
    ann = made.make.contact(first_name="Ann", email="ann@example.org")
    with made.work() as work, work.begin():
        settings.set_many(work, values | {"mail.smtp_port": str(peer.port), "mail.smtp_security": "none"})
        companies = work.service("companies")
        for one in COMPANIES:
            companies.create({"status": "Customer", "tags": ["Partner"], **one}, source="manual")
        companies.join_many([(ann, "Mill")])
        mail.suppress(work, "gone@example.net", "bounced", "5.1.1")
    return made


def partners(**more: Any) -> dict[str, Any]:
    """All partners but the quiet ones, at their own address."""
    return {
        "include": [{"company_tag": "Partner"}],
        "exclude": [{"company_tag": "Quiet"}],
        "companies": "address",
        **more,
    }


def _journal(site: Host, company_id: int) -> list[str]:
    with site.site.sessions() as session:
        mine = select(JournalEntry.type).where(
            JournalEntry.object_type == "company", JournalEntry.object_id == company_id
        )
        return list(session.scalars(mine.order_by(JournalEntry.id)))


def test_companies_get_a_campaign_at_their_address_once(
    site: Host, peer: smtp.Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while it is planned: people and companies each once, a shared address is the person's, the rest says why not."""
    number = written(site, html=WORDS, subject="News for {{ company.name }}", audience=partners(companies="both"))
    left_out = {"no_email": 1, "duplicate": 2, "bounced": 1}
    with site.work("CRM manager") as work:
        found = audience.preview(work, services.get(work, number).audience)
        assert (found.count, found.companies, found.reached, found.left_out) == (7, 6, 3, left_out)
        assert [one.name for one in found.first] == ["Ann", "Mill", HOSTILE]
    with site.work("CRM manager", only_assigned=True) as work:
        assert audience.count(work, services.get(work, number).audience) == 0
    # One at a time, by workers that end after a few of them: the next one goes on behind what is written down.
    monkeypatch.setattr(audience, "STEP", 1)
    act(site, "send", number)
    for steps in (3, 2):
        with site.work("CRM manager") as work, pytest.raises(KeyboardInterrupt):
            running.plan(_Dying(work, steps), number)  # type: ignore[arg-type]
    assert (stored(site, number).state, stored(site, number).companies_to) == ("planning", 4)
    site.run_jobs()
    campaign = stored(site, number)
    assert (campaign.state, campaign.planned, campaign.left_out) == ("sent", 3, left_out)
    assert sorted(taken.recipients[0] for taken in peer.taken) == [
        "INFO@mueller.example",
        "ann@example.org",
        "office@mill.example",
    ]
    by_address = {taken.recipients[0]: taken.mail for taken in peer.taken}
    assert by_address["ann@example.org"]["Subject"] == "News for Mill"
    for_mill = by_address["office@mill.example"]
    assert (for_mill["Subject"], for_mill["To"]) == ("News for Mill", "Mill <office@mill.example>")
    assert "Dear Mill of Graz." in for_mill.get_body(("plain",)).get_content()
    hostile = by_address["INFO@mueller.example"]
    assert [one.addr_spec for one in hostile["To"].addresses] == ["INFO@mueller.example"]
    assert "<script>" not in hostile.get_body(("html",)).get_content()
    assert hostile["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert _journal(site, 1)[-1] == "mail.sent"
    with site.work("CRM manager") as work:
        campaign = services.get(work, number)
        assert figures.of(work, [campaign])[number]["sent"] == 3
        rows = {row.name: row for row in recipients.page(work, campaign, "planned").rows}
        assert (rows["Mill"].object_type, rows["Mill"].object_id) == ("company", 1)
        left = [row.name for row in recipients.page(work, campaign, "left_duplicate").rows]
        assert left == ["Shared", "Twin"]
        assert recipients.count(work, campaign, "left_no_email") == (1, True)
    with site.work("CRM manager", only_assigned=True) as work:
        assert not recipients.page(work, services.get(work, number), "planned").rows


@dataclasses.dataclass
class _Dying:
    """A job whose worker ends after so many steps."""

    work: Work
    steps: int

    def check(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise KeyboardInterrupt

    def progress(self, done: int, total: int) -> None:
        assert done <= total


def _path(peer: smtp.Peer, place: int = -1) -> str:
    return str(peer.taken[place].mail["List-Unsubscribe"]).strip("<>").removeprefix("https://crm.example.com")


@ONE
def test_what_comes_back_stands_on_the_company(site: Host, peer: smtp.Peer) -> None:
    """One click unsubscribes and opening does not; bounces too are in figures, journal and on the page, until allowed again."""
    alone = partners(include=[{"company_tag": "Quiet"}], exclude=[])
    number = written(site, html=f"{WORDS}<a href='https://example.com'>x</a>", track_clicks=True, audience=alone)
    act(site, "send", number)
    site.run_jobs()
    assert [taken.recipients for taken in peer.taken] == [["prospect@example.net"]]
    client, stranger, company = site.client("CRM manager"), site.client(""), "/companies/7"
    stranger.get(_path(peer))
    assert _journal(site, 7)[-1] == "mail.sent"
    for _ in range(2):
        assert stranger.post(_path(peer), data={"List-Unsubscribe": "One-Click"}).status_code == 200
    site.run_jobs()
    with site.work("CRM manager") as work:
        campaign = services.get(work, number)
        assert figures.of(work, [campaign])[number]["unsubscribed"] == 1
        assert [row.name for row in recipients.page(work, campaign, "unsubscribed").rows] == ["Prospect"]
        assert audience.preview(work, alone).left_out == {"unsubscribed": 1}
    page = client.get(company).text
    assert "prospect@example.net unsubscribed." in page
    assert "Unsubscribed from mails" in page
    assert f'href="{company}"' in client.get("/settings/mail/log/1").text
    client.post(f"/campaigns{company}/allow")
    assert "unsubscribed." not in client.get(company).text
    assert site.client("Mail manager", only_assigned=True).post(f"/campaigns{company}/allow").status_code == 404
    # The page of topics is theirs too.
    client.post("/campaigns/topics/new", data={"name": "Courses", "chosen": "y"})
    stranger.post(_path(peer).replace("/mail/u/", "/campaigns/choices/"), data={"do": "nothing"})
    assert _journal(site, 7)[-2:] == ["mail_campaigns.chosen", "mail.unsubscribed"]
    with site.work() as work, work.begin():
        mail.lift(work, ["prospect@example.net"], "company", 7)
        assert mail.receive(work, dsn(peer.taken[0])).blocked == "bounced"
    site.run_jobs()
    assert "Mails to prospect@example.net came back." in client.get(company).text
    assert _journal(site, 7)[-1] == "mail.bounced"
    # A company that goes for good takes its mails along.
    client.post(f"{company}/delete")
    with site.work("CRM manager") as work, work.begin():
        mass.erase(work, 7)
    with site.site.sessions() as session:
        assert session.scalars(select(mail.MailMessage.id)).all() == []
        assert session.scalars(select(Event.mail_id)).all() == []
        assert session.scalars(select(LeftOut.id)).all() == []


@ONE
def test_companies_in_the_wizard_and_the_api(site: Host, peer: smtp.Peer) -> None:
    """Chosen, shown, checked, copied; what nobody can answer is refused with the reason."""
    site.make.contact(first_name="Bob", email="bob@example.org")
    client = site.client("CRM manager")
    number = written(site, html=WORDS, subject="Dear {{ contact.first_name }}", audience=partners())
    step = f"/campaigns/{number}"
    page = client.get(f"{step}/audience").text
    assert "The company’s own address" in page
    assert "of 6 that match, 6 of them companies" in page
    who = client.post(f"{step}/audience/preview", data={"include_company_tag": "Partner", "companies": "both"}).text
    assert "/companies/1" in who
    assert "&lt;script&gt;" in who
    assert "<script>alert" not in who
    review = client.get(f"{step}/review").text
    assert "No value for {{ contact.first_name }}: 3 companies" in review
    assert "at their own address" in review
    assert "Send to 3 addresses" in review
    assert "Dear Mill of Graz." in client.get(f"{step}/preview").text
    with site.work("CRM manager") as work, work.begin():
        assert services.duplicate(work, number).audience == services.get(work, number).audience
        with pytest.raises(Invalid):
            services.create(work, {"name": "X", "audience": partners(companies="all")})
        with pytest.raises(Invalid) as refused:
            sequences.create(work, {"name": "X", "audience": partners()})
    assert "goes to people" in refused.value.errors["audience"][0]
    assert "company’s own address" not in client.get("/campaigns/sequences/new").text
    api, given = site.api("CRM manager"), {"name": "By API", "subject": "Any", "html": WORDS}
    made = api.post("/api/v1/campaigns", json={**given, "audience": partners(companies="both")})
    assert made.json["data"]["audience"] == partners(companies="both")
    preview = api.post(f"{made.headers['Location']}/preview").json
    assert [one["first_name"] for one in preview["sample"]] == ["Ann"]
    assert preview["companies"][0] == {"id": 1, "name": "Mill", "email": "office@mill.example"}
    assert (preview["count"], preview["matching"]) == (3, 7)
    assert api.post("/api/v1/campaigns", json={**given, "audience": partners(companies="all")}).status_code == 422
    act(site, "send", number)
    site.run_jobs()
    listed = client.get(f"{step}/recipients").text
    assert 'href="/companies/1"' in listed
    assert "Twin" in client.get(f"{step}/recipients?figure=left_duplicate").text
    client.post(f"{step}/archive", data={"put": "1"})
    web = site.client("").get(f"/campaigns/web/{stored(site, number).web_key}/mail").text
    assert "Mill" not in web
    site.disable("companies")
    for action in ("send", "schedule"):
        arguments = [site.clock() + dt.timedelta(hours=1)] if action == "schedule" else []
        with pytest.raises(Invalid) as refused:
            act(site, action, number + 1, *arguments)
        assert "Companies are switched off" in refused.value.errors["audience"][0]
    assert 'href="/companies/1"' not in client.get(f"{step}/recipients").text
    assert client.get(f"{step}/recipients?figure=left_duplicate").status_code == 200
