"""Links of mails, followed in the background."""

from __future__ import annotations

import socket
from collections.abc import Callable

from crmhost.core.mail import followed
from crmhost.testing import Host
from tests.peers.web import OK, serving


def _answer(connection: socket.socket, head: bytes) -> None:
    method, path = head.split(b" ")[:2]
    status = {b"/gone": 404, b"/broken": 503, b"/shy": 405 if method == b"HEAD" else 200, b"/on": 301}.get(path, 200)
    connection.sendall(
        OK.replace(b"200 OK", b"%d So" % status) if method == b"GET" else b"HTTP/1.1 %d So\r\n\r\n" % status
    )


def test_a_sender_is_told_what_its_domain_lacks() -> None:
    """SPF, DMARC and the key of DKIM, each by where it belongs; when nobody answers, that is said."""
    records = {
        "fine.example": ["v=spf1 mx -all"],
        "_dmarc.fine.example": ["v=DMARC1; p=none"],
        "one._domainkey.fine.example": ["v=DKIM1; p=abc"],
    }
    asked = followed.sender("fine.example", "one._domainkey.fine.example").removeprefix("dns:")
    assert followed.lacks(asked, records.get) == ""
    assert "could not be asked for" in followed.lacks("mute.example", {}.get)
    said = followed.lacks("bare.example two._domainkey.bare.example", {"bare.example": ["other"]}.get)
    assert all(word in said for word in ("SPF", "_dmarc.bare.example", "two._domainkey.bare.example"))


def test_links_are_followed_in_the_background(host: Callable[..., Host]) -> None:
    """Who answers nothing, an error, or that there is no such page, is told; who takes no HEAD is asked again; asked anew, the
    new answer stands."""
    with serving(_answer) as server:
        base = f"http://127.0.0.1:{server.port}"
        site = host(allow_private_hosts=(f"127.0.0.1:{server.port}",))
        wanted = [f"{base}{path}" for path in ("/", "/gone", "/broken", "/shy", "/on")]
        for _again in range(2):
            with site.work("Admin") as work, work.begin():
                assert not followed.follow(work, ["mailto:ann@example.org", "tel:1"])
                assert followed.follow(work, [*wanted, "http://127.0.0.1:1/", wanted[0], "mailto:ann@example.org"])
            site.run_jobs()
        with site.work("Admin") as work:
            found = followed.known(work, [*wanted, "https://example.org/never"])
            said = [str(found[one].said) for one in wanted]
            refused = str(followed.known(work, ["http://127.0.0.1:1/"])["http://127.0.0.1:1/"].said)
    assert said == ["", "there is no such page (404)", "the server reports an error (503)", "", ""]
    assert "127.0.0.1" in refused
    assert len(found) == 5
