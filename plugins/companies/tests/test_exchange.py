"""Companies from and to CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

from crmhost.testing import Host
from plugins.companies import exchange, queries, services

Make = Callable[..., int]

FILE = """name,status,tags,email,main_phone,address1_city,address1_country,assigned_to,external_id,notes
Acme,vendor,"VIP, Partner",info@example.com,+1 202 555 0100,Leeds,GB,admin@example.com,7,Good
Zenith,Unknown status,,,,,,,,
,lead,,,,,,,,No name
"""


def _rows(crm: Host) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(crm.cli("export", "companies").output)))


def test_rows_come_in_and_go_out(crm: Host, tmp_path: Path) -> None:
    """Good rows are added, an unknown status gets the default, a row without a name is refused; a second run updates."""
    crm.make.user("Admin", "admin@example.com")
    file = tmp_path / "companies.csv"
    file.write_text(FILE)
    done = crm.cli("import", "companies", str(file))
    assert done.exit_code == 0, done.output
    rows = _rows(crm)
    assert [(row["name"], row["status"]) for row in rows] == [("Acme", "Vendor"), ("Zenith", "Lead")]
    first = rows[0]
    assert (first["tags"], first["assigned_to"], first["address1_city"]) == (
        "Partner, VIP",
        "admin@example.com",
        "Leeds",
    )
    assert first["external_id"] == '[["import", "", "7"]]'
    again = tmp_path / "again.csv"
    again.write_text("name,main_phone\nACME,+1 202 555 0199\nZenith,1\n")
    assert crm.cli("import", "companies", str(again), "--mode", "fill").exit_code == 0
    assert [row["main_phone"].lstrip("'") for row in _rows(crm)] == ["+1 202 555 0100", "1"]


def test_an_export_comes_in_again(crm: Host, company: Make, tmp_path: Path) -> None:
    """What an export wrote gives the same companies on a site without any."""
    company(
        "Acme",
        tags=["A", "B"],
        address1={"city": "Leeds", "country": "GB"},
        social_x="@acme",
        external_ids=[("s", "", "1")],
    )
    text = crm.cli("export", "companies").output
    with crm.work() as work, work.begin():
        from plugins.companies import mass

        mass.to_bin(work, [1])
        mass.erase(work, 1)
    file = tmp_path / "companies.csv"
    file.write_text(text)
    assert crm.cli("import", "companies", str(file)).exit_code == 0
    [before], [after] = list(csv.DictReader(io.StringIO(text))), _rows(crm)
    told = {name for name in before if before[name] != after[name]}
    assert told <= {"id", "updated_at"}


def test_companies_are_recognised(crm: Host, company: Make) -> None:
    """By name, e-mail or an id in another system; the id is unique and tried after the others; doubles in a file are one."""
    acme = company("Acme", email="info@example.com", external_ids=[("shop", "", "7")])
    rows = [
        {"name": "ÁCME"},
        {"email": "INFO@example.com", "name": "Other"},
        {"external_id": "7", "external_source": "shop"},
    ]
    with crm.work() as work, work.begin():
        for row, match in zip(rows, ("name", "email", "external_id"), strict=True):
            assert exchange.save(work, [row], match, "skip")[0].id == acme
        twice = exchange.save(work, [{"name": "New"}, {"name": "new", "notes": "Again"}], "name", "update")
        assert (twice[0].id, [item.outcome for item in twice]) == (twice[1].id, ["added", "updated"])


def test_an_import_is_taken_back(crm: Host, company: Make) -> None:
    """What was added goes to the bin, what was changed is as before, what somebody edited since stays."""
    acme = company("Acme", notes="Old", status="Lead", tags=["Kept"])
    rows = [
        {"name": "Acme", "notes": "New", "status": "Vendor", "tags": "Added", "external_id": "1"},
        {"name": "B"},
        {"name": "C"},
    ]
    with crm.work() as work, work.begin():
        results = exchange.save(work, rows, "name", "update")
    with crm.work() as work, work.begin():
        services.update(work, results[2].id or 0, {"notes": "Edited"})
    with crm.work() as work, work.begin():
        assert exchange.undo(work, results) == [results[2].id]
    with crm.work() as work:
        assert [row.name for row in queries.page(work, queries.CompanyQuery()).rows] == ["Acme", "C"]
        found = services.get(work, acme)
        assert (found.notes, found.status.name) == ("Old", "Lead")
    row = _rows(crm)[0]
    assert (row["tags"], row["external_id"]) == ("Kept", "")


def test_hostile_cells_are_only_text(crm: Host, tmp_path: Path) -> None:
    """Formulas are defused on the way out; odd cells never fail an import."""
    file = tmp_path / "odd.csv"
    file.write_text('name,external_id,custom.none\n=1+1,"[[1",x\n"a,""b",2,\n')
    assert crm.cli("import", "companies", str(file)).exit_code == 0
    file.write_text("name\n=1+1\n")
    assert crm.cli("import", "companies", str(file)).exit_code == 0
    assert "'=1+1" in crm.cli("export", "companies").output
