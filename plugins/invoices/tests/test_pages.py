"""Pages of the invoices, and their parts of other pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from sqlalchemy import select

from crmhost.api import settings as site_settings
from crmhost.testing import Host
from plugins.invoices import crediting, recurring, services
from plugins.invoices.models import Invoice

from .conftest import Write, line, pay, seen, transact, worth

FORM = {
    "lines-sent": "1",
    "lines-0-title": "Oak table",
    "lines-0-quantity": "2",
    "lines-0-unit_price": "50.00",
    "lines-0-tax": "20 VAT",
    "reference": "PO 7",
    "date": "2026-03-01",
    "due_date": "2026-03-31",
    "currency": "EUR",
    "tags": "Urgent",
}


@pytest.fixture
def site(host: Callable[..., Host]) -> Host:
    """A site with invoices and a tax rate."""
    crm = host("invoices")
    with crm.work() as work, work.begin():
        site_settings.store(work, {"invoices.tax_rates": ["VAT 20"], "invoices.usual_tax": "VAT"})
    return crm


def _last(site: Host) -> Invoice:
    with site.work() as work:
        found = work.session.scalar(select(Invoice).order_by(Invoice.id.desc()).limit(1))
    assert found is not None
    return found


def test_an_invoice_is_written_issued_paid_and_credited(site: Host) -> None:
    """Draft, number, payment with a double press, credit note: each step by its page, each shown with its sums."""
    client, ada = site.client(), site.make.contact(first_name="Ada", last_name="Lovelace")
    assert "Ada Lovelace" in client.get(f"/invoices/new?contact_id={ada}").text
    wrong = client.post("/invoices/new", data={**FORM, "lines-0-quantity": "two", "contact": f"#{ada}"})
    assert wrong.status_code == 422
    for kept in ("two", "Oak table", "PO 7", "Ada Lovelace", "Urgent"):
        assert kept in wrong.text, kept
    made = client.post("/invoices/new", data={**FORM, "contact": f"#{ada}"})
    assert made.status_code == 303, made.text
    page = client.get(made.location).text
    for shown in ("Draft", "Oak table", "€120.00", "VAT 20 %", "PO 7", "Urgent", "Ada Lovelace"):
        assert shown in page, shown
    invoice = _last(site)
    assert client.post(f"{made.location}/payment", data={"amount": "1"}).status_code == 422
    client.post(f"{made.location}/issue")
    assert seen(site, invoice.id).state == "overdue"
    page = client.get(made.location).text
    assert "INV-0001" in page
    assert 'value="120.00"' in page
    once = {"amount": "20.00", "date": "2026-03-05", "key": "k1"}
    for _ in range(2):
        assert client.post(f"{made.location}/payment", data=once).status_code == 303
    assert seen(site, invoice.id).paid == 2_000
    assert client.post(f"{made.location}/payment", data={"amount": "x", "date": "y"}).status_code == 422
    client.post(f"{made.location}/credit")
    note = _last(site)
    assert note.total == -12_000
    assert client.get(f"/invoices/{note.id}").status_code == 200
    client.post(f"/invoices/{note.id}/delete")
    assert client.post(f"/invoices/{note.id}/restore").status_code == 303
    client.post(f"/invoices/{note.id}/issue")
    assert seen(site, invoice.id).state == "paid"
    assert "Paid too much" in client.get(made.location).text
    client.post(f"{made.location}/duplicate")
    assert _last(site).state == "draft"
    assert site.faults() == []


def test_payments_are_attached_detached_and_marked(site: Host, write: Write) -> None:
    """Marked as paid beside an equal transaction brings a hint; attaching it takes the place of the mark; both go back."""
    client, ada = site.client(), site.make.contact()
    invoice = write(site, 10_000, ada)
    address = f"/invoices/{invoice}"
    other = transact(site, 10_000, ada)
    client.post(f"{address}/paid")
    page = client.get(address).text
    assert "Was this the payment?" in page
    assert "without a transaction" in page
    client.post(f"{address}/attach", data={"transaction": str(other)})
    assert seen(site, invoice).paid_apart == 0
    assert seen(site, invoice).state == "paid"
    assert "Was this the payment?" not in client.get(address).text
    client.post(f"/invoices/{write(site)}/detach/{other}")
    assert seen(site, invoice).state == "paid"
    client.post(f"{address}/detach/{other}")
    assert seen(site, invoice).state == "unpaid"
    client.post(f"{address}/paid")
    client.post(f"{address}/paid", data={"do": "back"})
    assert seen(site, invoice).due == 10_000
    client.post(f"{address}/void", data={"reason": "<i>written twice</i>"})
    page = client.get(address).text
    assert "&lt;i&gt;written twice" in page
    assert client.get(f"{address}/edit").status_code == 303
    assert site.faults() == []


def test_two_who_save_see_both_versions(site: Host, write: Write) -> None:
    """The second to save sees what the first changed, lines too, and chooses; what was paid keeps its lines."""
    client, invoice = site.client(), write(site, 10_000, status="Draft")
    address = f"/invoices/{invoice}/edit"
    ada = seen(site, invoice).contact_id
    with site.work() as work, work.begin():
        services.update(work, invoice, {"lines": [line(7_700)], "reference": "Theirs"})
    stale = client.post(address, data={**FORM, "contact": f"#{ada}", "version": "1", "seen": "{}"})
    assert stale.status_code == 409
    for text in ("Theirs", "PO 7", "€77.00", "Oak table: 2 × €50.00"):
        assert text in stale.text, text
    mine = {**FORM, "contact": f"#{ada}", "version": str(seen(site, invoice).version), "seen": "{}"}
    assert client.post(address, data={**mine, "keep.lines": "theirs", "keep.reference": "mine"}).status_code == 303
    assert (seen(site, invoice).total, seen(site, invoice).reference) == (7_700, "PO 7")
    with site.work() as work, work.begin():
        services.issue(work, invoice)
    pay(site, invoice, 100)
    page = client.get(address).text
    assert "lines-0-title" not in page
    assert client.post(address, data={"contact": f"#{ada}", "reference": "New"}).status_code == 303
    assert (seen(site, invoice).reference, seen(site, invoice).total) == ("New", 7_700)
    assert site.faults() == []


def test_the_list_sums_filters_and_changes_many(site: Host, write: Write) -> None:
    """Sums of all that is shown by currency, filters, actions on many rows, hostile text, and what is wrong in an address."""
    client, ada = site.client(), site.make.contact(first_name="<b>Ada</b>")
    first = write(site, 10_000, ada, reference="<script>x</script>", tags=["VIP"])
    second = write(site, 2_000, ada, status="Draft")
    yen = {"currency": "JPY", "lines": [{"title": "x", "unit_price": {"amount": 900, "currency": "JPY"}}]}
    write(site, 0, ada, due_date=dt.date(2020, 1, 2), date=dt.date(2020, 1, 1), **yen)
    pay(site, first, 2_500)
    page = client.get("/invoices/").text + client.get("/invoices/?count=1").text
    for text in ("€120.00", "¥900", "€75.00", "€25.00", "&lt;b&gt;Ada", "Part-paid", "Overdue"):
        assert text in page, text
    assert "<script>x" not in page
    for query, there in {
        "status=part_paid": ("INV-0001",),
        "status=draft&status=overdue": ("Draft", "INV-0002"),
        "tag=VIP": ("INV-0001",),
        f"contact_id={ada}&total_min=100": ("INV-0001", "INV-0002"),
        "due_to=2020-12-31": ("INV-0002",),
        "currency=JPY": ("INV-0002",),
        "q=INV-0001": ("INV-0001",),
    }.items():
        listed = client.get(f"/invoices/?{query}").text
        names = {name for name in ("INV-0001", "INV-0002") if f">{name}</a>" in listed}
        assert names == {name for name in there if name.startswith("INV")}, query
    for query in (
        "total_min=x",
        "date_from=x",
        "status=9",
        "sort=x",
        "after=x",
        "contact_id=x",
        "q=%00",
        "sort=-number",
    ):
        assert client.get(f"/invoices/?{query}").status_code in (200, 422), query
    for action, left in (("issue", "unpaid"), ("paid", "paid"), ("void", "void")):
        data = {"do": action, "ids": str(second), "entry.void": "wrong"}
        assert client.post("/invoices/", data=data).status_code in (200, 303), action
        assert seen(site, second).state == left
    third = write(site, 5, ada, status="Draft")
    client.post("/invoices/", data={"do": "delete", "ids": [str(third), str(first)]})
    assert client.get(f"/invoices/{third}").status_code == 404
    assert client.get(f"/invoices/{first}").status_code == 200
    client.post("/invoices/bin", data={"do": "erase", "ids": str(third)})
    assert f"/invoices/{third}" not in client.get("/invoices/bin").text
    assert site.faults() == []


def test_parts_of_other_pages(site: Host, write: Write) -> None:
    """The contact's page says invoiced, paid, outstanding and value apart; the dashboard what is due; the palette finds."""
    client, ada = site.client(), site.make.contact()
    assert "No invoices yet" in client.get(f"/contacts/{ada}?tab=invoices").text
    invoice = write(site, 10_000, ada)
    pay(site, invoice, 4_000)
    transact(site, 700, ada)
    page = client.get(f"/contacts/{ada}?tab=invoices").text
    for text in ("INV-0001", "€100.00", "€40.00", "€60.00", "€47.00"):
        assert text in page, text
    assert "€60.00 due" in client.get("/").text
    assert "INV-0001" in client.get("/search?q=INV-0001").text
    assert site.faults() == []


