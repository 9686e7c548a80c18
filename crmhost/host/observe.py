"""Watches each request from outside the generations: its number, its line in the log, its figures."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .. import logs
from . import metrics
from .proxies import Proxies, networks

if TYPE_CHECKING:
    from ..site import Site

log = logging.getLogger("crmhost.request")

#: Where the number of a request stands in its environment, for the application.
REQUEST_ID = "crmhost.request_id"
#: Endpoint of a request whose address is nobody's.
NOWHERE = "-"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

StartResponse = Callable[..., Any]


class Observer:
    """Begins and ends requests."""

    def __init__(self, site: Site) -> None:
        self._proxies = Proxies(networks(site.config.trusted_proxies, "CRMHOST_TRUSTED_PROXIES"))
        self._metrics = metrics.of(site.config)

    def begin(self, environ: dict[str, Any], path: str = NOWHERE, *, quiet: bool = False) -> Observed:
        """A request begins.

        :param path: its template, when the application is not asked, which notes its own.
        :param quiet: whether the line is for those who look closely, as for files and probes.
        """
        number = self._proxies.receive(environ)
        environ[REQUEST_ID] = number
        method = str(environ.get("REQUEST_METHOD", ""))
        if self._metrics is not None:
            self._metrics.in_flight.inc()
        values = {"request_id": number, "method": method if method in _METHODS else "OTHER", "path": path}
        return Observed(values, self._metrics, logging.DEBUG if quiet else logging.INFO)


class Observed:
    """One request.

    :param values: what is known of it: request_id, method, path (the template, never the address itself, in which there may be
        names and tokens), and what the application notes: user, plugin (at fault).
    """

    def __init__(self, values: dict[str, Any], figures: metrics.Metrics | None, level: int) -> None:
        self.values = values
        self._metrics = figures
        self._level = level
        self._started = time.perf_counter()
        self._ended = False
        self.status = 500

    def answering(self, start_response: StartResponse) -> StartResponse:
        """``start_response``, which also notes the status and names the request to who asked."""

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            self.status = int(status[:3])
            if not any(name.lower() == "x-request-id" for name, _ in headers):
                headers = [*headers, ("X-Request-Id", self.values["request_id"])]
            return start_response(status, headers, *rest)

        return start

    def call(
        self, application: Callable[..., Iterable[bytes]], environ: dict[str, Any], start: StartResponse
    ) -> Iterable[bytes]:
        """The application's answer; lines that it logs carry the request's values, those of a streamed body too."""
        try:
            with logs.within(self.values):
                answer = application(environ, self.answering(start))
        except BaseException:
            self.end()
            raise
        return _Body(answer, self)

    def end(self) -> None:
        """The answer is sent, or nobody wants it any more."""
        if self._ended:
            return
        self._ended = True
        seconds = time.perf_counter() - self._started
        values = {**self.values, "status": self.status, "ms": round(seconds * 1000, 1)}
        if self._metrics is not None:
            self._metrics.request_done(values["method"], values["path"], self.status, seconds)
        log.log(self._level, "request", extra=values)


class _Body:
    """An answer's body, sent in the request's name."""

    def __init__(self, body: Iterable[bytes], request: Observed) -> None:
        self._body = body
        self._parts = iter(body)
        self._request = request

    def __iter__(self) -> _Body:
        return self

    def __next__(self) -> bytes:
        with logs.within(self._request.values):
            return next(self._parts)

    def close(self) -> None:
        """Called by the server in any case."""
        close = getattr(self._body, "close", None)
        try:
            if close is not None:
                with logs.within(self._request.values):
                    close()
        finally:
            self._request.end()
