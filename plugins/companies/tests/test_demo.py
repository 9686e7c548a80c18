"""Demo data and imports of contacts make companies and say who belongs to them."""

from __future__ import annotations

from pathlib import Path

from crmhost import demo
from crmhost.testing import Host
from plugins.companies import members, queries
from plugins.companies.models import Member


def test_demo_people_work_somewhere(crm: Host) -> None:
    """Companies with statuses and people; loading twice adds none, and nobody's address is a real one."""
    demo.load(crm.site, contacts=60)
    with crm.work() as work:
        made = queries.page(work, queries.CompanyQuery()).rows
        assert len(made) > 5
        assert {company.source for company in made} == {"demo"}
        assert all(".example." in company.email for company in made)
        assert work.session.query(Member).count() > 20
    demo.load(crm.site, contacts=60)
    with crm.work() as work:
        assert queries.count(work, queries.CompanyQuery()).number == len(made)


def test_imported_people_join_their_company(crm: Host, tmp_path: Path) -> None:
    """The column “company” finds or makes it, once for all rows; again it changes nothing; the notes stay free of it."""
    file = tmp_path / "people.csv"
    file.write_text(
        "email,company\na@example.com,Acme Ltd\nb@example.com,ACME LTD\nc@example.com,\nd@example.com,Zenith\n"
    )
    for _ in range(2):
        assert crm.cli("import", "contacts", str(file)).exit_code == 0
    with crm.work() as work:
        assert [company.name for company in queries.page(work, queries.CompanyQuery()).rows] == ["Acme Ltd", "Zenith"]
        found = members.companies_of(work, [1, 2, 3, 4])
        assert {key: [item.name for item in items] for key, items in found.items()} == {
            1: ["Acme Ltd"],
            2: ["Acme Ltd"],
            4: ["Zenith"],
        }
    assert crm.contact(1).notes == ""
    crm.disable("companies")
    file.write_text("email,company\ne@example.com,Acme Ltd\n")
    assert crm.cli("import", "contacts", str(file)).exit_code == 0
    assert crm.contact(5).notes == "Company: Acme Ltd"
