"""A plugin that takes its time to start keeps nobody waiting."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update
from werkzeug.test import Client

from crmhost.host.dispatcher import Dispatcher
from crmhost.host.tables import HostState, PluginState
from crmhost.site import Site
from crmhost.testing import Host
from tests.plugins_bad.conftest import Workshop
from tests.plugins_bad.test_trial import page

#: Seconds after which what does not come about fails the test, however busy the machine is.
PATIENCE = 60.0
#: Code of a module whose import ends when it is told to.
TOP = """
import pathlib, time
from crmhost.web.api import public as api_public
pathlib.Path({begun!r}).touch()
until = time.monotonic() + 60
while not pathlib.Path({go_on!r}).exists() and time.monotonic() < until:
    time.sleep(0.01)
"""


def until(condition: Callable[[], bool]) -> None:
    """Waits for something."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


@pytest.mark.database("sqlite")
def test_slow_import(shop: Workshop, tmp_path: Path) -> None:
    """While a web process imports a plugin for long, it serves the generation that it has."""
    begun, go_on = tmp_path / "begun", tmp_path / "go-on"
    shop.make(
        "bad_slow",
        page("bad_slow", "blueprint.add_url_rule('/', view_func=api_public(lambda: 'here'))"),
        top=TOP.format(begun=str(begun), go_on=str(go_on)),
    )
    web = Site(shop.host.site.config, kind="web")
    try:
        client = Client(Dispatcher(web))
        assert client.get("/login").status_code == 200
        switched_on_elsewhere(shop.host)
        until(begun.exists)
        for _ in range(20):
            assert client.get("/login").status_code == 200
            assert client.get("/bad-slow/").status_code == 404
        go_on.touch()
        until(lambda: client.get("/bad-slow/").status_code == 200)
        assert client.get("/login").status_code == 200
    finally:
        web.close()


def switched_on_elsewhere(host: Host) -> None:
    """What another process writes when it enables the plugin."""
    with host.work() as work, work.begin():
        work.session.add(PluginState(id="bad_slow", state="enabled", enabled_at=work.now, changed_at=work.now))
        work.session.execute(update(HostState).values(generation=HostState.generation + 1))
