"""Pages of the transactions, and their parts of other pages."""

from __future__ import annotations

import datetime as dt

import pytest

from crmhost.api import Conflict, contacts
from crmhost.testing import Clock
from plugins.transactions import kinds, services, settings
from plugins.transactions.revenue import month_starts, months
from plugins.transactions.tests.conftest import Books

WIDGET = "/dashboard/box/transactions.revenue"
FORM = {"ref": "F-1", "name": "Order", "total": "12.50", "currency": "EUR", "tax": "2.5", "at": "2026-03-31T12:00"}


def _choices(books: Books) -> dict[str, str]:
    with books.crm.work() as work:
        return {"type": str(kinds.find_type(work, "Sale").id), "status": str(kinds.find_status(work, "Completed").id)}


def test_a_transaction_is_added_changed_deleted_and_restored(books: Books) -> None:
    """The form keeps what was typed and says what is wrong at the field; the page shows it; deleting can be undone."""
    crm, ada = books.crm, books.crm.make.contact(first_name="Ada", email="ada@example.com")
    client, chosen = crm.client(), _choices(books)
    assert f'value="Ada (#{ada})"' in client.get(f"/transactions/new?contact_id={ada}").text
    wrong = client.post("/transactions/new", data={**FORM, **chosen, "ref": "", "contact": "nobody@example.com"})
    assert wrong.status_code == 422
    assert "nobody@example.com" in wrong.text
    made = client.post("/transactions/new", data={**FORM, **chosen, "contact": "ada@example.com"})
    assert made.status_code == 303, made.text
    assert books.total(ada) == {"EUR": 1_250}
    page = client.get(made.location).text
    assert "€12.50" in page
    assert "Counts" in page
    edited = client.get(f"{made.location}/edit").text
    assert "F-1" in edited
    saved = client.post(
        f"{made.location}/edit", data={**FORM, **chosen, "total": "20", "contact": "ada@example.com", "version": "1"}
    )
    assert saved.status_code == 303, saved.text
    assert books.total(ada) == {"EUR": 2_000}
    stale = client.post(f"{made.location}/edit", data={**FORM, **chosen, "total": "30", "version": "1"})
    assert stale.status_code in (409, 412)
    assert client.post(f"{made.location}/status", data={"status": "Failed"}).status_code == 303
    assert books.total(ada) == {}
    client.post(f"{made.location}/status", data={"status": "Completed"})
    client.post(f"{made.location}/delete")
    assert client.get(made.location).status_code == 404
    assert "F-1" in client.get("/transactions/bin").text
    client.post(f"{made.location}/restore")
    assert books.total(ada) == {"EUR": 2_000}
    assert crm.faults() == []


def test_lines_and_amounts_are_written_in_the_form(books: Books) -> None:
    """Lines give the total when none is typed, in the currency's own digits and the reader's writing; what is stored stays."""
    client, chosen = books.crm.client(locale="fr"), _choices(books)
    typed = {**FORM, **chosen, "total": "", "currency": "KWD", "tax": "0,5", "lines-sent": "1"}
    typed |= {"lines-0-title": "Tea", "lines-0-quantity": "1,5", "lines-0-unit_price": "2,125"}
    wrong = client.post("/transactions/new", data={**typed, "lines-0-unit_price": "2,1255"})
    assert (wrong.status_code, "2,1255" in wrong.text, "Tea" in wrong.text) == (422, True, True)
    made = client.post("/transactions/new", data=typed)
    assert made.status_code == 303, made.text
    number = int(made.location.rsplit("/", 1)[1])
    with books.crm.work() as work:
        one = services.get(work, number)
        assert (one.total, one.tax, [line.total for line in services.lines_of(work, one)]) == (3_688, 500, [3_188])
    form = client.get(f"{made.location}/edit").text
    for shown in ('value="3,688"', 'value="0,500"', 'value="1,5"', 'value="2,125"'):
        assert shown in form, shown
    # A line's total need not be quantity times price, and a line need not have a title: neither is changed by saving.
    for stored in ({"title": "Set", "quantity": 3, "unit_price": "10", "total": "25"}, {"unit_price": "1"}):
        books.change(number, lines=[stored])
        with books.crm.work() as work:
            had = [(line.title, line.total) for line in services.lines_of(work, services.get(work, number))]
        version = str(_version(books, number))
        again = {**typed, "total": "3,688", "lines-0-title": "Set", "lines-0-quantity": "3", "lines-0-unit_price": "10"}
        saved = client.post(
            f"{made.location}/edit", data={**again, "name": stored.get("title", "x"), "version": version}
        )
        assert saved.status_code == 303, saved.text
        with books.crm.work() as work:
            assert [(line.title, line.total) for line in services.lines_of(work, services.get(work, number))] == had


def _version(books: Books, number: int) -> int:
    with books.crm.work() as work:
        return services.get(work, number).version


def test_lists_show_sums_and_actions_change_many(books: Books) -> None:
    """All that is shown is summed up by currency; status, tag and delete work on selected rows; hostile text stays text."""
    client = books.crm.client()
    for amount in (100, 250):
        books.add(amount, name="<b>x</b>")
    books.add(70, type="Refund")
    books.add(500, currency="JPY", status="Pending")
    page = client.get("/transactions/").text
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<b>x</b>" not in page
    total = client.get("/transactions/?count=1").text
    for text in ("€2.80", "¥500"):
        assert text in page + total, text
    assert "¥500" not in client.get("/transactions/?status=" + _choices(books)["status"]).text
    for query in ("total_min=x", "date_from=x", "status=9999", "sort=x", "after=x", "contact_id=x", "q=%00"):
        assert client.get(f"/transactions/?{query}").status_code in (200, 422), query
    assert books.crm.faults() == []


