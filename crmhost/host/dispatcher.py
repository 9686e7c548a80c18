"""The WSGI application: hands each request to the generation in force and keeps it there to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import ClosingIterator

from . import figures
from .observe import Observed, Observer
from .readiness import Readiness

if TYPE_CHECKING:
    from ..site import Site

#: The cookie of a browser that changed the set of plugins: the number of the generation it must not see behind.
COOKIE = "crm_gen"


class Dispatcher:
    """See the module's text. Static files, probes and figures are served beside the generations.

    :param readiness: says whether this process can serve.
    """

    def __init__(self, site: Site) -> None:
        from ..web.static import StaticFiles

        self.site = site
        self.static = StaticFiles(site)
        self.readiness = Readiness(site)
        self._observer = Observer(site)
        self._public = urlsplit(site.config.base_url)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/static/"):
            return self._beside("/static/", self.static, environ, start_response)
        probe = self._probe(path)
        if probe is not None:
            return self._beside(path, probe, environ, start_response)
        if self._public.netloc:
            # Links with a host in them, and “is this secure?”, follow the operator's word, never a header of the request.
            environ["HTTP_HOST"] = self._public.netloc
            environ["wsgi.url_scheme"] = self._public.scheme
        observed = self._observer.begin(environ)
        return observed.call(lambda *arguments: self._serve(observed, *arguments), environ, start_response)

    def _beside(self, path: str, application: Callable[..., Any], environ: Any, start_response: Any) -> Iterable[bytes]:
        return self._observer.begin(environ, path, quiet=True).call(application, environ, start_response)

    def _serve(
        self, observed: Observed, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        runtime = self.site.runtime
        generation = runtime.enter(_seen(environ))
        observed.values["generation"] = generation.number
        try:
            assert generation.app is not None
            answer = generation.app.wsgi_app(environ, start_response)
        except BaseException:
            runtime.leave(generation)
            raise
        return ClosingIterator(answer, lambda: runtime.leave(generation))

    def _probe(self, path: str) -> Callable[..., Any] | None:
        """What answers an address that is asked by programs; ``None`` for all others."""
        answers: dict[str, Callable[[dict[str, Any]], Response]] = {
            "/healthz": lambda _: self.readiness.healthz(),
            "/readyz": lambda _: self.readiness.readyz(),
        }
        if self.site.config.metrics:
            answers["/metrics"] = lambda environ: figures.page(self.site, environ)
        answer = answers.get(path)
        return (lambda environ, start: _reading(environ, answer)(environ, start)) if answer is not None else None


def _reading(environ: dict[str, Any], answer: Callable[[dict[str, Any]], Response]) -> Response:
    if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
        return Response("Ask with GET.\n", 405, {"Allow": "GET, HEAD"}, content_type="text/plain; charset=utf-8")
    return answer(environ)


def _seen(environ: dict[str, Any]) -> int:
    if COOKIE not in environ.get("HTTP_COOKIE", ""):
        return 0
    text = Request(environ).cookies.get(COOKIE, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
