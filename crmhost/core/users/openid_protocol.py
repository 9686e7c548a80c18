"""OpenID Connect as far as a site needs it: what a provider says of itself, the code flow with PKCE, the checks of an ID token.

Authlib does the protocol, joserfc the signatures; every call goes out through :mod:`crmhost.net`. No database.
Sources: OpenID Connect Core 1.0, Discovery 1.0, RFC 7636 (PKCE), RFC 9207 (issuer in the answer).
"""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from ... import net
from ...errors import CrmError
from .openid_settings import Provider

log = logging.getLogger("crmhost.users")

#: Seconds for which what a provider says of itself is believed, and between two looks for a key that is not known.
KEPT, KEYS_AGAIN = 3600.0, 30.0
#: Seconds by which clocks may differ.
LEEWAY = 60
SCOPE = "openid email profile"
#: Signatures with a key pair. None with a shared secret, and not “none”.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
PATIENCE = net.Timeouts(connect=5, read=8, total=12)

#: Calls an address: method, address, headers, body.
Call = Callable[[str, str, Mapping[str, str], bytes], net.Response]


class OpenIdError(CrmError):
    """Signing in through the provider did not work; the message is for the person, ``reason`` for the log."""

    status = 422

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or "Signing in through the provider did not work. Try again, or ask an admin.")
        self.reason = reason


@dataclasses.dataclass(frozen=True)
class About:
    """What a provider says of itself."""

    issuer: str
    authorization: str
    token: str
    keys: str
    userinfo: str
    basic: bool


@dataclasses.dataclass(frozen=True)
class Person:
    """Who came, as the provider knows them."""

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str


_lock = threading.Lock()
_about: dict[str, tuple[float, About]] = {}
_keys: dict[str, tuple[float, Any]] = {}


def forget() -> None:
    """Forgets what is known of providers in this process."""
    with _lock:
        _about.clear()
        _keys.clear()


def about(provider: Provider, call: Call) -> About:
    """What the provider says of itself, asked for at most once an hour.

    :raises OpenIdError: when it can't be reached, or says something else than it should.
    """
    with _lock:
        known = _about.get(provider.issuer)
    if known is not None and time.monotonic() - known[0] < KEPT:
        return known[1]
    url = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
    found = _read(call, "GET", url, {"Accept": "application/json"}, b"", "discovery")
    if found.get("issuer") != provider.issuer:
        raise OpenIdError(f"discovery: the issuer calls itself {found.get('issuer')!r}, not {provider.issuer!r}")
    plain = provider.issuer.startswith("http://")
    addresses = {}
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
        address = found.get(name, "")
        if not isinstance(address, str) or not (
            address.startswith("https://") or (plain and address.startswith("http://"))
        ):
            if name == "userinfo_endpoint" and not address:
                continue
            raise OpenIdError(f"discovery: {name} is {address!r}")
        addresses[name] = address
    methods = found.get("token_endpoint_auth_methods_supported")
    made = About(
        provider.issuer,
        addresses["authorization_endpoint"],
        addresses["token_endpoint"],
        addresses["jwks_uri"],
        addresses.get("userinfo_endpoint", ""),
        not isinstance(methods, list) or "client_secret_basic" in methods,
    )
    with _lock:
        _about[provider.issuer] = (time.monotonic(), made)
    return made


def authorization_url(provider: Provider, found: About, *, state: str, nonce: str, verifier: str, back: str) -> str:
    """Where the browser goes."""
    url, _state = _client(provider, found, back, None).create_authorization_url(
        found.authorization, state=state, code_verifier=verifier, nonce=nonce
    )
    return str(url)


def exchange(
    provider: Provider, found: About, call: Call, *, code: str, nonce: str, verifier: str, back: str, now: int
) -> Person:
    """Who came back with this code.

    :param now: seconds since 1970.
    :raises OpenIdError: when anything is not as it should be.
    """
    from authlib.common.errors import AuthlibBaseError

    client = _client(provider, found, back, call)
    try:
        answer = client.fetch_token(
            found.token, grant_type="authorization_code", code=code, code_verifier=verifier, redirect_uri=back
        )
    except (AuthlibBaseError, ValueError, UnicodeError) as error:
        raise OpenIdError(f"token: {error}") from error
    token, access = answer.get("id_token"), answer.get("access_token")
    if not isinstance(token, str):
        raise OpenIdError("token: there is no id_token")
    claims = _checked(provider, found, call, token, nonce=nonce, access=access, now=now)
    if not claims.get("email") and found.userinfo and isinstance(access, str):
        headers = {"Accept": "application/json", "Authorization": f"Bearer {access}"}
        more = _read(call, "GET", found.userinfo, headers, b"", "userinfo")
        if more.get("sub") != claims["sub"]:
            raise OpenIdError("userinfo: it speaks of somebody else")
        claims = {**more, **claims}
    name = claims.get("name")
    email = claims.get("email")
    return Person(
        provider.issuer,
        str(claims["sub"]),
        email if isinstance(email, str) else "",
        # Some providers write it as a text.
        claims.get("email_verified") in (True, "true"),
        name if isinstance(name, str) else "",
    )


