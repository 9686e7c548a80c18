"""The import in a real browser: dropping a file, the steps by keyboard, another format in place, back, and files of all kinds."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bench import sites
from bench.sites import Place
from tests.keyboard import loaded

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.database("sqlite")]


@pytest.fixture
def page(place: Place, open_tab: Callable[..., Page]) -> Page:
    """A tab of the admin of an empty site, who may be refused a file."""
    site = place.site()
    token = sites.session_token(site)
    site.close()
    return open_tab(place, token, forgiven=("422",))


def write(path: Path, rows: list[list[str]], delimiter: str = ",") -> Path:
    """A CSV file."""
    with path.open("w", encoding="cp1252", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def test_the_steps(page: Page, tmp_path: Path) -> None:
    """What is chosen at a step is still there after going back; another encoding is shown without leaving the page."""
    file = write(tmp_path / "fair.csv", [["Mail", "Who"], ["zoe@example.com", "Zoé"], ["broken", "Bob"]], ";")
    page.goto("/csv-tools/import")
    with page.expect_file_chooser() as chooser:
        page.get_by_label("Drop a CSV file here").click()
    chooser.value.set_files(file)
    expect(page.locator("[data-file-name]")).to_have_text("fair.csv")
    page.get_by_role("button", name="Look at the file").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name="Zoé")).to_be_visible()
    page.evaluate("document.body.dataset.same = 'yes'")
    loaded(page)
    page.get_by_label("Characters").select_option("Western (old Macintosh)")
    expect(page.get_by_role("cell", name="Zoé")).to_have_count(0)
    page.get_by_label("Characters").select_option("Western (Windows-1252)")
    expect(page.get_by_role("cell", name="Zoé")).to_be_visible()
    assert page.evaluate("document.body.dataset.same") == "yes"
    page.get_by_label("Mail").select_option("E-mail")
    page.get_by_label("Who").select_option("E-mail")
    page.get_by_role("button", name="Next: who is here already").click()
    expect(page.get_by_role("alert")).to_contain_text("Two columns go to")
    expect(page.get_by_text("Two columns go there")).to_have_count(2)
    page.get_by_label("Who").select_option("First name")
    page.get_by_label("Who").focus()
    loaded(page)
    page.keyboard.press("Control+Enter")
    page.get_by_label("Fill in what is missing").check()
    page.get_by_role("button", name="Next: check the rows").click()
    expect(page.locator("main")).to_contain_text("1 added, 0 updated, 0 skipped, 1 refused")
    page.go_back()
    expect(page.get_by_label("Fill in what is missing")).to_be_checked()
    page.get_by_role("link", name="Columns").click()
    expect(page.get_by_label("Who")).to_have_value("first_name")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Next: who is here already").click()
    page.get_by_role("button", name="Next: check the rows").click()
    expect(page.get_by_role("button", name="Import 2 rows")).to_be_visible()


def test_files_of_all_kinds(page: Page, tmp_path: Path) -> None:
    """A workbook, a picture and an empty file are refused with what to do; a file of two thousand columns is shown."""
    for name, data, said in (
        ("book.xlsx", b"PK\x03\x04" + bytes(200), "Save the table as"),
        ("face.csv", b"\x89PNG\r\n\x1a\n" + bytes(200), "This is a picture"),
        ("empty.csv", b"", "The file is empty"),
        ("blank.csv", b"\xef\xbb\xbf\r\n\r\n", "The file is empty"),
    ):
        (tmp_path / name).write_bytes(data)
        page.goto("/csv-tools/import")
        page.get_by_label("Drop a CSV file here").set_input_files(tmp_path / name)
        page.get_by_role("button", name="Look at the file").click()
        expect(page.locator("main")).to_contain_text(said)
    wide = write(
        tmp_path / "wide.csv", [["Email", *(f"Field {n}" for n in range(2000))], ["a@example.com", *(["x"] * 2000)]]
    )
    page.goto("/csv-tools/import")
    page.get_by_label("Drop a CSV file here").set_input_files(wide)
    page.get_by_role("button", name="Look at the file").click()
    expect(page.get_by_text("The file has 2,001 columns")).to_be_visible()
    page.get_by_role("button", name="Next: who is here already").click()
    page.get_by_role("button", name="Next: check the rows").click()
    expect(page.get_by_role("button", name="Import 1 row")).to_be_visible()
