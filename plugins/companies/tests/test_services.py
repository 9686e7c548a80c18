"""Companies are added, changed, deleted, restored and erased, and every change is written down."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.api import Conflict, Forbidden, Invalid, JournalEntry, NotFound, Stale, audit, custom_fields, journal, tags
from crmhost.testing import Clock, Host
from plugins.companies import mass, queries, services, statuses

Make = Callable[..., int]
HOSTILE = (
    "<script>alert(1)</script>",
    "Ünïcødé \u202eevil",
    "'; DROP TABLE companies_company; --",
    "a\0b",
    "{{ 7*7 }}",
    "x" * 200,
)


def test_a_company_holds_what_it_is_given(crm: Host) -> None:
    """All fields are stored clean, the first status is the default, and creation is audited, told and in the journal."""
    with crm.work("Admin") as work, work.begin():
        made = services.create(
            work,
            {
                "name": "  Blue   Harbour Ltd ",
                "email": "Info@Example.COM",
                "main_phone": "+44 20 7946 0000",
                "address1_city": "Leeds",
                "address1_country": "United Kingdom",
                "social_x": "@blue",
                "tags": ["Partner"],
                "external_ids": [("shop", "", "7")],
            },
        ).id
    with crm.work("Admin") as work:
        found = services.get(work, made)
        assert (found.name, found.email, found.status.name) == ("Blue Harbour Ltd", "Info@example.com", "Lead")
        assert (found.address1, found.socials) == ({"city": "Leeds", "country": "GB"}, {"x": "@blue"})
        assert [tag.name for tag in tags.of(work, "company", [made])[made]] == ["Partner"]
        assert [entry.type for entry in journal.entries(work, "company", made).rows] == ["created"]
        assert audit.entries(work, object_type="company", object_id=made)[0][0].action == "company.created"
        for word in ("harbour", "info@example", "79460000"):
            assert [row.id for row in queries.page(work, queries.CompanyQuery(q=word)).rows] == [made]
    assert ("company.created", [made]) in crm.events()


def test_a_company_needs_a_name_and_knows_its_fields(crm: Host) -> None:
    """What can't be taken is refused at its field, with what was probably meant; nothing is stored."""
    for fields, field in (
        ({}, "name"),
        ({"name": " \u200b "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "A", "email": "nobody"}, "email"),
        ({"name": "A", "status": "Custommer"}, "status"),
        ({"name": "A", "colour": "red"}, "colour"),
        ({"name": "A", "assigned_to": "nobody@example.com"}, "assigned_to"),
        ({"name": 7}, "name"),
    ):
        with crm.work() as work, work.begin(), pytest.raises(Invalid) as refused:
            services.create(work, fields)
        assert field in refused.value.errors
    with crm.work() as work:
        assert queries.count(work, queries.CompanyQuery()).number == 0


def test_any_text_is_only_text(crm: Host, company: Make) -> None:
    """Odd names are stored, found and shown as they are, without doing anything."""
    made = {company(name): name for name in HOSTILE}
    browser = crm.client()
    page = browser.get("/companies/").text
    assert "<script>alert" not in page
    assert "{{ 7*7 }}" in page
    for company_id in made:
        assert browser.get(f"/companies/{company_id}").status_code == 200
    for word in HOSTILE:
        assert browser.get("/companies/", query_string={"q": word, "status": word, "tag": word}).status_code in (
            200,
            422,
        )


def test_changing_counts_versions(crm: Host, company: Make) -> None:
    """Only what changed is written down; an older version is refused, the same values change nothing."""
    made = company("Acme", email="a@example.com", notes="One")
    with crm.work("Admin") as work, work.begin():
        assert (
            services.update(work, made, {"name": "Acme", "notes": "Two", "status": "customer"}, version=1).version == 2
        )
    with crm.work("Admin") as work, work.begin():
        assert services.update(work, made, {"notes": "Two"}).version == 2
        with pytest.raises(Stale):
            services.update(work, made, {"notes": "Three"}, version=1)
    with crm.work("Admin") as work:
        lines = audit.entries(work, object_type="company", object_id=made)[0]
        assert [line.action for line in lines[:2]] == ["company.status_changed", "company.updated"]
        assert lines[1].before == {"notes": "One"}
        assert [entry.type for entry in journal.entries(work, "company", made).rows] == ["status", "created"]


