"""Files as other programs write them: the real layouts beside the checkout, and a small one of our own."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from crmhost.api import Contact, ContactEmail, ExternalId, Tag, Tagging
from crmhost.testing import Host
from plugins.csv_tools import proposing
from plugins.csv_tools.contacts_in import UNSUBSCRIBED
from plugins.csv_tools.reading import CsvTable
from plugins.csv_tools.sniff import sniff

from .conftest import CSV_DATA, Bring

Hosts = Callable[..., Host]

#: What the expectations call a field, and what it may be here.
FIELDS = {
    "phone": {"mobile_phone", "work_phone"},
    "phone_mobile": {"mobile_phone"},
    "city": {"address1_city"},
    "country": {"address1_country"},
    "subscription status": {"status"},
}
LAYOUTS = (
    "activecampaign", "brevo_contacts", "google_contacts_2015", "google_contacts_2024", "hubspot_contacts",
    "jetpack_crm_contacts", "mailchimp_members", "outlook_contacts", "salesforce_leads", "zoho_leads",
)  # fmt: skip
#: Those whose exports are recognised by their headings.
PROGRAMS = {
    "google_contacts_2015": "Google Contacts", "google_contacts_2024": "Google Contacts", "hubspot_contacts": "HubSpot",
    "jetpack_crm_contacts": "Jetpack CRM", "mailchimp_members": "Mailchimp", "outlook_contacts": "Outlook",
    "salesforce_leads": "Salesforce", "zoho_leads": "Zoho CRM",
}  # fmt: skip
#: Files whose reference belongs to another version of them. Told from the file: a quotation mark in a cell that does not begin
#: with one is text, the signs that an earlier conversion put for the degrees are text too, and the last line needs no end.
OWN = {
    "spectrum_location_coordinates": [
        {
            "Contact Phone Number": "2095257564",
            "Location Coordinates": "37\ufffd36'37.8\"N 121\ufffd2'17.9\"W",
            "Cities": "Modesto",
            "Counties": "Stanislaus",
        }
    ],
}


def expected(name: str) -> dict[str, Any]:
    """What is expected of a file."""
    found: dict[str, Any] = json.loads((CSV_DATA / "EXPECTED_A.json").read_text("utf-8"))[name]
    return found


def state(host: Host) -> dict[str, dict[str, Any]]:
    """What is stored, by main e-mail or full name."""
    with host.work() as work:
        emails: dict[int, list[str]] = {}
        for email in work.session.scalars(select(ContactEmail).order_by(ContactEmail.main.desc(), ContactEmail.id)):
            emails.setdefault(email.contact_id, []).append(email.email)
        tags: dict[int, set[str]] = {}
        for key, name in work.session.execute(select(Tagging.object_id, Tag.name).join(Tag, Tag.id == Tagging.tag_id)):
            tags.setdefault(key, set()).add(name)
        return {
            (contact.email or contact.name).lower(): {
                "contact": contact,
                "emails": emails.get(contact.id, []),
                "tags": tags.get(contact.id, set()),
            }
            for contact in work.session.scalars(select(Contact))
        }


@pytest.mark.database("sqlite")
@pytest.mark.shared
@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(host: Hosts, bring: Bring, name: str) -> None:
    """Exports of ten programs are understood without a word: columns, people, tags, those who want no mail."""
    told = expected(f"vendor_layouts/{name}.csv")
    made = host("csv_tools")
    done = bring(made, CSV_DATA / "vendor_layouts" / f"{name}.csv")
    goes = dict(zip(done.run.columns, done.run.mapping, strict=True))
    for column, field in told["map"].items():
        field = field.split(" (")[0]
        assert goes[column] in FIELDS.get(field, {field}), column
    assert done.run.origin.get("name", "") == PROGRAMS.get(name, "")
    assert done.run.handled == told["data_rows"]
    assert done.refused == {}
    found = state(made)
    assert len(found) == told["unique_emails"] + told["rows_without_email"]
    ada = found["ada.lovelace@example.com"]
    # The last row is the same person with another case; it is right.
    assert (ada["contact"].first_name, ada["contact"].last_name) == ("ada", "LOVELACE")
    assert found["oksana@example.net"]["contact"].last_name == "Шевченко"
    assert found["jean dupont"]["contact"].email == ""
    phones = found["jean dupont"]["contact"]
    assert "06 12 34 56 78" in (phones.mobile_phone, phones.work_phone)
    assert ada["tags"] >= set(told.get("tags_of_row1", ()))
    if name == "google_contacts_2015":
        assert ada["emails"] == ["ada.lovelace@example.com", "second.ada.lovelace@example.com"]
    if "must" in told or "Email Opt Out" in told["map"]:
        assert UNSUBSCRIBED in found["zoe@example.org"]["tags"]
        assert UNSUBSCRIBED not in ada["tags"]
    if told.get("embedded_newlines"):
        assert ada["contact"].notes.startswith("line 1\nline 2")
    created = [column for column, field in told["map"].items() if field.startswith("created_at")]
    if created:
        assert found["zoe@example.org"]["contact"].created_at.date().isoformat() == "2024-02-29"


def test_ids_of_the_program(host: Hosts, bring: Bring) -> None:
    """A preset keeps the ids of its program, by which a second export meets the same people; repeated ids are left out."""
    made = host("csv_tools")
    head = "Record ID,Lifecycle Stage,First Name,Title\n"
    done = bring(made, f"{head}71,customer,Ada,Dr\n72,lead,Bob,\n")
    assert done.run.mapping == ["external_id", "status", "first_name", ""]
    again = bring(made, f"{head}72,lead,Robert,\n", match_by="external_id")
    assert again.figures == (0, 1, 0, 0)
    with made.work() as work:
        kept = work.session.scalars(select(ExternalId).order_by(ExternalId.external_id)).all()
        assert [(item.source, item.external_id) for item in kept] == [("hubspot", "71"), ("hubspot", "72")]
    repeated = "Record ID,Lifecycle Stage,First Name,Email\n1,lead,Cid,c@example.com\n1,lead,Dan,d@example.com\n"
    assert bring(made, repeated).run.mapping == ["", "status", "first_name", "email"]


def test_own_layout(host: Hosts, bring: Bring) -> None:
    """A layout like Mailchimp's, with its quoted list of tags inside a cell."""
    made = host("csv_tools")
    done = bring(
        made,
        'Email Address,First Name,OPTIN_TIME,MEMBER_RATING,TAGS\nada@example.com,Ada,2023-05-06 07:08:09,2,"""lead"",""vip"""\n',
    )
    assert done.run.mapping == ["email", "first_name", "created_at", "", "tags"]
    assert state(made)["ada@example.com"]["tags"] == {"lead", "vip"}


