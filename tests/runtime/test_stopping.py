"""A process that is told to stop answers what it has taken, and takes nothing new."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable

import pytest
from sqlalchemy import select

from bench.load import Server, free_port
from bench.sites import Place
from crmhost.host.tables import ProcessBeat
from crmhost.site import Site

BODY = b"email=ada%40example.com&password=wrong-word"
HEAD = (
    b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
)

#: Connections of browsers that ask nothing; gunicorn's threads wait for what those say, and are meant to stand behind a proxy.
HELD = {"whole": 150, "crmhost": 0}


def until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Waits for something; says whether it came."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def refused(port: int) -> bool:
    """Whether nobody takes connections any more."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def living(site: Site) -> list[str]:
    """Kinds of the processes on the list."""
    with site.engine.connect() as connection:
        return list(connection.scalars(select(ProcessBeat.kind)))


@pytest.mark.slow
@pytest.mark.database("sqlite")
@pytest.mark.parametrize("kind", ["whole", "crmhost"])
def test_requests_in_flight_are_answered(place: Place, kind: str) -> None:
    """A form that was half sent when the signal came is answered in full; then all processes are gone, and off the list.

    Browsers that keep their connections open without asking anything are not waited for, nor do many of them shut others out.
    """
    server = Server(place, free_port(), kind=kind)
    site = place.site()
    try:
        assert until(lambda: len(living(site)) == 2, 60.0), server.output()
        idle = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        idle.request("GET", "/login")
        idle.getresponse().read()
        kept = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(HELD[kind])]
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as flying:
            flying.sendall(HEAD % len(BODY))
            assert flying.recv(100).startswith(b"HTTP/1.1 100")
            flying.sendall(BODY[:10])
            server.process.terminate()
            if kind == "whole":
                assert until(lambda: refused(server.port)), server.output()
            assert server.process.poll() is None
            flying.sendall(BODY[10:])
            answer = http.client.HTTPResponse(flying)
            answer.begin()
            assert answer.status == 400
            assert b"Please sign in once more" in answer.read()
        assert server.process.wait(40) == 0, server.output()
        assert living(site) == []
        assert "Traceback" not in server.output()
        for one in (idle, *kept):
            one.close()
    finally:
        site.close()
        server.close()
