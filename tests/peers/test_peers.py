"""The peers themselves: a server that a run shares and leaves nothing of, a browser that is found or named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.peers import browser, postgres

if os.environ.get("CRMHOST_TEST_FAST"):
    pytest.skip("needs PostgreSQL and the browser", allow_module_level=True)

ROOT = Path(__file__).parents[2]


def build(address: str) -> None:
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text("CREATE EXTENSION pg_trgm"))
        connection.execute(text("CREATE TABLE thing (name text)"))
        connection.execute(text("INSERT INTO thing VALUES ('Émile')"))
    engine.dispose()


def names(address: str) -> list[str]:
    engine = create_engine(address)
    with engine.connect() as connection:
        found = list(connection.execute(text("SELECT lower(name) FROM thing ORDER BY 1")).scalars())
    engine.dispose()
    return found


def test_copies_of_a_template_are_independent() -> None:
    """Two databases made from one template start alike, and what one writes the other doesn't see."""
    server = postgres.server()
    template = server.template("peers_template", build)
    first, second = server.create("peers_first", template), server.create("peers_second", template)
    engine = create_engine(first)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO thing VALUES ('Zoé')"))
    engine.dispose()
    assert names(first) == ["zoé", "émile"]
    assert names(second) == ["émile"]
    server.drop("peers_first")
    server.drop("peers_second")


def test_processes_of_a_run_share_one_server() -> None:
    """A process started by the run gets the same server, not one more."""
    server = postgres.server()
    told = subprocess.run(
        [sys.executable, "-c", "from tests.peers import postgres; print(postgres.server().folder)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == str(server.folder)
    assert server.folder.exists()


def test_what_a_killed_run_left_is_cleared_away() -> None:
    """A run that was killed leaves a server; the next run ends it and removes its files."""
    alone = {name: value for name, value in os.environ.items() if name != postgres.RUN}
    killed = "import os; from tests.peers import postgres; print(postgres.server().folder, flush=True); os._exit(9)"
    left = subprocess.run(
        [sys.executable, "-c", killed], cwd=ROOT, env=alone, capture_output=True, text=True, check=False
    )
    folder = Path(left.stdout.strip())
    assert (folder / "data" / "postmaster.pid").exists()
    subprocess.run(
        [sys.executable, "-c", "from tests.peers import postgres; postgres.begin()"], cwd=ROOT, env=alone, check=True
    )
    assert not folder.exists()


def test_a_named_browser_wins_and_a_wrong_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """CRM_CHROMIUM is taken before anything else; a name that can't run stops with a plain message."""
    monkeypatch.setenv("CRM_CHROMIUM", sys.executable)
    assert browser.find().program == Path(sys.executable)
    monkeypatch.setenv("CRM_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(browser.BrowserError, match="CRM_CHROMIUM names /nowhere/chromium"):
        browser.find()
