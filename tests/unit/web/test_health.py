"""Settings > Health."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert

from crmhost.core.users.roles import FIRST_ROLES
from crmhost.host.tables import ProcessBeat
from crmhost.testing import Clock, Host
from crmhost.work.tables import JobRow

ONE = pytest.mark.database("sqlite")
PAGE = "/settings/health"
PLUGIN = """
from crmhost.api import Health, HealthCheck
from crmhost.hooks import hookimpl

def fine(work):
    return Health(level="ok", message="Twelve %s are <b>here</b>, 5 % worn.")

def worn(work):
    return Health(level="warning", message="The tape is worn.", advice="Change the tape.")

def crash(work):
    raise RuntimeError("no tape")

class Plugin:
    @hookimpl
    def health_checks(self):
        return [
            HealthCheck(id="fine", label="Fine tape", check=fine),
            HealthCheck(id="worn", label="Worn tape", check=worn),
            HealthCheck(id="crash", label="Lost tape", check=crash),
        ]
"""


def text_of(page: str) -> str:
    """The words of the page, without markup."""
    main = page.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


@pytest.fixture
def site(host: Callable[..., Host], tmp_path: Path) -> Host:
    """A site with a plugin that checks three things, one of which fails."""
    folder = tmp_path / "mine" / "tape"
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text('id = "tape"\nname = "Tape deck"\nversion = "1.2.3"\napi = ">=1,<2"\n')
    (folder / "__init__.py").write_text(PLUGIN)
    return host("tape", home_plugins=folder.parent)


@ONE
def test_it_is_for_admins(site: Host) -> None:
    """Others neither see the page nor its item in the menu; strangers are asked to sign in."""
    for role in FIRST_ROLES:
        client = site.client(role)
        status = client.get(PAGE).status_code
        assert status == (200 if role == "Admin" else 403), role
        assert (f'href="{PAGE}"' in client.get("/account").text) == (role == "Admin"), role
    answer = site.client("").get(PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=%2Fsettings%2Fhealth")


def test_checks_of_extensions_stand_among_the_hosts(site: Host) -> None:
    """Each with its level, what was found, what to do and whose it is; one that fails is an error and harms nothing."""
    words = text_of(site.client().get(PAGE).text)
    wrong, _, well = words.partition("What is well?")
    assert "Worn tape · Tape deck Warning The tape is worn. Change the tape." in wrong
    assert "Lost tape · Tape deck Error The check itself failed." in wrong
    assert wrong.index("Lost tape") < wrong.index("Worn tape")
    assert "Fine tape · Tape deck Twelve %s are <b>here</b>, 5 % worn." in well
    for check in ("Database", "Tables", "Disk space", "Clock", "Secret key"):
        assert check in words
    assert "Tape deck 1.2.3" in words.partition("Which versions?")[2]
    site.settle()
    wrong = text_of(site.client().get(PAGE).text).partition("What is well?")[0]
    assert "Tape deck Warning It failed once in the last day, in health check crash: RuntimeError: no tape" in wrong


def test_old_work_and_failing_extensions_are_told(site: Host, clock: Clock) -> None:
    """A job that nobody does, an extension that can't start and one that was suspended stand first, with what to do."""
    now = clock.freeze()
    broken = site.site.config.plugin_folders[1][1] / "torn"
    broken.mkdir()
    (broken / "plugin.toml").write_text("id = ")
    for _ in range(6):
        site.client().get(PAGE)
        site.settle()
    assert site.state("tape") == "suspended"
    row = {"plugin": "mail", "kind": "mail.send", "due_at": now - dt.timedelta(hours=3), "created_at": now}
    with site.site.engine.begin() as connection:
        connection.execute(insert(JobRow).values(arguments={}, **row))
    wrong = text_of(site.client().get(PAGE).text).partition("What is well?")[0]
    assert "Tape deck Error It was suspended:" in wrong
    assert "torn Warning It can't be used:" in wrong
    assert "Background work has been waiting for 3 hours." in wrong
    assert "crmhost worker" in wrong
    assert "Background work Error" in wrong


@ONE
def test_processes_are_shown_with_their_generation(site: Host, clock: Clock) -> None:
    """One that lags and one that needs a restart say so; one that was not heard of for long is left out."""
    now = clock.freeze()
    newest = site.generation.number
    rows = [
        ("web-1:1:web", newest, [], {}, 0),
        ("web-2:2:web", newest - 1, [], {}, 5),
        ("work-1:3:worker", newest, ["tape"], {"funnel": "no"}, 5),
        ("gone:4:web", newest, [], {}, 3600),
    ]
    with site.site.engine.begin() as connection:
        for name, number, restart, failed, ago in rows:
            seen = {"since": now, "seen_at": now - dt.timedelta(seconds=ago)}
            more = {"generation": number, "oldest": number, "restart_needed": restart, "failed": failed, **seen}
            connection.execute(insert(ProcessBeat).values(id=name, kind=name.rpartition(":")[2], **more))
    runs = text_of(site.client().get(PAGE).text).partition("What runs?")[2]
    assert f"The site is at generation {newest}" in runs
    assert f"web process 1 on web-1 runs generation {newest}" in runs
    assert f"web process 2 on web-2 still runs generation {newest - 1}" in runs
    assert "worker 3 on work-1" in runs
    assert "runs older files of tape; restart it" in runs
    assert "without funnel" in runs
    assert "gone" not in runs


@ONE
def test_safe_mode_is_told(host: Callable[..., Host]) -> None:
    """The page answers without extensions and says that none runs."""
    words = text_of(host("funnel", safe_mode=True).client().get(PAGE).text)
    assert "Safe mode: no extension is running." in words
    assert "could not be started" not in words
    assert "Sales funnel" not in words.partition("Which versions?")[2]
