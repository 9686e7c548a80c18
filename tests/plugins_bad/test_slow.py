"""A plugin that takes its time to start keeps nobody waiting."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import update
from werkzeug.test import Client

from crmhost.host.dispatcher import Dispatcher
from crmhost.host.tables import HostState, PluginState
from crmhost.site import Site
from crmhost.testing import Host
from tests.plugins_bad.conftest import Workshop
from tests.plugins_bad.test_trial import page


@pytest.mark.database("sqlite")
def test_slow_import(shop: Workshop, host: Callable[..., Host]) -> None:
    """While a web process imports a plugin for two seconds, it serves the generation that it has."""
    shop.make(
        "bad_slow",
        page("bad_slow", "blueprint.add_url_rule('/', view_func=api_public(lambda: 'here'))"),
        top="import time\nfrom crmhost.web.api import public as api_public\ntime.sleep(2)",
    )
    web = Site(shop.host.site.config, kind="web")
    try:
        client = Client(Dispatcher(web))
        assert client.get("/login").status_code == 200
        switched_on_elsewhere(shop.host)
        started, longest, answer = time.monotonic(), 0.0, 404
        while answer == 404 and time.monotonic() - started < 20:
            asked = time.monotonic()
            assert client.get("/login").status_code == 200
            answer = client.get("/bad-slow/").status_code
            longest = max(longest, time.monotonic() - asked)
            time.sleep(0.01)
        assert answer == 200
        assert time.monotonic() - started >= 2
        assert longest < 1.5
    finally:
        web.close()


def switched_on_elsewhere(host: Host) -> None:
    """What another process writes when it enables the plugin."""
    with host.work() as work, work.begin():
        work.session.add(PluginState(id="bad_slow", state="enabled", enabled_at=work.now, changed_at=work.now))
        work.session.execute(update(HostState).values(generation=HostState.generation + 1))
