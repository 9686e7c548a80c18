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
    """With what is due and what is paid, as pages and as PDF; drafts and those of others are not there."""
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
    made = browser.get("/portal/invoices/statement")
    assert (made.mimetype, made.data[:4]) == ("application/pdf", b"%PDF")
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(made.data)).pages)
    assert "123.00" in text
    assert "777.00" not in text
    with site.work() as work, work.begin():
        services.void(work, open_one)
    assert "to be paid" not in browser.get("/portal/").text
    assert "void: nothing is to be paid" in browser.get(f"/portal/invoices/{open_one}").text
