"""The manifest: what is taken, what is refused, and that nothing but a PluginError comes out of hostile files."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmhost.errors import PluginError
from crmhost.host import grants
from crmhost.host.manifest import (
    FILE_NAME,
    MAX_SIZE,
    RESERVED,
    Data,
    Manifest,
    Names,
    fits,
    inspect_manifest,
    read_manifest,
)

SMALLEST = 'id = "hello"\nname = "Hello"\nversion = "1.0.0"\napi = ">=1,<2"\n'

FULL = """
id = "quotes_pay"
name = "Quotes: paid on line"
version = "1.2.0rc1"
api = ">=1,<2"
summary = "Réglages : pay a quote by card."
author = "Atelier Exemple"
license = "MIT"
homepage = "https://example.com/quotes-pay"
icon = "credit-card"
enabled_by_default = true

[requires]
plugins = { quotes = ">=1,<2", stripe_sync = "*" }
optional = { invoices = ">=1" }
packages = ["requests>=2", "segno; python_version >= '3.11'"]
after = ["tasks"]
auto_enable_with = ["quotes", "stripe_sync"]
conflicts = ["quotes_wire"]
python = ">=3.11"

[compat]
tested_up_to = "1.4"
broken_above = "2.0"

[permissions]
view = "See payments"
"quotes_pay.refund" = "Give money back"
quotes_pay.export = "Export payments"

[grants]
uses = ["contacts:read", "mail:send", "net:api.example.com"]

[names]
url = "pay/quotes"
api = ["/payments", "refunds"]
cli = "pay"
webhooks = ["pay", "pay-test"]

