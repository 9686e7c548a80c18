"""Pages of custom fields: Settings > Field options, the contact's form and page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from crmhost.core.fields import services as fields
from crmhost.core.fields.kinds import KINDS
from crmhost.testing import Host
from crmhost.work.tables import AuditEntry

PAGES = "/settings/field-options/fields"


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    return host()


def add(site: Host, label: str, kind: str = "text", **more: Any) -> int:
    with site.work("Admin") as work, work.begin():
        return fields.add(work, {"label": label, "kind": kind, **more}).id


def text(client: FlaskClient, address: str, code: int = 200, **more: Any) -> str:
    answer = client.get(address, **more)
    assert answer.status_code == code, address
    return answer.get_data(as_text=True)


def custom(site: Host, contact_id: int) -> dict[str, Any]:
    with site.work("Admin") as work:
        return fields.shown(work, "contact", site.contact(contact_id).custom)


def test_fields_are_added_changed_ordered_and_deleted_in_the_settings(site: Host) -> None:
    """Every kind has a form of its own; what was typed stays when something is wrong."""
    client = site.client()
    assert "There are none yet" in text(client, "/settings/field-options/")
    for kind in KINDS:
        page = text(client, f"{PAGES}/new?kind={kind}")
        assert ('name="choices"' in page) == (kind in ("choice", "choices"))
        assert ('name="currency"' in page) == (kind == "money")
    form = {"label": "Tier", "choices": "Gold\nSilver\ngold", "help": "Kept"}
    answer = client.post(f"{PAGES}/new?kind=choice", data=form)
    assert answer.status_code == 422
    assert "stands in the list twice" in answer.text
    assert "Kept" in answer.text
    assert client.post(f"{PAGES}/new?kind=choice", data={**form, "choices": "Gold\nSilver"}).status_code == 303
    size = add(site, "Shoe size", "number")
    page = text(client, "/settings/field-options/")
    assert page.index("Tier") < page.index("Shoe size")
    assert client.post(f"{PAGES}/order?object=contact", data={"order": [size]}).status_code == 303
    page = text(client, "/settings/field-options/")
    assert page.index(">Shoe size<") < page.index(">Tier<")
    site.make.contact(first_name="Ada", custom={"shoe_size": 43})
    assert "1 record has a value in it." in text(client, f"{PAGES}/{size}/delete")
    assert client.post(f"{PAGES}/{size}/delete").status_code == 303
    assert "1 deleted field" in text(client, "/settings/field-options/")
    assert client.post(f"{PAGES}/{size}/restore").status_code == 303
    assert "deleted field" not in text(client, "/settings/field-options/")
    assert text(client, f"{PAGES}/new?kind=colour", 404)
    assert text(client, f"{PAGES}/999", 404)


def test_a_choice_in_use_asks_what_takes_its_place(site: Host) -> None:
    """On the page of its field, with everything that was typed."""
    tier = add(site, "Tier", "choice", choices=["Gold", "Silver"])
    ada = site.make.contact(first_name="Ada", custom={"tier": "Gold"})
    client = site.client()
    form = {"label": "Rank", "choice_key": ["gold", "silver"], "choice_label": ["", "Silver"], "more_choices": "Tin"}
    answer = client.post(f"{PAGES}/{tier}", data=form)
    assert answer.status_code == 422
    assert 'name="replace-gold"' in answer.text
    assert 'value="Rank"' in answer.text
    assert 'value="Tin"' in answer.text
    form |= {
        "replace-gold": "silver",
        "choice_key": ["silver", ""],
        "choice_label": ["Silver", "Tin"],
        "more_choices": "",
    }
    assert client.post(f"{PAGES}/{tier}", data=form).status_code == 303
    site.run_jobs()
    assert custom(site, ada) == {"tier": "Silver"}


def test_only_who_may_opens_the_settings(site: Host) -> None:
    """Others get neither the pages nor the list."""
    client = site.client("Contacts manager")
    assert "Custom fields" not in text(client, "/settings/field-options/")
    assert text(client, f"{PAGES}/new?kind=text", 403)


def test_the_form_of_a_contact_has_the_custom_fields(site: Host) -> None:
    """In sections of their own, filled with what is stored; a wrong value loses nothing that was typed."""
    add(site, "Shoe size", "number", section="Clothes", help="European")
    add(site, "Tier", "choice", choices=["Gold", "Silver"])
    add(site, "Interests", "choices", choices=["Tea", "Cake"])
    add(site, "Born", "date")
    add(site, "Member", "yes_no")
    add(site, "Passport", "encrypted")
    client = site.client()
    page = text(client, "/contacts/new")
    assert "Clothes" in page
    assert "European" in page
    form = {
        "first_name": "Ada",
        "status": "1",
        "custom.shoe_size": "big",
        "custom.tier": "gold",
        "custom.interests": ["tea", "cake"],
        "custom.born": "1815-12-10",
        "custom.member": "yes",
        "custom.passport": "P1",
    }
    answer = client.post("/contacts/new", data=form)
    assert answer.status_code == 422
    assert "This must be a number." in answer.text
    assert 'value="1815-12-10"' in answer.text
    answer = client.post("/contacts/new", data={**form, "custom.shoe_size": "43,5"})
    assert answer.status_code == 303
    ada = int(re.findall(r"/contacts/(\d+)", answer.location)[0])
    expected = {
        "shoe_size": 43.5,
        "tier": "Gold",
        "interests": ["Tea", "Cake"],
        "born": "1815-12-10",
        "member": True,
        "passport": "••••••",
    }
    assert custom(site, ada) == expected
    page = text(client, f"/contacts/{ada}/edit")
    assert 'value="43.5"' in page
    assert "P1" not in page
    version = re.findall(r'name="version"[^>]*value="(\d+)"', page)[0]
    form = {**form, "custom.shoe_size": "", "custom.passport": "", "custom.member": "", "version": version}
    assert client.post(f"/contacts/{ada}/edit", data=form).status_code == 303
    assert set(custom(site, ada)) == {"tier", "interests", "born", "passport"}
    stale = client.post(f"/contacts/{ada}/edit", data={**form, "custom.tier": "silver"})
    assert stale.status_code == 409
    assert "Silver" in stale.text


def test_custom_fields_are_changed_where_they_stand(site: Host) -> None:
    """In the details box: the form of one field, its errors, the new value; encrypted text only when asked for."""
    add(site, "Homepage", "url")
    add(site, "Tier", "choice", choices=["Gold", "Silver"])
    add(site, "Passport", "encrypted")
    ada = site.make.contact(first_name="Ada", custom={"tier": "Gold", "passport": "P123"})
    client = site.client()
    page = text(client, f"/contacts/{ada}")
    assert "1 empty field" in page
    assert "P123" not in page
    part = {"HX-Request": "true"}
    base = f"/contacts/{ada}/field/custom"
    assert "<select" in text(client, f"{base}.tier", headers=part)
    answer = client.post(f"{base}.tier", data={"custom.tier": "silver"}, headers=part)
    assert "Silver" in answer.text
    answer = client.post(f"{base}.homepage", data={"custom.homepage": "no address"}, headers=part)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#field-custom-homepage")
    assert 'value="no address"' in answer.text
    client.post(f"{base}.homepage", data={"custom.homepage": "example.com"}, headers=part)
    assert custom(site, ada) == {"tier": "Silver", "homepage": "https://example.com", "passport": "••••••"}
    client.post(f"{base}.passport", data={"custom.passport": ""}, headers=part)
    answer = client.post(f"/contacts/{ada}/reveal/passport", headers=part)
    assert "P123" in answer.text
    assert client.post(f"/contacts/{ada}/reveal/tier").status_code == 404
    assert site.client("CRM manager").post(f"/contacts/{ada}/reveal/passport").status_code == 403
    with site.work() as work:
        revealed = select(AuditEntry).where(AuditEntry.action == "field.revealed")
        assert len(work.session.scalars(revealed).all()) == 1
    client.post(f"{base}.passport", data={"remove": "1"}, headers=part)
    assert "passport" not in custom(site, ada)
    assert text(client, f"{base}.nothing", 404, headers=part)
    mine = site.client("CRM manager", only_assigned=True)
    assert text(mine, f"{base}.tier", 404, headers=part)
    assert client.get(f"{base}.tier").status_code == 302
