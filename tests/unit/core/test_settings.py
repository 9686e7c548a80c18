"""Settings: typed, checked, audited; secrets encrypted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmhost.contributions import Setting
from crmhost.core.settings import services as settings
from crmhost.core.settings.models import StoredSetting
from crmhost.core.settings.secrets import Cipher
from crmhost.core.settings.services import MASK, SettingsView
from crmhost.errors import CrmError, Forbidden, Invalid
from crmhost.host.tables import HostState
from crmhost.testing import Host
from crmhost.work.tables import AuditEntry
from crmhost.work.unit import Work

DECLARED = [
    Setting(key="t.text", default="a"),
    Setting(key="t.long_text", kind="long_text", default=""),
    Setting(key="t.integer", kind="integer", default=3),
    Setting(key="t.number", kind="number", default=1.5),
    Setting(key="t.boolean", kind="boolean", default=False),
    Setting(key="t.choice", kind="choice", default="", choices=[("a", "Apple"), ("b", "Pear")]),
    Setting(key="t.list", kind="list", default=[]),
    Setting(key="t.email", kind="email", default=""),
    Setting(key="t.url", kind="url", default=""),
    Setting(key="t.secret", kind="secret", default=""),
    Setting(key="t.json", kind="json", default={}),
    Setting(key="t.rebuilds", default="", rebuilds=True),
]


@pytest.fixture
def site(host: Callable[..., Host], monkeypatch: pytest.MonkeyPatch) -> Host:
    made = host()
    for item in DECLARED:
        made.generation.settings[item.key] = dataclasses.replace(item, plugin="t")
    return made


def put(site: Host, **values: Any) -> dict[str, Any]:
    with site.work("Admin") as work, work.begin():
        return settings.set_many(work, {f"t.{key}": value for key, value in values.items()})


def read(work: Work, key: str) -> Any:
    return settings.get(work, f"t.{key}")


TAKEN: list[tuple[str, Any, Any]] = [
    ("text", " b\x00c ", "b c"),
    ("long_text", "a\r\nb ", "a\nb"),
    ("integer", " 7 ", 7),
    ("integer", "", 3),
    ("number", "2.5", 2.5),
    ("number", 7, 7.0),
    ("boolean", "on", True),
    ("boolean", "", False),
    ("choice", "PEAR", "b"),
    ("choice", "a", "a"),
    ("list", "a, b\nc,,", ["a", "b", "c"]),
    ("list", ["x", " "], ["x"]),
    ("email", "Ann@Example.com", "Ann@example.com"),
    ("url", "https://example.com/x", "https://example.com/x"),
    ("json", '{"a": [1]}', {"a": [1]}),
    ("json", {"a\x00": "b\ud800"}, {"a": "b\ufffd"}),
    ("secret", "hush", "hush"),
]
REFUSED: list[tuple[str, Any, str]] = [
    ("text", ["x"], "must be text"),
    ("text", "x" * 1001, "too long"),
    ("long_text", "x" * 100_001, "too long"),
    ("integer", "7.5", "whole number"),
    ("integer", True, "whole number"),
    ("integer", "9" * 5_000, "whole number"),
    ("integer", 10**17, "too large"),
    ("number", "nan", "a number"),
    ("number", "1e999", "a number"),
    ("boolean", "perhaps", "yes or no"),
    ("choice", "Aple", "Did you mean “Apple”"),
    ("list", 7, "a list"),
    ("list", ["x"] * 1001, "too long"),
    ("email", "nobody", "not an e-mail"),
    ("url", "javascript:alert(1)", "https://"),
    ("url", "https://", "https://"),
    ("json", "{", "not valid JSON"),
    ("json", "[" * 100_000, "not valid JSON"),
    ("nothing", 1, "no such setting"),
]


def test_each_kind_takes_what_it_means(site: Host) -> None:
    """Values come back typed, and the same for who reads anew."""
    for key, raw, value in TAKEN:
        put(site, **{key: raw})
        with site.work("Admin") as work:
            assert read(work, key) == value, (key, raw)


def test_what_cant_be_taken_is_told_by_key_and_nothing_is_stored(site: Host) -> None:
    """One wrong value keeps all others of the call from being stored too."""
    for key, raw, words in REFUSED:
        with pytest.raises(Invalid) as caught:
            put(site, text="other", **{key: raw}) if key != "text" else put(site, text=raw)
        assert words in caught.value.errors[f"t.{key}"][0], (key, raw)
    with site.work() as work:
        assert work.session.query(StoredSetting).count() == 0


def test_changes_are_audited_with_secrets_masked(site: Host) -> None:
    """Who, from what, to what; saving the same again is no change."""
    assert put(site, text="b", secret="hush") == {"t.text": "b", "t.secret": MASK}
    assert put(site, text="b", secret="") == {}
    assert put(site, text=None, secret=None) == {"t.text": "a", "t.secret": None}
    with site.work("Admin") as work:
        lines = work.session.query(AuditEntry).filter_by(action="setting.changed").order_by(AuditEntry.id)
        assert [(line.object_id, line.before, line.after) for line in lines] == [
            ("t.text", "a", "b"), ("t.secret", None, MASK), ("t.text", "b", "a"), ("t.secret", MASK, None),
        ]  # fmt: skip
        assert (read(work, "text"), read(work, "secret")) == ("a", "")


def test_secrets_are_stored_encrypted(site: Host) -> None:
    """Nowhere in the database stands the text; another key can't read it and says what to do."""
    put(site, secret="open sesame")
    with site.work() as work:
        row = work.session.query(StoredSetting).one()
        assert row.value is None
        assert b"sesame" not in (row.secret or b"")
        other = SettingsView(work.session, site.generation.settings, Cipher("another key"))
        assert other.is_set("t.secret")
        with pytest.raises(CrmError, match="another secret key"):
            other.get("t.secret")
        rotated = SettingsView(work.session, site.generation.settings, Cipher("new key", site.site.config.secret_key))
        assert rotated.get("t.secret") == "open sesame"