@pytest.mark.database("sqlite")
@pytest.mark.shared
@pytest.mark.parametrize("name", ["utf8_bom", "utf16le_bom", "cp1252", "semicolon"])
def test_encodings(host: Hosts, bring: Bring, name: str) -> None:
    """Encodings and delimiters are found out, and the people are the same."""
    told = expected(f"messy/{name}.csv")
    path = CSV_DATA / "messy" / f"{name}.csv"
    found = sniff(lambda: path.open("rb"))
    assert found.delimiter == told["delimiter"]
    assert found.encoding.startswith(told.get("encoding", "utf-8").removesuffix("-sig"))
    made = host("csv_tools")
    assert bring(made, path).figures == (told["data_rows"], 0, 0, 0)
    people = state(made)
    assert list(people) == told["emails"]
    assert people["a@example.com"]["contact"].notes == 'He said "hi"'
    assert people["b@example.com"]["contact"].notes == "line 1\nline 2"
    assert people["b@example.com"]["contact"].last_name == "Ærøskøbing"
    assert people["c@example.com"]["contact"].notes == "semi;colon, comma"


@pytest.mark.shared
@pytest.mark.parametrize("mode", ["update", "skip"])
def test_duplicates(host: Hosts, bring: Bring, mode: str) -> None:
    """Repeated people are one contact each: the last row wins when updating, the first when skipping."""
    told = expected("messy/duplicates.csv")
    made = host("csv_tools")
    done = bring(made, CSV_DATA / "messy" / "duplicates.csv", mode=mode)
    people = state(made)
    assert len(people) == done.run.added == told["contacts_created"]
    assert set(people) == set(told["addresses"])
    wins = told["update_mode_last_wins" if mode == "update" else "skip_mode_first_wins"]
    assert {email: people[email]["contact"].first_name for email in wins} == wins


