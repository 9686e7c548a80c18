"""Files on the pages of records of every kind, several as one ZIP, and files that go with a mail."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import pytest
from sqlalchemy import select

from crmhost.api import mail, records
from crmhost.testing import Host
from plugins.files import services, zipping
from plugins.files.tests.conftest import Shelf, picture
from plugins.invoices import services as invoices
from plugins.quotes import services as quotes
from plugins.transactions import services as transactions


@pytest.fixture
def firm(host: Callable[..., Host]) -> Shelf:
    """A site with records of every kind that comes along."""
    return Shelf(host("files", "companies", "transactions", "invoices", "quotes"))


def _one_of_each(shelf: Shelf) -> dict[str, int]:
    """A record of each kind, of the contact Ann."""
    line = {"title": "Work", "quantity": "1", "unit_price": "10"}
    with shelf.crm.work() as work, work.begin():
        found = {
            "contact": shelf.ann,
            "company": work.service("companies").create({"name": "Acme"}, source="manual").id,
        }
        found["invoice"] = invoices.create(work, {"contact_id": shelf.ann, "lines": [line], "status": "Unpaid"}).id
        text = "<p>Our offer.</p>"
        found["quote"] = quotes.create(
            work, {"title": "Roof", "contact_id": shelf.ann, "lines": [line], "content": text}
        ).id
        found["transaction"] = transactions.create(work, {"ref": "T1", "name": "Roof", "total": "10"}).id
        return found


def test_every_kind_of_record_takes_files(firm: Shelf) -> None:
    """The tab stands on each page with the script that sends, takes files, counts them, and is gone for who may see none."""
    client, limited = firm.crm.client(), firm.crm.client("CRM manager", only_assigned=True)
    kinds = _one_of_each(firm)
    with firm.crm.work() as work:
        assert set(records.kinds(work)) == set(kinds)
        pages = {name: f"{kind.endpoint.partition('.')[0]}" for name, kind in records.kinds(work).items()}
    for kind, number in kinds.items():
        sent = client.post(f"/files/to/{kind}/{number}", data={"file": [(io.BytesIO(b"hello"), f"{kind}.txt")]})
        assert sent.location.startswith(f"/{pages[kind]}/{number}"), kind
        page = client.get(sent.location).text
        assert f"{kind}.txt" in page, kind
        assert "files.js" in page, kind
        assert re.search(r'Files<span class="crm-count">1<', page), kind
        hidden = limited.post(f"/files/to/{kind}/{number}", data={"file": [(io.BytesIO(b"x"), "x.txt")]})
        assert hidden.status_code in (403, 404), kind
    assert f'href="/quotes/{kinds["quote"]}' in client.get("/files/").text
    with firm.crm.work() as work, work.begin():
        quotes.delete(work, [kinds["quote"]])
    firm.crm.clock.move(days=400)
    with firm.crm.work() as work, work.begin():
        quotes.empty_bin(work)
    with firm.crm.work() as work, work.begin():
        assert services.empty_bin(work) == 1
    assert firm.crm.faults() == []


def test_several_files_come_as_one_zip(firm: Shelf) -> None:
    """Chosen on a tab, or in the list; two of one name are told apart; what one may not see is left out; too much is refused."""
    crm, client = firm.crm, firm.crm.client()
    kinds = _one_of_each(firm)
    mine = [firm.add(b"one", "../Plan.txt"), firm.add(b"two", "plan.TXT"), firm.add(picture(), "roof.png")]
    other = firm.add(b"three", "plan.txt", object_type="quote", object_id=kinds["quote"])
    answer = client.get(f"/files/zip?object_type=contact&object_id={firm.ann}")
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (
        200,
        "application/zip",
        "no-store",
    )
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["Plan.txt", "plan (2).TXT", "roof.png"]
        assert packed.read("plan (2).TXT") == b"two"
    chosen = client.post("/files/", data={"do": "zip", "ids": [str(mine[2]), str(other), "999", "x"]})
    with zipfile.ZipFile(io.BytesIO(chosen.data)) as packed:
        assert packed.namelist() == ["roof.png", "plan.txt"]
    everything = client.post("/files/", data={"do": "zip", "everything": "1", "list": "/files/?q=plan"})
    with zipfile.ZipFile(io.BytesIO(everything.data)) as packed:
        assert len(packed.namelist()) == 3
    limited = crm.client("CRM manager", only_assigned=True)
    assert limited.get(f"/files/zip?object_type=contact&object_id={firm.ann}").status_code == 404
    assert limited.get("/files/zip?" + "&".join(f"id={one}" for one in mine)).status_code == 303
    for nothing in ("", "?id=x", f"?object_type=quote&object_id={kinds['quote']}&id=999"):
        assert client.get(f"/files/zip{nothing}").status_code == 303, nothing
    assert "Choose some files first" in client.get("/files/").text
    assert client.get("/files/zip?" + "&".join(f"id={one}" for one in range(1, 502))).status_code == 303
    assert "At most 500" in client.get("/files/").text
    assert zipping.unique(["a", "A", "a (2)", ".b", "c.d.e", "C.D.e"]) == [
        "a",
        "A (2)",
        "a (2) (2)",
        ".b",
        "c.d.e",
        "C.D (2).e",
    ]
    assert crm.faults() == []


def test_files_go_with_the_mail_of_their_record(firm: Shelf) -> None:
    """The form offers those of the quote or invoice alone; what went meanwhile, or is too large, is said at the field."""
    client, kinds = firm.crm.client(), _one_of_each(firm)
    numbers = {}
    for kind in ("quote", "invoice"):
        assert "Attach files too" not in client.get(f"/{kind}s/{kinds[kind]}/send").text
        numbers[kind] = firm.add(kind.encode(), f"{kind} terms.txt", object_type=kind, object_id=kinds[kind])
        assert f"{kind} terms.txt" in client.get(f"/{kind}s/{kinds[kind]}/send").text
    quote, invoice = f"/quotes/{kinds['quote']}/send", f"/invoices/{kinds['invoice']}/send"
    wanted = {"subject": "Quote", "content": "<p>{{ quote.link }}</p>", "files": [str(numbers["invoice"])]}
    assert client.post(quote, data=wanted).status_code == 422
    assert client.post(quote, data={**wanted, "files": [str(numbers["quote"])]}).status_code == 303
    to = {"to": "ann@example.com", "subject": "Invoice", "text": "See {{ invoice.link }}"}
    assert client.post(invoice, data={**to, "files": [str(numbers["invoice"])]}).status_code == 303
    firm.crm.run_jobs()
    with firm.crm.work() as work:
        sent = {
            one.subject: [item["name"] for item in one.attachments]
            for one in work.session.scalars(select(mail.MailMessage))
        }
    assert [names[1:] for names in (sent["Quote"], sent["Invoice"])] == [["quote terms.txt"], ["invoice terms.txt"]]
    with firm.crm.work() as work:
        shelf = work.service("files")
        assert shelf.attachments("quote", kinds["quote"], []) == []
        with pytest.raises(Exception, match="no longer there"):
            shelf.attachments("quote", kinds["quote"], [numbers["invoice"]])
    assert firm.crm.faults() == []
