"""A bridge comes and goes by itself with those that it connects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crmhost.host import lifecycle
from crmhost.testing import Host

PLAIN = "class Plugin:\n    pass\n"


def write(folder: Path, name: str, requires: str = "") -> None:
    """A plugin that does nothing."""
    plugin = folder / name
    plugin.mkdir(parents=True)
    head = f'id = "{name}"\nname = "{name}"\nversion = "1.0"\napi = ">=1,<2"\n'
    (plugin / "plugin.toml").write_text(head + requires, encoding="utf-8")
    (plugin / "__init__.py").write_text(f'"""{name}."""\n\n\n{PLAIN}', encoding="utf-8")


@pytest.fixture
def crm(host: Callable[..., Host], tmp_path: Path) -> Host:
    """A site with two plugins on and a third that connects them."""
    folder = tmp_path / "bridged" / "plugins"
    write(folder, "bank_one")
    write(folder, "bank_two")
    ends = 'plugins = {bank_one = ">=1", bank_two = ">=1"}\nauto_enable_with = ["bank_one", "bank_two"]\n'
    write(folder, "bank_bridge", f"[requires]\n{ends}")
    write(folder, "bank_toll", '[requires]\nplugins = {bank_bridge = ">=1"}\n')
    return host("bank_one", "bank_two", plugin_folders=(("home", folder),))


@pytest.mark.database("sqlite")
def test_a_bridge_goes_with_an_end_and_comes_back_with_it(crm: Host) -> None:
    """Nobody is asked about a bridge that nobody switched on."""
    assert crm.state("bank_bridge") == "enabled"
    assert set(crm.disable("bank_one").plugins) == {"bank_bridge", "bank_one"}
    assert set(crm.enable("bank_one").plugins) == {"bank_one", "bank_bridge"}


@pytest.mark.database("sqlite")
def test_a_bridge_that_an_admin_switched_off_stays_off(crm: Host) -> None:
    """Its ends may come and go."""
    crm.disable("bank_bridge")
    crm.disable("bank_two")
    crm.enable("bank_two")
    assert crm.state("bank_bridge") == "disabled"


@pytest.mark.database("sqlite")
def test_the_command_line_says_why_a_bridge_comes_and_goes(crm: Host) -> None:
    """It connects those that are on; what another one needs is told as needed."""
    # Its code is known to pass then, and is not tried in a process of its own.
    crm.enable("bank_toll")
    crm.disable("bank_toll")
    bridge = "bank_bridge {} (connects bank_one and bank_two)\n"
    off = crm.cli("plugin", "disable", "bank_two").output
    assert bridge.format("disabled") in off
    assert "bank_two disabled\n" in off
    on = crm.cli("plugin", "enable", "bank_two").output
    assert bridge.format("enabled") in on
    assert "needed" not in on
    crm.disable("bank_bridge")
    assert "bank_bridge enabled (needed)\n" in crm.cli("plugin", "enable", "bank_toll").output
    assert "bank_toll disabled (needs it)\n" in crm.cli("plugin", "disable", "bank_bridge", "--with-dependents").output


@pytest.mark.database("sqlite")
def test_who_needs_a_bridge_holds_its_ends(crm: Host) -> None:
    """A plugin that an admin switched on is not taken away unasked."""
    crm.enable("bank_toll")
    with pytest.raises(lifecycle.InUse, match="bank_toll"):
        crm.disable("bank_one")
    assert crm.state("bank_one") == "enabled"
