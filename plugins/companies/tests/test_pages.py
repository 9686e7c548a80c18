"""The pages of companies: list, page, form, bin, statuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import event

from crmhost.api import custom_fields
from crmhost.testing import Host
from plugins.companies import services

Make = Callable[..., int]
FORM = {"name": "Acme", "status": "1"}


def _version(page: str, name: str = "version") -> str:
    return page.split(f'name="{name}"')[1].split('value="')[1].split('"')[0]


def test_a_company_is_added_shown_and_changed(crm: Host) -> None:
    """The form leads to the page, which shows what was typed; the list, the palette and the menu lead there."""
    browser = crm.client()
    assert "No companies yet" in browser.get("/companies/").text
    sent = {**FORM, "email": "info@example.com", "tags": "VIP", "address1_city": "Leeds", "notes": "One\nTwo"}
    assert browser.post("/companies/new", data=sent).headers["Location"].startswith("/companies/1")
    page = browser.get("/companies/1").text
    for text in ("Acme", "info@example.com", "Leeds", "One<br>Two", "VIP", "Nobody belongs to this company yet."):
        assert text in page
    assert '<a href="/companies/"' in page
    assert "Acme" in browser.get("/companies/?q=acm").text
    assert "/companies/1" in browser.get("/search?q=acme", headers={"HX-Request": "true"}).text
    browser.post("/companies/1/status", data={"status": "Vendor"})
    assert "Status changed from" in browser.get("/companies/1").text


def test_what_is_wrong_is_told_and_nothing_is_lost(crm: Host) -> None:
    """A refused form comes back as it was typed, with the sentence at its field."""
    browser = crm.client()
    page = browser.post("/companies/new", data={"name": "", "email": "nobody", "status": "99", "notes": "Kept <b>"})
    assert page.status_code == 422
    for text in ("Choose one of the list.", "Kept &lt;b&gt;", 'value="nobody"', 'id="status-error"'):
        assert text in page.text


def test_two_people_change_one_company(crm: Host, company: Make) -> None:
    """The second to save chooses field by field; what only one changed is kept."""
    made = company("Acme", notes="Old")
    browser = crm.client()
    page = browser.get(f"/companies/{made}/edit").text
    seen = {"version": _version(page), "seen": _version(page, "seen").replace("&#34;", '"')}
    with crm.work() as work, work.begin():
        services.update(work, made, {"notes": "Theirs"})
    both = browser.post(f"/companies/{made}/edit", data={**FORM, **seen, "notes": "Mine"})
    assert both.status_code == 409
    assert ("Theirs" in both.text, "Mine" in both.text) == (True, True)
    chosen = {**FORM, "notes": "Mine", "version": _version(both.text), "seen": seen["seen"], "keep.notes": "mine"}
    assert browser.post(f"/companies/{made}/edit", data=chosen).status_code == 303
    with crm.work() as work:
        assert services.get(work, made).notes == "Mine"


def test_many_are_changed_deleted_and_brought_back(crm: Host, company: Make) -> None:
    """Bulk actions change the chosen or all that match; deleting has an undo, the bin restores and erases."""
    ids = [company(f"Company {number}") for number in range(3)]
    browser = crm.client()
    chosen = {"ids": [str(key) for key in ids[:2]], "back": "/companies/"}
    vendor = browser.get("/companies/").text.split('value="status:')[3].split('"')[0]
    browser.post("/companies/", data={**chosen, "do": f"status:{vendor}"})
    browser.post(
        "/companies/",
        data={"everything": "1", "list": "/companies/?status=Vendor", "do": "tag:add", "entry.tag": "VIP"},
    )
    assert browser.get("/companies/?tag=VIP").text.count('data-select name="ids"') == 4
    said = browser.post("/companies/", data={**chosen, "do": "delete"}, follow_redirects=True).text
    undo = said.split('action="/companies/?undo=')[1].split('"')[0]
    assert "Company 0" in browser.get("/companies/bin").text
    browser.post(f"/companies/?undo={undo}")
    assert "Company 0" in browser.get("/companies/").text
    browser.post(f"/companies/{ids[0]}/delete")
    gone = browser.get(f"/companies/{ids[0]}")
    assert (gone.status_code, "is in the bin" in gone.text) == (404, True)
    browser.post(f"/companies/{ids[0]}/restore")
    assert browser.get(f"/companies/{ids[0]}").status_code == 200
    browser.post(f"/companies/{ids[0]}/delete")
    browser.post("/companies/bin", data={"ids": [str(ids[0])], "do": "erase"})
    assert browser.get(f"/companies/{ids[0]}").status_code == 404
    assert "Company 0" not in browser.get("/companies/bin").text


def test_the_status_list_stands_in_field_options(crm: Host, company: Make) -> None:
    """It is shown there, changed on its page; what can't be taken is told there."""
    company("Acme", status="Vendor")
    browser = crm.client("CRM manager")
    assert "Company statuses" in browser.get("/settings/field-options/").text
    assert browser.post("/companies/statuses", data={"name": "Partner"}).status_code == 303
    assert browser.post("/companies/statuses/3", data={"name": "Supplier", "hue": "pink"}).status_code == 303
    page = browser.get("/companies/statuses").text
    assert ("Partner" in page, "Supplier" in page, "Vendor" in page) == (True, True, False)
    assert browser.post("/companies/statuses", data={"name": "partner"}).status_code == 422
    assert browser.post("/companies/statuses/3/delete", data={}).status_code == 422
    assert browser.post("/companies/statuses/3/delete", data={"heir": "1"}).status_code == 303
    assert browser.post("/companies/statuses/order", data={"order": ["4", "1"]}).status_code == 303
    assert crm.client("Read only").get("/companies/statuses").status_code == 403


def test_encrypted_fields_are_shown_on_demand(crm: Host) -> None:
    """The page masks them; showing one is written down."""
    with crm.work() as work, work.begin():
        custom_fields.add(work, {"object": "company", "label": "Account", "kind": "encrypted", "key": "account"})
        services.create(work, {"name": "Acme", "custom": {"account": "DE00 1234"}})
    browser = crm.client()
    assert "DE00" not in browser.get("/companies/1").text
    assert browser.post("/companies/1/reveal/account").text == "DE00 1234"


@pytest.fixture
def counted(crm: Host) -> Iterator[list[str]]:
    """The statements sent to the database."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("SELECT", "WITH")) and "FROM host_state" not in statement:
            seen.append(statement)

    event.listen(crm.site.engine, "before_cursor_execute", note)
    yield seen
    event.remove(crm.site.engine, "before_cursor_execute", note)


def test_pages_ask_little_however_much_there_is(crm: Host, company: Make, counted: list[str]) -> None:
    """List and page take at most twelve queries, the same for three companies as for thirty with people and tags."""
    people = tuple(crm.make.contact() for _ in range(12))
    first = company("Company", people=people, tags=["VIP"])
    browser = crm.client()
    asked: dict[str, list[int]] = {}
    for _ in range(2):
        for path in ("/companies/", f"/companies/{first}", f"/contacts/{people[0]}", "/contacts/"):
            browser.get(path)
            counted.clear()
            assert browser.get(path).status_code == 200
            asked.setdefault(path, []).append(len(counted))
        for number in range(15):
            company(f"Company {number}", people=people[:2], tags=["VIP", "Partner"])
    for path, (few, many) in asked.items():
        assert few == many, path
        assert many <= 12, path