def _checked(
    provider: Provider, found: About, call: Call, token: str, *, nonce: str, access: Any, now: int
) -> dict[str, Any]:
    """The claims of an ID token whose signature and contents are right."""
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.errors import InvalidKeyIdError, JoseError

    try:
        try:
            read = jwt.decode(token, _key_set(found, call), algorithms=ALGORITHMS)
        except InvalidKeyIdError:
            # The provider changed its keys.
            read = jwt.decode(token, _key_set(found, call, anew=True), algorithms=ALGORITHMS)
        claims = CodeIDToken(
            read.claims,
            read.header,
            {
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": provider.client_id},
                "nonce": {"essential": True, "value": nonce},
            },
            {"nonce": nonce, "client_id": provider.client_id, "access_token": access},
        )
        claims.validate(now=now, leeway=LEEWAY)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise OpenIdError(f"id_token: {type(error).__name__}: {error}") from error
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise OpenIdError("id_token: sub is no text of 1 to 255 characters")
    return dict(claims)


def _key_set(found: About, call: Call, *, anew: bool = False) -> Any:
    from joserfc.jwk import KeySet

    with _lock:
        known = _keys.get(found.keys)
    if known is not None and time.monotonic() - known[0] < (KEYS_AGAIN if anew else KEPT):
        return known[1]
    read = _read(call, "GET", found.keys, {"Accept": "application/json"}, b"", "keys")
    listed = read.get("keys")
    usable = [key for key in listed if _signs(key)] if isinstance(listed, list) else []
    keys = KeySet.import_key_set({"keys": usable})
    with _lock:
        _keys[found.keys] = (time.monotonic(), keys)
    return keys


def _signs(key: Any) -> bool:
    return isinstance(key, dict) and key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"


def _client(provider: Provider, found: About, back: str, call: Call | None) -> Any:
    # Imported here: it takes a while, and few requests need it.
    from authlib.oauth2.client import OAuth2Client

    method = "none" if not provider.client_secret else "client_secret_basic" if found.basic else "client_secret_post"
    return OAuth2Client(
        _Session(call) if call is not None else None,
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        token_endpoint_auth_method=method,
        scope=SCOPE,
        redirect_uri=back,
        code_challenge_method="S256",
    )


class _Session:
    """What Authlib takes for a session of the library “requests”."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def post(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: Any) -> _Answer:
        """Sends a form."""
        url, sent, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        return _Answer(_send(self._call, "POST", url, sent, body.encode(), "token"))


@dataclasses.dataclass(frozen=True)
class _Answer:
    response: net.Response

    @property
    def status_code(self) -> int:
        return self.response.status

    def json(self) -> Any:
        return json.loads(self.response.body)

    def raise_for_status(self) -> None:
        if self.response.status >= 400:
            raise OpenIdError(f"token: the provider answered {self.response.status}")


def _send(call: Call, method: str, url: str, headers: Mapping[str, str], body: bytes, what: str) -> net.Response:
    try:
        return call(method, url, headers, body)
    except net.RequestError as error:
        raise OpenIdError(
            f"{what}: {error}", "The provider can't be reached just now. Try again in a moment."
        ) from error


def _read(call: Call, method: str, url: str, headers: Mapping[str, str], body: bytes, what: str) -> dict[str, Any]:
    answer = _send(call, method, url, headers, body, what)
    if answer.status != 200:
        raise OpenIdError(f"{what}: the provider answered {answer.status}")
    try:
        found = json.loads(answer.body)
    except ValueError as error:
        raise OpenIdError(f"{what}: that is no JSON") from error
    if not isinstance(found, dict):
        raise OpenIdError(f"{what}: that is no JSON object")
    return found