[data]
contact_refs = ["quotes_pay_payment.contact_id"]
personal = ["quotes_pay_payment.card_holder"]
on_clash = { "quotes_pay_payment.contact_id" = "drop" }
purge = "keep"
"""


def write(folder: Path, text: str | bytes) -> Path:
    """A plugin folder with this manifest."""
    folder.mkdir(exist_ok=True)
    (folder / FILE_NAME).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def problems(folder: Path, text: str | bytes) -> str:
    """What is wrong with a manifest, in one text."""
    with pytest.raises(PluginError) as caught:
        read_manifest(write(folder, text))
    return caught.value.message


def test_smallest(tmp_path: Path) -> None:
    """Four lines are a manifest; names default to the id with dashes."""
    manifest = read_manifest(write(tmp_path / "hello_you", SMALLEST.replace("hello", "hello_you")))
    assert (manifest.id, manifest.name, manifest.version) == ("hello_you", "Hello", "1.0.0")
    assert manifest.names.url == "/hello-you"
    assert manifest.names.api == ("/hello-you",)
    assert manifest.names.cli == manifest.names.webhooks == ("hello-you",)
    assert manifest.data.purge == "drop"
    assert not manifest.enabled_by_default
    assert hash(manifest)


def test_everything(tmp_path: Path) -> None:
    """Every key is taken, in each of its spellings."""
    manifest = read_manifest(write(tmp_path / "quotes_pay", FULL))
    assert manifest.licence == "MIT"
    assert manifest.summary.startswith("Réglages")
    assert manifest.needs == {"quotes": ">=1,<2", "stripe_sync": ""}
    assert manifest.optional == {"invoices": ">=1"}
    assert manifest.conflicts == {"quotes_wire": ""}
    assert manifest.auto_enable_with == ("quotes", "stripe_sync")
    assert manifest.permissions == {
        "quotes_pay.view": "See payments",
        "quotes_pay.refund": "Give money back",
        "quotes_pay.export": "Export payments",
    }
    assert manifest.names.url == "/pay/quotes"
    assert manifest.names.api == ("/payments", "/refunds")
    assert manifest.names.cli == ("pay",)
    assert manifest.data.contact_refs == ("quotes_pay_payment.contact_id",)
    assert manifest.data.on_clash == {"quotes_pay_payment.contact_id": "drop"}
    assert manifest.data.purge == "keep"
    assert manifest.enabled_by_default


def test_all_problems_at_once(tmp_path: Path) -> None:
    """One reading tells all that is wrong, each with what to do."""
    text = problems(tmp_path / "x", 'id = "X"\nname = 3\napi = "soon"\nsumary = "?"\n[requires]\nplugin = {}\n')
    assert "6 problems" in text
    assert "id: “X” can't be used; write it like" in text
    assert "name: must be a text in quotes, not a number." in text
    assert "version: is missing" in text
    assert "“soon” is not a range of versions" in text
    assert "sumary: is unknown; did you mean “summary”?" in text
    assert "[requires] plugin: is unknown; did you mean “plugins”?" in text


@pytest.mark.parametrize(
    "bad_id", ["", "Hello", "1st", "a-b", "_a", "a_", "a__b", "../a", "a.b", "class", "é", "a" * 41, *sorted(RESERVED)]
)
def test_bad_ids(tmp_path: Path, bad_id: str) -> None:
    """An id is a lower-case identifier that the core does not own."""
    assert "id: " in problems(tmp_path / "p", SMALLEST.replace('"hello"', f'"{bad_id}"'))


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('version = "one"', "is not a version"),
        ('icon = "<svg>"', "name of a Tabler icon"),
        ('homepage = "javascript:alert(1)"', "begins with https"),
        ('summary = "a\\nb"', "control characters"),
        ('summary = "\\u202e evil"', "control characters"),
        (f'summary = "{"a" * 301}"', "at most 300"),
        ('enabled_by_default = "yes"', "must be true or false, not a text"),
        ('licence = "MIT"\nlicense = "BSD"', "keep one"),
        ("requires = 3", "must be a table"),
        ("[requires]\nplugins = 4", "must be a table such as"),
        ("[requires]\nplugins = { quotes = 1 }", "must be a text in quotes, not a number"),
        ('[requires]\nplugins = { quotes = "1" }', "is not a range"),
        ('[requires]\nplugins = { "../x" = "" }', "is not the id of a plugin"),
        ('[requires]\nplugins = ["hello"]', "names itself"),
        ('[requires]\nplugins = ["a"]\nconflicts = ["a"]', "only one of them"),
        ('[requires]\nauto_enable_with = ["a"]', "must be among"),
        ('[requires]\npackages = ["evil @ https://example.com/x.whl"]', "points at an address"),
        ('[requires]\npackages = ["--index-url=x"]', "is not a requirement"),
        ("[requires]\nafter = [1]", "must hold texts in quotes, not a number"),
        ("[requires]\nafter = 1979-05-27", "not a date or time"),
        ("[requires]\nafter = [" + '"a",' * 201 + "]", "more than 200 entries"),
        ('[names]\nurl = "/"', "can't be an address"),
        ('[names]\nurl = "/a/../b"', "can't be an address"),
        ('[names]\nurl = "/settings/x"', "belongs to the core"),
        ('[names]\napi = "<id>"', "can't be an address"),
        ('[names]\ncli = "plugin"', "command of the core"),
        ('[names]\nwebhooks = "a/b"', "can't be used"),
        ('[data]\npersonal = ["contacts_contact.email"]', "in no table of the plugin"),
        ('[data]\ncontact_refs = ["hello_x; drop table"]', "table.column"),
        ('[data]\non_clash = { "hello_x.contact_id" = "drop" }', "does not stand under contact_refs"),
        ('[data]\ncontact_refs = ["hello_x.a"]\non_clash = { "hello_x.a" = "keep" }', "write “leave” or “drop”"),
        ('[data]\npurge = "maybe"', "write “drop” or “keep”"),
        ('[permissions]\n"other.view" = "x"', "is called “hello.something”"),
        ("[permissions]\nview = 1", "short text"),
        ('[grants]\nuses = ["everything"]', "is not understood"),
        ('[grants]\nuses = ["net:http://x"]', "is not understood"),
    ],
)
def test_refusals(tmp_path: Path, lines: str, told: str) -> None:
    """What can't be used is named together with what to write."""
    head = SMALLEST if not lines.startswith("version") else SMALLEST.replace('version = "1.0.0"\n', "")
    assert told in problems(tmp_path / "p", head + lines)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe\x00i", "UTF-8"),
        (b"\x00\x01\x02", "TOML"),
        (b"a = " + b"[" * 30000, "TOML"),
        (b"a = " + b"9" * 60000, "TOML"),
        (b"#" * (MAX_SIZE + 1), "64 KiB"),
        (b"", "id: is missing"),
    ],
)
def test_hostile_files(tmp_path: Path, content: bytes, told: str) -> None:
    """Binary, deep, huge and empty files are refused with a sentence."""
    assert told in problems(tmp_path / "p", content)