def test_other_processes_hear_of_a_change(site: Host) -> None:
    """The version of the settings grows; a setting that rebuilds the site asks for a new generation too."""

    def state() -> tuple[int, int]:
        with site.work() as work:
            row = work.session.get_one(HostState, 1)
            return row.settings_version, row.generation

    before = state()
    put(site, text="b")
    assert state() == (before[0] + 1, before[1])
    put(site, text="b")
    assert state() == (before[0] + 1, before[1])
    put(site, rebuilds="b")
    assert state() == (before[0] + 2, before[1] + 1)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("key", "value", "stored", "wrong"),
    [
        ("site.currency", "usd", "USD", "dollars"),
        ("site.timezone", "Europe/Kyiv", "Europe/Kyiv", "Europe/Berlim"),
        ("site.date_format", "dd.MM.yyyy", "dd.MM.yyyy", "%d.%m.%Y"),
        ("site.language", "fr-FR", "fr_FR", "klingon"),
        ("statuses.default", "Customer", "3", "Costumer"),
    ],
)
def test_the_general_settings_are_checked(site: Host, key: str, value: str, stored: str, wrong: str) -> None:
    """Currency, zone, date format, language and default status take what is one, and say what is not."""
    with site.work("Admin") as work:
        with work.begin():
            settings.set_many(work, {key: value})
        assert settings.get(work, key) == stored
        with pytest.raises(Invalid), work.begin():
            settings.set_many(work, {key: wrong})


def test_only_who_may_changes_settings(site: Host) -> None:
    """Reading is free, writing asks for the permission; an undeclared setting can't be read."""
    with site.work("Read only") as work:
        assert read(work, "text") == "a"
        with pytest.raises(Forbidden), work.begin():
            settings.set_many(work, {"t.text": "b"})
        with pytest.raises(KeyError):
            read(work, "nothing")


@given(text=st.text(max_size=200), context=st.text(max_size=40))
def test_what_is_encrypted_comes_back_for_its_purpose_only(text: str, context: str) -> None:
    """Any text comes back; for another purpose, or changed by one bit, it does not."""
    cipher = Cipher("key")
    if any(0xD800 <= ord(letter) < 0xE000 for letter in text + context):
        return
    sealed, key_id = cipher.encrypt(text, context)
    assert cipher.decrypt(sealed, key_id, context) == text
    for wrong, purpose in ((sealed, context + "x"), (sealed[:-1] + bytes([sealed[-1] ^ 1]), context), (b"", context)):
        with pytest.raises(CrmError):
            cipher.decrypt(wrong, key_id, purpose)


def test_secrets_in_tables_of_plugins_are_bound_to_what_they_are_for(host: Callable[..., Host]) -> None:
    """What is sealed is read again for the same purpose alone; anything else is refused with a sentence, never with nonsense."""
    with host().work() as work:
        sealed = settings.seal(work, "käse", "loans.key 7")
        assert "käse" not in sealed
        assert settings.unseal(work, sealed, "loans.key 7") == "käse"
        assert settings.seal(work, "käse", "loans.key 7") != sealed
        others = (sealed[:-4] + "AAAA", sealed[13:], f"000000000000:{sealed[13:]}", "", "no secret", ":::")
        for text, purpose in ((sealed, "loans.key 8"), *((text, "loans.key 7") for text in others)):
            with pytest.raises(CrmError, match="enter it again"):
                settings.unseal(work, text, purpose)
