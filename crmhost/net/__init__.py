"""Outgoing HTTP for plugins that can't be turned against the site's own network (server-side request forgery).

Addresses that people enter (webhooks, shops) are called through :func:`request` and through nothing else. A name is resolved
once, every address that it has is checked, and the connection goes to a checked address, so that a name which resolves
otherwise a moment later reaches nothing else. Redirects are not followed. Proxies named in the environment are not used:
behind one, nobody could say which address is reached.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from .. import __version__
from ..messages import Message
from .addresses import Target, is_listed, parse, refusal
from .errors import AnswerTooLarge, RefusedAddress, RequestError, TimedOut, Unreachable

if TYPE_CHECKING:
    import ssl

    from ..work.unit import Work

__all__ = [
    "AnswerTooLarge",
    "Client",
    "RefusedAddress",
    "RequestError",
    "Response",
    "TimedOut",
    "Timeouts",
    "Unreachable",
    "check_url",
    "request",
]

#: Bytes of an answer that are read unless more are asked for.
LIMIT = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class Timeouts:
    """How long to wait, in seconds.

    :param connect: for the name, the connection and the TLS handshake, each.
    :param read: between two pieces of the answer.
    :param total: for everything together, however slowly the other side drips.
    """

    connect: float = 5.0
    read: float = 10.0
    total: float = 20.0


@dataclasses.dataclass(frozen=True)
class Response:
    """An answer, whatever its status: 4xx, 5xx and redirects are answers too.

    :param headers: names in lower case; values of repeated ones are joined by ``", "``.
    :param body: as it was sent; compressed answers are never asked for.
    :param cut: whether the body went on beyond the limit.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool = False


def request(
    work: Work,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeouts: Timeouts | None = None,
    limit: int = LIMIT,
    cut: bool = False,
) -> Response:
    """Sends a request to an address that somebody entered, and gives the answer.

    Call it outside ``work.begin()``. It ends the work's read transaction: what was read before is read anew afterwards.

    :param url: ``http`` or ``https``, without name and password. Hosts of private networks are refused, unless the operator
        named them as ``host:port`` in ``CRMHOST_ALLOW_PRIVATE_HOSTS``.
    :param limit: bytes of the answer's body that are read at most.
    :param cut: take the first ``limit`` bytes of a longer body instead of raising.
    :raises RefusedAddress: when this address must not be called; trying again does not help.
    :raises TimedOut: when the other side was too slow.
    :raises Unreachable: when there is no connection, no valid certificate, or no HTTP on the other side.
    :raises AnswerTooLarge: when the body is longer than ``limit``.
    """
    if work.writing:
        raise RuntimeError("Nothing goes over a network inside `with work.begin():`; call it before or after.")
    work.session.rollback()
    client = Client(work.private_hosts)
    return client.request(method, url, headers=headers, body=body, timeouts=timeouts, limit=limit, cut=cut)


def check_url(work: Work, url: str) -> str:
    """The address as it will be called, for a form that stores it; its name is not looked up yet.

    :raises RefusedAddress: when it can never be called: no web address, or the literal address of a private network.
    """
    target = parse(url)
    if target.address is not None:
        _check(target, [target.host], work.private_hosts)
    _check_port(target, work.private_hosts)
    return target.url


