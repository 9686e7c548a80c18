"""Pages of mail, as people use them."""

from __future__ import annotations

import io
import re

import pytest
from sqlalchemy import func, select

from crmhost.core.contacts import services as contacts
from crmhost.core.mail import services as mail
from crmhost.core.mail import suppression
from crmhost.testing import Host
from tests.peers import smtp
from tests.unit.core.mail.conftest import stored, write
from tests.unit.web.conftest import Reader

ONE = pytest.mark.database("sqlite")


@pytest.fixture
def reader(site: Host) -> Reader:
    return Reader(site)


def last(site: Host) -> int:
    """Number of the mail written last."""
    with site.site.sessions() as session:
        return session.scalars(select(func.max(mail.MailMessage.id))).one()


# --- a mail to one contact -------------------------------------------------------------------------------------------


def test_a_mail_is_written_on_the_contacts_page(site: Host, peer: smtp.Peer, reader: Reader) -> None:
    """Placeholders are filled in, files go with it, the contact's page says what was sent."""
    contact = site.make.contact(first_name="Ann", last_name="Lee", emails=["ann@example.org", "lee@example.org"])
    page = reader.get(f"/contacts/{contact}").text
    assert f"/contacts/{contact}/mail" in page
    form = {
        "to": "lee@example.org",
        "account": "",
        "subject": "For {{ contact.first_name }}",
        "kind": "text",
        "content": "Dear ##CONTACT-FULLNAME##,\n\nsee https://example.com/a?b=1&c=2.",
    }
    preview = reader.post(f"/contacts/{contact}/mail/preview", form)
    assert "For Ann" in preview.text
    assert "sandbox" in preview.headers["Content-Security-Policy"]
    assert preview.headers["X-Frame-Options"] == "SAMEORIGIN"
    files = [(io.BytesIO(b"%PDF-1.4 one"), "Angebot é.pdf"), (io.BytesIO(b"two"), "b.txt")]
    answer = reader.post(f"/contacts/{contact}/mail", {**form, "files": files}, content_type="multipart/form-data")
    assert answer.status_code == 303, answer.text
    site.run_jobs()
    taken = peer.taken[0]
    assert taken.recipients == ["lee@example.org"]
    assert taken.mail["Subject"] == "For Ann"
    assert taken.part("plain").startswith("Dear Ann Lee,")
    assert 'href="https://example.com/a?b=1&amp;c=2"' in taken.part("html")
    attached = {part.get_filename(): part.get_content() for part in taken.mail.iter_attachments()}
    assert attached["Angebot é.pdf"] == b"%PDF-1.4 one"
    assert attached["b.txt"].strip() == "two"
    page = reader.get(f"/contacts/{contact}").text
    assert "Dear Ann Lee," in page
    assert f"/settings/mail/log/{last(site)}" in page
    page = reader.get(f"/settings/mail/log/{last(site)}").text
    assert "taken as number 1" in page
    assert "Angebot é.pdf" in page
    assert "Message-ID" in page
    link = re.search(r'href="(/storage/\d+)"', page)
    assert link is not None
    with reader.get(link.group(1)) as file:
        assert file.data == b"%PDF-1.4 one"
    with Reader(site, "Quotes manager").get(link.group(1)) as file:
        assert file.status_code == 404