def test_recurring_by_its_page(site: Host, write: Write) -> None:
    """The form says what is wrong at the field, and changing it makes no day's copy twice."""
    client, invoice = site.client(), write(site)
    address = f"/invoices/{invoice}/recurrence"
    day = site.clock().date()
    good = {"every": "1", "unit": "month", "starts_on": day.isoformat(), "issue": "y", "active": "y"}
    assert client.post(address, data={**good, "every": "0"}).status_code == 422
    assert client.post(address, data=good).status_code == 303
    with site.work() as work, work.begin():
        found = recurring.of(work, invoice)
        assert found is not None
        recurring.make(work, found.id)
        version = found.version
    made = _last(site)
    assert made.recurrence_date == day
    changed = {**good, "unit": "week", "version": str(version), "seen": "{}"}
    assert client.post(address, data=changed).status_code == 303
    with site.work() as work:
        again = recurring.of(work, invoice)
        assert again is not None
        assert again.next_on == day + dt.timedelta(weeks=1)
    assert "Recurring" in client.get(f"/invoices/{invoice}").text
    assert site.faults() == []


def test_partly_credited_is_credited_by_its_page(site: Host, write: Write) -> None:
    """What is left of an invoice is credited by a draft that the person shortens; more than is left is not issued."""
    client, invoice = site.client(), write(site, 10_000)
    with site.work() as work, work.begin():
        services.issue(work, crediting.credit(work, invoice, {"lines": [line(3_000)]}).id)
    client.post(f"/invoices/{invoice}/credit")
    note = _last(site)
    client.post(f"/invoices/{note.id}/issue")
    assert seen(site, note.id).state == "draft"
    with site.work() as work, work.begin():
        services.update(work, note.id, {"lines": [line(7_000, "-1")]})
    client.post(f"/invoices/{note.id}/issue")
    assert seen(site, invoice).due == 0


