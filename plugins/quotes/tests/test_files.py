"""Quotes from and to CSV, demo quotes, and placeholders of the client's company."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from crmhost import demo
from crmhost.api import custom_fields
from crmhost.testing import Host
from plugins.quotes import files, versions
from plugins.quotes.models import Acceptance, Quote
from plugins.quotes.states import STATES

from .conftest import line, seen, sent, visitor, write


def _all(site: Host) -> list[Quote]:
    with site.work() as work:
        return list(work.session.scalars(select(Quote).where(Quote.deleted_at.is_(None)).order_by(Quote.id)))


def _written(site: Host, target: Path) -> Sequence[dict[str, Any]]:
    """The export as a file; gives its rows."""
    with site.work() as work:
        out, names = list(files.rows(work, {})), [name for name, _label in files.columns(work)]
    with target.open("w", newline="") as file:
        sheet = csv.DictWriter(file, names)
        sheet.writeheader()
        sheet.writerows({name: row.get(name, "") for name in names} for row in out)
    return out


def test_what_is_exported_is_imported_again(host: Callable[..., Host], tmp_path: Path) -> None:
    """Text, lines with taxes, value, days, state, customer and tags come back; by its number one is changed, and taken back."""
    site, target = host("quotes", "csv_tools", "companies"), tmp_path / "quotes.csv"
    with site.work() as work, work.begin():
        firm = work.service("companies").create({"name": "Acme"}, source="manual").id
        custom_fields.add(work, {"object": "quote", "label": "Room", "key": "room", "kind": "text"})
    ada = site.make.contact(email="ada@example.com")
    lines = [line(9_999, "1.5", taxes=[{"name": "VAT", "rate": "20"}], discount="10%"), line(333, "3")]
    sent(
        site,
        write(site, ada, lines=lines, discount="5", tags=["VIP"], notes="=1+1", company_id=firm, custom={"room": "7"}),
    )
    write(site, ada, lines=[], value="1234.50", valid_until=None, content="", language="fr")
    out, before = _written(site, target), _all(site)
    whole = {name: str(value) for name, value in out[0].items() if value}
    with site.work() as work, work.begin():
        again = files.save(work, [whole, {"id": "999", "title": "x"}, {"id": "nope", "title": "x"}], "id", "update")
        changed = files.save(work, [{**whole, "title": "Other", "notes": "new"}], "id", "update")
        filled = files.save(work, [{**whole, "title": "No", "notes": "no"}], "id", "fill")
        assert files.save(work, [whole], "id", "skip")[0].outcome == "skipped"
        assert files.undo(work, changed) == []
    assert [result.outcome for result in again] == ["skipped", "refused", "refused"]
    assert [changed[0].outcome, filled[0].outcome] == ["updated", "skipped"]
    assert (seen(site, before[0].id).title, seen(site, before[0].id).notes) == (before[0].title, "=1+1")
    with site.work() as work, work.begin():
        for one in work.session.scalars(select(Quote)):
            work.session.delete(one)
    done = site.cli("import", "quotes", str(target))
    assert done.exit_code == 0, done.output
    names = (
        "title",
        "state",
        "value",
        "total",
        "currency",
        "date",
        "valid_until",
        "content",
        "notes",
        "language",
        "custom",
    )
    for old, new in zip(before, _all(site), strict=True):
        for name in (*names, "document", "contact_id", "company_id"):
            assert getattr(new, name) == getattr(old, name), name
    with site.work() as work, work.begin():
        rows = [
            {
                "title": "A",
                "email": "new@example.com",
                "external_id": "Q7",
                "company": "ACME",
                "value": "5",
                "status": "accepted",
            },
            {"title": "", "email": "ada@example.com"},
            {"title": "B", "email": "nobody"},
            {"title": "C", "lines": "{"},
            {"title": "D", "status": "strange"},
        ]
        made = files.save(work, rows, "external_id", "update")
        assert [result.outcome for result in made] == ["added", *["refused"] * 4]
        assert files.save(work, rows[:1], "external_id", "update")[0].outcome == "skipped"
        kept = work.session.get(Quote, made[0].id)
        assert kept is not None
        assert (kept.state, kept.company_id) == ("accepted", firm)
    assert site.faults() == []


def test_demo_quotes_stand_in_every_state(site: Host) -> None:
    """The accepted ones have whole certificates, the open ones are not over, all say that they are demo, and none is mailed."""
    demo.load(site.site, 400)
    with site.work() as work:
        found = list(work.session.scalars(select(Quote)))
        assert {one.state for one in found} == set(STATES)
        assert all("demo" in one.content and one.total for one in found)
        proofs = {row.quote_id for row in work.session.scalars(select(Acceptance))}
        assert proofs == {one.id for one in found if one.state == "accepted"}
        assert all(
            one.valid_until is not None and one.valid_until >= work.today for one in found if one.state == "sent"
        )
    assert site.jobs("mail.send") == []
    assert site.client().get("/quotes/").status_code == 200


def test_every_field_of_the_company_is_a_placeholder(host: Callable[..., Host]) -> None:
    """Of the quote's company, else of the contact's main one; custom fields too, and in both ways of writing."""
    site = host("quotes", "companies")
    ada = site.make.contact(first_name="Ada", email="ada@example.com")
    with site.work() as work, work.begin():
        custom_fields.add(work, {"object": "company", "label": "VAT number", "key": "vat", "kind": "text"})
        companies = work.service("companies")
        address = {"line1": "Mill Lane 1", "city": "Leeds", "postal_code": "LS1", "country": "GB"}
        firm = {"name": "Acme & Co", "email": "hi@acme.example.com", "main_phone": "+44 1632 960001"}
        companies.create({**firm, "address1": address, "custom": {"vat": "GB1"}}, source="manual")
        companies.join_many([(ada, "Acme & Co")])
        offered = [path for path, _label in companies.placeholders()]
    text = "".join(f"<p>{{{{ {path} }}}}</p>" for path in offered) + "<p>##COMPANY-NAME##</p>"
    number = write(site, ada, content=text)
    with site.work() as work:
        quote = seen(site, number)
        piece = versions.fill_in(work, quote, None)
    assert piece.unknown == ()
    for wanted in (
        "Acme &amp; Co",
        "hi@acme.example.com",
        "+44 1632 960001",
        "Mill Lane 1",
        "LS1",
        "Leeds",
        "GB",
        "GB1",
    ):
        assert wanted in piece.output, wanted
    assert piece.output.count("Acme &amp; Co") == 2
    form = site.client().get(f"/quotes/{number}/edit").text
    assert "company.custom.vat" in form
    alone = write(site, site.make.contact(), content=text)
    with site.work() as work:
        assert versions.fill_in(work, seen(site, alone), None).unknown == ()


def test_without_links_mails_lead_to_the_portal_or_say_whom_to_ask(site: Host) -> None:
    """The page is the same for quotes that there are none of, and shows nothing of the quote."""
    number = write(site)
    assert site.cli("settings", "set", "quotes.links", "false").exit_code == 0
    staff, client = site.client(), visitor(site)
    assert staff.post(f"/quotes/{number}/link").status_code == 303
    address = f"/quotes/p/{number}"
    assert address in staff.get(f"/quotes/{number}/preview").text
    page = client.get(address)
    assert (page.status_code, "Ask who sent it to you" in page.text) == (200, True)
    assert "Table" not in page.text
    assert client.get("/quotes/p/999").text == page.text
    site.enable("portal")
    assert client.get(address).location == f"/portal/quotes/{number}"
    door = client.get(address, follow_redirects=True)
    assert (door.status_code, "/portal/" in door.request.path, "Table" in door.text) == (200, True, False)
