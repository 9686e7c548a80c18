"""Plugins call with their unit of work."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhost.config import load
from crmhost.errors import CrmError
from crmhost.net import RefusedAddress, check_url, request
from crmhost.testing import Host
from tests.peers.web import OK, saying, serving


@pytest.mark.database("sqlite")
def test_plugins_call_with_their_unit_of_work(host: Callable[..., Host]) -> None:
    """What the operator listed is reached, nothing is inside a transaction, and what can never be called is told at once."""
    with serving(saying(OK)) as server:
        url = f"http://127.0.0.1:{server.port}/"
        site = host(allow_private_hosts=(f"127.0.0.1:{server.port}",))
        with site.work() as work:
            assert request(work, "GET", url).body == b"hello"
            assert check_url(work, f" {url} ") == url
            for never in ("http://127.0.0.1:1/", "https://shop.example:25/", "https://user@shop.example/"):
                with pytest.raises(RefusedAddress):
                    check_url(work, never)
            assert check_url(work, "https://shop.example") == "https://shop.example/"
            with work.begin(), pytest.raises(RuntimeError, match="network"):
                request(work, "GET", url)
        assert server.connections == 1


def test_the_operators_list_is_checked_at_start(tmp_path: object) -> None:
    """An entry that is no host:port stops the start with the variable's name."""
    environment = {"CRMHOST_HOME": str(tmp_path), "CRMHOST_ALLOW_PRIVATE_HOSTS": "127.0.0.1:8025, inner.example:80"}
    assert load(environment).allow_private_hosts == ("127.0.0.1:8025", "inner.example:80")
    with pytest.raises(CrmError, match="CRMHOST_ALLOW_PRIVATE_HOSTS"):
        load({**environment, "CRMHOST_ALLOW_PRIVATE_HOSTS": "inner.example"})
