"""Transactions from and to CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from crmhost.api import Contact
from crmhost.testing import Host
from plugins.transactions import api
from plugins.transactions.models import Transaction
from plugins.transactions.tests.conftest import Books

OWN = """ref,email,date,status,type,total,currency,tax,tags
A-1,ada@example.com,2026-03-31,Completed,Sale,12.50,EUR,2.50,"vip, spring"
A-2,ADA@example.com,2026-03-30T23:30:00Z,completed,Refund,-2.50,EUR,,
A-3,new@example.com,2026-03-29,Pending,Sale,1200,JPY,,
A-4,not an address,2026-03-29,Completed,Sale,1,EUR,,
A-5,,2026-03-29,Completed,Sale,1.234,EUR,,
A-5,,2026-03-29,Finished,Sale,1,EUR,,
A-1,,2026-03-29,Completed,Sale,99,EUR,,
"""


@pytest.fixture
def crm(host: Callable[..., Host]) -> Host:
    """A site with transactions and CSV."""
    return host("transactions", "csv_tools")


def test_rows_become_transactions_of_contacts(crm: Host, tmp_path: Path) -> None:
    """Contacts are found by e-mail or made, names fall back to the reference, a bad row is refused alone, a repeat updates; what
    was exported comes back as it was."""
    books, ada = Books(crm), crm.make.contact(first_name="Ada", email="ada@example.com")
    file = tmp_path / "own.csv"
    file.write_text(OWN)
    done = crm.cli("import", "transactions", str(file), "--json")
    told = json.loads(done.output)
    assert (told["added"], told["refused"]) == (3, 4), done.output
    with crm.work() as work:
        found = {one.ref: one for one in work.session.scalars(select(Transaction))}
        assert {ref: (one.name, one.total, one.currency, one.source) for ref, one in found.items()} == {
            "A-1": ("A-1", 1_250, "EUR", "import"), "A-2": ("A-2", 250, "EUR", "import"), "A-3": ("A-3", 1_200, "JPY", "import"),
        }  # fmt: skip
        assert found["A-1"].at.isoformat() == "2026-03-31T12:00:00+00:00"
        assert work.session.scalar(select(func.count()).select_from(Contact)) == 2
    assert books.total(ada) == {"EUR": 1_000}
    again = tmp_path / "again.csv"
    again.write_text("ref,total,currency,contact_email\nA-1,20,EUR,ada@example.com\n")
    assert json.loads(crm.cli("import", "transactions", str(again), "--json").output)["updated"] == 1
    assert books.total(ada) == {"EUR": 1_750}
    exported = crm.cli("export", "transactions").output
    rows = list(csv.DictReader(io.StringIO(exported)))
    assert [row["ref"] for row in rows] == ["A-1", "A-2", "A-3"]
    assert (rows[0]["total"], rows[0]["contact_email"], rows[0]["tags"]) == ("20.00", "ada@example.com", "spring, vip")
    assert rows[2]["total"] == "1200"
    back = tmp_path / "back.csv"
    back.write_text(exported)
    assert json.loads(crm.cli("import", "transactions", str(back), "--json").output)["skipped"] == 3
    assert crm.faults() == []


@pytest.mark.shared
@pytest.mark.database("sqlite")
def test_a_real_file_gives_its_known_sums(crm: Host, shared_data: Path) -> None:
    """6,919 sales of 2,357 customers: number, customers, and the sum of each month are those computed elsewhere."""
    sales = shared_data / "sales"
    expected = json.loads((sales / "cdnow_sample.expected.json").read_text())
    crm.cli("settings", "set", "site.currency", "USD")
    done = crm.cli("import", "transactions", str(sales / "cdnow_sample.transactions.csv"), "--json")
    assert json.loads(done.output)["added"] == expected["totals"]["transactions"]
    with crm.work() as work:
        assert work.session.scalar(select(func.count()).select_from(Contact)) == expected["totals"]["customers"]
        wanted = select(func.sum(api.Value.total), func.count()).where(api.Value.object_type == "contact")
        amount, number = work.session.execute(wanted).one()
        assert (f"{int(amount) / 100:.2f}", number) == (
            expected["totals"]["gross_revenue"],
            expected["totals"]["customers"],
        )
        months: dict[str, int] = {}
        for day, amount in work.session.execute(select(api.Day.day, api.Day.amount)):
            months[day.isoformat()[:7]] = months.get(day.isoformat()[:7], 0) + amount
        assert {row["month"]: row["gross_revenue"] for row in expected["monthly"]} == {
            month: f"{amount // 100}.{amount % 100:02d}" for month, amount in sorted(months.items())
        }
    assert crm.faults() == []
