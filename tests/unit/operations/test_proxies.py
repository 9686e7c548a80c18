"""What is believed of headers that proxies set."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crmhost.config import load
from crmhost.errors import CrmError
from crmhost.host.proxies import Proxies, networks

TRUSTED = Proxies(networks(("127.0.0.1", "10.0.0.0/8", "::1"), "X"))
MADE = re.compile(r"[0-9a-f]{16}\Z")


def received(peer: str, forwarded: str = "", number: str = "", proxies: Proxies = TRUSTED) -> tuple[str, str]:
    """The client's address and the request's number."""
    environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded, "HTTP_X_REQUEST_ID": number}
    given = proxies.receive(environ)
    return environ["REMOTE_ADDR"], given


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "203.0.113.9, 198.51.100.1, 10.1.2.3", "198.51.100.1"),
        ("127.0.0.1", "10.1.2.3, 10.1.2.4", "10.1.2.3"),
        ("127.0.0.1", "198.51.100.1, nonsense", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("::1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("::ffff:127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_client_is_the_last_that_is_no_proxy_of_ours(peer: str, forwarded: str, client: str) -> None:
    """What a client wrote into the header itself stands further left and is never reached."""
    assert received(peer, forwarded)[0] == client


def test_a_number_is_taken_over_from_a_proxy_only() -> None:
    """A stranger's number is not, nor one that is not well-formed; a fresh one is made instead."""
    assert received("127.0.0.1", number="abcDEF-12_3456")[1] == "abcDEF-12_3456"
    assert MADE.match(received("192.0.2.7", number="abcDEF-12_3456")[1])
    for wrong in ("short", "x" * 65, "with space 1", "new\nline12", "{}{}{}{}{}", "ünïcödé12"):
        assert MADE.match(received("127.0.0.1", number=wrong)[1])
    assert received("127.0.0.1")[1] != received("127.0.0.1")[1]


def test_without_proxies_nobody_is_believed() -> None:
    """That is so until the operator names some."""
    client, number = received("127.0.0.1", "198.51.100.1", "abcDEF-12_3456", Proxies(()))
    assert client == "127.0.0.1"
    assert MADE.match(number)


def test_a_wrong_network_is_named(tmp_path: Path) -> None:
    """The message says which variable and what it takes, when the configuration is read."""
    with pytest.raises(CrmError, match=r"CRMHOST_TRUSTED_PROXIES takes .*, not “nginx”"):
        load({"CRMHOST_HOME": str(tmp_path), "CRMHOST_TRUSTED_PROXIES": "127.0.0.1, nginx"})
