"""People belong to any number of companies, the first is the main one; a contact's page, form and list say so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.api import Invalid, contacts, merging, privacy
from crmhost.testing import Host
from plugins.companies import mass, members
from plugins.companies.models import Member

Make = Callable[..., int]


def _names(crm: Host, contact_id: int) -> list[str]:
    with crm.work() as work:
        return [item.name for item in members.companies_of(work, [contact_id]).get(contact_id, ())]


def test_the_form_of_a_contact_takes_companies(crm: Host, company: Make) -> None:
    """Chosen by typing, new names made on request, kept in order, taken away, all together with the contact."""
    acme = company("Acme, Inc.")
    browser = crm.client()
    sent = {"first_name": "Ada", "status": "1", "companies_of": [f"#{acme}", "New & Sons, Ltd", "  new & sons, ltd "]}
    made = browser.post("/contacts/new", data=sent)
    assert made.status_code == 303, made.text
    assert _names(crm, 1) == ["Acme, Inc.", "New & Sons, Ltd"]
    page = browser.get("/contacts/1/edit").text
    assert f'<option selected value="#{acme}">Acme, Inc.</option>' in page
    version = page.split('name="version"')[1].split('value="')[1].split('"')[0]
    seen = {"first_name": "Ada", "status": "1", "version": version}
    assert browser.post("/contacts/1/edit", data={**seen, "companies_of": "#2"}).status_code == 303
    assert _names(crm, 1) == ["New & Sons, Ltd"]
    assert browser.post("/contacts/1/edit", data=seen).status_code == 303
    assert _names(crm, 1) == []


def test_a_refused_company_loses_nothing(crm: Host, company: Make) -> None:
    """A name that can't be taken is told at the field, what was typed stays, and no contact is made."""
    acme = company("Acme")
    browser = crm.client()
    for wrong in ("x" * 201, "#99"):
        sent = {"first_name": "Ada", "status": "1", "companies_of": [f"#{acme}", wrong]}
        page = browser.post("/contacts/new", data=sent)
        assert page.status_code == 422
        assert f'<option selected value="#{acme}">Acme</option>' in page.text
        assert 'id="companies_of-error"' in page.text
        assert browser.get("/contacts/1").status_code == 404


def test_contacts_show_and_filter_by_their_company(crm: Host, company: Make) -> None:
    """Vital, box, column and filter name the main company; the API filters too; an unknown one is refused."""
    ada, bob = crm.make.contact(first_name="Ada"), crm.make.contact(first_name="Bob")
    acme = company("Acme", people=(ada,))
    company("Zenith", people=(ada, bob))
    browser, api = crm.client(), crm.api()
    page = browser.get(f"/contacts/{ada}").text
    assert f'<dd><a href="/companies/{acme}">Acme</a></dd>' in page
    assert "Zenith" in page
    browser.post("/arrange/columns/contacts", data={"column": ["companies.company"], "back": "/contacts/"})
    listed = browser.get("/contacts/?company=acme").text
    assert ("Ada" in listed, "Bob" in listed, "+1" in listed) == (True, False, True)
    for text, found in ((str(acme), ["Ada"]), (f"Acme (#{acme})", ["Ada"]), ("zen", ["Ada", "Bob"])):
        rows = api.get("/api/v1/contacts", query_string={"company": text, "sort": "first_name"}).json["data"]
        assert [row["first_name"] for row in rows] == found
    assert api.get("/api/v1/contacts?company=nobody").status_code == 422


def test_boxes_change_who_belongs_together(crm: Host, company: Make) -> None:
    """People are added with a role on the company's page, companies on the contact's, and taken away with an undo."""
    ada = crm.make.contact(first_name="Ada")
    acme = company("Acme")
    browser = crm.client()
    browser.post(f"/companies/{acme}/people", data={"contact": f"#{ada}", "role": "Head of <b>purchasing</b>"})
    assert "Head of &lt;b&gt;purchasing" in browser.get(f"/companies/{acme}").text
    browser.post(f"/companies/of/{ada}", data={"company": "Brand new", "role": "Founder"})
    assert _names(crm, ada) == ["Acme", "Brand new"]
    assert "Founder" in browser.get(f"/contacts/{ada}").text
    browser.post(f"/companies/of/{ada}/{acme}/leave")
    assert _names(crm, ada) == ["Brand new"]
    browser.post(f"/companies/{acme}/people/{ada}/rejoin")
    assert _names(crm, ada) == ["Brand new", "Acme"]
    assert browser.post(f"/companies/{acme}/people", data={"contact": "#99"}).status_code == 303
    assert browser.post(f"/companies/{acme}/people", data={"contact": "Ada", "role": "x" * 200}).status_code == 303
    assert browser.get("/records/contact/choices?q=ada").json == [{"value": f"#{ada}", "text": "Ada", "note": ""}]


def test_companies_in_the_bin_are_kept(crm: Host, company: Make) -> None:
    """What the form does not show is not lost by saving it; there is a most."""
    ada = crm.make.contact(first_name="Ada")
    acme, zenith = company("Acme", people=(ada,)), company("Zenith", people=(ada,))
    with crm.work() as work, work.begin():
        mass.to_bin(work, [acme])
    with crm.work() as work, work.begin():
        members.set_companies(work, ada, [zenith])
    with crm.work() as work, work.begin():
        mass.restore(work, [acme])
        with pytest.raises(Invalid):
            members.set_companies(work, ada, [f"Company {number}" for number in range(51)])
    assert _names(crm, ada) == ["Zenith", "Acme"]


def test_merging_erasing_and_exporting_people(crm: Host, company: Make) -> None:
    """A merge brings all companies to who stays, undoing it takes them back; the archive names them; erasing leaves no link."""
    ada, twin = crm.make.contact(first_name="Ada"), crm.make.contact(first_name="Ada L")
    acme = company("Acme", people=(ada, twin))
    company("Zenith", people=(twin,))
    with crm.work("Admin") as work, work.begin():
        merge = merging.merge(work, ada, [twin], {}).id
    assert _names(crm, ada) == ["Acme", "Zenith"]
    with crm.work("Admin") as work:
        told = privacy.document(work, ada)["plugins"]["companies"]["told"][0]
        assert [item["company"] for item in told] == ["Acme", "Zenith"]
    with crm.work("Admin") as work, work.begin():
        merging.undo(work, merge)
    assert (_names(crm, ada), sorted(_names(crm, twin))) == (["Acme"], ["Acme", "Zenith"])
    with crm.work("Admin") as work, work.begin():
        contacts.erase(work, twin)
    with crm.work() as work:
        assert [row.contact_id for row in work.session.query(Member)] == [ada]
        assert members.count_of(work, [acme]) == {acme: 1}