def test_ids_in_other_systems_are_unique(crm: Host, company: Make) -> None:
    """A second company with the same id is refused; contacts' ids are another matter."""
    crm.make.contact(first_name="Ada", external_ids=[("shop", "", "5")])
    company("Acme", external_ids=[("shop", "", "5")])
    with crm.work() as work, work.begin(), pytest.raises(Conflict):
        services.create(work, {"name": "Other", "external_ids": [("shop", "", "5")]})


def test_many_are_changed_at_once(crm: Host, company: Make) -> None:
    """Status, tags and owner change for those given; the numbers say how many."""
    ids = [company(f"Acme {number}") for number in range(3)]
    owner = crm.make.user("CRM manager")
    with crm.work("Admin") as work, work.begin():
        assert mass.set_status(work, ids, "Vendor") == 3
        assert mass.set_status(work, ids, "vendor") == 0
        assert mass.tag(work, ids[:2], ["VIP"]) == 2
        assert mass.assign(work, ids, owner) == 3
    with crm.work("Admin") as work:
        found = queries.page(
            work, queries.CompanyQuery(filters={"status": "Vendor", "tag": "VIP", "assigned_to": str(owner)})
        )
        assert [row.id for row in found.rows] == ids[:2]


def test_the_bin_gives_everything_back_and_forgets_in_time(crm: Host, company: Make, clock: Clock) -> None:
    """Deleted companies are gone from lists, people and search; restored they are whole; after their days nothing is left."""
    clock.freeze()
    ada = crm.make.contact(first_name="Ada")
    made = company("Acme", people=(ada,), tags=["VIP"])
    with crm.work("Admin") as work, work.begin():
        assert mass.to_bin(work, [made]) == 1
    browser = crm.client()
    with crm.work("Admin") as work:
        assert queries.page(work, queries.CompanyQuery(q="acme")).rows == []
        with pytest.raises(NotFound):
            services.get(work, made)
    link = f'href="/companies/{made}"'
    assert link not in browser.get(f"/contacts/{ada}").text
    with crm.work("Admin") as work, work.begin():
        assert mass.restore(work, [made]) == 1
    assert link in browser.get(f"/contacts/{ada}").text
    with crm.work("Admin") as work, work.begin():
        mass.to_bin(work, [made])
    clock.move(days=31)
    with crm.work() as work, work.begin():
        assert mass.empty_bin(work) == 1
    with crm.work() as work:
        assert tags.of(work, "company", [made]) == {}
        assert work.session.query(JournalEntry).filter_by(object_type="company").count() == 0
        assert work.session.query(JournalEntry).filter_by(contact_id=ada).count() > 0


def test_statuses_are_a_list_of_their_own(crm: Host, company: Make) -> None:
    """They begin with three, are added, renamed and put in order; one in use goes only with an heir for its companies."""
    made = company("Acme", status="Vendor")
    with crm.work("Admin") as work, work.begin():
        assert [status.name for status in statuses.all_statuses(work)] == ["Lead", "Customer", "Vendor"]
        partner = statuses.add(work, "Partner")
        statuses.change(work, partner.id, "Close partner", "pink")
        assert statuses.reorder(work, [partner.id])[0].name == "Close partner"
        for name in ("", "lead", "a,b", "x" * 81):
            with pytest.raises(Invalid):
                statuses.add(work, name)
        vendor = statuses.find(work, "vendor")
        with pytest.raises(Invalid):
            statuses.delete(work, vendor.id)
        assert statuses.delete(work, vendor.id, "Close partner") == 1
    with crm.work("Read only") as work:
        assert services.get(work, made).status.name == "Close partner"
        with pytest.raises(Forbidden):
            statuses.add(work, "Mine")


def test_custom_fields_belong_to_companies_too(crm: Host) -> None:
    """A field is filled, searched and filtered by; a wrong value is refused at its field."""
    with crm.work("Admin") as work, work.begin():
        custom_fields.add(
            work, {"object": "company", "label": "Staff", "kind": "number", "key": "staff", "filterable": True}
        )
    with crm.work("Admin") as work, work.begin():
        small = services.create(work, {"name": "Small", "custom": {"staff": 3}}).id
        services.create(work, {"name": "Large", "custom.staff": "300"})
        with pytest.raises(Invalid) as refused:
            services.create(work, {"name": "Odd", "custom": {"staff": "many"}})
        assert "custom.staff" in refused.value.errors
    with crm.work("Admin") as work:
        found = queries.page(work, queries.CompanyQuery(filters={"custom.staff.to": "10"}))
        assert [row.id for row in found.rows] == [small]
