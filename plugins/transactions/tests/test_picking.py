"""Picking a contact, a company or an invoice by typing, in the form and in the filters of the list."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable

from sqlalchemy import select

from crmhost.api import Contact, contacts
from crmhost.testing import Host
from plugins.companies import services as companies
from plugins.companies.models import Company
from plugins.transactions import kinds, services
from plugins.transactions.models import Transaction
from plugins.transactions.tests.conftest import Books

FORM = {"name": "Order", "total": "12.50", "currency": "EUR", "at": "2026-03-31T12:00"}


def _form(books: Books, **fields: str) -> dict[str, str]:
    with books.crm.work() as work:
        chosen = {"type": str(kinds.find_type(work, "Sale").id), "status": str(kinds.find_status(work, "Completed").id)}
    return {**FORM, **chosen, **fields}


def _shop(host: Callable[..., Host]) -> tuple[Books, dict[str, int]]:
    crm = host("transactions", "companies", "invoices")
    with crm.work() as work, work.begin():
        known = {
            "ada": contacts.create(
                work, {"first_name": "Ada", "last_name": "King", "emails": ["ada@example.com", "a@k.io"]}
            ),
            "twin": contacts.create(work, {"first_name": "Ada", "last_name": "King"}),
            "acme": companies.create(work, {"name": "Acme Ltd", "address1_city": "Leeds"}),
        }
        ids = {name: row.id for name, row in known.items()}
        lines = [{"title": "Work", "quantity": "1", "unit_price": "12.50"}]
        fields = {"contact_id": ids["ada"], "lines": lines, "status": "Unpaid"}
        ids["invoice"] = work.service("invoices").create(fields).id
    return Books(crm), ids


def test_a_record_is_picked_by_what_is_typed(host: Callable[..., Host]) -> None:
    """An e-mail address, an exact name, or # and a number mean a record; what means none or several is kept and explained."""
    books, ids = _shop(host)
    client = books.crm.client()

    def saved(ref: str, **fields: str) -> Transaction:
        answer = client.post("/transactions/new", data=_form(books, ref=ref, **fields))
        assert answer.status_code == 303, answer.text
        with books.crm.work() as work:
            return work.session.scalars(select(Transaction).where(Transaction.ref == ref)).one()

    by_mail = saved("1", contact="A@K.io", company="acme ltd")
    assert (by_mail.contact_id, by_mail.company_id) == (ids["ada"], ids["acme"])
    by_number = saved("2", contact=f"Ada King (#{ids['twin']})", invoice=f"#{ids['invoice']}")
    assert (by_number.contact_id, by_number.counted_contact_id) == (ids["twin"], ids["ada"])

    for typed, said in (
        ("ada king", f"Ada King (#{ids['twin']})"),
        ("ada k", "Do you mean Ada King"),
        ("nobody@example.com", "Nothing fits"),
        ("#99999", "nothing with the number 99999"),
        ('"><script>', "Nothing fits"),
    ):
        answer = client.post("/transactions/new", data=_form(books, ref="3", contact=typed, company="Acme Ltd"))
        text = html.unescape(answer.text)
        assert (answer.status_code, said in text, typed in text) == (422, True, True), typed
        assert f"Acme Ltd (#{ids['acme']})" in text
    assert books.crm.faults() == []


