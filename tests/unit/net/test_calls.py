"""Outgoing calls over real connections: where they go, what they trust, and what a hostile other side can't do."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import trustme

from crmhost.net import (
    AnswerTooLarge,
    Client,
    RefusedAddress,
    RequestError,
    TimedOut,
    Timeouts,
    Unreachable,
)
from tests.peers.web import OK, Answer, WebPeer, saying, serving

#: Short, so that a test of a time limit is; nothing else is asked for with it, because a busy machine is slow to answer.
QUICK = Timeouts(connect=2.0, read=0.3, total=1.0)
#: Seconds after which something did not end by its limit, however busy the machine is.
PATIENCE = 15.0


@pytest.fixture
def peer() -> Iterator[Callable[..., WebPeer]]:
    """Starts servers that end with the test."""
    peers: list[WebPeer] = []

    def start(answer: Answer, context: ssl.SSLContext | None = None) -> WebPeer:
        peers.append(WebPeer(answer, context))
        return peers[-1]

    yield start
    for made in peers:
        made.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority that issues certificates for tests."""
    return trustme.CA()


def tls(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """What a server with a certificate for these names needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def client_of(authority: trustme.CA | None, *listed: str, here: str = "127.0.0.1") -> Client:
    """A client for which every name is this machine, and that trusts one authority."""

    def trust() -> ssl.SSLContext:
        context = ssl.create_default_context()
        if authority is not None:
            authority.configure_trust(context)
        return context

    return Client(listed, resolve=lambda *_: (here,), trust=trust)


def here(peer: WebPeer, host: str = "shop.example") -> tuple[Client, str]:
    """A client that may call a server on this machine by a name, and the address."""
    return client_of(None, f"{host}:{peer.port}"), f"http://{host}:{peer.port}"


def test_an_answer_comes_back_whole(peer: Callable[..., WebPeer]) -> None:
    """Status, headers and body of whatever is answered; what is sent carries host, length and our own headers."""
    raw = b"HTTP/1.1 422 No\r\nX-One: a\r\nx-one: b\r\nContent-Length: 3\r\n\r\n\x00\xff!"
    server = peer(saying(raw))
    client, address = here(server)
    answer = client.request("post", f"{address}/a?b=c", headers={"X-Mine": "1"}, body=b"{}")
    assert (answer.status, answer.headers["x-one"], answer.body, answer.cut) == (422, "a, b", b"\x00\xff!", False)
    head = server.heads[0].lower()
    assert head.startswith(b"post /a?b=c http/1.1\r\n")
    for line in (
        f"host: shop.example:{server.port}".encode(),
        b"content-length: 2",
        b"x-mine: 1",
        b"user-agent: crmhost/",
    ):
        assert line in head


def test_a_redirect_is_an_answer(peer: Callable[..., WebPeer]) -> None:
    """A redirect to the cloud's inner service, or anywhere, is handed back and not followed."""
    target = peer(saying(OK))
    places = ("http://169.254.169.254/latest/meta-data/", f"http://127.0.0.1:{target.port}/", "file:///etc/passwd")
    for place in places:
        for status in (301, 302, 303, 307, 308):
            head = f"HTTP/1.1 {status} Go\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n"
            server = peer(saying(head.encode()))
            client, address = here(server)
            answer = client.request("GET", address)
            assert (answer.status, answer.headers["location"]) == (status, place)
            assert server.connections == 1
    assert target.connections == 0


def test_what_is_not_listed_gets_no_connection(peer: Callable[..., WebPeer]) -> None:
    """A server on this machine is not connected to, by address or name, unless host and port are listed."""
    server = peer(saying(OK))
    for url in (
        f"http://127.0.0.1:{server.port}/",
        f"http://[::1]:{server.port}/",
        f"http://shop.example:{server.port}/",
    ):
        for client in (
            client_of(None),
            client_of(None, f"127.0.0.1:{server.port + 1}", f"other.example:{server.port}"),
        ):
            with pytest.raises(RefusedAddress):
                client.request("GET", url)
    assert server.connections == 0
    by_address = client_of(None, f"127.0.0.1:{server.port}")
    assert by_address.request("GET", f"http://shop.example:{server.port}/").status == 200


def test_a_name_is_asked_for_once(peer: Callable[..., WebPeer]) -> None:
    """A name that resolves to a public address first and to this machine next is connected to where it was checked."""
    inner = peer(saying(OK))
    said = iter([["203.0.113.1"], ["127.0.0.1"]])
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(said)

    # A documentation address stands for the public one: the operator lists it, and nothing answers there.
    client = Client((f"203.0.113.1:{inner.port}",), resolve=rebinding)
    with pytest.raises(Unreachable):
        client.request("GET", f"http://rebind.example:{inner.port}/", timeouts=Timeouts(0.3, 0.3, 0.5))
    assert asked == ["rebind.example"]
    assert inner.connections == 0


def test_the_second_address_is_tried(peer: Callable[..., WebPeer]) -> None:
    """When a name has several addresses and the first takes no connection, the next is used."""
    server = peer(saying(OK))
    listed = (f"shop.example:{server.port}",)
    client = Client(listed, resolve=lambda *_: ("::1", "127.0.0.1"))
    assert client.request("GET", f"http://shop.example:{server.port}/", timeouts=Timeouts()).body == b"hello"


def test_certificates_are_checked_against_the_name(peer: Callable[..., WebPeer], authority: trustme.CA) -> None:
    """TLS goes to the checked address with the name of the URL; another name's or an unknown issuer's certificate is refused."""
    server = peer(saying(OK), tls(authority, "shop.example"))
    listed = [f"{host}:{server.port}" for host in ("shop.example", "other.example", "127.0.0.1")]
    client = client_of(authority, *listed)
    assert client.request("GET", f"https://shop.example:{server.port}/", timeouts=Timeouts()).body == b"hello"
    assert server.names == ["shop.example"]
    for host in ("other.example", "127.0.0.1"):
        with pytest.raises(Unreachable, match="certificate"):
            client.request("GET", f"https://{host}:{server.port}/", timeouts=Timeouts())
    with pytest.raises(Unreachable, match="certificate"):
        client_of(None, *listed).request("GET", f"https://shop.example:{server.port}/", timeouts=Timeouts())
    assert len(server.heads) == 1


def test_plain_http_is_no_tls(peer: Callable[..., WebPeer]) -> None:
    """https to a server that speaks plain HTTP is said to be unreachable, and nothing of the request goes out."""
    server = peer(saying(OK))
    client, address = here(server)
    with pytest.raises(Unreachable):
        client.request("POST", address.replace("http:", "https:"), body=b"secret", timeouts=QUICK)
    assert server.heads == []


# --- the other side does harm ----------------------------------------------------------------------------------------


def dripping(raw: bytes, seconds: float = 0.05) -> Callable[[WebPeer], Answer]:
    """Sends a byte at a time, and goes on with dots when there are no more."""

    def made(peer: WebPeer) -> Answer:
        def answer(connection: socket.socket, _head: bytes) -> None:
            for byte in raw:
                connection.sendall(bytes([byte]))
                if peer.stopping.wait(seconds):
                    return
            while not peer.stopping.wait(seconds):
                connection.sendall(b".")

        return answer

    return made


@pytest.mark.parametrize("raw", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n"])
def test_one_that_drips_is_left(raw: bytes) -> None:
    """Head or body drop by drop keeps within every read's limit and is still given up at the total one."""
    place: list[WebPeer] = []
    with serving(lambda connection, head: dripping(raw, 0.01)(place[0])(connection, head)) as server:
        place.append(server)
        client, address = here(server)
        began = time.monotonic()
        with pytest.raises(TimedOut):
            client.request("GET", address, timeouts=QUICK)
        assert time.monotonic() - began < PATIENCE


def test_one_that_says_nothing_is_left() -> None:
    """No answer within the time for a piece ends the call, without waiting for the total."""
    with serving(lambda *_: place[0].stopping.wait(10) and None) as server:
        place = [server]
        client, address = here(server)
        began = time.monotonic()
        with pytest.raises(TimedOut):
            client.request("GET", address, timeouts=Timeouts(2, 0.2, 30))
        assert time.monotonic() - began < PATIENCE


def test_a_handshake_without_end_is_left(authority: trustme.CA) -> None:
    """A server that takes the connection and never finishes TLS is given up."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    began = time.monotonic()
    with listening, pytest.raises(TimedOut):
        client_of(authority, f"shop.example:{port}").request("GET", f"https://shop.example:{port}/", timeouts=QUICK)
    assert time.monotonic() - began < PATIENCE


def test_a_resolver_that_hangs_is_left() -> None:
    """Looking a name up has its own limit, which system resolvers lack."""
    over = threading.Event()
    with pytest.raises(TimedOut, match="looked up"):
        Client(resolve=lambda *_: over.wait(60) and ["8.8.8.8"]).request(
            "GET", "https://slow.example/", timeouts=Timeouts(0.1, 0.1, 0.2)
        )
    over.set()


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n"])
def test_a_body_without_end_is_cut(head: bytes) -> None:
    """No more than the limit is read: it raises, or gives the beginning where that was asked for."""

    def endless(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(b"x" * 65536)

    with serving(endless) as server:
        client, address = here(server)
        with pytest.raises(AnswerTooLarge):
            client.request("GET", address, limit=10_000, timeouts=Timeouts())
        answer = client.request("GET", address, limit=10_000, cut=True, timeouts=Timeouts())
        assert (len(answer.body), answer.cut) == (10_000, True)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
    ],
)
def test_what_is_no_http_is_said_to_be_none(raw: bytes, peer: Callable[..., WebPeer]) -> None:
    """Nonsense, half answers and heads without end give a sentence, never an error of the library."""
    client, address = here(peer(saying(raw)))
    with pytest.raises(Unreachable):
        client.request("GET", address)


def test_nobody_listening_is_said(peer: Callable[..., WebPeer]) -> None:
    """A port that nobody listens at gives a sentence with host and port."""
    server = peer(saying(OK))
    server.close()
    client, address = here(server)
    with pytest.raises(Unreachable, match=f"shop.example.*{server.port}"):
        client.request("GET", address)


@pytest.mark.parametrize(
    ("method", "headers"),
    [("GET", {"X": "a\r\nY: b"}), ("GET", {"X\r\nY": "b"}), ("GE T", {}), ("GET / HTTP/1.1\r\nX:", {}), ("GÉT", {})],
)
def test_nothing_is_smuggled_into_a_head(method: str, headers: dict[str, str], peer: Callable[..., WebPeer]) -> None:
    """Line ends in methods and headers are refused before anything is sent."""
    server = peer(saying(OK))
    client, address = here(server)
    with pytest.raises(RequestError):
        client.request(method, address, headers=headers)
    assert server.heads == []
