"""Papers as PDF: what is read off them again, and what those who write them can't reach."""

from __future__ import annotations

import datetime as dt
import io
import logging
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from pypdf import PdfReader

from crmhost.documents import Document, Line, Percent, TaxRate, calculate, pdf
from crmhost.money import Money
from crmhost.testing import Host
from crmhost.web import papers
from tests.peers.web import OK, saying, serving

AT = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
MANIFEST = """id = "papers"
name = "Papers"
version = "1.0.0"
api = ">=1,<2"
summary = "Papers."
licence = "MIT"
"""
TEMPLATE = """{% extends "crmhost/paper.html" %}
{% from "crmhost/paper_lines.html" import lines, sums with context %}
{% block title %}{{ title }}{% endblock %}
{% block body %}<h1>{{ title }}</h1>{{ lines(document, totals) }}{{ sums(document, totals) }}<p>{{ date|day }}</p>{% endblock %}
"""
VAT = TaxRate("ПДВ", Decimal(20))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


def _texts(made: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(made)).pages]


@pytest.mark.database("sqlite")
def test_a_paper_has_its_lines_sums_and_page_numbers_in_its_language(host: Callable[..., Host], tmp_path: Path) -> None:
    """Each page repeats the head of the table; every letter, € and ₴ are read off it again; the same paper has the same bytes."""
    folder = tmp_path / "home" / "plugins" / "papers"
    (folder / "templates" / "papers").mkdir(parents=True)
    (folder / "plugin.toml").write_text(MANIFEST, "utf-8")
    (folder / "__init__.py").write_text("class Plugin: pass\n", "utf-8")
    (folder / "templates" / "papers" / "paper.html").write_text(TEMPLATE, "utf-8")
    names = ("Façade <i>naïve</i> & co", "Стіл з дуба, Київ", "Gałąź dębu", "Ωμέγα")
    lines = tuple(
        Line(f"{names[at % 4]} {at}", Money(123450, "EUR"), Decimal("1.5"), "₴ 9\ntext", taxes=(VAT,))
        for at in range(60)
    )
    document = Document("EUR", lines, Percent(Decimal(10)))
    context = {"document": document, "totals": calculate(document), "date": AT.date(), "title": "Facture № 7"}
    site = host("papers")
    with site.work() as work:
        made = [
            papers.paper_pdf(
                work, "papers/paper.html", language="fr", created=AT, files={"logo": ("image/svg+xml", SVG)}, **context
            )
            for _ in range(2)
        ]
        english = papers.paper_html(work, "papers/paper.html", language="en", page_size="letter", **context)
    assert made[0] == made[1]
    pages = _texts(made[0])
    assert len(pages) > 2
    for number, text in enumerate(pages, 1):
        assert f"{number} / {len(pages)}" in text
        assert "Prix unitaire" in text or "Sous-total" in text
    whole = "\n".join(pages).replace("\u202f", " ").replace("\xa0", " ")
    for wanted in (*(f"{name} {at}" for at, name in enumerate(names)), "Facture № 7", "₴ 9", "1,5", "1 851,75 €", "ПДВ 20 %",
                   "119 993,40 €", "22 novembre 2026"):  # fmt: skip
        assert wanted in whole, wanted
    assert "November 22, 2026" in english
    assert "size: Letter" in english
    assert pdf.digest(english) != pdf.digest(english + " ")


def test_a_paper_reaches_neither_the_disk_nor_the_network(tmp_path: Path) -> None:
    """Whatever addresses stand in it, nobody is called, nothing is read, and the rest is printed."""
    secret = tmp_path / "secret.svg"
    secret.write_bytes(SVG.replace(b"<rect", b"<text>SECRET</text><rect"))
    with serving(saying(OK)) as peer:
        urls = [
            secret.as_uri(), str(secret), f"http://127.0.0.1:{peer.port}/x.png", "crmhost:/font/../manifest.json",
            f"crmhost:/file/../../{secret}", "crmhost:/font//etc/passwd",
        ]  # fmt: skip
        html = f"<style>{papers._styles()}</style>"
        for url in urls:
            html += f'<img src="{url}"><object data="{url}"></object>'
            html += f'<link rel="stylesheet" href="{url}"><style>@import "{url}";</style>'
        made = pdf.render(f"<html><body>{html}<p>Kept</p></body></html>", created=AT)
        assert peer.connections == 0
    assert "Kept" in _texts(made)[0]
    assert "SECRET" not in _texts(made)[0]


def test_a_paper_that_costs_too_much_is_given_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Too large, too long, or broken: a sentence says so, and the process that printed is gone."""
    with pytest.raises(pdf.PdfError, match="too large"):
        pdf.render("x" * (pdf.LARGEST_HTML + 1), created=AT)
    with pytest.raises(pdf.PdfError, match="too large"):
        pdf.render("x", files={"a": ("image/png", bytes(pdf.LARGEST_FILES + 1))}, created=AT)
    monkeypatch.setattr(pdf, "SECONDS", 1)
    rows = "<table>" + "<tr><td>" + "<table><tr><td>" * 60 + "x" + "</table>" * 60 + "</table>"
    with pytest.raises(pdf.PdfError), caplog.at_level(logging.CRITICAL):
        pdf.render(rows * 4000, created=AT)


def test_the_printers_are_loaded_only_where_they_print() -> None:
    """A process that serves pages never holds them."""
    code = "import sys, crmhost.web.api, crmhost.documents.pdf; sys.exit(len({'plutoprint', 'weasyprint'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
