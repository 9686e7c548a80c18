"""Statements of account on the screen, on paper, by mail and in the API, for those who may see the customer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.api import JournalEntry, settings
from crmhost.testing import Host
from tests.peers import smtp
from tests.unit.core.mail.conftest import set_up

from .conftest import Write, line, pay
from .test_papers import HOSTILE, read

Hosts = Callable[..., Host]
DAYS = "date_from=2026-01-01&date_to=2026-05-20"


@pytest.fixture
def site(host: Hosts) -> Host:
    """A site with invoices and the API."""
    return host("invoices", "rest_api")


def test_a_statement_is_seen_printed_and_read(site: Host, write: Write) -> None:
    """Each currency apart with its balance, in euros and yen; hostile names do nothing; the PDF speaks the invoice's language."""
    ada = site.make.contact(first_name="Zoé", last_name=HOSTILE)
    invoice = write(site, 10_000, ada, language="fr", date="2026-02-01", due_date="2026-03-01")
    pay(site, invoice, 2_500, date="2026-02-10", ref=HOSTILE)
    yen = [{**line(1), "unit_price": {"amount": 1_500, "currency": "JPY"}}]
    write(site, contact=ada, lines=yen, currency="JPY", date="2026-04-01", due_date="2026-07-01", language="fr")
    address = f"/invoices/statement/contact/{ada}"
    staff = site.client("Invoices manager")
    tab = staff.get(f"/contacts/{ada}?tab=invoices").text
    assert address in tab
    page = staff.get(f"{address}?{DAYS}").text
    for shown in ("€75.00", "¥1,500", "-€25.00", "61–90 days late", "Opening balance", "INV-0001"):
        assert shown in page, shown
    assert "<script>alert" not in page
    paper = "\n".join(read(staff.get(f"{address}/pdf?{DAYS}").data))
    for shown in ("Relevé de compte", "1 janvier 2026", "75,00", "1 500", "INV-0001", "Zoé"):
        assert shown in paper.replace("\u202f", " ").replace("\xa0", " "), (shown, paper)
    told = site.api("Invoices manager").get(f"/api/v1/invoices/statement?contact_id={ada}&{DAYS}").json["data"]
    assert [one["currency"] for one in told["accounts"]] == ["EUR", "JPY"]
    assert told["accounts"][0]["closing"] == {"amount": 7_500, "currency": "EUR"}
    assert told["accounts"][0]["aging"]["to_90"]["amount"] == 7_500
    assert [entry["kind"] for entry in told["accounts"][0]["entries"]] == ["invoice", "payment"]
    for wrong in ("date_from=soon", "date_from=2026-02-01&date_to=2026-01-01", "date_to=9999-99-99"):
        answer = staff.get(f"{address}?{wrong}")
        assert (answer.status_code, 'role="alert"' in answer.text) == (422, True), wrong
        assert staff.get(f"{address}/pdf?{wrong}").status_code in (400, 422)
    api = site.api("Invoices manager")
    for wrong in ("", f"?contact_id={ada}&company_id=1", "?contact_id=0", f"?contact_id={ada}&date_from=x"):
        assert api.get(f"/api/v1/invoices/statement{wrong}").status_code == 422, wrong
    assert "Nothing up to this day" in staff.get(f"{address}?date_to=2020-01-01").text
    assert staff.get(f"{address}?date_from=0001-01-01&date_to=0001-01-02").status_code == 200


def test_nobody_sees_the_statement_of_a_foreign_contact(site: Host, write: Write) -> None:
    """404 on every page and in the API for who sees only their contacts; 403 without the permission."""
    limited = site.actor("Invoices manager", only_assigned=True)
    own = site.make.contact(first_name="Own", assigned_to=limited.user_id)
    other = site.make.contact()
    write(site, 1_000, own)
    write(site, 2_000, other)
    client = site.client("Invoices manager", only_assigned=True)
    api = site.api("Invoices manager", only_assigned=True)
    for tail in ("", "/pdf", "/send"):
        assert client.get(f"/invoices/statement/contact/{own}{tail}").status_code == 200, tail
        assert client.get(f"/invoices/statement/contact/{other}{tail}").status_code == 404, tail
        assert client.get(f"/invoices/statement/company/1{tail}").status_code == 404, tail
    assert client.post(f"/invoices/statement/contact/{other}/send", data={"to": "a@example.org"}).status_code == 404
    assert client.post(f"/invoices/statement/contact/{other}/send/preview").status_code == 404
    assert api.get(f"/api/v1/invoices/statement?contact_id={own}").status_code == 200
    assert api.get(f"/api/v1/invoices/statement?contact_id={other}").status_code == 404
    assert site.client("Read only").get(f"/invoices/statement/contact/{own}/send").status_code == 403
    assert site.client("Mail manager").get(f"/invoices/statement/contact/{own}").status_code == 403


def test_a_statement_goes_out_by_mail(site: Host, write: Write) -> None:
    """With its PDF, in the customer's language, once for two presses; the journal of the contact tells it; own words win."""
    ada = site.make.contact(first_name="Zoé", email="zoe@example.org")
    write(site, 10_000, ada, language="fr", date="2026-02-01")
    staff = site.client("Invoices manager")
    address = f"/invoices/statement/contact/{ada}/send"
    with smtp.server() as peer:
        set_up(site, peer)
        form = staff.get(f"{address}?{DAYS}").text
        assert "Relevé de compte" in form
        typed = {"to": "zoe@example.org", "subject": "##STATEMENT-UNTIL##", "text": "My ##STATEMENT-XX##"}
        wrong = staff.post(f"{address}?{DAYS}", data=typed)
        assert (wrong.status_code, "My ##STATEMENT-XX##" in wrong.text) == (422, True)
        typed = {**typed, "text": "Solde : ##STATEMENT-BALANCE##"}
        assert "Solde : 100,00" in staff.post(f"{address}/preview?{DAYS}", data=typed).text.replace("\xa0", " ")
        for _ in range(2):
            assert staff.post(f"{address}?{DAYS}", data=typed).status_code == 303
        site.run_jobs()
        site.run_jobs()
        assert len(peer.taken) == 1
        taken = peer.taken[0]
    assert (taken.recipients, taken.mail["Subject"]) == (["zoe@example.org"], "20 mai 2026")
    attached = next(taken.mail.iter_attachments())
    assert attached.get_filename() == "statement-Zoé-2026-05-20.pdf"
    assert "INV-0001" in read(attached.get_content())[0]
    with site.work() as work:
        mine = work.session.query(JournalEntry).filter_by(contact_id=ada, type="invoices.statement_sent").all()
        assert [entry.data["to"] for entry in mine] == ["zoe@example.org"]
    assert "zoe@example.org" in staff.get(f"/contacts/{ada}").text
    with site.work() as work, work.begin():
        settings.set_many(work, {"invoices.statement_subject": "Votre compte"})
    assert "Votre compte" in staff.get(f"{address}?{DAYS}").text
