"""What companies are worth, and demo data."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import func, select

from crmhost.testing import Host
from plugins.transactions import api
from plugins.transactions.models import Transaction
from plugins.transactions.tests.conftest import Books


def test_companies_have_values_too(host: Callable[..., Host]) -> None:
    """V15: the same rules by the links of companies; with their people each transaction counts once; page and API show it."""
    crm = host("transactions", "companies", "rest_api")
    books, client = Books(crm), crm.api()
    made = client.post("/api/v1/companies", json={"name": "Acme"})
    company = made.json["data"]["id"]
    ada = crm.make.contact()
    assert client.post(f"/api/v1/companies/{company}/contacts", json={"contact_id": ada, "role": ""}).status_code == 204
    books.add(10_000, company_id=company)
    books.add(2_500, company_id=company, type="Refund", contact_id=ada)
    books.add(3_000, company_id=company, status="Failed")
    books.add(700, contact_id=ada)
    assert books.total(company, "company") == {"EUR": 7_500}
    assert books.total(ada) == {"EUR": -1_800}
    page = crm.client().get(f"/companies/{company}?tab=transactions")
    assert "€75.00" in page.text
    assert "T1" in page.text
    address = f"/api/v1/companies/{company}"
    assert client.get(address).json["data"]["value"]["total"] == {"amount": 7_500, "currency": "EUR"}
    crm.cli("settings", "set", "companies.value_with_contacts", "yes")
    assert client.get(address).json["data"]["value"]["total"] == {"amount": 8_200, "currency": "EUR"}
    crm.disable("companies")
    assert books.total(company, "company") == {"EUR": 7_500}
    assert crm.faults() == []


def test_demo_transactions_are_the_same_each_time(host: Callable[..., Host]) -> None:
    """As many as asked for, with values; loading them again adds none; without the extension it is refused."""
    crm = host("transactions")
    for _ in range(2):
        done = crm.cli("demo", "load", "--contacts", "20", "--transactions", "60", "--seed", "3")
        assert done.exit_code == 0, done.output
        with crm.work() as work:
            assert work.session.scalar(select(func.count()).select_from(Transaction)) == 60
            assert (work.session.scalar(select(func.count()).select_from(api.Value)) or 0) > 5
    assert crm.faults() == []
    crm.disable("transactions")
    assert crm.cli("demo", "load", "--contacts", "5", "--transactions", "5").exit_code == 1
