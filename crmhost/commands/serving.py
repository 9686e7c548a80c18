"""Serving with waitress, and stopping so that nobody notices: requests in flight are answered, new ones are refused."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from ..host.dispatcher import Dispatcher

if TYPE_CHECKING:
    from ..site import Site

log = logging.getLogger("crmhost.server")

#: Seconds that requests in flight have to end when the process is told to stop.
PATIENCE = 25.0
#: Connections that are kept at once. Browsers keep several each while they show a page, so it is many more than are served.
CONNECTIONS = 800
_LOOK_EVERY = 0.05


def serve_waitress(site: Site, host: str, port: int, threads: int) -> None:
    """Serves the site until SIGTERM or SIGINT, and closes it; a second signal ends at once."""
    from waitress.server import create_server

    application = Dispatcher(site)
    site.runtime.current()
    site.runtime.watch()
    server = create_server(
        application,
        host=host,
        port=port,
        threads=threads,
        ident="crmhost",
        channel_timeout=60,
        connection_limit=CONNECTIONS,
        # select() can watch no file above number 1023, whoever opened the others.
        asyncore_use_poll=True,
        # Which proxies are believed is the site's own rule, the same under every server.
        clear_untrusted_proxy_headers=False,
    )
    stopping = _Stopping(server, application)
    signal.signal(signal.SIGTERM, stopping.told)
    signal.signal(signal.SIGINT, stopping.told)
    try:
        server.run()
        server.task_dispatcher.shutdown()
    finally:
        site.close()


class _Stopping:
    """Ends a waitress server. All but the waiting is done in the server's own thread, which holds the sockets."""

    def __init__(self, server: Any, application: Dispatcher) -> None:
        self._server = server
        self._application = application
        self._until = 0.0
        self._ended = threading.Event()

    def told(self, *_: object) -> None:
        """A signal came."""
        if self._until:
            self._until = time.monotonic()
            return
        self._until = time.monotonic() + PATIENCE
        threading.Thread(target=self._watch, name="crmhost-stop", daemon=True).start()

    def _watch(self) -> None:
        self._application.readiness.stopping = True
        log.info("stopping: requests in flight are answered, new ones refused")
        trigger = self._parts("pull_trigger")[0]
        while not self._ended.wait(_LOOK_EVERY):
            trigger.pull_trigger(self._look)

    def _parts(self, attribute: str) -> list[Any]:
        """The objects of the server's loop that have this attribute: listening sockets, connections, the trigger."""
        parts = getattr(self._server, "map", None) or self._server._map
        return [part for part in list(parts.values()) if hasattr(part, attribute)]

    def _look(self) -> None:
        from waitress import wasyncore

        if self._ended.is_set():
            return
        for listening in self._parts("accept_connections"):
            # Its close() would take the trigger along, which answers still need.
            wasyncore.dispatcher.close(listening)
        connections = self._parts("requests")
        for connection in connections:
            if not connection.requests and connection.request is None and not connection.total_outbufs_len:
                connection.handle_close()
        left = [connection for connection in connections if connection.connected]
        if left and time.monotonic() < self._until:
            return
        if left:
            log.warning("stopped with %d connections whose requests had not ended", len(left))
        self._ended.set()
        for part in self._parts("close"):
            part.close()
