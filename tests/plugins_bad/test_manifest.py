"""Plugins that can't run here: told from the manifest, before any code of theirs is run."""

from __future__ import annotations

import pytest

from tests.plugins_bad.conftest import Workshop

pytestmark = pytest.mark.database("sqlite")

EXPLODES = "raise RuntimeError('imported')"


def test_api_range(refusing: Workshop) -> None:
    """A plugin for another version of the contract is refused with both versions."""
    refusing.make("bad_api", top=EXPLODES, api=">=7,<8")
    refusing.refused("bad_api", says=r">=7,<8.*1\.0")


def test_missing_need(refusing: Workshop) -> None:
    """A plugin that needs one that is not here is refused, and the missing one is named."""
    refusing.make("bad_needs", top=EXPLODES, manifest='[requires]\nplugins = { ledger_of_nobody = ">=1" }')
    refusing.refused("bad_needs", says="ledger_of_nobody.*not here")


def test_need_of_another_version(refusing: Workshop) -> None:
    """A plugin that needs a newer version of another one is refused, and the version that is here is named."""
    refusing.make("bad_base")
    refusing.make("bad_newer", top=EXPLODES, manifest='[requires]\nplugins = { bad_base = ">=2" }')
    refusing.refused("bad_newer", says=r"bad_base.*>=2.*1\.0")


def test_circle(refusing: Workshop) -> None:
    """Plugins that need each other in a circle are refused."""
    for name, other in (("bad_hen", "bad_egg"), ("bad_egg", "bad_nest"), ("bad_nest", "bad_hen")):
        refusing.make(name, top=EXPLODES, manifest=f'[requires]\nplugins = {{ {other} = "" }}')
    refusing.refused("bad_hen", says="circle")


def test_conflict(shop: Workshop) -> None:
    """A plugin that can't run beside one that is on is refused; that one stays."""
    shop.make("bad_first")
    shop.make("bad_second", top=EXPLODES, manifest='[requires]\nconflicts = { bad_first = "" }')
    shop.host.enable("bad_first")
    shop.refused("bad_second", says="can't run beside")
    assert shop.host.state("bad_first") == "enabled"


def test_missing_package(refusing: Workshop) -> None:
    """A plugin that needs a Python package that is not installed is refused with the command that installs it."""
    refusing.make("bad_package", top=EXPLODES, manifest='[requires]\npackages = ["no-such-package-at-all>=3"]')
    refusing.refused("bad_package", says="pip install 'no-such-package-at-all>=3'")


def test_unreadable_manifest(refusing: Workshop) -> None:
    """A plugin whose manifest can't be read is refused with what is wrong in it."""
    refusing.make("bad_toml", top=EXPLODES, manifest="icon = ")
    refusing.refused("bad_toml", says="not valid TOML")


def test_unknown(refusing: Workshop) -> None:
    """A plugin that is not there is refused."""
    refusing.refused("bad_nothing", says="There is no plugin")


def test_stolen_address(shop: Workshop) -> None:
    """Of two plugins with the same address the newcomer is refused, whatever kind of address it is."""
    shop.make(
        "bad_honest",
        manifest='[names]\nurl = "/honest"\napi = ["/honest-api"]\ncli = ["honest"]\nwebhooks = ["honest"]',
    )
    shop.host.enable("bad_honest")
    for name, line in (
        ("bad_thief_url", 'url = "/honest"'),
        ("bad_thief_below", 'url = "/honest/inside"'),
        ("bad_thief_api", 'api = ["/honest-api"]'),
        ("bad_thief_cli", 'cli = ["honest"]'),
        ("bad_thief_hook", 'webhooks = ["honest"]'),
    ):
        shop.make(name, top=EXPLODES, manifest=f"[names]\n{line}")
        shop.refused(name, says="honest.*Bad honest has")
    assert shop.host.state("bad_honest") == "enabled"


def test_address_of_the_core(refusing: Workshop) -> None:
    """A plugin that wants an address of the core is refused."""
    refusing.make("bad_contacts", top=EXPLODES, manifest='[names]\nurl = "/contacts"')
    refusing.refused("bad_contacts", says="belongs to the core")
