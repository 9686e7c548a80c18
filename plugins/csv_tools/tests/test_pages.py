"""The pages of import and export, as a browser uses them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from crmhost.api import Contact, File, contacts
from crmhost.testing import Host
from plugins.csv_tools.models import Run

Hosts = Callable[..., Host]


class Browser:
    """A signed-in browser that sends forms with their token."""

    def __init__(self, host: Host, role: str = "Admin") -> None:
        self.client = host.client(role)

    def get(self, address: str) -> Any:
        """A page."""
        return self.client.get(address)

    def post(
        self, address: str, page: str = "/csv-tools/import", headers: dict[str, str] | None = None, **fields: Any
    ) -> Any:
        """Sends a form with the token of a page."""
        found = re.search(r'name="csrf-token" content="([^"]+)"', self.get(page).text)
        assert found is not None
        data = {"csrf_token": found[1], **fields}
        return self.client.post(address, data=data, headers=headers, content_type="multipart/form-data")

    def upload(self, text: str | bytes, name: str = "people.csv") -> Any:
        """Uploads a file of contacts."""
        data = text.encode() if isinstance(text, str) else text
        return self.post("/csv-tools/import", kind="contacts", file=(io.BytesIO(data), name))


def number_of(host: Host, model: type[Any] = Contact) -> int:
    """How many contacts there are."""
    with host.work() as work:
        living = select(func.count()).select_from(model)
        return work.session.scalar(living.where(Contact.deleted_at.is_(None)) if model is Contact else living) or 0


def choices(page: str) -> dict[str, str]:
    """What the selects of a form hold."""
    found = {}
    for name, body in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        selected = re.search(r'<option value="([^"]*)" selected', body)
        first = re.search(r'<option value="([^"]*)"', body)
        assert first is not None
        found[name] = (selected or first)[1]
    return found


TEXT = "E-mail,Given name,Stage\na@example.com,Ann,customer\nbroken,Bob,\nc@example.com,Cid,\n"


def test_wizard(host: Hosts) -> None:
    """Upload, preview with problems, choose, import, report with the refused rows, undo."""
    made = host("csv_tools")
    browser = Browser(made)
    assert "Which file?" in browser.get("/csv-tools/import").text
    answer = browser.upload(TEXT)
    assert answer.status_code == 303
    address = answer.location
    page = browser.get(address).text
    assert "3 rows" in page
    assert "2 added, 0 updated, 0 skipped, 1 refused" in page
    assert "not an e-mail address" in page
    assert "1 column is left out: Stage" in page
    assert number_of(made) == 0
    given = choices(page)
    assert (given["column-0"], given["column-1"], given["column-2"]) == ("email", "first_name", "")
    answer = browser.post(address, **{**given, "column-2": "status", "action": "look"})
    assert answer.status_code == 303
    page = browser.get(address).text
    assert choices(page)["column-2"] == "status"
    assert "Every column goes somewhere" in page
    assert number_of(made) == 0
    answer = browser.post(address, **{**choices(page), "action": "start"})
    assert answer.status_code == 303
    made.run_jobs()
    page = browser.get(answer.location).text
    assert "Rows to look at" in page
    assert number_of(made) == 2
    assert number_of(made, File) == 0
    refused = browser.get(f"{address}/refused.csv")
    assert refused.headers["Content-Disposition"] == "attachment; filename=people-refused.csv"
    assert refused.text.splitlines()[1].startswith("3,")
    assert "people.csv" in browser.get("/csv-tools/import").text
    answer = browser.post(f"{address}/undo")
    assert answer.status_code == 303
    made.run_jobs()
    assert "This import was taken back" in browser.get(answer.location).text
    assert number_of(made) == 0


def test_a_column_becomes_a_new_custom_field(host: Hosts) -> None:
    """Chosen beside the fields there are, by who may add fields; its values are then read by its kind."""
    made = host("csv_tools")
    browser = Browser(made)
    address = browser.upload("E-mail,Shoe size\na@example.com,43\nb@example.com,big\n").location
    page = browser.get(address).text
    assert 'value="+number"' in page
    answer = browser.post(address, **{**choices(page), "column-1": "+choice", "action": "look"})
    assert answer.status_code == 422
    answer = browser.post(address, **{**choices(page), "column-1": "+number", "action": "start"})
    assert answer.status_code == 303
    made.run_jobs()
    with made.work() as work:
        stored = work.session.scalars(select(Contact).order_by(Contact.id)).all()
        assert [contact.custom for contact in stored] == [{"shoe_size": 43}, {}]
        assert stored[1].notes == "Shoe size: big"


def test_remembered(host: Hosts) -> None:
    """A file with the same columns as one before is mapped as a person did it then."""
    made = host("csv_tools")
    browser = Browser(made)
    address = browser.upload("E-mail,Nick\na@example.com,A\n").location
    given = choices(browser.get(address).text)
    browser.post(address, **{**given, "column-1": "first_name", "action": "start"})
    page = browser.get(browser.upload("e-mail,NICK\nb@example.com,B\n").location).text
    assert choices(page)["column-1"] == "first_name"


def test_other_format(host: Hosts) -> None:
    """Another encoding, separator or header gives other columns, which are then mapped anew; starting waits for another look."""
    made = host("csv_tools")
    browser = Browser(made)
    address = browser.upload("email;first_name\na@example.com;Zoé\n".encode("cp1252")).location
    given = choices(browser.get(address).text)
    assert (given["encoding"], given["delimiter"], given["header"]) == ("cp1252", ";", "yes")
    browser.post(address, **{**given, "delimiter": ",", "action": "start"})
    page = browser.get(address).text
    assert "email;first_name" in page
    assert number_of(made) == 0
    browser.post(address, **{**choices(page), "delimiter": ";", "action": "look"})
    assert "Zoé" in browser.get(address).text


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "The file is empty"), (b"PK\x03\x04xlsx", "Save the table as"), (b"email\n", "no rows below it")],
)
def test_no_table(host: Hosts, data: bytes, said: str) -> None:
    """What is no table is refused on the page, and nothing of it is kept."""
    made = host("csv_tools")
    answer = Browser(made).upload(data)
    assert answer.status_code == 422
    assert said in answer.text
    assert number_of(made, Run) == number_of(made, File) == 0


@pytest.mark.database("sqlite")
def test_names_of_any_script(host: Hosts) -> None:
    """A file whose name no header can hold is imported, and its refused rows can be downloaded under that name."""
    made = host("csv_tools")
    browser = Browser(made)
    address = browser.upload(TEXT, name="履歴書.csv").location
    browser.post(address, **{**choices(browser.get(address).text), "action": "start"})
    made.run_jobs()
    said = browser.get(f"{address}/refused.csv").headers["Content-Disposition"]
    assert said == "attachment; filename=-refused.csv; filename*=UTF-8''%E5%B1%A5%E6%AD%B4%E6%9B%B8-refused.csv"


def test_without_file(host: Hosts) -> None:
    """Sending the form without a file says so."""
    answer = Browser(host("csv_tools")).post("/csv-tools/import", kind="contacts")
    assert (answer.status_code, "Choose a file first" in answer.text) == (422, True)


def test_hostile_choices(host: Hosts) -> None:
    """Made-up choices are refused with a sentence or fall back to what was found out."""
    made = host("csv_tools")
    browser = Browser(made)
    address = browser.upload(TEXT).location
    for fields in (
        {"column-0": "nonsense", "action": "start"},
        {"column-0": "email", "column-1": "email", "action": "start"},
        {"column-0": "", "column-1": "", "action": "start"},
        {"column-0": "email", "match_by": "nonsense", "action": "start"},
        {"column-0": "email", "mode": "nonsense", "action": "start"},
        {"encoding": "zip", "delimiter": "\x00", "header": "maybe", "dates-x": "ymd", "action": "look"},
    ):
        assert browser.post(address, **fields).status_code in (303, 422), fields
    assert number_of(made) == 0
    assert browser.get("/csv-tools/import/999").status_code == 404
    assert browser.post("/csv-tools/import/999/go-on").status_code == 404


def test_markup_in_cells(host: Hosts) -> None:
    """Cells and names of files are shown as text."""
    browser = Browser(host("csv_tools"))
    answer = browser.upload("email,<script>x</script>\n<script>y</script>@example.com,1\n", name="<script>z.csv")
    page = browser.get(answer.location).text
    assert "<script>x" not in page
    assert "<script>y" not in page
    assert "<script>z" not in page


def test_permission(host: Hosts) -> None:
    """Whoever may not import or export sees neither the pages nor the menu items."""
    made = host("csv_tools")
    browser = Browser(made, "Read only")
    menu = browser.get("/contacts/").text
    for address in ("/csv-tools/import", "/csv-tools/export"):
        assert browser.get(address).status_code == 403
        assert f'href="{address}"' not in menu
        assert f'href="{address}"' in Browser(made).get("/contacts/").text
        assert Browser(made, "Contacts manager").get(address).status_code == 200


def test_throwing_away(host: Hosts) -> None:
    """A file that is not imported after all is thrown away; one that was can't be."""
    made = host("csv_tools")
    browser = Browser(made)
    address = browser.upload(TEXT).location
    assert browser.post(f"{address}/discard").status_code == 303
    assert number_of(made, Run) == number_of(made, File) == 0
    address = browser.upload(TEXT).location
    browser.post(address, **{**choices(browser.get(address).text), "action": "start"})
    assert browser.post(f"{address}/discard").status_code == 409


def test_export(host: Hosts) -> None:
    """The file has the chosen people and columns, and is marked for Excel if that is wanted."""
    made = host("csv_tools")
    with made.work() as work, work.begin():
        contacts.create(work, {"email": "a@example.com", "status": "Customer", "first_name": "=x"})
        contacts.create(work, {"email": "b@example.com"})
    browser = Browser(made)
    page = browser.get("/csv-tools/export?status=3").text
    assert choices(page)["f-status"] == "3"
    fields = {**choices(page), "kind": "contacts", "columns": ["email", "first_name"], "delimiter": ";", "mark": "yes"}
    answer = browser.post("/csv-tools/export", **fields)
    assert answer.mimetype == "text/csv"
    assert re.fullmatch(r"attachment; filename=contacts-\d{4}-\d\d-\d\d\.csv", answer.headers["Content-Disposition"])
    assert answer.data == "\ufefffirst_name;email\r\n'=x;a@example.com\r\n".encode()
    answer = browser.post("/csv-tools/export", kind="contacts", **{"f-created_from": "nonsense"})
    assert (answer.status_code, "is not a day" in answer.text) == (422, True)
    assert browser.post("/csv-tools/export", kind="nothing").status_code in (404, 422)
