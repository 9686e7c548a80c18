"""The fixtures for authors: folders of plugins, a client of the API, the command line."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from crmhost import testing
from crmhost.host.tables import ProcessBeat
from crmhost.testing import Host

ROOT = Path(__file__).resolve().parents[3]


def test_a_folder_of_the_author_stands_beside_the_bundled_one(host: Callable[..., Host], tmp_path: Path) -> None:
    """A plugin of one's own and a bundled one are enabled together; the bundled folder given again is no second one."""
    mine = tmp_path / "mine" / "notes"
    mine.mkdir(parents=True)
    (mine / "plugin.toml").write_text('id = "notes"\nname = "Notes"\nversion = "1.0.0"\napi = ">=1,<2"\n')
    (mine / "__init__.py").write_text("class Plugin:\n    pass\n")
    site = host("notes", "funnel", home_plugins=mine.parent)
    assert site.state("notes") == site.state("funnel") == "enabled"
    again = host(home_plugins=ROOT / "plugins")
    assert [broken.id for broken in again.site.discover().broken] == []


def test_a_client_of_the_api_acts_as_its_role(host: Callable[..., Host]) -> None:
    """It is let in without a cookie, may what its role may, and nobody comes in without a token."""
    site = host("rest_api")
    assert site.api().post("/api/v1/contacts", json={"first_name": "Ada"}).status_code == 201
    assert site.api("Read only").post("/api/v1/contacts", json={"first_name": "Ada"}).status_code == 403
    assert site.client("").get("/api/v1/contacts").status_code == 401


def test_commands_tell_what_was_refused(host: Callable[..., Host]) -> None:
    """Commands work on the test's site; a refusal is one line and status 1."""
    site = host("funnel")
    assert "enabled    funnel" in site.cli("plugin", "list").output
    refused = site.cli("plugin", "enable", "nothing_such")
    assert refused.exit_code == 1
    assert "nothing_such" in refused.output
    assert site.cli("plugin", "list", "--no-such").exit_code == 2


def test_enabling_says_which_process_runs_older_code(host: Callable[..., Host]) -> None:
    """A process imports a plugin once, so new code of a running one needs a restart."""
    site = host("funnel")
    assert "restart" not in site.cli("plugin", "enable", "funnel").output
    now = site.site.clock()
    with site.site.sessions.begin() as session:
        session.info["writing"] = True
        name = f"{socket.gethostname()}:{os.getpid()}:web"
        number = site.generation.number
        session.add(
            ProcessBeat(
                id=name, kind="web", generation=number, restart_needed=["funnel"], since=now, seen_at=now, failed={}
            )
        )
    assert "funnel: a running process imported older code; restart" in site.cli("plugin", "enable", "funnel").output


@pytest.mark.parametrize("name", testing.__all__)
def test_what_the_module_offers_is_there(name: str) -> None:
    """Each name has a text of its own, or is a value."""
    assert isinstance(getattr(testing, name), str) or getattr(testing, name).__doc__
