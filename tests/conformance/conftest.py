"""The plugins that the suite runs over, and a site for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmhost.config import checkout
from crmhost.testing import Clock, Host
from tests import probes

BUNDLED = sorted(path.parent for path in (checkout() / "plugins").glob("*/plugin.toml"))
#: Folders of all plugins that come with crmhost, and of the probes, on which the suite itself is tried.
FOLDERS = (*BUNDLED, *sorted(path.parent for path in probes.FOLDER.glob("*/plugin.toml")))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs each test once per plugin."""
    if "folder" in metafunc.fixturenames:
        metafunc.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS], scope="function")


@pytest.fixture
def site(host: Callable[..., Host], request: pytest.FixtureRequest, clock: Clock) -> Host:
    """A site that finds the plugin, in which time stands still; nothing is enabled."""
    clock.freeze()
    a_probe = "folder" in request.fixturenames and request.getfixturevalue("folder").parent == probes.FOLDER
    found: dict[str, Any] = probes.ONLY if a_probe else {}
    return host(**found)