def test_numbers_go_on_higher_by_the_settings(site: Host, write: Write) -> None:
    """The settings show what comes next; it is set forward, never back."""
    client = site.client()
    write(site)
    assert "INV-0002" in client.get("/settings/page/invoices").text
    client.post("/invoices/numbers", data={"sequence": "invoices", "number": "40"})
    client.post("/invoices/numbers", data={"sequence": "invoices", "number": "7"})
    for wrong in ("", "x", "-1"):
        assert client.post("/invoices/numbers", data={"sequence": "invoices", "number": wrong}).status_code == 303
    assert "INV-0040" in client.get("/settings/page/invoices").text
    assert seen(site, write(site)).number == "INV-0040"
    assert site.faults() == []


def test_a_transaction_asks_whether_it_paid_an_invoice(host: Callable[..., Host], write: Write) -> None:
    """Beside an invoice of the same customer and amount that was marked as paid; one press attaches it, and it asks no more."""
    site = host("invoices")
    ada = site.make.contact()
    invoice = write(site, 10_000, ada, status="Paid")
    paid, other = transact(site, 10_000, ada), transact(site, 10_001, ada)
    client = site.client("Invoices manager")
    page = client.get(f"/transactions/{paid}").text
    assert "Attach to INV-0001" in page
    assert "Attach to" not in client.get(f"/transactions/{other}").text
    assert "Attach to" not in site.client("Read only").get(f"/transactions/{paid}").text
    limited = site.client("CRM manager", only_assigned=True)
    assert limited.get(f"/transactions/{paid}").status_code == 404
    assert client.post(f"/invoices/{invoice}/attach", data={"transaction": paid}).status_code == 303
    assert "Attach to" not in client.get(f"/transactions/{paid}").text
    assert (seen(site, invoice).paid_apart, worth(site, ada)) == (0, 20_001)
