"""Headers of each answer: policy, generation, request id."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

from ..host.observe import NOWHERE, REQUEST_ID
from ..logs import note
from .state import state

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def policy(import_map_source: str) -> str:
    """The content security policy: only files of our own, nothing inline but the import map, whose digest is named."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {import_map_source}",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "media-src 'self'",
            "frame-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def init_app(app: Flask) -> None:
    """Sets the headers on every answer."""
    web = state(app)
    csp = policy(web.assets.import_map_source)
    generation = str(web.generation.number)
    secure = web.site.config.cookies_secure

    @app.before_request
    def name_request() -> None:
        g.request_id = request.environ.get(REQUEST_ID) or secrets.token_hex(8)
        note(path=request.url_rule.rule if request.url_rule else NOWHERE)

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
        note(user=_user())
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Content-Security-Policy", csp)
        headers["Crmhost-Generation"] = generation
        headers["X-Request-Id"] = g.get("request_id", "")
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-store" if response.mimetype != "text/html" else "private, no-cache"
        if secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        response.vary.update(("Cookie", "HX-Request"))
        return response


def _user() -> int | None:
    """Id of who asked, when that was found out: by the cookie, or by a token."""
    for known in (g.get("_login_user"), g.get("crmhost_work")):
        actor = getattr(known, "actor", None)
        if actor is not None and actor.user_id is not None:
            return int(actor.user_id)
    return None