@ONE
def test_what_can_not_be_sent_stays_in_the_form(site: Host, peer: smtp.Peer, reader: Reader) -> None:
    """With the reason at its field, and nothing is wanted."""
    contact = site.make.contact(email="ann@example.org")
    fine = {"to": "ann@example.org", "account": "", "subject": "S", "kind": "text", "content": "Kept words"}
    for change, words in (
        ({"subject": ""}, "a subject"),
        ({"content": " "}, "Write something"),
        ({"content": "Kept words {{ contact.shoe_size }}"}, "Nothing is known as"),
        ({"content": "Kept words {% if %}"}, "can’t be read|can&#39;t be read|Line 1"),
        ({"kind": "mjml", "content": "Kept words <mj"}, "MJML"),
        ({"to": "other@example.org"}, "Choose one of the list"),
        ({"account": "7"}, "Choose one of the list"),
        ({"kind": "pdf"}, "Choose one of the list"),
    ):
        answer = reader.post(f"/contacts/{contact}/mail", {**fine, **change})
        assert answer.status_code == 422, change
        assert re.search(words, answer.text), change
        assert "Kept words" in answer.text or change.get("content") == " "
    many = [(io.BytesIO(b"x"), f"{number}.txt") for number in range(11)]
    answer = reader.post(f"/contacts/{contact}/mail", {**fine, "files": many}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "At most 10 files" in answer.text
    bad = {**fine, "content": "{{ contact.shoe_size }}"}
    assert "Nothing is known as" in reader.post(f"/contacts/{contact}/mail/preview", bad).text
    assert site.jobs("mail.send") == []
    bare = site.make.contact(first_name="Bo")
    assert "no e-mail address" in reader.get(f"/contacts/{bare}/mail").text
    assert "/mail" not in reader.get(f"/contacts/{bare}").text.partition("crm-rec")[2].partition("</header>")[0]
    assert reader.get("/contacts/999/mail").status_code == 404
    assert reader.get(f"/contacts/{contact}/mail?template=999").status_code == 404
    assert Reader(site, "Read only").get(f"/contacts/{contact}/mail").status_code == 403


# --- templates -------------------------------------------------------------------------------------------------------


def test_a_template_is_written_shown_tried_copied_and_deleted(site: Host, peer: smtp.Peer, reader: Reader) -> None:
    """And fills the form of a mail to a contact."""
    contact = site.make.contact(first_name="Ann", email="ann@example.org")
    form = {
        "name": "Welcome",
        "kind": "html",
        "subject": "Hi {{ contact.first_name }}",
        "content": "<p>Dear <b>##CONTACT-FNAME##</b></p>",
    }
    answer = reader.post("/mail/templates/new", form)
    assert answer.status_code == 303, answer.text
    address = answer.headers["Location"].partition("?")[0]
    number = address.rpartition("/")[2]
    assert "Welcome" in reader.get("/mail/templates/").text
    assert "{{ contact.first_name }}" in reader.get(address).text
    shown = reader.post("/mail/templates/preview", {**form, "contact": str(contact)}).text
    assert "Dear <b>Ann</b>" in shown
    assert "Dear <b>Ann</b>" in reader.post("/mail/templates/preview", {**form, "contact": "ANN@example.org"}).text
    assert "There is no contact" in reader.post("/mail/templates/preview", {**form, "contact": "x@example.org"}).text
    assert reader.post(f"{address}/test", {}).status_code == 303
    site.run_jobs()
    assert peer.taken[0].recipients == ["admin@example.com"]
    assert peer.taken[0].mail["Subject"] == "Hi Ann"
    assert "Dear &lt;b&gt;##CONTACT-FNAME##" in reader.get(f"/contacts/{contact}/mail?template={number}").text
    copy = reader.post(f"{address}/duplicate").headers["Location"]
    assert "Welcome (2)" in reader.get(copy).text
    assert reader.post(f"{copy}/delete").status_code == 303
    assert reader.get(copy).status_code == 404
    assert Reader(site, "Contacts manager").get("/mail/templates/").status_code == 403


@ONE
def test_what_is_wrong_with_a_template_is_told_at_its_field(site: Host, reader: Reader) -> None:
    """And when somebody else saved it meanwhile."""
    fine = {"name": "Welcome", "kind": "text", "subject": "S", "content": "Kept words"}
    reader.post("/mail/templates/new", fine)
    for change, words in (
        ({"name": ""}, "Give the template a name"),
        ({"name": "welcome"}, "already"),
        ({"name": "B", "content": ""}, "Write something"),
        ({"name": "B", "kind": "mjml", "content": "<p>no</p>"}, "MJML|mjml"),
        ({"name": "B", "subject": "{{ contact.frst_name }}"}, "Nothing is known as"),
        ({"name": "B", "content": "Kept words {{ a"}, "not closed"),
        ({"name": "B", "text": "{% include 'x' %}"}, "no tag"),
    ):
        answer = reader.post("/mail/templates/new", {**fine, **change})
        assert answer.status_code == 422, change
        assert re.search(words, answer.text), (change, answer.text)
    assert reader.post("/mail/templates/1", {**fine, "version": "1", "content": "Mine"}).status_code == 303
    answer = reader.post("/mail/templates/1", {**fine, "version": "1", "content": "Theirs"})
    assert answer.status_code == 409
    assert "saved this meanwhile" in answer.text
    assert 'name="content" value="Theirs"' in answer.text


# --- settings and accounts -------------------------------------------------------------------------------------------


@ONE
def test_the_settings_of_mail_have_pages_of_their_own(site: Host, peer: smtp.Peer, reader: Reader) -> None:
    """One item in the menu; what is wrong stays in the form; trying shows the server's answer."""
    page = reader.get("/settings/mail/").text
    assert page.count('href="/settings/mail/"') == 2  # menu and tab
    assert "/settings/page/mail" not in page
    answer = reader.post(
        "/settings/mail/",
        {"mail.transport": "smtp", "mail.from": "nobody", "mail.smtp_port": "25", "mail.smtp_security": "none"},
    )
    assert answer.status_code == 422
    assert "is not an e-mail address" in answer.text
    assert "taken as number 1" in reader.post("/settings/mail/test").text
    assert reader.post("/settings/mail/returned", {"mail.imap_port": "0"}).status_code == 422
    fields = {
        "mail.imap_host": "imap.example.com",
        "mail.imap_port": "993",
        "mail.imap_user": "u",
        "mail.imap_password": "p",
        "mail.imap_folder": "INBOX",
    }
    assert reader.post("/settings/mail/returned", fields).status_code == 303
    key = re.search(r"https://crm\.example\.com/hooks/mail/([\w-]+)", reader.post("/settings/mail/returned/key").text)
    assert key is not None
    assert key.group(1) not in reader.get("/settings/mail/returned").text
    assert Reader(site, "Mail manager").get("/settings/mail/").headers["Location"] == "/settings/mail/log/"
    for path in ("/settings/mail/", "/settings/mail/returned", "/settings/mail/accounts/", "/settings/mail/log/"):
        assert Reader(site, "Read only").get(path).status_code == 403


@ONE
def test_an_account_is_added_tried_and_deleted(site: Host, peer: smtp.Peer, reader: Reader) -> None:
    """Its secrets never come back to a page; the DNS record of its signature does."""
    form = {
        "name": "News <b>",
        "from_email": "news@example.com",
        "from_name": "Atelier",
        "host": "127.0.0.1",
        "port": str(peer.port),
        "security": "none",
        "per_minute": "30",
        "dkim_domain": "example.com",
    }
    assert reader.post("/settings/mail/accounts/new", {**form, "port": "x"}).status_code == 422
    answer = reader.post("/settings/mail/accounts/new", form)
    assert answer.status_code == 303, answer.text
    address = answer.headers["Location"]
    page = reader.get(address).text
    assert "crmhost._domainkey.example.com" in page
    assert "PRIVATE" not in page
    assert "Stored; type to replace it" in page
    assert "News &lt;b&gt;" in reader.get("/settings/mail/accounts/").text
    assert "taken as number 1" in reader.post(f"{address}/test", {"to": "me@example.org"}).text
    peer.answer("MAIL", "550 5.7.1 go away")
    assert "550 5.7.1 go away" in reader.post(f"{address}/test").text
    assert reader.post(f"{address}/delete").status_code == 303
    assert reader.get(address).status_code == 404


# --- the log ---------------------------------------------------------------------------------------------------------


@ONE
def test_the_log_is_filtered_paged_and_shows_each_mail(site: Host, peer: smtp.Peer, reader: Reader) -> None:
    """By state, address and day; a failed mail has its button, a sent one none."""
    sent = write(site, to="ann@example.org", subject="First <i>", html="<h1>Hi</h1><script>alert(1)</script>")
    site.run_jobs()
    peer.answer("RCPT", "550 5.1.1 no such user")
    failed = write(site, to="bob@example.org", subject="Second")
    site.run_jobs()
    page = reader.get("/settings/mail/log/").text
    assert "First &lt;i&gt;" in page
    assert "550 5.1.1 no such user" in page
    assert "First" not in reader.get("/settings/mail/log/?state=failed").text
    assert "Second" not in reader.get("/settings/mail/log/?q=ann@").text
    assert "First" not in reader.get("/settings/mail/log/?to=2020-01-01").text
    assert reader.get("/settings/mail/log/?state=x&from=y&account=z&after=").status_code == 200
    assert reader.get("/settings/mail/log/?after=nonsense").status_code == 422
    part = reader.get(f"/settings/mail/log/{sent}/html")
    assert "script-src" not in part.headers["Content-Security-Policy"]
    assert "default-src 'none'" in part.headers["Content-Security-Policy"]
    assert reader.post(f"/settings/mail/log/{sent}/again").status_code == 409
    assert f"/settings/mail/log/{sent}/again" not in reader.get(f"/settings/mail/log/{sent}").text
    assert f"/settings/mail/log/{failed}/again" in reader.get(f"/settings/mail/log/{failed}").text
    peer.answer("RCPT", "")
    assert reader.post(f"/settings/mail/log/{failed}/again").status_code == 303
    site.run_jobs()
    assert stored(site, failed).state == "sent"
    assert reader.post(f"/settings/mail/log/{failed}/arrived").status_code == 409
    for number in range(30):
        write(site, to=f"p{number}@example.org")
    first = reader.get("/settings/mail/log/?rows=25").text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = reader.get(following.group(1).replace("&amp;", "&")).text
    assert "First &lt;i&gt;" in second
    back = re.search(r'rel="prev" href="([^"]+)"', second)
    assert back is not None
    assert "p29@example.org" in reader.get(back.group(1).replace("&amp;", "&")).text
    assert Reader(site, "Contacts manager").get(f"/settings/mail/log/{sent}").status_code == 200
    assert Reader(site, "Quotes manager").get(f"/settings/mail/log/{sent}").status_code == 403


# --- unsubscribing ---------------------------------------------------------------------------------------------------


def test_one_of_many_mails_can_be_unsubscribed_from(site: Host, peer: smtp.Peer) -> None:
    """Opening the page changes nothing, the one click does, without signing in; it outlives the contact."""
    contact = site.make.contact(first_name="Ann", email="ann@example.org")
    number = write(site, contact_id=contact, bulk=True)
    site.run_jobs()
    header = peer.taken[0].mail["List-Unsubscribe"]
    assert peer.taken[0].mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = str(header).strip("<>").removeprefix("https://crm.example.com")
    stranger = Reader(site, "")
    stranger.client.forges = True  # type: ignore[attr-defined]
    for method in ("get", "head", "get"):
        page = getattr(stranger.client, method)(address)
        assert page.status_code == 200
    assert "a•••@example.org" in stranger.get(address).text
    with site.work() as work:
        assert not mail.blocked(work, ["ann@example.org"])
    answer = stranger.post(address, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    stranger.post(address, {"List-Unsubscribe": "One-Click"})
    with site.work() as work:
        assert mail.blocked(work, ["ANN@example.org", "bob@example.org"]) == {"ANN@example.org"}
    assert [name for name, _ids in site.events()].count("mail.unsubscribed") == 1
    with pytest.raises(Exception, match="unsubscribed"):
        write(site, contact_id=contact, bulk=True)
    page = Reader(site).get(f"/contacts/{contact}").text
    assert "ann@example.org unsubscribed" in page
    with site.work() as work, work.begin():
        contacts.to_bin(work, [contact])
        contacts.erase(work, contact)
    with site.work() as work:
        assert mail.blocked(work, ["ann@example.org"])
        assert work.session.get(mail.MailMessage, number) is None
    assert stranger.get(address).status_code == 200
    stranger.post(address, {"again": "1"})
    with site.work() as work:
        assert not mail.blocked(work, ["ann@example.org"])
    for forged in ("/mail/u/x", "/mail/u/" + "A" * 64, address[:-1] + "é", address[:-2] + "AA"):
        assert stranger.get(forged).status_code == 404
        assert stranger.post(forged).status_code == 404


@ONE
def test_a_person_may_allow_mail_again(site: Host, peer: smtp.Peer, reader: Reader) -> None:
    """On the contact's page, with the permission; the audit log has it."""
    contact = site.make.contact(email="ann@example.org")
    with site.work() as work, work.begin():
        suppression.suppress(work, "Ann@example.org", "bounced", "5.1.1 no such user")
    assert "ann@example.org bounced" in reader.get(f"/contacts/{contact}").text
    assert "came back" in reader.get(f"/contacts/{contact}/mail").text
    assert Reader(site, "Contacts manager").post(f"/contacts/{contact}/mail/clear").status_code == 403
    assert reader.post(f"/contacts/{contact}/mail/clear").status_code == 303
    assert "bounced" not in reader.get(f"/contacts/{contact}").text
    assert reader.post(f"/contacts/{contact}/mail/clear").status_code == 422
    assert "Mail cleared" in reader.get("/settings/audit").text
