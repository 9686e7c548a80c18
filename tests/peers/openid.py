"""An OpenID provider on this machine: it signs tokens, and lies in them where a test says so.

with openid.provider() as peer:
    peer.person = {"sub": "7", "email": "ann@example.com", "email_verified": True}
    answer = peer.authorize(url)      # what the browser brings back: {"code": …, "state": …, "iss": …}
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "crm", "a secret of the client, long enough"


@functools.cache
def _first_key() -> RSAKey:
    """Making one takes a tenth of a second."""
    return RSAKey.generate_key(2048, {"kid": "one"})


class Provider:
    """The provider at ``issuer``.

    :ivar person: claims of whoever signs in.
    :ivar lies: claims of the ID token that are not as they should be; ``None`` leaves one out.
    :ivar sign: how the token is signed: RS256; none; HS256 with the client's secret or the public key; stranger.
    :ivar userinfo: claims that only the userinfo endpoint gives.
    :ivar asked: paths that were asked for.
    """

    def __init__(self) -> None:
        self.key = _first_key()
        self.person: dict[str, Any] = {"sub": "7", "email": "ann@example.com", "email_verified": True, "name": "Ann"}
        self.lies: dict[str, Any] = {}
        self.sign = "RS256"
        self.userinfo: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.asked: list[str] = []
        self.clock = time.time
        self._codes: dict[str, dict[str, str]] = {}
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                peer.asked.append(self.path)
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                self._answer(*peer._get(urlsplit(self.path).path, token))

            def do_POST(self) -> None:
                peer.asked.append(self.path)
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self._answer(*peer._token({name: values[0] for name, values in form.items()}, dict(self.headers)))

            def _answer(self, status: int, document: Any) -> None:
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.issuer = f"http://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def settings(self, **more: Any) -> dict[str, Any]:
        """The site's settings for this provider."""
        known = {"openid_issuer": self.issuer, "openid_client_id": CLIENT, "openid_client_secret": SECRET}
        return {f"users.{name}": value for name, value in (known | more).items()}

    def authorize(self, url: str) -> dict[str, str]:
        """What the browser brings back after the person signed in at this address."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["client_id"] == CLIENT
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def change_key(self) -> None:
        """From now on another key signs."""
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4)})

    def _get(self, path: str, token: str) -> tuple[int, Any]:
        if path == "/.well-known/openid-configuration":
            known = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            addresses = {name: f"{self.issuer}/{end}" for name, end in (known | {"userinfo_endpoint": "me"}).items()}
            return 200, {"issuer": self.issuer, **addresses, **self.metadata}
        if path == "/keys":
            return 200, {"keys": [self.key.as_dict(private=False, use="sig"), {"kty": "strange", "kid": "x"}]}
        if path == "/me" and token == "access":
            return 200, {"sub": self.person["sub"], **self.userinfo}
        return 404, {}

    def _token(self, form: dict[str, str], headers: dict[str, str]) -> tuple[int, Any]:
        asked = self._codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        fine = (
            asked is not None
            and headers.get("Authorization") == f"Basic {basic}"
            and form.get("redirect_uri") == asked["redirect_uri"]
            and base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
        )
        if asked is None or not fine:
            return 400, {"error": "invalid_grant"}
        now = int(self.clock())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.person,
            **self.lies,
        }
        token = self._signed({name: value for name, value in claims.items() if value is not None})
        return 200, {"access_token": "access", "token_type": "Bearer", "id_token": token}

    def _signed(self, claims: dict[str, Any]) -> str:
        if self.sign == "none":
            parts = ({"alg": "none", "typ": "JWT"}, claims)
            return (
                ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
                + "."
            )
        if self.sign == "HS256 secret":
            return jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(SECRET))
        if self.sign == "HS256 public key":
            stolen = OctKey.import_key(base64.b64encode(self.key.as_pem(private=False)).decode())
            return jwt.encode({"alg": "HS256", "kid": "one"}, claims, stolen)
        if self.sign == "stranger":
            return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048))
        return jwt.encode({"alg": "RS256", "kid": self.key.kid or ""}, claims, self.key)

    def close(self) -> None:
        """Stops."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@contextlib.contextmanager
def provider() -> Iterator[Provider]:
    """A provider for the time of a ``with``."""
    peer = Provider()
    try:
        yield peer
    finally:
        peer.close()