@pytest.mark.database("sqlite")
@pytest.mark.shared
def test_invalid_emails(host: Hosts, bring: Bring) -> None:
    """Addresses that are none are refused with their row and a reason; all others come in."""
    told = expected("messy/invalid_emails.csv")
    made = host("csv_tools")
    done = bring(made, CSV_DATA / "messy" / "invalid_emails.csv")
    lines = (CSV_DATA / "messy" / "invalid_emails.csv").read_text("utf-8").splitlines()
    refused = {lines[row - 1].rpartition(",")[0] for row in done.refused}
    assert set(told["reject"]) <= refused <= {*told["reject"], *told["either"]}
    assert {3, 4, 5, 6, 7, 8, 9, 12, 13} <= set(done.refused)
    assert done.run.handled == told["data_rows"]


@pytest.mark.shared
@pytest.mark.parametrize("path", sorted((CSV_DATA / "messy").glob("spectrum_*.csv")), ids=lambda path: path.stem)
def test_spectrum(path: Path) -> None:
    """Quotes, line breaks and empty cells are read as the reference says; where there is none, as the rules of CSV do."""
    wanted = OWN.get(path.stem) or json.loads(path.with_suffix(".json").read_text("utf-8"))
    table = CsvTable(lambda: path.open("rb"), sniff(lambda: path.open("rb")))
    found = [dict(zip(table.columns, record.cells, strict=True)) for record in table.rows()]
    assert found == [{key: text.replace("\r\n", "\n") for key, text in row.items()} for row in wanted]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["univocity_essential", "univocity_essential-dos", "univocity_essential-mac"])
def test_univocity(name: str) -> None:
    """The same table with three kinds of line ends, lines above it and broken rows in it."""
    path = CSV_DATA / "messy" / f"{name}.csv"
    table = CsvTable(lambda: path.open("rb"), sniff(lambda: path.open("rb")))
    assert table.columns == ["Year", "Make", "Model", "Description", "Price"]
    rows = list(table.rows())
    assert not any(record.problem for record in rows)
    assert rows[0].cells == ["1997", "Ford", "E350", "ac, abs, moon", "3000.00"]
    assert rows[1].cells[2] == 'Venture "Extended Edition"'
    assert len(rows) == 15


@pytest.mark.shared
def test_univocity_european() -> None:
    """Semicolons, decimal commas and quotation marks after backslashes."""
    path = CSV_DATA / "messy" / "univocity_european.csv"
    table = CsvTable(lambda: path.open("rb"), sniff(lambda: path.open("rb")))
    rows = [record.cells for record in table.rows()]
    assert rows[1] == ["1999", "Chevy", 'Venture "Extended Edition"', "", "4900,00"]
    assert rows[4][2] == 'Venture "Extended Edition"'


def test_hostile_cells(host: Hosts, bring: Bring) -> None:
    """Cells with markup, formulas, control characters and other scripts are stored as text or refused with a reason."""
    made = host("csv_tools")
    hostile = [
        "<script>alert(1)</script>",
        "=1+1",
        "'; DROP TABLE x;--",
        "a\x00b\x07",
        "\u202eevil",
        "😀" * 50,
        "x" * 5000,
        "%s%n",
    ]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["email", "first_name", "notes", "tags", "city", "created"])
    for number, cell in enumerate(hostile):
        writer.writerow([f"p{number}@example.com", cell, cell, cell, cell, cell])
    done = bring(made, text.getvalue())
    assert done.run.handled == len(hostile)
    assert done.run.added == len(hostile) - done.run.refused
    assert state(made)["p0@example.com"]["contact"].first_name == hostile[0]
    assert done.refused.keys() == {8}
    assert "too long" in done.refused[8]


def test_first_rows_decide_dates(host: Hosts) -> None:
    """Whether the day or the month comes first is told by the rows that can be read one way only."""
    made = host("csv_tools")
    data = b"email,created\na@example.com,06-05-2023\nb@example.com,29-02-2024\n"
    with made.work() as work:
        assert proposing.propose(work, "contacts", lambda: io.BytesIO(data)).dates == {"created_at": "dmy"}
        data = data.replace(b"29-02-2024", b"02-29-2024")
        assert proposing.propose(work, "contacts", lambda: io.BytesIO(data)).dates == {"created_at": "mdy"}
