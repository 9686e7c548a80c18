"""The papers of invoices: what is read off the PDFs again."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from pypdf import PdfReader

from crmhost.api import settings
from crmhost.testing import Host
from plugins.invoices import crediting, papers, services

from .conftest import Write, line, pay

HOSTILE = "<script>alert(1)</script> & {{ 7*7 }} \"'"


def read(made: bytes) -> list[str]:
    """The text of each page of a PDF."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(made)).pages]


def printed(host: Host, invoice_id: int) -> list[str]:
    """The text of each page of an invoice's PDF."""
    with host.work() as work:
        return read(papers.pdf(work, invoice_id))


def test_the_paper_says_who_owes_what_and_until_when(host: Callable[..., Host], write: Write) -> None:
    """Address with the country's name, number, dates, taxes by rate, what is paid and still due, notes and terms, in French."""
    site = host("invoices")
    address = {"line1": "12 rue de la Paix", "postal_code": "75002", "city": "Paris", "country": "FR"}
    contact = site.make.contact(
        prefix="Mme", first_name="Zoé", last_name="Київська", email="zoe@example.com", address1=address
    )
    lines = [
        line(10_000, "2", "20", discount="10%"),
        {**line(333, "1.5", "5.5"), "title": HOSTILE, "text": "first\nsecond"},
    ]
    number = write(
        site, contact=contact, lines=lines, language="fr", notes="Merci", terms="30 jours", reference="PO-7",
        date="2026-11-02", due_date="2026-12-02",
    )  # fmt: skip
    pay(site, number, 5_000)
    text = "\n".join(printed(site, number))
    for words in (
        "Mme Zoé Київська", "12 rue de la Paix", "75002 Paris", "France", "INV-0001", "2 novembre 2026", "2 décembre 2026",
        "PO-7", "VAT 20", "VAT 5,5", "10 %", "221,28", "171,28", "Merci", "30 jours", "first", HOSTILE.replace(" ", "")[:20],
    ):  # fmt: skip
        assert words in text or words in text.replace(" ", ""), (words, text)
    assert "49" not in text
    with site.work() as work:
        assert papers.pdf(work, number) == papers.pdf(work, number)
        html = papers.html(work, number)
        assert "<script>" not in html
        assert papers.file_name(services.get(work, number)) == "INV-0001.pdf"


def test_the_paper_bears_what_became_of_it(host: Callable[..., Host], write: Write) -> None:
    """A draft, a void and a paid invoice say so; a credit note names its invoice and is below zero."""
    site = host("invoices")
    draft, void, paid = write(site, status="Draft"), write(site, status="Void"), write(site, status="Paid")
    assert "Draft" in printed(site, draft)[0]
    assert "Void" in printed(site, void)[0]
    text = printed(site, paid)[0]
    assert "Paid" in text
    assert "Still due €0.00" in text
    whole = write(site)
    with site.work() as work, work.begin():
        note = crediting.credit(work, whole).id
        services.issue(work, note)
    text = printed(site, note)[0]
    assert "Credit note CN-0001" in text
    assert "INV-0003" in text
    assert "-€100.00" in text.replace("−", "-")  # the sign of a figure below zero
    assert "Still due" not in text


def test_long_papers_repeat_the_head_of_their_table_and_a_theme_may_have_its_own(
    host: Callable[..., Host], write: Write, tmp_path: Path
) -> None:
    """Sixty lines in yen fill pages that each have the head and no decimals; a template of the site's theme is taken instead."""
    site = host("invoices")
    lines = [
        {
            "title": f"Стіл № {at} " + "very-long-" * 6,
            "quantity": "1",
            "unit_price": {"amount": 1500, "currency": "JPY"},
        }
        for at in range(60)
    ]
    number = write(site, lines=lines, currency="JPY")
    pages = printed(site, number)
    assert len(pages) > 2
    assert all("Unit price" in page for page in pages[:-1])
    assert "¥90,000" in "".join(pages)
    assert "1,500.00" not in "".join(pages)
    folder = tmp_path / "home" / "themes" / "mine"
    (folder / "templates" / "invoices" / "pdf").mkdir(parents=True)
    (folder / "theme.toml").write_text('name = "Mine"\nparent = "default"\n', "utf-8")
    own = '{% extends "crmhost/paper.html" %}{% block body %}My own {{ invoice.number }}{% endblock %}'
    (folder / "templates" / "invoices" / "pdf" / "paper.html").write_text(own, "utf-8")
    with site.work() as work, work.begin():
        settings.set_many(work, {"site.theme": "mine"})
    assert "My own INV-0001" in printed(site, number)[0]
