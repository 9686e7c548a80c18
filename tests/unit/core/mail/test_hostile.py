"""Names, subjects and texts that mean harm stay inside their fields."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crmhost.core.mail import accounts, patterns, sending
from crmhost.core.mail import services as mail
from crmhost.core.text import clean_line
from crmhost.errors import Invalid
from crmhost.mail.message import as_bytes, build
from crmhost.testing import Host
from tests.peers import smtp
from tests.unit.core.mail.conftest import stored, write
from tests.unit.web.conftest import Reader

ONE = pytest.mark.database("sqlite")
#: What our mails hold, and nothing else.
FIELDS = {"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
OWN = [
    "A\r\nBcc: victim@example.net",
    "A\nX-Injected: yes\n\nbody",
    "A\r\n.\r\nMAIL FROM:<x@example.net>",
    "=?utf-8?q?=0D=0ABcc:_victim@example.net?=",
    'A" <victim@example.net>, "B',
    "A\u2028Bcc: victim@example.net",
    "A\x00B\x1b[31m",
    "\u202eevil\u202c",
    "{{ contact.email }} {% for i in (1..9) %}",
    "x" * 290,
    "😀" * 70,
    "<script>alert(1)</script>",
]


@ONE
def test_nothing_gets_out_of_its_field(site: Host, peer: smtp.Peer) -> None:
    """What arrives has one recipient, the usual headers once each, and both parts."""
    for word in OWN:
        contact = site.make.contact(first_name=clean_line(word)[:100] or "x", email=f"p{len(peer.taken)}@example.org")
        number = write(
            site, contact_id=contact, to_name=word, subject=word, text=f"{word}\n.\nend", html=f"<p>{word}</p>"
        )
        site.run_jobs()
        assert stored(site, number).state == "sent", word
        taken = peer.taken[-1]
        assert taken.recipients == [f"p{len(peer.taken) - 1}@example.org"]
        assert set(taken.mail.keys()) <= FIELDS
        assert len(taken.mail.keys()) == len(set(taken.mail.keys()))
        assert [item.addr_spec for item in taken.mail["To"].addresses] == taken.recipients
        assert taken.part("plain").rstrip().endswith("\n.\nend")
    page = Reader(site).get("/settings/mail/log/").text
    assert "<script>alert" not in page


@ONE
@pytest.mark.shared
def test_naughty_strings_make_mails_that_can_be_read(site: Host, peer: smtp.Peer, shared_data: Path) -> None:
    """As name, subject and text; the parts and the headers are what was meant."""
    words = json.loads((shared_data / "security" / "lists" / "blns.json").read_text("utf-8"))
    assert len(words) > 400
    with site.work("Admin") as work:
        account = accounts.chosen(work)
        for word in words:
            message = mail.MailMessage(
                to_email="ann@example.org",
                to_name=clean_line(word)[:200],
                subject=clean_line(word)[:300] or "x",
                html=f"<p>{word}</p>",
                text=word,
                attachments=[],
                bulk=False,
                message_id="<a@example.com>",
            )
            raw = as_bytes(build(sending.letter_of(work, message, account)))
            parsed = smtp.Taken("", [], raw, "", encrypted=False)
            assert set(parsed.mail.keys()) <= FIELDS, word
            assert [item.addr_spec for item in parsed.mail["To"].addresses] == ["ann@example.org"], word
            assert b"\n" not in raw.replace(b"\r\n", b"")


@ONE
@pytest.mark.shared
def test_values_are_escaped_in_html_and_plain_in_text(site: Host, shared_data: Path) -> None:
    """Whatever a contact is called; a value is never read as a template."""
    words = json.loads((shared_data / "security" / "lists" / "blns.json").read_text("utf-8"))
    with site.work("Admin") as work:
        source = patterns.compose(
            work, "html", "To ##CONTACT-FNAME##", '<p title="{{ contact.first_name }}">{{ contact.first_name }}</p>'
        )
        for word in [*words, *OWN]:
            written = patterns.write(work, source, None, more={"contact": {"first_name": word}})
            assert "<script" not in written.html.lower(), word
            assert written.html.count("<p") == 1, word
            assert "\n" not in written.subject
            assert "\r" not in written.subject


@ONE
def test_templates_have_no_power(site: Host) -> None:
    """Loops, attributes of objects and endless texts are refused or give nothing."""
    with site.work("Admin") as work:
        for content in (
            "{% for i in (1..1000000000) %}x{% endfor %}",
            "{{ 'x' | append: 'x' | times: 1000000 }}",
            "{% include 'crmhost/page.html' %}",
            "{{ contact.__class__ }}",
            "{{ site.settings.secret_key }}",
        ):
            try:
                source = patterns.compose(work, "text", "S", content)
                written = patterns.write(work, source, None)
            except Invalid:
                continue
            assert written.unknown or len(written.html) < 5_000, content


@ONE
def test_addresses_in_every_script_are_written_to(site: Host, peer: smtp.Peer) -> None:
    """A domain in another script goes in its ASCII form; before the @ the server must know SMTPUTF8, and here it does."""
    for email, envelope in (
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("josé@example.org", "josé@example.org"),
        ("jörg@bücher.example", "jörg@"),
    ):
        number = write(site, to=email, to_name="Zoë 文")
        site.run_jobs()
        assert stored(site, number).state == "sent", stored(site, number).answers
        assert peer.taken[-1].recipients[0].startswith(envelope)
        assert peer.taken[-1].part("plain").startswith("Dear Ann")
