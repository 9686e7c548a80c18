"""Rich text: what is kept of it, how it is sent, its pictures, and two who save one template."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from crmhost.core.files import services as files
from crmhost.core.files.models import File
from crmhost.core.mail import patterns
from crmhost.core.settings import services as settings
from crmhost.errors import Invalid
from crmhost.mail.rich import harmless
from crmhost.testing import Host
from crmhost.web.api import ChoiceField, Form, RichTextField
from tests.peers import smtp
from tests.unit.core.mail.conftest import stored, write
from tests.unit.web.conftest import Reader

ONE = pytest.mark.database("sqlite")
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


class Letter(Form):
    """A form as an extension makes it."""

    kind = ChoiceField("Kind", choices=(("rich", "Rich"), ("text", "Text")))
    body = RichTextField("Body", placeholders=[("quote.title", "Title")], images="/x", when=("kind", "rich"))


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("", ""),
        (
            "Dear {{ owner.name }},\n\none\ntwo < three",
            "<p>Dear {{ owner.name }},</p>\n<p>one<br>\ntwo &lt; three</p>",
        ),
        ('<p onclick="x()">a<script>x()</script></p>', "<p>a</p>"),
        (
            '<p class="button"><a href="javascript:x()">b</a></p>',
            '<p class="button"><a rel="noopener noreferrer">b</a></p>',
        ),
        ("<img src=x onerror=x()>", '<img src="x">'),
    ],
)
def test_rich_text_is_harmless_wherever_it_comes_from(written: str, kept: str) -> None:
    """Plain text becomes paragraphs, what could run falls away, placeholders stay."""
    assert harmless(written) == kept


@ONE
def test_a_form_of_an_extension_gets_harmless_html(site: Host) -> None:
    """The field cleans what comes in, says what can't be read, and leaves other kinds of text alone."""
    hostile = "<p>a<script>x()</script></p>"
    with site.generation.app.test_request_context():
        form = Letter(MultiDict({"kind": "rich", "body": hostile}))
        assert form.validate()
        assert form.body.data == "<p>a</p>"
        assert '"quote.title"' in form.body.editor
        form = Letter(MultiDict({"kind": "text", "body": hostile}))
        assert form.validate()
        assert form.body.data == hostile
        form = Letter(MultiDict({"kind": "rich", "body": "<b>" * 900}))
        assert not form.validate()
        assert "nested" in str(form.body.errors)


@ONE
def test_a_rich_template_looks_the_same_in_every_layout(site: Host, peer: smtp.Peer) -> None:
    """Its button is styled, the layout's own rules win, and what is stored holds nothing that runs."""
    content = '<h1>Hi</h1><p class="button"><a href="https://example.org" onclick="x()">Go</a></p>'
    with site.work() as work, work.begin():
        settings.set_many(work, {"mail.layout": "<style>h1 { color: red }</style><div>##MSG-CONTENT##</div>"})
        row = patterns.save(work, None, {"name": "One", "kind": "rich", "subject": "Hi", "content": content})
        assert "onclick" not in row.content
        written = patterns.write(work, row.id, None)
    assert "background-color:#3b4fd8" in written.html
    assert 'color:red">Hi' in written.html.replace("; ", ";").replace(": ", ":")
    assert "Go (https://example.org)" in written.text


def test_a_picture_goes_inside_the_mail(site: Host, peer: smtp.Peer) -> None:
    """It is taken in by the editor, shown in the preview and in the log, and travels as a part of the mail."""
    reader = Reader(site)
    contact = site.make.contact(first_name="Ann", email="ann@example.org")
    answer = reader.post("/mail/pictures", {"file": (io.BytesIO(PNG), "a.png")}, content_type="multipart/form-data")
    assert answer.status_code == 201, answer.text
    html = f'<p>See</p><img src="{answer.json["src"]}" alt="A house">'
    with reader.get(answer.json["src"]) as got:
        assert got.data == PNG
    form = {"to": "ann@example.org", "account": "", "subject": "Hi", "kind": "rich", "content": html}
    assert "data:image/png;base64," in reader.post(f"/contacts/{contact}/mail/preview", form).text
    assert reader.post(f"/contacts/{contact}/mail", form).status_code == 303
    site.run_jobs()
    mail = peer.taken[0].mail
    (picture,) = [part for part in mail.walk() if part.get_content_maintype() == "image"]
    name = str(picture["Content-ID"]).strip("<>")
    assert f'src="cid:{name}"' in peer.taken[0].part("html")
    assert picture.get_content() == PNG
    assert "data:image/png;base64," in reader.get("/settings/mail/log/1/html").text


@ONE
def test_no_other_file_gets_into_a_mail(site: Host, peer: smtp.Peer) -> None:
    """A text that names somebody's attachment, or a picture that is gone, is refused or left as it is; no other file is taken."""
    reader = Reader(site)
    for content, name in ((b"%PDF-1.4", "a.pdf"), (b"<svg onload=x()>", "a.svg")):
        answer = reader.post(
            "/mail/pictures", {"file": (io.BytesIO(content), name)}, content_type="multipart/form-data"
        )
        assert answer.status_code == 422
        assert "PNG" in answer.json["error"]
    assert reader.post("/mail/pictures", {}).status_code == 422
    with site.work() as work:
        staged = files.stage(work, PNG, name="secret.png", owner="mail", contact_id=site.make.contact())
        with work.begin():
            secret = files.store(work, staged).id
    for number in (secret, 999):
        with pytest.raises(Invalid, match="no longer there"):
            write(site, to="ann@example.org", html=f'<img src="/storage/{number}?show=1">')
    with site.site.sessions() as session:
        assert session.scalar(select(func.count()).select_from(File)) == 1
    number = write(site, to="ann@example.org", html='<img src="cid:picture-1">')
    assert stored(site, number).attachments == []


def test_the_second_who_saves_a_template_sees_both(site: Host) -> None:
    """What was typed stays in the form, what is stored stands beside it, and saving again keeps what was typed."""
    reader = Reader(site)
    form = {"name": "One", "kind": "rich", "subject": "Hi", "content": "<p>first</p>"}
    reader.post("/mail/templates/new", form)
    assert reader.post("/mail/templates/1", {**form, "content": "<p>theirs</p>", "version": "1"}).status_code == 303
    answer = reader.post("/mail/templates/1", {**form, "content": "<p>mine</p>", "version": "1"})
    assert answer.status_code == 409
    assert "theirs" in answer.text
    assert "mine" in answer.text
    assert 'name="version" type="hidden" value="2"' in answer.text
    assert reader.post("/mail/templates/1", {**form, "content": "<p>mine</p>", "version": "2"}).status_code == 303
    with site.work() as work:
        assert patterns.get(work, 1).content == "<p>mine</p>"


def test_a_site_without_a_mailbox_starts_no_job_for_it(site: Host) -> None:
    """The schedule makes a job once there is something to read."""
    site.run_jobs()
    site.clock.move(minutes=6)
    site.run_jobs()
    assert site.jobs("mail.poll") == []
    with site.work() as work, work.begin():
        settings.set_many(work, {"mail.imap_host": "127.0.0.1", "mail.imap_port": "1"})
    site.clock.move(minutes=6)
    site.run_jobs()
    assert len(site.jobs("mail.poll")) == 1
