"""A web server on this machine that answers as a test says: plain or TLS, whole, drop by drop, or without end."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

#: What answers one connection: gets it, after the request's head was read, and that head.
Answer = Callable[[socket.socket, bytes], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"


def saying(raw: bytes) -> Answer:
    """Answers with these bytes."""
    return lambda connection, _head: connection.sendall(raw)


class WebPeer:
    """A server at ``port`` of 127.0.0.1; ``heads`` are the heads of the requests it got, ``names`` the TLS names asked for."""

    def __init__(self, answer: Answer, context: ssl.SSLContext | None = None) -> None:
        self.heads: list[bytes] = []
        self.names: list[str | None] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._answer = answer
        self._context = context
        if context is not None:
            context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        # A client that hangs up in the middle is what many tests are about.
        with contextlib.suppress(OSError), connection:
            served = connection
            if self._context is not None:
                served = self._context.wrap_socket(connection, server_side=True)
            with served:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = served.recv(65536)
                    if not piece:
                        return
                    head += piece
                self.heads.append(head)
                self._answer(served, head)

    def close(self) -> None:
        """Stops taking connections, and ends answers that wait for ``stopping``."""
        self.stopping.set()
        # A listening socket that is only closed leaves accept() waiting.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(5)


@contextlib.contextmanager
def serving(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[WebPeer]:
    """A server for the time of a ``with``."""
    peer = WebPeer(answer, context)
    try:
        yield peer
    finally:
        peer.close()