def test_unusual_files(tmp_path: Path) -> None:
    """A missing file, a folder, a link and a pipe in the place of the manifest are refused, and nothing hangs."""
    for name in ("missing", "folder", "link", "pipe"):
        (tmp_path / name).mkdir()
    (tmp_path / "folder" / FILE_NAME).mkdir()
    (tmp_path / "link" / FILE_NAME).symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe" / FILE_NAME)
    for name, told in (("missing", "missing"), ("folder", "missing"), ("link", "symbolic link"), ("pipe", "missing")):
        with pytest.raises(PluginError, match=told):
            read_manifest(tmp_path / name)
    with pytest.raises(PluginError):
        read_manifest(tmp_path / "a\0b")


VALUES = st.recursive(
    st.text(max_size=20) | st.integers() | st.booleans() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["id", "name", "version", "api", "icon", "requires", "names", "data", "permissions", "grants", "compat", "x"]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(table=st.dictionaries(KEYS, VALUES, max_size=8))
def test_any_types(table: dict[str, object]) -> None:
    """Values of any type under any key give a manifest or sentences, never another exception."""
    from crmhost.host.manifest import _manifest

    manifest, found = _manifest(table)
    assert (manifest is None) == bool(found)
    assert all(sentence.isprintable() or "\u00a0" in sentence for sentence in found)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    """Any file gives a manifest or sentences."""
    manifest, found = inspect_manifest(write(tmp_path / "p", content))
    assert (manifest is None) == bool(found)


def test_fits() -> None:
    """Pre-releases count, an empty range holds all."""
    assert fits("1.2rc1", ">=1,<2")
    assert fits("0.1", "")
    assert not fits("2.0", ">=1,<2")


def test_consent() -> None:
    """Grants become plain sentences; reading and changing the same things are one."""
    told = grants.sentences(
        ["contacts:read", "mail:send", "contacts:write", "net:api.example.com", "net:*.example.org", "sales_plans:read"]
    )
    assert [str(sentence) for sentence in told] == [
        "Read and change contacts: names, e-mails, addresses, tags",
        "Send mail",
        "Call api.example.com",
        "Call every host of example.org",
        "Read sales plans",
    ]
    assert told[0].grants == ("contacts:read", "contacts:write")


def test_new_grants() -> None:
    """Only what nobody agreed to is asked; a pattern of hosts covers its hosts and no other."""
    agreed = ["contacts:read", "net:*.example.com"]
    wanted = ["contacts:read", "contacts:write", "net:files.example.com", "net:badexample.com", "net:*"]
    assert grants.new_grants(wanted, agreed) == ("contacts:write", "net:badexample.com", "net:*")
    assert grants.new_grants(["net:a.example.org:8080"], ["net:*"]) == ()


def test_reference_page(tmp_path: Path) -> None:
    """The examples of the reference page are manifests, and together they show every key."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "manifest.md").read_text("utf-8")
    small, full = (part.split("```")[0] for part in page.split("```toml\n")[1:])
    read_manifest(write(tmp_path / "hello", small))
    manifest = read_manifest(write(tmp_path / "quotes_pay", full))
    for name in (*Manifest.__dataclass_fields__, *Names.__dataclass_fields__, *Data.__dataclass_fields__):
        key = {"needs": "plugins"}.get(name, name)
        assert re.search(rf"^({key} = |\[{key}\])", full, re.MULTILINE), key
    assert manifest.conflicts == {"quotes_wire": ""}
