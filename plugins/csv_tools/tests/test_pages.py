"""The pages of import and export, as a browser uses them."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from crmhost.api import Contact, File, Status, contacts
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
        if selected or first:
            found[name] = (selected or first)[1]
    return found


TEXT = "E-mail,Given name,Stage\na@example.com,Ann,customer\nbroken,Bob,\nc@example.com,Cid,\n"


def walk(browser: Browser, address: str, **changes: str) -> Any:
    """Goes through the steps from the columns on, with some choices changed, and begins the import."""
    for step in ("columns", "matches"):
        given = choices(browser.get(f"{address}/{step}").text)
        answer = browser.post(f"{address}/{step}", **{**given, **{k: v for k, v in changes.items() if k in given}})
        assert answer.status_code == 303, answer.text
    return begin(browser, address)


def begin(browser: Browser, address: str, action: str = "start") -> Any:
    """Presses a button of the last step."""
    stamp = re.search(r'name="stamp" value="(\w+)"', browser.get(f"{address}/check").text)
    assert stamp is not None
    return browser.post(f"{address}/check", stamp=stamp[1], action=action)


def uploaded(browser: Browser, text: str | bytes, name: str = "people.csv") -> str:
    """Uploads a file; gives the address of its import."""
    answer = browser.upload(text, name)
    assert answer.status_code == 303, answer.text
    return str(answer.location).removesuffix("/columns")


def test_wizard(host: Hosts) -> None:
    """Upload, columns, matches, a look at the problems, import, report with the refused rows, undo."""
    made = host("csv_tools")
    browser = Browser(made)
    assert "Which file?" in browser.get("/csv-tools/import").text
    address = uploaded(browser, TEXT)
    assert browser.get(address).location == f"{address}/columns"
    page = browser.get(f"{address}/columns").text
    assert "3 rows" in page
    assert "1 column is left out" in page
    given = choices(page)
    assert (given["column-0"], given["column-1"], given["column-2"]) == ("email", "first_name", "")
    answer = browser.post(f"{address}/columns", **{**given, "column-2": "status"})
    assert answer.location == f"{address}/matches"
    assert choices(browser.get(f"{address}/columns").text)["column-2"] == "status"
    answer = browser.post(f"{address}/matches", match_by="email", mode="fill", **{"give-tags": "Fair 2026"})
    assert answer.location == f"{address}/check"
    page = browser.get(f"{address}/check").text
    assert "2 added, 0 updated, 0 skipped, 1 refused" in page
    assert "What would happen to all 3 rows" in page
    assert "not an e-mail address" in page
    assert number_of(made) == 0
    answer = begin(browser, address)
    assert answer.location == address
    # Whoever comes back to a step is led to what became of it.
    assert browser.get(f"{address}/columns").location == address
    made.run_jobs()
    page = browser.get(address).text
    assert "Rows to look at" in page
    assert number_of(made) == 2
    assert "Fair 2026" in browser.get("/contacts/").text
    assert number_of(made, File) == 0
    refused = browser.get(f"{address}/refused.csv")
    assert refused.headers["Content-Disposition"] == "attachment; filename=people-refused.csv"
    assert refused.text.splitlines()[1].startswith("3,")
    browser.post("/account/language", language="fr")
    assert "n’est pas une adresse e-mail" in browser.get(address).text
    lines = browser.get(f"{address}/refused.csv").text.splitlines()
    assert lines[0].startswith("Ligne,Raison du refus")
    assert "n’est pas une adresse e-mail" in lines[1]
    with made.work("Admin") as work:
        ann = work.session.scalars(select(Contact.id).where(Contact.email == "a@example.com")).one()
    assert "Import de people.csv, ligne 2" in browser.get(f"/contacts/{ann}").text
    assert "2 contacts importés\u00a0: Import de people.csv" in browser.get("/").text
    browser.post("/account/language", language="en")
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
    address = uploaded(browser, "E-mail,Shoe size\na@example.com,43\nb@example.com,big\n")
    page = browser.get(f"{address}/columns").text
    assert 'value="+number"' in page
    assert browser.post(f"{address}/columns", **{**choices(page), "column-1": "+choice"}).status_code == 422
    assert walk(browser, address, **{"column-1": "+number"}).status_code == 303
    made.run_jobs()
    with made.work() as work:
        stored = work.session.scalars(select(Contact).order_by(Contact.id)).all()
        assert [contact.custom for contact in stored] == [{"shoe_size": 43}, {}]
        assert stored[1].notes == "Shoe size: big"


def test_remembered(host: Hosts) -> None:
    """A file with the same columns as one before is mapped as a person did it then."""
    made = host("csv_tools")
    browser = Browser(made)
    walk(browser, uploaded(browser, "E-mail,Nick\na@example.com,A\n"), **{"column-1": "first_name"})
    page = browser.get(f"{uploaded(browser, 'e-mail,NICK' + chr(10) + 'b@example.com,B')}/columns").text
    assert choices(page)["column-1"] == "first_name"
    assert "As it was for people.csv" in page


def test_saved_mappings(host: Hosts) -> None:
    """A mapping that is kept under a name is proposed for such files, used on others by hand, and can be deleted."""
    made = host("csv_tools")
    browser = Browser(made)
    address = uploaded(browser, "Mail,Who\na@example.com,A\n")
    fields = {"column-0": "email", "column-1": "last_name", "action": "save"}
    assert browser.post(f"{address}/columns", **fields, name=" ").status_code == 422
    assert browser.post(f"{address}/columns", **fields, name="The fair").location == f"{address}/columns"
    page = browser.get(f"{uploaded(browser, TWO_COLUMNS)}/columns").text
    assert (choices(page)["column-1"], "As saved under “The fair”" in page) == ("last_name", True)
    other = uploaded(browser, "Mail,Town,Who\na@example.com,X,A\n")
    assert choices(browser.get(f"{other}/columns").text)["column-2"] == ""
    browser.post(f"{other}/use", saved="1")
    given = choices(browser.get(f"{other}/columns").text)
    assert [given[f"column-{index}"] for index in range(3)] == ["email", "", "last_name"]
    assert browser.post(f"{other}/use", saved="99").status_code == 303
    browser.post(f"{other}/forget", saved="1")
    assert "The fair" not in browser.get(f"{uploaded(browser, TWO_COLUMNS)}/columns").text


TWO_COLUMNS = "Mail,Who\nb@example.com,B\n"


def test_words_of_the_file(host: Hosts) -> None:
    """Unknown statuses are asked about; what a person says holds for all rows, and for the next file with these columns."""
    made = host("csv_tools")
    browser = Browser(made)
    text = (
        "Email,Status\na@example.com,Opportunity\nb@example.com, opportunity\nc@example.com,lead\nd@example.com,Junk\n"
    )
    address = uploaded(browser, text)
    browser.post(f"{address}/columns", **choices(browser.get(f"{address}/columns").text))
    given = choices(browser.get(f"{address}/matches").text)
    assert {name for name in given if name.startswith("is-")} == {"is-status|Opportunity", "is-status|Junk"}
    browser.post(f"{address}/matches", **{**given, "is-status|Opportunity": "Customer", "is-status|Junk": "Nonsense"})
    page = browser.get(f"{address}/check").text
    assert page.count("<td>Customer</td>") == 2
    assert "There is no status “Junk”" in page
    begin(browser, address)
    made.run_jobs()
    with made.work() as work:
        stored = work.session.execute(select(Contact.email, Status.name).join(Status, Status.id == Contact.status_id))
        assert dict(stored.all()) == {"a@example.com": "Customer", "b@example.com": "Customer", "c@example.com": "Lead",
                                      "d@example.com": "Lead"}  # fmt: skip
    again = uploaded(browser, text)
    assert choices(browser.get(f"{again}/matches").text)["is-status|Opportunity"] == "Customer"


def test_other_format(host: Hosts) -> None:
    """Another encoding, separator or header is read at once; what was chosen for a column stays while it is there."""
    made = host("csv_tools")
    browser = Browser(made)
    address = uploaded(browser, "email;nick\na@example.com;Zoé\n".encode("cp1252"))
    given = choices(browser.get(f"{address}/columns").text)
    assert (given["encoding"], given["delimiter"], given["header"]) == ("cp1252", ";", "yes")
    browser.post(f"{address}/columns", **{**given, "column-1": "first_name"})
    browser.post(f"{address}/format", encoding="mac_roman")
    page = browser.get(f"{address}/columns").text
    assert choices(page)["column-1"] == "first_name"
    assert "Zoé" not in page
    browser.post(f"{address}/format", encoding="cp1252", delimiter=",")
    page = browser.get(f"{address}/columns").text
    assert "email;nick" in page
    # The form of before has two columns; in another window the file was read anew.
    answer = browser.post(f"{address}/columns", **given, signature="0" * 64)
    assert (answer.status_code, "in another window" in answer.text) == (409, True)
    browser.post(f"{address}/format", delimiter=";", header="no")
    page = browser.get(f"{address}/columns").text
    assert ("Zoé" in page, "Column 1" in page) == (True, True)
    browser.post(f"{address}/format", header="yes")
    assert choices(browser.get(f"{address}/columns").text)["column-0"] == "email"


def test_two_windows(host: Hosts) -> None:
    """An import begins with what its page showed: a page that is out of date says so instead."""
    made = host("csv_tools")
    browser = Browser(made)
    address = uploaded(browser, TEXT)
    given = choices(browser.get(f"{address}/columns").text)
    browser.post(f"{address}/columns", **given)
    browser.post(f"{address}/matches", mode="skip")
    old = re.search(r'name="stamp" value="(\w+)"', browser.get(f"{address}/check").text)
    browser.post(f"{address}/matches", mode="fill")
    assert old is not None
    answer = browser.post(f"{address}/check", stamp=old[1], action="start")
    assert (answer.status_code, "Look at it once more" in answer.text) == (409, True)
    assert begin(browser, address, "all").location == f"{address}/check"
    made.run_jobs()
    assert "What would happen to all 3 rows" in browser.get(f"{address}/check").text
    assert number_of(made) == 0


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
    address = uploaded(browser, TEXT, name="履歴書.csv")
    walk(browser, address)
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
    address = uploaded(browser, TEXT)
    for step, fields in (
        ("columns", {"column-0": "nonsense"}),
        ("columns", {"column-0": "email", "column-1": "email"}),
        ("columns", {"column-0": "", "column-1": ""}),
        ("matches", {"match_by": "nonsense"}),
        ("matches", {"mode": "nonsense"}),
    ):
        answer = browser.post(f"{address}/{step}", **fields)
        assert (answer.status_code, 'role="alert"' in answer.text) == (422, True), fields
    for step, fields in (
        ("matches", {"give-nonsense": "x", "give-status": "y" * 9000, "dates-x": "ymd"}),
        ("format", {"encoding": "zip", "delimiter": "\x00", "header": "maybe"}),
        ("use", {"saved": "9" * 40}),
        ("forget", {"saved": "nonsense"}),
    ):
        assert browser.post(f"{address}/{step}", **fields).status_code == 303, fields
    assert browser.post(f"{address}/check", action="start").status_code == 409
    assert number_of(made) == 0
    assert browser.get("/csv-tools/import/999").status_code == 404
    assert browser.get("/csv-tools/import/999/columns").status_code == 404
    assert browser.post("/csv-tools/import/999/go-on").status_code == 404


def test_markup_in_cells(host: Hosts) -> None:
    """Cells, headings and names of files are shown as text."""
    browser = Browser(host("csv_tools"))
    address = uploaded(browser, "email,<script>x</script>\n<script>y</script>@example.com,1\n", name="<script>z.csv")
    browser.post(f"{address}/columns", **{"column-0": "email", "column-1": "notes"})
    browser.post(f"{address}/matches", mode="update", **{"give-tags": "<script>t"})
    for step in ("columns", "matches", "check"):
        page = browser.get(f"{address}/{step}").text
        assert not re.search("<script>[xyzt]", page), step


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
    assert browser.post(f"{uploaded(browser, TEXT)}/discard").status_code == 303
    assert number_of(made, Run) == number_of(made, File) == 0
    address = uploaded(browser, TEXT)
    walk(browser, address)
    assert browser.post(f"{address}/discard").status_code == 409


def test_export(host: Hosts) -> None:
    """The file has the chosen people and columns, and is marked for Excel if that is wanted."""
    made = host("csv_tools")
    with made.work() as work, work.begin():
        contacts.create(work, {"email": "a@example.com", "status": "Customer", "first_name": "=x"})
        contacts.create(work, {"email": "b@example.com"})
    browser = Browser(made)
    led = re.search(
        r'href="(/csv-tools/export[^"]+)"', browser.get("/contacts/?status=Customer&not_contacted=1&rows=10").text
    )
    assert led is not None
    page = browser.get(html.unescape(led[1])).text
    assert choices(page)["f-status"] == "3"
    assert 'name="f-not_contacted" value="1"' in page
    assert "1 contact, as chosen here." in page
    fields = {**choices(page), "kind": "contacts", "columns": ["email", "first_name"], "delimiter": ";", "mark": "yes"}
    answer = browser.post("/csv-tools/export", **fields)
    assert answer.mimetype == "text/csv"
    assert re.fullmatch(r"attachment; filename=contacts-\d{4}-\d\d-\d\d\.csv", answer.headers["Content-Disposition"])
    assert answer.data == "\ufefffirst_name;email\r\n'=x;a@example.com\r\n".encode()
    page = browser.get("/csv-tools/export").text
    assert re.findall(r'name="columns" value="(\w+)" checked', page) == ["first_name", "email"]
    assert choices(page)["delimiter"] == ";"
    browser.post("/arrange/views/contacts", name="Late ones", back="/contacts/?not_contacted=30&tag=VIP")
    page = browser.get("/csv-tools/export").text
    assert '?not_contacted=30&amp;tag=VIP&amp;view=Late+ones">Late ones' in page
    answer = browser.post("/csv-tools/export", kind="contacts", **{"f-created_from": "nonsense"})
    assert (answer.status_code, "is not a day" in answer.text) == (422, True)
    assert browser.post("/csv-tools/export", kind="nothing").status_code in (404, 422)
