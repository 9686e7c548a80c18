"""The pages: writing, sending and deciding as people do with a browser, with and without a sign-in."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from crmhost.api import links, mail, settings
from crmhost.testing import Host
from plugins.quotes import accepting, services, templating
from plugins.quotes.models import KIND, Quote

from .conftest import seen, sent, visitor, write


def test_a_quote_is_written_from_a_template_sent_and_turned_into_an_invoice(host: Callable[..., Host]) -> None:
    """The builder fills the text, the mail brings link and PDF, the accepted quote becomes an invoice."""
    site = host("quotes", "invoices", "companies")
    contact = site.make.contact(first_name="Ada", last_name="Park", email="ada@example.com")
    client = site.client()
    form = client.get(f"/quotes/new?contact_id={contact}")
    template = re.search(r'value="(\d+)">Services', form.text)
    assert template
    filled = client.get(f"/quotes/new?contact_id={contact}&template={template[1]}").text
    assert "quote.value" in filled
    assert f'value="Ada Park (#{contact})"' in filled
    answer = client.post(
        f"/quotes/new?contact_id={contact}",
        data={
            "title": "Table",
            "contact": "ada@example.com",
            "currency": "EUR",
            "content": "<p>Hi {{ contact.first_name }} {{ nope }}</p>",
            "lines-sent": "1",
            "lines-a-title": "Oak",
            "lines-a-quantity": "2",
            "lines-a-unit_price": "50",
            "date": "2026-03-01",
        },
    )
    assert answer.status_code == 303, answer.text
    assert client.get(answer.location).status_code == 200
    page = client.get(f"{answer.location}/preview").text
    assert "Hi Ada" in page
    assert "Nothing is known as nope" in page
    number = int(answer.location.rsplit("/", 1)[1])
    assert (
        client.post(
            f"/quotes/{number}/send", data={"subject": "Quote", "content": "<p>{{ quote.link }}</p>"}
        ).status_code
        == 422
    )
    with site.work() as work, work.begin():
        services.update(work, number, {"content": "<p>Hi {{ contact.first_name }}</p>", "valid_until": None})
    answer = client.post(
        f"/quotes/{number}/send", data={"subject": "Quote {{ quote.title }}", "content": "<p>{{ quote.link }}</p>"}
    )
    assert answer.status_code == 303, answer.text
    with site.work() as work:
        message = work.session.scalars(select(mail.MailMessage)).one()
        assert (message.to_email, message.subject) == ("ada@example.com", "Quote Table")
        assert [item["media_type"] for item in message.attachments] == ["application/pdf"]
        found = re.search(r"/quotes/d/([\w-]+)", message.text)
    assert found
    assert client.get(f"/quotes/{number}/pdf").data.startswith(b"%PDF")
    _accept(site, found[1])
    answer = client.post(f"/quotes/{number}/invoice")
    assert answer.location.startswith("/invoices/")
    assert client.post(f"/quotes/{number}/invoice").location == answer.location
    for path in (
        "/quotes/",
        "/quotes/?status=accepted",
        f"/contacts/{contact}?tab=quotes",
        "/quotes/templates",
        "/quotes/bin",
    ):
        assert client.get(path).status_code == 200, path


def _accept(site: Host, token: str) -> None:
    client = visitor(site)
    page = client.get(f"/quotes/d/{token}")
    digest = re.search(r'name="digest" value="(\w{64})"', page.text)
    assert digest
    answer = client.post(f"/quotes/d/{token}/accept", data={"digest": digest[1], "name": "Ada Park"})
    assert answer.status_code == 303, answer.text
    assert "Accepted by Ada Park" in client.get(f"/quotes/d/{token}").text


def test_a_client_opens_accepts_and_can_verify_without_signing_in(site: Host) -> None:
    """Reading writes nothing; the beacon marks it viewed; the PDF is there; accepting twice says so; the certificate is whole."""
    number, token, digest = sent(site)
    client = visitor(site)
    page = client.get(f"/quotes/d/{token}")
    assert page.status_code == 200
    assert "Dear Ada" in page.text
    assert (page.headers["X-Robots-Tag"], page.headers["Referrer-Policy"]) == ("noindex, nofollow", "no-referrer")
    assert seen(site, number).state == "sent"
    assert client.post(f"/quotes/d/{token}/seen").status_code == 204
    assert seen(site, number).state == "viewed"
    assert client.get(f"/quotes/d/{token}/pdf").data.startswith(b"%PDF")
    assert client.get(f"/quotes/d/{token}/accept").status_code == 405
    assert client.post(f"/quotes/d/{token}/accept", data={"digest": digest, "name": ""}).status_code == 422
    _accept(site, token)
    again = client.post(f"/quotes/d/{token}/accept", data={"digest": digest, "name": "Eve"})
    assert (again.status_code, "accepted by Ada Park already" in again.text) == (409, True)
    with site.work() as work:
        taken = accepting.of(work, number)
    assert taken is not None
    assert taken.name == "Ada Park"
    assert "Nothing was changed" in client.get(f"/quotes/verify/{taken.code}").text
    assert client.get("/quotes/verify/none").status_code == 404


def test_declining_says_why_and_expired_ones_say_so(site: Host) -> None:
    """The reason of the client arrives; after the last day there is nothing to press."""
    number, token, digest = sent(site)
    client = visitor(site)
    assert (
        client.post(f"/quotes/d/{token}/decline", data={"digest": digest, "reason": "<b>Too dear</b>"}).status_code
        == 303
    )
    assert seen(site, number).decline_reason == "<b>Too dear</b>"
    assert "&lt;b&gt;Too dear" in site.client().get(f"/quotes/{number}").text
    _number, token, digest = sent(site)
    site.clock.move(days=40)
    page = client.get(f"/quotes/d/{token}").text
    assert "last day" in page
    assert 'name="digest"' not in page
    assert client.post(f"/quotes/d/{token}/accept", data={"digest": digest, "name": "Ada"}).status_code == 409


def test_what_is_revoked_binned_a_draft_or_switched_off_is_not_found(site: Host) -> None:
    """The four look alike, and like a guessed link."""
    client, staff = visitor(site), site.client()
    number, token, _digest = sent(site)
    assert staff.post(f"/quotes/{number}/revoke").status_code == 303
    assert client.get(f"/quotes/d/{token}").status_code == 404
    number, token, _digest = sent(site)
    assert staff.post(f"/quotes/{number}/delete").status_code == 303
    assert client.get(f"/quotes/d/{token}").status_code == 404
    assert staff.post(f"/quotes/{number}/restore").status_code == 303
    assert client.get(f"/quotes/d/{token}").status_code == 200
    with site.work() as work, work.begin():
        settings.set_many(work, {"quotes.links": False})
    assert client.get(f"/quotes/d/{token}").status_code == 404
    with site.work() as work, work.begin():
        settings.set_many(work, {"quotes.links": True})
        draft = links.make(work, KIND, services.create(work, {"title": "Draft"}).id, None)
    assert client.get(f"/quotes/d/{draft}").status_code == 404
    assert client.get("/quotes/d/guessed").status_code == 404


def test_templates_are_written_changed_and_deleted(site: Host) -> None:
    """A name that is taken is told at its field, and what was typed stays."""
    client = site.client()
    assert client.get("/quotes/templates/new").status_code == 200
    assert client.post("/quotes/templates/new", data={"name": "Work", "content": "<p>Hi</p>"}).status_code == 303
    twice = client.post("/quotes/templates/new", data={"name": "WORK", "content": "<p>Kept</p>"})
    assert (twice.status_code, "Kept" in twice.text) == (422, True)
    with site.work() as work:
        row = next(one for one in templating.all_of(work) if one.name == "Work")
    address = f"/quotes/templates/{row.id}"
    changed = {"name": "Works", "content": "<p>Hi</p>", "version": str(row.version)}
    assert client.get(address).status_code == 200
    assert client.post(address, data=changed).status_code == 303
    assert client.post(f"{address}/delete").status_code == 303
    assert client.get(address).status_code == 404


def test_nothing_typed_is_lost_and_strange_input_is_an_error_at_the_field(site: Host) -> None:
    """Mistakes in forms and addresses are told, never a failure of the server."""
    client, number = site.client(), write(site)
    answer = client.post(
        "/quotes/new", data={"title": "", "contact": "nobody@example.com", "content": "<p>Kept {{ x</p>"}
    )
    assert answer.status_code == 422
    assert "Kept" in answer.text
    for path in (
        "?status=sold", "?value_min=x", "?date_from=%00", "99999999999", "new?template=%00", "new?contact_id=-1",
        "?sort=x&after=x", "verify/%00", "?q=%00%27%22",
    ):  # fmt: skip
        assert client.get(f"/quotes/{path}").status_code < 500, path
    for data in ({"title": "x" * 300}, {"title": "\0"}, {"title": "A", "currency": "\0"}, {"title": "A", "date": "9999-99-99"},
                 {"title": "A", "value": "1e400"}, {"title": "A", "owner": "x"}):  # fmt: skip
        assert client.post(f"/quotes/{number}/edit", data=data).status_code < 500, data
    hostile = "<script>alert('1')</script>\"'}}{{7*7}}"
    with site.work() as work, work.begin():
        quote = services.create(work, {"title": hostile, "notes": hostile, "content": "<p>x</p>", "value": "5"}).id
    for path in (
        f"/quotes/{quote}",
        f"/quotes/{quote}/preview",
        "/quotes/",
        f"/quotes/{quote}/edit",
        f"/quotes/{quote}/send",
    ):
        page = client.get(path).text
        assert "<script>alert" not in page
    with site.work() as work:
        assert work.session.get(Quote, quote) is not None


@pytest.mark.parametrize("role", ["Read only", "Invoices manager"])
def test_who_only_reads_changes_nothing(site: Host, role: str) -> None:
    """Pages are shown, actions are refused."""
    number = write(site)
    client = site.client(role)
    assert client.get(f"/quotes/{number}").status_code == 200
    for path in ("new", f"{number}/edit", f"{number}/send", "templates"):
        assert client.get(f"/quotes/{path}").status_code == 403, path
    for path in ("delete", "duplicate", "note", "revoke", "link", "send"):
        assert client.post(f"/quotes/{number}/{path}").status_code == 403, path
