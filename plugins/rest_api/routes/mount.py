"""What stands before, around and behind every resource below ``/api/v1``, whichever plugin it comes from."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from typing import Any

from flask import current_app

from crmhost.api import users
from crmhost.web.api import Response, client_address, current_work, one_transaction, request, use_actor

from .. import services
from ..problems import Unauthorized, problem_of
from .answers import problem
from .rules import check_request

log = logging.getLogger("crmhost.rest_api")

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: Headers of a stored answer that a repeated request gets again.
_KEPT_HEADERS = ("Content-Type", "Location", "ETag")
_LONGEST_TOKEN = 200


class _RefusedError(Exception):
    """A view answered with an error instead of raising one: what it changed is taken back."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def before() -> None:
    """Finds out who asks, by the token, and refuses what the operation does not take."""
    if request.method == "OPTIONS" or _marked("crmhost_public"):
        return
    authenticate()
    check_request()


def authenticate() -> None:
    """Makes the token's user the actor of this request. Cookies are not looked at.

    :raises Unauthorized: when there is no valid token.
    """
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized(
            "Send the header “Authorization: Bearer TOKEN”; tokens are made under Settings > API tokens."
        )
    known = len(token) <= _LONGEST_TOKEN and token.isascii() and token.isprintable()
    user = users.token_user(current_work().session, token) if known else None
    if user is None:
        raise Unauthorized("This token is not known or was revoked; make a new one.", invalid=True)
    users.note_token(token)
    use_actor(dataclasses.replace(users.actor_for(user, address=client_address()), kind="token"))


def around(view: Callable[[], Any]) -> Any:
    """Calls the view; a write with an ``Idempotency-Key`` is carried out once, however often it is sent."""
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method not in WRITES or _marked("crmhost_repeatable"):
        return view()
    services.check_key(key)
    address = request.full_path if request.query_string else request.path
    print_ = services.fingerprint(request.method, address, request.get_data(cache=True))
    try:
        with one_transaction() as work:
            stored = services.claim(work, key, print_)
            if stored is None:
                response = current_app.make_response(view())
                if response.status_code >= 400:
                    raise _RefusedError(response)
                headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
                services.keep(work, key, services.Answer(response.status_code, headers, response.get_data()))
                return response
    except _RefusedError as refused:
        return refused.response
    return Response(stored.body, stored.status, {**stored.headers, "Idempotent-Replayed": "true"})


def behind(error: Exception) -> Response:
    """The answer for whatever a resource raised."""
    found = problem_of(error)
    if found.status >= 500:
        log.exception("%s %s failed", request.method, request.path, exc_info=error)
    return problem(found)


def _marked(attribute: str) -> bool:
    view = current_app.view_functions[request.endpoint or ""]
    found = getattr(view, "view_class", None)
    method = getattr(found, request.method.lower(), None) if found is not None else None
    return bool(getattr(view, attribute, False) or getattr(method, attribute, False))
