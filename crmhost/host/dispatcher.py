"""The WSGI application: hands each request to the generation in force and keeps it there to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import select
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import ClosingIterator

from .tables import HostState

if TYPE_CHECKING:
    from ..site import Site

#: The cookie of a browser that changed the set of plugins: the number of the generation it must not see behind.
COOKIE = "crm_gen"


class Dispatcher:
    """See the module's text. Static files are served beside the generations, at addresses by content hash."""

    def __init__(self, site: Site) -> None:
        from ..web.static import StaticFiles

        self.site = site
        self.static = StaticFiles(site)
        self._public = urlsplit(site.config.base_url)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/static/"):
            return self.static(environ, start_response)
        if path in ("/healthz", "/readyz"):
            return self._health(path)(environ, start_response)
        if self._public.netloc:
            # Links with a host in them, and “is this secure?”, follow the operator's word, never a header of the request.
            environ["HTTP_HOST"] = self._public.netloc
            environ["wsgi.url_scheme"] = self._public.scheme
        runtime = self.site.runtime
        generation = runtime.enter(_seen(environ))
        try:
            assert generation.app is not None
            answer = generation.app.wsgi_app(environ, start_response)
        except BaseException:
            runtime.leave(generation)
            raise
        return ClosingIterator(answer, lambda: runtime.leave(generation))

    def _health(self, path: str) -> Response:
        """``/healthz``: the process can serve; ``/readyz``: it also reaches its database."""
        if path == "/readyz":
            try:
                with self.site.engine.connect() as connection:
                    connection.execute(select(HostState.generation))
            except Exception:
                return Response("The database does not answer.\n", 503, content_type="text/plain")
        self.site.runtime.watch()
        self.site.runtime.current()
        return Response("ok\n", content_type="text/plain")


def _seen(environ: dict[str, Any]) -> int:
    if COOKIE not in environ.get("HTTP_COOKIE", ""):
        return 0
    text = Request(environ).cookies.get(COOKIE, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
