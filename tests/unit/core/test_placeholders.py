"""Placeholders on pages and papers: the same names as in mails."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from crmhost.api import Invalid, Money, contacts, placeholders, settings
from crmhost.testing import Host


def test_a_paper_is_filled_in_as_a_mail_is(host: Callable[..., Host]) -> None:
    """Both ways of writing a name; values are escaped in HTML and plain in text; what nobody knows is named."""
    site = host()
    number = site.make.contact(first_name="<b>Zoë</b>", email="zoe@example.com")
    with site.work() as work:
        who = contacts.get(work, number)
        more = {"quote": {"title": "A & B"}}
        piece = placeholders.html(work, "<p>##CONTACT-FNAME## {{ quote.title }} ##QUOTE-COLOUR##</p>", who, more=more)
        assert piece.output.startswith("<p>&lt;b&gt;Zoë&lt;/b&gt; A &amp; B ")
        assert piece.unknown == ("quote.colour",)
        assert placeholders.text(work, "{{ contact.first_name }}", who).output == "<b>Zoë</b>"
        assert placeholders.line(work, "##QUOTETITLE##\r\nBcc: x", None, more=more).output == "A & B Bcc: x"
        with pytest.raises(Invalid):
            placeholders.html(work, "{% for %}", who)


def test_amounts_and_days_are_of_the_papers_language(host: Callable[..., Host]) -> None:
    """Of its own, else of the site's; an unknown one is English."""
    site = host()
    with site.work() as work, work.begin():
        settings.set_many(work, {"site.language": "fr"})
    with site.work() as work:
        assert placeholders.money(work, Money(123456, "EUR")) == "1\u202f234,56\u00a0€"
        assert placeholders.money(work, Money(123456, "EUR"), "en") == "€1,234.56"
        assert placeholders.day(work, dt.date(2026, 3, 31)) == "31 mars 2026"
        assert placeholders.day(work, dt.date(2026, 3, 31), "xx-nowhere") == "March 31, 2026"
