"""The field for the lines of a document, in a form and through the totals that the server computes while one types."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from flask import Flask

from crmhost.documents import Document, Line, Percent, TaxRate
from crmhost.money import Money
from crmhost.testing import Host
from crmhost.web.api import Form, LinesField, TextField

VAT, CITY = TaxRate("VAT", Decimal(20)), TaxRate("City", Decimal("7.25"))
SENT = {
    "lines-sent": "1",
    "lines-4-title": "Second row, dragged up", "lines-4-quantity": "1.5", "lines-4-unit_price": "80", "lines-4-tax": "20 VAT",
    "lines-0-title": "Chair", "lines-0-text": "oak", "lines-0-unit_price": "12.50", "lines-0-discount": "10 %",
    "lines-5-title": " ", "lines-5-tax": "20 VAT",
    "lines-discount": "5", "lines-shipping": "10", "lines-shipping-tax": "20 VAT",
}  # fmt: skip


class Estimate(Form):
    """A form with lines."""

    lines = LinesField("Lines")
    title = TextField("Title")


@pytest.fixture
def app(host: Callable[..., Host]) -> Flask:
    """An application to make forms in."""
    found = host().generation.app
    assert isinstance(found, Flask)
    return found


def _form(app: Flask, sent: dict[str, str] | None, **data: object) -> tuple[Estimate, bool]:
    with app.test_request_context(method="POST" if sent is not None else "GET", data=sent):
        form = Estimate(data=data)
        form.lines.fill("EUR", [VAT, CITY])
        return form, form.validate()


@pytest.mark.database("sqlite")
def test_rows_are_read_in_their_order_and_shown_again(app: Flask) -> None:
    """Blank rows are passed over; what is wrong stands at its cell with all that was typed; a document fills the rows."""
    form, valid = _form(app, SENT)
    wanted = Document(
        "EUR",
        (
            Line("Second row, dragged up", Money(8000, "EUR"), Decimal("1.5"), taxes=(VAT,)),
            Line("Chair", Money(1250, "EUR"), Decimal(1), "oak", Percent(Decimal(10))),
        ),
        Money(500, "EUR"),
        Money(1000, "EUR"),
        (VAT,),
    )
    assert (form.lines.data, valid) == (wanted, True)

    form, valid = _form(app, {**SENT, "lines-0-quantity": "many", "lines-4-unit_price": "", "lines-discount": "much"})
    assert (form.lines.data, form.lines.totals, valid) == (None, None, False)
    assert {(row.key, cell) for row in form.lines.rows for cell in row.errors} == {
        ("0", "quantity"),
        ("4", "unit_price"),
    }
    assert list(form.lines.errors_of) == ["discount"]
    assert [row.cells["quantity"] for row in form.lines.rows] == ["1.5", "many", ""]
    assert form.lines.whole["discount"] == "much"
    assert form.problems[0].field == "lines"

    form, valid = _form(app, {**SENT, "lines-update": "1"})
    assert (form.lines.data, valid) == (wanted, False)

    form, _ = _form(app, None, lines=wanted)
    with app.test_request_context():
        assert [row.cells["title"] for row in form.lines.shown_rows] == ["Second row, dragged up", "Chair", ""]
        assert form.lines.whole == {"discount": "5.00", "shipping": "10.00"}
    form, _ = _form(
        app, {"lines-sent": "1", "lines-0-title": "x", "lines-0-unit_price": "1", "lines-0-tax": "99 Made up"}
    )
    assert form.lines.data == Document("EUR", (Line("x", Money(100, "EUR")),))


@pytest.mark.database("sqlite")
def test_totals_are_those_of_the_server(host: Callable[..., Host]) -> None:
    """They follow what is typed, say when it can't be read, and need a sign-in."""
    client = host().client()
    address = "/arrange/line-totals?name=lines&currency=EUR"
    answer = client.post(address, data=SENT)
    assert answer.status_code == 200
    assert "€161.34" in answer.text
    assert 'data-amount-of="4" value="€120.00"' in answer.text
    assert "Correct what is marked" in client.post(address, data={**SENT, "lines-0-quantity": "x"}).text
    odd = {
        "lines-sent": "1",
        "lines-0-tax": "9x9",
        "lines-\u0663-title": "x",
        "lines-0-title": "\0",
        "lines-shipping-tax": " ",
    }
    assert client.post(address, data=odd).status_code == 200
    assert client.post("/arrange/line-totals?name=lines&currency=XXXX", data=SENT).status_code == 404
    assert host().client(None).post(address, data=SENT).status_code in (302, 303, 401)
