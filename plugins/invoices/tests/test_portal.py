"""Invoices in the client portal: the client's own that were issued, and what is due."""

from __future__ import annotations

import io
from collections.abc import Callable

from pypdf import PdfReader

from crmhost.testing import Host
from plugins.invoices import services
from tests.clients import sign_in

from .conftest import Write, pay


def test_a_client_sees_what_was_issued_to_them(host: Callable[..., Host], write: Write) -> None:
    """With what is due and what is paid, a statement over days they choose, as pages and as PDF; no drafts, nobody else's."""
    site = host("invoices", "portal")
    ann, bob = (site.make.contact(first_name=name, email=f"{name}@example.com") for name in ("Ann", "Bob"))
    open_one, paid = write(site, 12_300, ann), write(site, 4_500, ann)
    draft, theirs = write(site, 99_900, ann, status="Draft"), write(site, 77_700, bob)
    pay(site, paid)
    browser = sign_in(site, ann)
    home = browser.get("/portal/").text
    assert "1 invoice is to be paid: €123.00" in home
    page = browser.get("/portal/invoices/").text
    for text, there in (("€123.00", True), ("€45.00", True), ("€999.00", False), ("€777.00", False)):
        assert (text in page) is there, text
    assert "€45.00" not in browser.get("/portal/invoices/?state=owed").text
    assert "€45.00" in browser.get("/portal/invoices/?state=paid").text
    for number in (draft, theirs, 999):
        for path in ("", "/pdf"):
            assert browser.get(f"/portal/invoices/{number}{path}").status_code == 404
    assert "Still due" in browser.get(f"/portal/invoices/{open_one}").text
    assert "Nothing is due" in browser.get(f"/portal/invoices/{paid}").text
    assert browser.get(f"/portal/invoices/{paid}/pdf").data.startswith(b"%PDF")
    old = write(site, 6_600, ann, date="2024-11-02", due_date="2024-12-02")
    pay(site, old)
    for query, there in (("", False), ("?period=year", False), ("?period=all", True), ("?date_from=2024-01-01", True)):
        page = browser.get(f"/portal/invoices/statement{query}").text
        assert "€123.00" in page
        assert "€777.00" not in page
        assert (f"/portal/invoices/{old}" in page) is there, query
    wrong = browser.get("/portal/invoices/statement?date_from=soon&date_to=2026-01-01")
    assert (wrong.status_code, "“soon” is not a day" in wrong.text, 'value="soon"' in wrong.text) == (422, True, True)
    for days in ("date_from=2026-02-01&date_to=2026-01-01", "date_to=9999-99-99"):
        for path in ("", "/pdf"):
            assert browser.get(f"/portal/invoices/statement{path}?{days}").status_code == 422
    made = browser.get("/portal/invoices/statement/pdf?date_from=2024-01-01")
    assert (made.mimetype, made.data[:4]) == ("application/pdf", b"%PDF")
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(made.data)).pages)
    assert ("123.00" in text, "66.00" in text, "777.00" in text) == (True, True, False)
    with site.work() as work, work.begin():
        services.void(work, open_one)
    assert "to be paid" not in browser.get("/portal/").text
    assert "void: nothing is to be paid" in browser.get(f"/portal/invoices/{open_one}").text
