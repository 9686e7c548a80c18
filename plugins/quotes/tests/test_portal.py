"""Quotes in the client portal: the client's own, decided by the same rules as behind a link."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from crmhost.api import AuditEntry, mail, settings
from crmhost.testing import Host
from plugins.companies import members
from plugins.companies import services as companies
from plugins.quotes import accepting
from tests.clients import sign_in

from .conftest import seen, sent, write


def test_a_client_reads_accepts_and_declines(host: Callable[..., Host]) -> None:
    """They see what was sent to them and nothing else; what they decide is theirs, mailed to its owner, and told at home."""
    site = host("quotes", "portal")
    ann, bob = (site.make.contact(first_name=name, email=f"{name}@example.com") for name in ("Ann", "Bob"))
    owner = site.make.user("Quotes manager", email="owner@example.com")
    draft = write(site, ann, title="Only a draft")
    first, _token, digest = sent(site, write(site, ann, title="Oak table", owner_id=owner))
    second, _token, other_digest = sent(site, write(site, ann, title="Six chairs", owner_id=owner))
    theirs, _token, _digest = sent(site, write(site, bob, title="Of Bob"))
    browser = sign_in(site, ann)
    assert "2 quotes wait for your answer" in browser.get("/portal/").text
    page = browser.get("/portal/quotes/").text
    assert "Oak table" in page
    assert "Six chairs" in page
    assert "Only a draft" not in page
    assert "Of Bob" not in page
    for number in (draft, theirs, 999):
        for path in ("", "/pdf"):
            assert browser.get(f"/portal/quotes/{number}{path}").status_code == 404
        for path in ("seen", "accept", "decline"):
            form = {"digest": digest, "name": "Ann"}
            assert browser.post(f"/portal/quotes/{number}/{path}", data=form).status_code == 404
    assert (seen(site, theirs).state, seen(site, draft).state) == ("sent", "draft")

    page = browser.get(f"/portal/quotes/{first}").text
    assert digest in page
    assert 'value="Ann' in page
    assert seen(site, first).state == "sent"
    assert browser.post(f"/portal/quotes/{first}/seen").status_code == 204
    assert seen(site, first).state == "viewed"
    assert browser.get(f"/portal/quotes/{first}/pdf").data.startswith(b"%PDF")
    refused = browser.post(f"/portal/quotes/{first}/accept", data={"digest": digest, "name": "Ann", "how": "drawn"})
    assert (refused.status_code, "Draw your signature first" in refused.text) == (422, True)
    answer = browser.post(f"/portal/quotes/{first}/accept", data={"digest": digest, "name": "Ann Park", "how": "typed"})
    assert (answer.status_code, answer.location) == (303, f"/portal/quotes/{first}")
    assert "Accepted by Ann Park" in browser.get(answer.location).text
    again = browser.post(f"/portal/quotes/{first}/accept", data={"digest": digest, "name": "Ann Park"})
    assert again.status_code == 409
    browser.post(f"/portal/quotes/{second}/decline", data={"digest": other_digest, "reason": "Too dear"})
    assert seen(site, second).decline_reason == "Too dear"
    with site.work() as work:
        taken = accepting.of(work, first)
        assert taken is not None
        assert (taken.by, taken.email) == ("portal", "Ann@example.com")
        audited = select(AuditEntry.actor_kind).where(AuditEntry.action == "quote.accepted")
        assert work.session.scalars(audited).all() == ["client"]
        mails = {
            message.subject: (message.to_email, message.text)
            for message in work.session.scalars(select(mail.MailMessage))
        }
        assert {subject: to for subject, (to, _text) in mails.items()} == {
            "Quote accepted: Oak table": "owner@example.com",
            "Quote declined: Six chairs": "owner@example.com",
        }
        assert "Too dear" in mails["Quote declined: Six chairs"][1]
    assert "wait for your answer" not in browser.get("/portal/").text
    listed = browser.get("/portal/quotes/?state=accepted").text
    assert "Oak table" in listed
    assert "Six chairs" not in listed
    assert browser.get("/portal/quotes/?after=nonsense").status_code == 422


def test_the_list_goes_on_and_holds_the_companys_where_the_site_says_so(host: Callable[..., Host]) -> None:
    """Twenty a page, on by cursor; the company's when the setting says so."""
    site = host("quotes", "portal", "companies")
    ann, bob = site.make.contact(first_name="Ann", email="ann@example.com"), site.make.contact(first_name="Bob")
    with site.work() as work, work.begin():
        company = companies.create(work, {"name": "Harbour Ltd"}).id
        members.join(work, company, ann)
    for number in range(22):
        sent(site, write(site, ann, title=f"Offer {number:02}"))
    shared, _token, _digest = sent(site, write(site, bob, title="For the company", company_id=company))
    browser = sign_in(site, ann)
    page = browser.get("/portal/quotes/").text
    assert (page.count("Offer "), "For the company" in page) == (20, False)
    older = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert browser.get(older).text.count("Offer ") == 2
    assert browser.get(f"/portal/quotes/{shared}").status_code == 404
    with site.work() as work, work.begin():
        settings.set_many(work, {"portal.company_records": "everybody"})
    assert "For the company" in browser.get("/portal/quotes/").text
    assert browser.get(f"/portal/quotes/{shared}").status_code == 200
