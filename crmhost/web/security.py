"""Headers of each answer: policy, generation, request id."""

from __future__ import annotations

import re
import secrets

from flask import Flask, Response, g, request

from .state import state

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")

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
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _REQUEST_ID.match(given) else secrets.token_hex(8)

    @app.after_request
    def add_headers(response: Response) -> Response:
        headers = response.headers
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