def look_up(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the system's resolver gives them."""
    import socket

    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclasses.dataclass(frozen=True)
class Client:
    """Sends requests without a unit of work.

    :param private_hosts: ``host:port`` that may be reached although private.
    :param resolve: gives the addresses of a host and port.
    :param trust: gives what certificates are checked with; by default what the system trusts.
    """

    private_hosts: Collection[str] = ()
    resolve: Callable[[str, int], Sequence[str]] = look_up
    trust: Callable[[], ssl.SSLContext] | None = None

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeouts: Timeouts | None = None,
        limit: int = LIMIT,
        cut: bool = False,
    ) -> Response:
        """As :func:`request`."""
        from .transport import send

        timeouts = timeouts or Timeouts()
        deadline = time.monotonic() + timeouts.total
        target = parse(url)
        _check_port(target, self.private_hosts)
        if target.address is not None:
            addresses: Sequence[str] = [target.host]
        else:
            addresses = self._resolved(target, min(timeouts.connect, timeouts.total))
        _check(target, addresses, self.private_hosts)
        sent = {"User-Agent": f"crmhost/{__version__}", "Accept-Encoding": "identity", **(headers or {})}
        with _sentences(target):
            return send(target, addresses, method, sent, body, timeouts, deadline, limit, cut=cut, trust=self.trust)

    def _resolved(self, target: Target, seconds: float) -> Sequence[str]:
        """The addresses of the target's name, or a refusal when that takes too long: resolvers know no time limit."""
        found: list[Sequence[str]] = []
        failed: list[Exception] = []

        def ask() -> None:
            try:
                found.append(self.resolve(target.host, target.port))
            except Exception as error:
                failed.append(error)

        asking = threading.Thread(target=ask, name="crmhost-resolve", daemon=True)
        asking.start()
        asking.join(seconds)
        gone = Message("There is no host “%(host)s”: check the address.", host=target.host)
        if failed:
            raise Unreachable(gone) from failed[0]
        if not found:
            raise TimedOut(
                Message(
                    "The name “%(host)s” could not be looked up within %(seconds)s seconds.",
                    host=target.host,
                    seconds=round(seconds),
                )
            )
        if not found[0]:
            raise Unreachable(gone)
        return found[0]


def _check(target: Target, addresses: Sequence[str], private_hosts: Collection[str]) -> None:
    """:raises RefusedAddress: when one of the addresses is of a private network and nobody allowed it."""
    if is_listed(target.host, target.port, private_hosts):
        return
    for address in addresses:
        why = refusal(address)
        if why and not is_listed(address, target.port, private_hosts):
            raise RefusedAddress(
                Message(
                    "“%(host)s” is %(why)s, which is not called from here. "
                    "If it is meant, name %(listing)s in CRMHOST_ALLOW_PRIVATE_HOSTS.",
                    host=target.host,
                    why=why,
                    listing=target.listing,
                )
            )


#: Ports below this belong to mail, remote log-in and the like, which must not be talked to in HTTP.
_FREE_PORTS = 1024


def _check_port(target: Target, private_hosts: Collection[str]) -> None:
    usual = target.port in (80, 443) or target.port >= _FREE_PORTS
    if not usual and not is_listed(target.host, target.port, private_hosts):
        raise RefusedAddress(
            Message(
                "Port %(port)s is not used for web addresses. If it is meant, name %(listing)s in CRMHOST_ALLOW_PRIVATE_HOSTS.",
                port=str(target.port),
                listing=target.listing,
            )
        )


@contextlib.contextmanager
def _sentences(target: Target) -> Iterator[None]:
    """Turns the library's failures into those of this module."""
    import ssl

    import httpcore2

    try:
        yield
    except httpcore2.TimeoutException as error:
        raise TimedOut(Message("“%(host)s” did not answer in time.", host=target.host)) from error
    except httpcore2.ConnectError as error:
        if isinstance(error.__cause__, ssl.SSLError):
            raise Unreachable(
                Message(
                    "“%(host)s” has no certificate to be trusted: %(reason)s", host=target.host, reason=_reason(error)
                )
            ) from error
        raise Unreachable(
            Message("“%(host)s” takes no connection at port %(port)s.", host=target.host, port=str(target.port))
        ) from error
    except httpcore2.LocalProtocolError as error:
        raise RequestError(Message("This request can't be sent: %(reason)s", reason=_reason(error))) from error
    except httpcore2.ProtocolError as error:
        raise Unreachable(
            Message("“%(host)s” does not answer in HTTP: %(reason)s", host=target.host, reason=_reason(error))
        ) from error
    except httpcore2.NetworkError as error:
        raise Unreachable(Message("“%(host)s” broke the connection off.", host=target.host)) from error


def _reason(error: Exception) -> str:
    """The library's words, in one line of moderate length."""
    cause = error.__cause__ or error
    words = getattr(cause, "verify_message", "") or getattr(cause, "reason", "") or str(cause)
    return " ".join(str(words).split())[:200].rstrip(".") + "."
