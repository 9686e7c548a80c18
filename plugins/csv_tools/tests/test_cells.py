"""Cells: safe in spreadsheets, and dates of other programs."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.csv_tools.cells import date_order, guard, iso_date, unguard

PAYLOADS = (
    "=1+1",
    '=HYPERLINK("http://example.com","x")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "'=1+1",
    "＝1+1",
)


@pytest.mark.parametrize("text", PAYLOADS)
def test_guard(text: str) -> None:
    """What a spreadsheet would run begins with an apostrophe, and comes back as it was."""
    assert guard(text) == f"'{text}"
    assert unguard(guard(text)) == text


@given(st.text(st.sampled_from("'=+-@\t\r a1")))
def test_guard_is_undone(text: str) -> None:
    """Any text comes back as it was, and none that was guarded can run."""
    assert unguard(guard(text)) == text
    assert guard(text)[:1] not in tuple("=+-@\t\r")


@pytest.mark.parametrize("text", ["O'Neil", "'quoted'", "1-2", "a=b", "", "a@example.com"])
def test_guard_leaves_alone(text: str) -> None:
    """Plain text stays as it is, both ways."""
    assert guard(text) == unguard(text) == text


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2023-05-06T07:08:09.000+0000", "dmy", "2023-05-06T07:08:09.000+0000"),
        ("2023-05-06 07:08:09", "mdy", "2023-05-06 07:08:09"),
        ("2024-02-29", "dmy", "2024-02-29"),
        ("06-05-2023 07:08", "dmy", "2023-05-06T07:08:00"),
        ("06-05-2023 07:08", "mdy", "2023-06-05T07:08:00"),
        ("5/6/23", "mdy", "2023-05-06"),
        ("5/6/99", "mdy", "1999-05-06"),
        ("5/6/2023 7:08 PM", "mdy", "2023-05-06T19:08:00"),
        ("12/31/2023 12:00 AM", "mdy", "2023-12-31T00:00:00"),
        ("6 May 2023", "dmy", "2023-05-06"),
        ("May 6, 2023", "dmy", "2023-05-06"),
        ("6-mai-2023", "dmy", "2023-05-06"),
        ("6 février 2023", "dmy", "2023-02-06"),
        ("6 juillet 2023 à 14:30", "dmy", "2023-07-06T14:30:00"),
        ("2023/5/6", "mdy", "2023-05-06"),
        ("2023.5.6 7:08:09", "mdy", "2023-05-06T07:08:09"),
        ("2023-05-06 07:08:09 UTC", "dmy", "2023-05-06T07:08:09+00:00"),
        ("0/0/00", "dmy", ""),
        ("0000-00-00 00:00:00", "dmy", ""),
        ("31/02/2023", "dmy", "31/02/2023"),
        ("yesterday", "dmy", "yesterday"),
        ("5/6", "dmy", "5/6"),
    ],
)
def test_dates(text: str, order: str, expected: str) -> None:
    """Dates as programs write them become ISO 8601; “0/0/00” is none; what is not understood stays."""
    assert iso_date(text, order) == expected  # type: ignore[arg-type]


@given(st.dates(dt.date(1950, 1, 1), dt.date(2049, 12, 31)))
def test_day_first_and_month_first(moment: dt.date) -> None:
    """Both orders are read back."""
    day = moment.isoformat()
    assert iso_date(moment.strftime("%d/%m/%Y"), "dmy") == day
    assert iso_date(moment.strftime("%m/%d/%Y"), "mdy") == day
    assert iso_date(moment.strftime("%d.%m.%y"), "dmy") == day


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["06-05-2023", "29-02-2024"], "dmy"),
        (["06/05/2023", "12/31/2022"], "mdy"),
        (["06/05/2023 7:08 PM"], "mdy"),
        (["06/05/2023", "2023-12-31", ""], None),
    ],
)
def test_order(values: list[str], expected: str | None) -> None:
    """The order is told by the first date that can't be read the other way."""
    assert date_order(values) == expected


@given(st.text(max_size=40))
def test_anything(text: str) -> None:
    """No text makes it fail."""
    assert isinstance(iso_date(text, "dmy"), str)
    date_order([text])
