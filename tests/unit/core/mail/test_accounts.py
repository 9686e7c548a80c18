"""Accounts: encryption with checked certificates, sign-in, secrets that stay secret, signatures, the default."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any, Literal

import dkim as other_dkim
import pytest
from sqlalchemy import text

from crmhost.core.mail import accounts
from crmhost.core.mail.trying import try_account
from crmhost.core.settings import services as settings
from crmhost.core.users import audit
from crmhost.errors import Forbidden, Invalid, NotFound, Stale
from crmhost.mail import dkim
from crmhost.testing import Host
from tests.peers import smtp
from tests.unit.core.mail.conftest import set_up, stored, write

ONE = pytest.mark.database("sqlite")
FIELDS: dict[str, Any] = {
    "name": "Newsletter",
    "from_email": "news@example.com",
    "from_name": "Atelier",
    "host": "127.0.0.1",
    "port": 25,
    "security": "none",
}


def added(site: Host, peer: smtp.Peer | None = None, **fields: Any) -> int:
    """Adds an account; gives its number."""
    values = {**FIELDS, **({"port": peer.port} if peer else {}), **fields}
    with site.work("Admin") as work, work.begin():
        return accounts.save(work, None, values).id


@pytest.mark.parametrize("security", ["starttls", "tls"])
@ONE
def test_an_account_signs_in_over_a_checked_connection(
    host: Callable[..., Host],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    security: Literal["starttls", "tls"],
) -> None:
    """With a certificate that is trusted the mail goes; with one that is not, nothing is said to the server."""
    site = host()
    with smtp.server(security, sign_in=True) as peer:
        assert peer.authority is not None
        set_up(site, peer)
        secrets = {"user": smtp.USER, "password": smtp.PASSWORD}
        account = added(site, peer, security=security, **secrets)
        strange = write(site, to="ann@example.org", account_id=account)
        site.run_jobs()
        refused = stored(site, strange)
        assert refused.state == "failed"
        assert "certificate of 127.0.0.1 is not valid" in refused.answers[-1]["text"]
        assert peer.taken == []
        smtp.trust(peer.authority, tmp_path, monkeypatch)
        number = write(site, to="ann@example.org", account_id=account)
        site.run_jobs()
        assert stored(site, number).state == "sent"
        assert peer.taken[0].user == smtp.USER
        assert peer.taken[0].encrypted or security == "tls"
        with site.work("Admin") as work, work.begin():
            accounts.save(
                work, account, {**FIELDS, "port": peer.port, "security": security, **secrets, "password": "no"}
            )
        with site.work("Admin") as work:
            tried = try_account(work, accounts.chosen(work, account), "me@example.com")
        assert not tried.fine
        assert tried.said.startswith("535")


@ONE
def test_secrets_are_encrypted_kept_and_shown_to_nobody(site: Host) -> None:
    """In the table, in the audit log; an empty field keeps them; without a user the password goes."""
    number = added(site, user="me", password="open sesame", dkim_domain="example.com")
    with site.site.engine.connect() as connection:
        raw = connection.execute(text("SELECT password, dkim_key FROM mail_account")).one()
    assert b"sesame" not in bytes(raw[0])
    assert b"PRIVATE" not in bytes(raw[1])
    with site.work("Admin") as work:
        rows, _next = audit.entries(work)
        assert "sesame" not in str([(row.before, row.after) for row in rows])
        with work.begin():
            accounts.save(work, number, {**FIELDS, "user": "me", "password": ""})
        assert accounts.chosen(work, number).password == "open sesame"
        assert "sesame" not in repr(accounts.chosen(work, number))
        with work.begin():
            accounts.save(work, number, {**FIELDS, "user": ""})
        assert accounts.chosen(work, number).password == ""


@ONE
def test_an_account_with_a_domain_signs_its_mails(site: Host, peer: smtp.Peer) -> None:
    """The signature holds for what arrived, with the record that the page shows."""
    number = added(site, peer, dkim_domain="Example.com")
    mail = write(site, to="ann@example.org", account_id=number, html="<p>Hi</p>")
    site.run_jobs()
    assert stored(site, mail).state == "sent"
    with site.work("Admin") as work:
        record = dkim.record(accounts.dkim_pem(work, accounts.get(work, number)))
    asked: list[bytes] = []

    def lookup(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return record.encode()

    assert other_dkim.verify(peer.taken[0].raw, dnsfunc=lookup)
    assert asked == [b"crmhost._domainkey.example.com."]


@ONE
def test_the_first_account_is_the_default_until_another_one_is(site: Host, peer: smtp.Peer) -> None:
    """Mails go by it unless they name another one; deleting one leaves what waits to the default one, and deleting that hands
    its part on.
    """
    first = added(site, peer)
    support = {**FIELDS, "name": "Support", "from_email": "support@example.com", "reply_to": "desk@example.com"}
    support["port"] = peer.port
    second = added(site, **support)
    waiting = write(site, to="ann@example.org", account_id=first)
    with site.work("Admin") as work:
        assert accounts.chosen(work).id == first
        with work.begin():
            accounts.save(work, second, {**support, "is_default": True})
        assert [row.id for row in accounts.all_accounts(work)] == [second, first]
        with work.begin():
            accounts.remove(work, first)
        with pytest.raises(NotFound):
            accounts.chosen(work, first)
    site.run_jobs()
    sent = stored(site, waiting)
    assert (sent.state, sent.account_id, sent.from_text) == ("sent", None, "Atelier <support@example.com>")
    assert peer.taken[0].mail["From"] == "Atelier <support@example.com>"
    assert peer.taken[0].mail["Reply-To"] == "desk@example.com"
    with site.work("Admin") as work, work.begin():
        accounts.remove(work, second)
    with site.work("Admin") as work:
        assert accounts.chosen(work).from_email == "hello@example.com"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "taken"}, "name"),
        ({"from_email": "x"}, "from_email"),
        ({"from_email": ""}, "from_email"),
        ({"reply_to": "a b"}, "reply_to"),
        ({"host": ""}, "host"),
        ({"host": "smtp://example.com"}, "host"),
        ({"port": 0}, "port"),
        ({"port": "many"}, "port"),
        ({"port": None}, "port"),
        ({"security": "rot13"}, "security"),
        ({"password": "x"}, "user"),
        ({"per_hour": -1}, "per_hour"),
        ({"signature": "x" * 5001}, "signature"),
        ({"dkim_key": "PEM"}, "dkim_domain"),
        ({"dkim_domain": "example.com", "dkim_key": "no key"}, "dkim_key"),
        ({"dkim_domain": "not a domain"}, "dkim_domain"),
    ],
)
@ONE
def test_wrong_fields_are_told_where_they_stand(site: Host, fields: dict[str, Any], field: str) -> None:
    """Each with a sentence, and nothing is stored."""
    added(site, name="Taken")
    with pytest.raises(Invalid) as caught:
        added(site, **fields)
    assert field in caught.value.errors
    with site.work("Admin") as work:
        assert [row.name for row in accounts.all_accounts(work)] == ["Taken"]


@ONE
def test_settings_are_checked_and_accounts_need_their_permission(site: Host) -> None:
    """A sender with or without a name; ports; a layout with one place."""
    wrong = {"mail.from": "hello", "mail.smtp_port": "70000", "mail.layout": "<p>", "mail.smtp_security": "ssl"}
    with site.work("Admin") as work:
        for key, value in wrong.items():
            with pytest.raises(Invalid), work.begin():
                settings.set_many(work, {key: value})
        with work.begin():
            settings.set_many(work, {"mail.from": "plain@example.com", "mail.reply_to": "desk@example.com"})
        chosen = accounts.chosen(work)
        assert (chosen.from_email, chosen.reply_to, chosen.security) == (
            "plain@example.com",
            "desk@example.com",
            "none",
        )
    with pytest.raises(Forbidden), site.work("Mail manager") as work, work.begin():
        accounts.save(work, None, FIELDS)


@ONE
def test_trying_where_mails_stay_sends_none(site: Host, peer: smtp.Peer) -> None:
    """It signs in and says what the server answers; once mails leave, one comes."""
    with site.work("Admin") as work:
        assert try_account(work, accounts.chosen(work), "me@example.com").sent_to == "me@example.com"
    assert peer.taken[0].mail["Subject"].startswith("Test mail")
    set_up(site, peer, transport="log")
    with site.work("Admin") as work:
        tried = try_account(work, accounts.chosen(work), "me@example.com")
    assert (tried.fine, tried.sent_to, tried.said[:3]) == (True, "", "250")
    assert len(peer.taken) == 1


@ONE
def test_the_command_line_sets_the_default_account(host: Callable[..., Host], peer: smtp.Peer) -> None:
    """By the fixed names; a mail then leaves."""
    site = host()
    values = {
        "mail.smtp_host": "127.0.0.1",
        "mail.smtp_port": str(peer.port),
        "mail.smtp_security": "none",
        "mail.from": "Atelier <hello@example.com>",
        "mail.transport": "smtp",
    }
    for key, value in values.items():
        assert site.cli("settings", "set", key, value).exit_code == 0
    assert site.cli("settings", "set", "mail.smtp_security", "rot13").exit_code == 1
    write(site, to="ann@example.org")
    assert site.cli("jobs", "run", "--until-idle").exit_code == 0
    assert peer.taken[0].mail["From"] == "Atelier <hello@example.com>"


def test_two_people_who_save_one_account(site: Host, peer: smtp.Peer) -> None:
    """The second chooses field by field what was changed on both sides, loses nothing that was typed, and types a secret again;
    trying the account in between changes nothing of that.
    """
    client = site.client("Admin")
    form = {"name": "Shop", "from_email": "shop@example.com", "host": "127.0.0.1", "security": "none"}
    form |= {"port": str(peer.port), "user": "shop"}
    client.post("/settings/mail/accounts/new", data={**form, "signature": "Shop", "per_day": "50"})
    page = "/settings/mail/accounts/1"
    opened = hidden(client.post(f"{page}/test").text)
    mine = {
        **form,
        **opened,
        "signature": "Mine",
        "host": "mine.example.com",
        "per_day": "50",
        "password": "open sesame",
    }
    theirs = {**form, **hidden(client.get(page).text), "signature": "Theirs", "per_day": "9"}
    assert client.post(page, data=theirs).status_code == 303
    answer = client.post(page, data=mine)
    assert answer.status_code == 409
    assert re.findall(r'name="keep\.(\w+)" value="(\w+)" checked', answer.text) == [
        ("signature", "mine"),
        ("per_day", "theirs"),
    ]
    assert "sesame" not in answer.text
    assert 'type="password"' in answer.text
    chosen = {**mine, **hidden(answer.text), "keep.signature": "mine", "keep.per_day": "theirs"}
    assert client.post(page, data=chosen).status_code == 303
    with site.work("Admin") as work:
        row = accounts.get(work, 1)
        assert (row.signature, row.host, row.per_day) == ("Mine", "mine.example.com", 9)
        assert accounts.chosen(work, 1).password == "open sesame"
        with pytest.raises(Stale), work.begin():
            accounts.save(work, 1, form, version=1)


def hidden(text: str) -> dict[str, str]:
    """What a form notes of the version that it shows."""
    found = dict(re.findall(r'<input[^>]*name="(version|seen)"[^>]*value="([^"]*)"', text))
    assert found.keys() == {"version", "seen"}, text
    return {name: unescape(value) for name, value in found.items()}
