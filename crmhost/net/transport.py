"""One request over a connection to an address that was checked. Imported when the first request is sent."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import httpcore2

from ..messages import Message
from . import Response
from .errors import AnswerTooLarge

if TYPE_CHECKING:
    import ssl

    from . import Timeouts
    from .addresses import Target

#: Bytes written at a time, so that the time limit is looked at in between.
_PIECE = 16 * 1024


def send(
    target: Target,
    addresses: Sequence[str],
    method: str,
    headers: Mapping[str, str],
    body: bytes,
    timeouts: Timeouts,
    deadline: float,
    limit: int,
    *,
    cut: bool,
    trust: Callable[[], ssl.SSLContext] | None,
) -> Response:
    """Sends a request to one of the addresses, tried in their order.

    :param deadline: when everything must be over, on the monotonic clock.
    """
    url = httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    sent = [(b"Host", target.authority.encode("ascii"))]
    sent += [(name.encode("ascii", "replace"), value.encode("utf-8", "replace")) for name, value in headers.items()]
    connection = httpcore2.HTTPConnection(
        url.origin,
        ssl_context=(trust or _trust)() if target.scheme == "https" else None,
        network_backend=_Checked(addresses, deadline),
    )
    timeout = {"connect": timeouts.connect, "read": timeouts.read, "write": timeouts.read}
    content = body if body or method.upper() in ("POST", "PUT", "PATCH") else None
    with (
        connection,
        connection.stream(
            method.upper().encode("ascii", "replace"),
            url,
            headers=[*sent, (b"Connection", b"close")],
            content=content,
            extensions={"timeout": timeout},
        ) as answer,
    ):
        read, more = _read(answer.iter_stream(), limit)
        if more and not cut:
            raise AnswerTooLarge(
                Message("“%(host)s” answered with more than %(limit)s bytes.", host=target.host, limit=limit)
            )
        return Response(answer.status, _joined(answer.headers), read, more)


def _read(pieces: Iterable[bytes], limit: int) -> tuple[bytes, bool]:
    """The body up to the limit, and whether there was more."""
    read = bytearray()
    for piece in pieces:
        read += piece
        if len(read) > limit:
            return bytes(read[:limit]), True
    return bytes(read), False


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


@functools.cache
def _trust() -> ssl.SSLContext:
    """What the system trusts; read once, for that takes many milliseconds."""
    return httpcore2.default_ssl_context()


class _Checked(httpcore2.NetworkBackend):
    """Connects to the addresses that were checked, whatever the name says by now."""

    def __init__(self, addresses: Sequence[str], deadline: float) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._network = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002  # the addresses it had were checked; it is not asked again
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connects to the first address that takes the connection."""
        until = time.monotonic() + (timeout or 0.0)
        failure: Exception = httpcore2.ConnectError("no address")
        for number, address in enumerate(self._addresses, start=1):
            left = min(until, self._deadline) - time.monotonic()
            if left <= 0:
                raise httpcore2.ConnectTimeout
            # One that does not answer leaves time for the others.
            share = left if number == len(self._addresses) else left / 2
            try:
                stream = self._network.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
                continue
            return _Limited(stream, self._deadline)
        raise failure


class _Limited(httpcore2.NetworkStream):
    """A connection that is given up at a fixed instant, for one that drips would never run into its other time limits."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def _left(self, timeout: float | None, failure: type[httpcore2.TimeoutException]) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise failure
        return left if timeout is None else min(left, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Reads what there is."""
        return self._stream.read(max_bytes, self._left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Writes everything."""
        for start in range(0, len(buffer), _PIECE):
            left = self._left(timeout, httpcore2.WriteTimeout)
            self._stream.write(buffer[start : start + _PIECE], left)

    def close(self) -> None:
        """Closes the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """The same connection under TLS, its certificate checked against the name."""
        left = self._left(timeout, httpcore2.ConnectTimeout)
        return _Limited(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """What the library asks about the connection."""
        return self._stream.get_extra_info(info)