def test_what_is_typed_anew_is_added_with_the_record(host: Callable[..., Host]) -> None:
    """A name or an address on request becomes a contact, in the transaction of the record; who may not add any can't."""
    books, _ids = _shop(host)
    client = books.crm.client()

    def number() -> int:
        with books.crm.work() as work:
            return len(work.session.scalars(select(Contact.id)).all())

    before = number()
    wrong = client.post("/transactions/new", data=_form(books, ref="", contact="new:Grace Brewster Hopper"))
    assert (wrong.status_code, number()) == (422, before)
    chosen = re.search(r'id="contact"[^>]*data-chosen="([^"]*)"', wrong.text) or re.search(
        r'data-chosen="([^"]*)"[^>]*id="contact"', wrong.text
    )
    assert chosen is not None
    assert json.loads(html.unescape(chosen[1])) == [
        {"value": "new:Grace Brewster Hopper", "text": "Grace Brewster Hopper"}
    ]
    made = client.post("/transactions/new", data=_form(books, ref="A", contact="new:Grace Brewster Hopper"))
    assert made.status_code == 303
    again = client.post(
        "/transactions/new", data=_form(books, ref="B", contact="new:ada@example.com", company="new:Ltd")
    )
    assert (again.status_code, "ada@example.com" in again.text) == (422, True)
    with books.crm.work() as work:
        one = work.session.scalars(select(Transaction).where(Transaction.ref == "A")).one()
        assert work.session.get_one(Contact, one.contact_id).first_name == "Grace Brewster"
        assert work.session.scalars(select(Company.name)).all() == ["Acme Ltd"]
    seller = books.crm.client("Transactions manager")
    assert 'data-choices-create="new:"' not in seller.get("/transactions/new").text
    assert seller.post("/transactions/new", data=_form(books, ref="C", contact="new:Grace")).status_code == 422


def test_only_what_one_may_see_is_offered_taken_and_shown(host: Callable[..., Host]) -> None:
    """Others' contacts are neither found nor named nor taken; one that stands in a record already stays when that is saved."""
    books, ids = _shop(host)
    crm = books.crm
    client = crm.client("CRM manager", only_assigned=True)
    with crm.work() as work, work.begin():
        me = crm.actor("CRM manager", only_assigned=True).user_id
        contacts.update(work, ids["ada"], {"assigned_to": me})
        mixed = services.create(
            work, {"ref": "M", "name": "M", "total": "1", "contact_id": ids["twin"], "invoice_id": ids["invoice"]}
        ).id
    offered = client.get("/records/contact/choices?q=ada").json
    assert offered == [{"value": f"#{ids['ada']}", "text": "Ada King", "note": "ada@example.com"}]
    assert client.get("/records/invoice/choices").json[0]["value"] == f"#{ids['invoice']}"
    for kind, status in (("nothing", 404), ("contact", 200)):
        assert client.get(f"/records/{kind}/choices?q=%00").status_code == status
    assert crm.client("Read only").get("/records/contact/choices").status_code == 200
    form = client.get(f"/transactions/{mixed}/edit").text
    assert f"#{ids['twin']}" not in form
    refused = client.post("/transactions/new", data=_form(books, ref="R", contact=f"#{ids['twin']}"))
    assert (refused.status_code, "nothing with the number" in refused.text) == (422, True)
    version = re.search(r'name="version"[^>]*value="(\d+)"', form)
    assert version is not None
    kept = _form(books, ref="M", contact="", invoice=f"#{ids['invoice']}", version=version[1])
    assert client.post(f"/transactions/{mixed}/edit", data=kept).status_code == 303
    with crm.work() as work:
        assert services.get(work, mixed).contact_id == ids["twin"]


def test_lists_are_filtered_by_what_is_picked(host: Callable[..., Host]) -> None:
    """A filter takes a number, a typed name or address, and its chip says the name; what means nothing is said, and kept."""
    books, ids = _shop(host)
    books.add(100, contact_id=ids["ada"], name="Of Ada")
    books.add(100, company_id=ids["acme"], name="Of Acme")
    client = books.crm.client()
    for query in (f"contact_id={ids['ada']}", "contact_id=ada@example.com", f"contact_id=%23{ids['ada']}"):
        page = client.get(f"/transactions/?{query}").text
        assert ("Of Ada" in page, "Of Acme" in page, "<b>Ada King</b>" in page) == (True, False, True), query
    assert "Of Acme" in client.get("/transactions/?company_id=acme ltd").text
    wrong = client.get("/transactions/?company_id=<b>acme").text
    assert ("Nothing fits “&lt;b&gt;acme”" in wrong, "Of Acme" in wrong) == (True, False)
    assert "Nothing matches" in wrong
    books.crm.disable("companies")
    without = client.get("/transactions/?company_id=1")
    assert (without.status_code, "/records/company/choices" in without.text) == (200, False)
    form = client.get("/transactions/new").text
    assert ('name="contact"' in form, 'name="company"' in form) == (True, False)
    assert books.crm.faults() == []