def test_a_contact_shows_value_and_transactions(books: Books) -> None:
    """Value below the name, each currency apart; a tab with the newest; a column that sorts; filters by value."""
    crm = books.crm
    poor, rich = crm.make.contact(first_name="Poor"), crm.make.contact(first_name="Rich")
    books.add(10_000, contact_id=poor)
    books.add(90_000, contact_id=rich)
    books.add(1_200, "JPY", contact_id=rich)
    client = crm.client()
    page = client.get(f"/contacts/{rich}?tab=transactions").text
    assert "€900.00 + ¥1,200" in page
    assert "T2" in page
    assert client.get(f"/contacts/{crm.make.contact()}?tab=transactions").status_code == 200
    listed = client.get("/contacts/?sort=-transactions_value").text
    assert listed.index("Rich") < listed.index("Poor")
    assert "Poor" not in client.get("/contacts/?value_min=500").text
    assert "Rich" not in client.get("/contacts/?value_max=500").text
    assert client.get("/contacts/?value_min=much").status_code in (200, 422)
    assert crm.faults() == []


def test_revenue_of_twelve_months(books: Books, clock: Clock) -> None:
    """R1, R2, R3: April to March, oldest first, zeros among them, the first second of the first month and months below zero too;
    who sees own contacts only gets their sums."""
    clock.freeze(dt.datetime(2026, 3, 15, 12, tzinfo=dt.UTC))
    mine = books.crm.actor("Transactions manager", only_assigned=True)
    ada = books.crm.make.contact()
    with books.crm.work() as work, work.begin():
        contacts.update(work, ada, {"assigned_to": mine.user_id})
    books.add(4_000, date="2025-03-31T23:59:59Z")
    books.add(1_000, date="2025-04-01T00:00:00Z", contact_id=ada)
    books.add(2_000, date="2026-02-10", type="Refund")
    books.add(9_900, date="2026-02-10", status="Failed")
    with books.crm.work() as work:
        found = months(work)
        assert (found.starts[0], found.starts[-1], len(found.starts)) == (dt.date(2025, 4, 1), dt.date(2026, 3, 1), 12)
        assert found.sums == {"EUR": [1_000, 0, 0, 0, 0, 0, 0, 0, 0, 0, -2_000, 0]}
        assert (found.counted, found.left_out) == (2, 1)
    with books.crm.work("Transactions manager", only_assigned=True) as work:
        assert months(work).sums == {"EUR": [1_000, *[0] * 11]}
    assert month_starts(dt.date(2026, 1, 31), 2) == [dt.date(2025, 12, 1), dt.date(2026, 1, 1)]
    assert books.crm.faults() == []


def test_the_dashboard_has_figure_and_chart(books: Books) -> None:
    """Number and sum of all, and the chart of revenue for each currency, with what it says of itself; nothing of others for
    who sees own contacts only."""
    books.add(3_000)
    books.add(900, "JPY")
    client = books.crm.client()
    page = client.get("/").text
    assert "€30.00" in page
    widget = client.get(WIDGET)
    assert widget.status_code == 200, widget.text
    for text in ("€30.00", "¥900", "Succeeded", "settings/page/transactions"):
        assert text in widget.text, text
    limited = books.crm.client("Transactions manager", only_assigned=True)
    assert "€30.00" not in limited.get("/").text + limited.get(WIDGET).text
    assert books.crm.faults() == []


def test_types_and_statuses_are_lists_that_can_be_edited(books: Books) -> None:
    """A status that is typed over is renamed and keeps counting, one in use is not dropped; a ready set can be taken; types are
    added, changed and deleted below the settings, and values follow."""
    crm, ada = books.crm, books.crm.make.contact()
    books.add(1_000, contact_id=ada)
    books.set(statuses="Succeeded,Paid,Pending,Failed,Refunded,Cancelled,Deleted")
    assert books.total(ada) == {"EUR": 1_000}
    with crm.work() as work:
        assert [status.name for status in settings.included(work)] == ["Succeeded", "Paid"]
        assert kinds.find_status(work, "paid").name == "Paid"
    assert crm.cli("settings", "set", "transactions.statuses", "Succeeded").exit_code == 1
    client = crm.client()
    assert "Ready sets" in client.get("/settings/page/transactions").text
    assert client.post("/transactions/types", data={"do": "set", "set": "for_sale"}).status_code == 303
    assert books.total(ada) == {}
    books.add(700, contact_id=ada, type="Sold", status="Sold")
    assert books.total(ada) == {"EUR": 700}
    assert client.post("/transactions/types", data={"do": "add", "name": "Chargeback", "sign": "-1"}).status_code == 303
    books.add(200, contact_id=ada, type="Chargeback", status="Sold")
    assert books.total(ada) == {"EUR": 500}
    with crm.work() as work:
        number = kinds.find_type(work, "Chargeback").id
    client.post("/transactions/types", data={"do": "delete", "id": str(number)})
    with crm.work() as work:
        assert kinds.find_type(work, "Chargeback").id == number
    client.post("/transactions/types", data={"do": "delete", "id": str(number), "heir": "For sale"})
    assert books.total(ada) == {"EUR": 700}
    assert crm.client("Read only").post("/transactions/types", data={"do": "add"}).status_code == 403
    assert crm.faults() == []


def test_a_reference_is_given_once(books: Books) -> None:
    """In any case; the conflict names the other one; a restored one may find its reference taken."""
    first = books.add(ref="Order 1")
    with books.crm.work() as work, work.begin(), pytest.raises(Conflict) as refused:
        services.create(work, {"ref": "ORDER  1", "name": "Again"})
    assert refused.value.other_id == first
