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
from pypdf.generic import NameObject

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
{% block body %}<h1>{{ title }}</h1>{{ lines(document, totals) }}{{ sums(document, totals) }}
<p>{{ date|day }} {{ 7.25|number }}</p>{% endblock %}
"""
VAT = TaxRate("ПДВ", Decimal(20))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'


def _texts(made: bytes) -> list[str]:
    pages = PdfReader(io.BytesIO(made)).pages
    for page in pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            # WeasyPrint puts the files of a typeface together and lists which glyph is where. Texts are read by the codes alone,
            # of two bytes each, which the reader knows for lists that have a name only.
            if font.get_object()["/Subtype"] == "/Type0":
                font.get_object()[NameObject("/Encoding")] = NameObject("/Identity-H")
    return [page.extract_text() for page in pages]


@pytest.mark.database("sqlite")
def test_a_paper_has_its_lines_sums_and_page_numbers_in_its_language(host: Callable[..., Host], tmp_path: Path) -> None:
    """Each page repeats the head of the table; every letter, € and ₴ are read off it again; the same paper has the same bytes.

    A template that changed is followed at once.
    """
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
        (folder / "templates" / "papers" / "paper.html").write_text("<p>{{ 7.25|number }} anew</p>", "utf-8")
        changed = papers.paper_html(work, "papers/paper.html", language="fr", **context)
    assert made[0] == made[1]
    assert changed == "<p>7,25 anew</p>"
    pages = _texts(made[0])
    assert len(pages) > 2
    for number, text in enumerate(pages, 1):
        assert f"{number} / {len(pages)}" in text
        assert "Prix unitaire" in text or "Sous-total" in text
    whole = "\n".join(pages).replace("\u202f", " ").replace("\xa0", " ")
    for wanted in (*(f"{name} {at}" for at, name in enumerate(names)), "Facture № 7", "₴ 9", "1,5", "1 851,75 €", "ПДВ 20 %",
                   "119 993,40 €", "22 novembre 2026 7,25"):  # fmt: skip
        assert wanted in whole, wanted
    assert "November 22, 2026 7.25" in english
    assert "size: Letter" in english
    assert pdf.digest(english) != pdf.digest(english + " ")


def _without_plutoprint(folder: Path, how: str = "") -> Path:
    """A press on a machine where PlutoPrint is missing, or can't be loaded."""
    press = folder / "press.py"
    broken = f"sys.path.insert(0, {str(folder)!r})" if how else "sys.modules['plutoprint'] = None"
    (folder / "plutoprint.py").write_text(how, "utf-8")
    run = f"import runpy, sys\n{broken}\nrunpy.run_path({str(pdf.PRESS)!r}, run_name='__main__')\n"
    press.write_text(run, "utf-8")
    return press


@pytest.mark.parametrize("how", ["", "raise ImportError('libplutobook.so')", "raise OSError('libcairo.so')"])
def test_the_other_printer_takes_over(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PlutoPrint is missing or can't be loaded, WeasyPrint gives a paper with the same words and typeface."""
    html = f"""<html><head><style>{papers._styles()}</style></head><body><h1>Facture № 7</h1>
        <table><tr><th>Façade <i>naïve</i></th><td>1 851,75 €</td></tr><tr><th>Стіл з дуба, Київ</th><td>₴ 9</td></tr></table>
        <img src="crmhost:/file/logo"><p>Gałąź dębu, Ωμέγα</p></body></html>"""
    logo = {"logo": ("image/svg+xml", SVG)}
    first = pdf.render(html, files=logo, created=AT)
    monkeypatch.setattr(pdf, "PRESS", _without_plutoprint(tmp_path, how))
    other = pdf.render(html, files=logo, created=AT)
    assert PdfReader(io.BytesIO(other)).metadata.producer.startswith("WeasyPrint")  # type: ignore[union-attr]
    words = [" ".join(_texts(made)).replace("\u202f", " ").replace("\xa0", " ").split() for made in (first, other)]
    assert words[0] == words[1]
    assert "Київ" in words[1]
    fonts = PdfReader(io.BytesIO(other)).pages[0]["/Resources"]["/Font"].values()  # type: ignore[index]
    assert all("Inter" in font.get_object()["/BaseFont"] for font in fonts)


def test_without_any_printer_a_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An admin is told, instead of an error of the server."""
    (tmp_path / "weasyprint.py").write_text("raise OSError('libpango.so')", "utf-8")
    monkeypatch.setattr(pdf, "PRESS", _without_plutoprint(tmp_path, "raise ImportError('no')"))
    with pytest.raises(pdf.PdfError, match="PlutoPrint or WeasyPrint"):
        pdf.render("<p>x</p>", created=AT)


@pytest.mark.parametrize("printer", ["plutoprint", "weasyprint"])
def test_a_paper_reaches_neither_the_disk_nor_the_network(
    printer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever addresses stand in it, nobody is called, nothing is read, and the rest is printed, by either printer."""
    if printer == "weasyprint":
        monkeypatch.setattr(pdf, "PRESS", _without_plutoprint(tmp_path))
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
