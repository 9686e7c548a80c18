"""Invoices in files: out and in again, and what is held on a person."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from crmhost.api import Contact, privacy
from crmhost.testing import Host
from plugins.invoices import files, services
from plugins.invoices.models import Invoice

from .conftest import Write, line, pay, seen


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    """A site with invoices."""
    return host("invoices", "csv_tools")


def _all(site: Host) -> list[Invoice]:
    with site.work() as work:
        return list(work.session.scalars(select(Invoice).order_by(Invoice.id)))


def test_what_is_exported_is_imported_again(site: Host, write: Write, tmp_path: Path) -> None:
    """Number, lines with taxes and discounts, totals, customer and tags come back to the cent; doing it twice adds none."""
    ada = site.make.contact(email="ada@example.com")
    lines = [line(9_999, "1.5", "20", discount="10%"), line(333, "3", "5.5")]
    write(site, contact=ada, lines=lines, shipping="7.50", discount="5", tags=["VIP"], reference="=1+1")
    write(site, contact=ada, lines=[line(100)], status="Draft")
    with site.work() as work:
        out = list(files.rows(work, {}))
        names = [name for name, _label in files.columns(work)]
    target = tmp_path / "invoices.csv"
    with target.open("w", newline="") as file:
        sheet = csv.DictWriter(file, names)
        sheet.writeheader()
        sheet.writerows({name: row.get(name, "") for name in names} for row in out)
    before = _all(site)
    with site.work() as work, work.begin():
        again = files.save(work, [{name: str(value) for name, value in out[0].items() if value}], "number", "update")
    assert [result.outcome for result in again] == ["skipped"]
    with site.work() as work, work.begin():
        for one in work.session.scalars(select(Invoice)):
            work.session.delete(one)
    done = site.cli("import", "invoices", str(target), "--match", "number")
    assert done.exit_code == 0, done.output
    after = _all(site)
    for old, new in zip(before, after, strict=True):
        for name in (
            "number",
            "state",
            "total",
            "tax",
            "discount",
            "shipping",
            "document",
            "contact_id",
            "reference",
            "date",
        ):
            assert getattr(new, name) == getattr(old, name), name
    assert site.faults() == []


def test_bad_rows_are_refused_one_by_one(site: Host) -> None:
    """Each says why, the good ones are stored, numbers stay, and undoing voids what has a number."""
    rows = [
        {"number": "X-1", "email": "new@example.com", "total": "12.50", "date": "2026-01-02"},
        {"number": "X-1", "email": "new@example.com", "total": "1"},
        {"number": "X-2", "email": "nobody", "total": "1"},
        {"number": "X-3", "email": "new@example.com", "lines": "{"},
        {"number": "X-4", "email": "new@example.com", "total": "much"},
        {"number": "X-5", "total": "1"},
        {"email": "new@example.com", "total": "3", "status": "Draft"},
    ]
    with site.work() as work, work.begin():
        results = files.save(work, rows, "number", "skip")
    assert [result.outcome for result in results] == [
        "added", "skipped", "refused", "refused", "refused", "refused", "added",
    ]  # fmt: skip
    assert all(result.reasons for result in results if result.outcome == "refused")
    with site.work() as work, work.begin():
        assert files.undo(work, results) == []
    assert [(one.number, one.state, bool(one.deleted_at)) for one in _all(site)] == [
        ("X-1", "void", False), (None, "draft", True),
    ]  # fmt: skip
    text = io.StringIO(site.cli("export", "invoices").output)
    assert json.loads(next(csv.DictReader(text))["lines"])[0]["title"] == "X-1"


def test_a_person_is_told_and_forgotten(site: Host, write: Write) -> None:
    """The archive lists the invoices; erasing keeps numbered ones without the person, and drafts go."""
    ada = site.make.contact(email="ada@example.com")
    kept = write(site, 5_000, ada, notes="For Ada", lines=[{**line(5_000), "title": "Portrait"}])
    draft = write(site, 100, ada, status="Draft")
    pay(site, kept, 5_000)
    with site.work() as work:
        archive = json.dumps(work.hooks.call("contact_personal_data", work=work, contact_id=ada), default=str)
    assert "Portrait" in archive
    with site.work() as work, work.begin():
        privacy.erase(work, ada)
        assert work.session.get(Contact, ada) is None
    after = seen(site, kept)
    assert (after.contact_id, after.notes, after.total, after.paid) == (None, "", 5_000, 5_000)
    with site.work() as work:
        assert work.session.get(Invoice, draft) is None
        assert services.by_number(work, ["INV-0001"]) == {"inv-0001": kept}
    assert site.client().get(f"/invoices/{kept}").status_code == 200
    assert site.faults() == []
