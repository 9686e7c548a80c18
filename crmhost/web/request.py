"""The unit of work of a request, and who is signed in.

Reads use :func:`current_work`; a write goes through ``with writing() as work:`` around the service call only.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar, cast, overload
from urllib.parse import urlsplit

from flask import Flask, current_app, g, has_request_context, request
from flask_login import LoginManager, UserMixin, current_user

from ..core.users import services as users
from ..db import GuardedSession
from ..work.unit import Actor, Work
from .database import db
from .state import API_PREFIX, HOOKS_PREFIX, state

P = ParamSpec("P")
R = TypeVar("R")

#: Cookie with the token of the sign-in; the database holds its SHA-256.
COOKIE = "crmhost_session"


@dataclasses.dataclass(frozen=True, eq=False)
class Person(UserMixin):  # type: ignore[misc]  # flask-login has no types
    """Who is signed in, as plain values: safe to use after the session moved on."""

    id: int
    name: str
    email: str
    locale: str
    actor: Actor
    token: str
    #: Whether signing in takes a code of an authenticator app.
    has_second_step: bool = False

    @property
    def called(self) -> str:
        """What to call the person."""
        return self.name or self.email


def client_address() -> str:
    """Network address of who asks, for the audit log and for limits on sign-ins."""
    return request.remote_addr or ""


def _load_person(_request: object) -> Person | None:
    token = request.cookies.get(COOKIE)
    if not token or request.path.startswith((API_PREFIX, HOOKS_PREFIX)):
        return None
    if getattr(current_app.view_functions.get(request.endpoint or ""), "crmhost_apart", False):
        return None
    user = users.session_user(db.session(), token)
    if user is None:
        return None
    users.note_session(token)
    actor = users.actor_for(user, address=client_address())
    return Person(user.id, user.name, user.email, user.locale, actor, token, user.totp_at is not None)


def current_person() -> Person | None:
    """Who is signed in, or ``None``."""
    if not has_request_context():
        return None
    found = current_user._get_current_object()
    return found if isinstance(found, Person) else None


def current_work() -> Work:
    """The unit of work of this request, made when it is first asked for; closed with the request."""
    work = g.get("crmhost_work")
    if work is None:
        person = current_person()
        web = state()
        address = client_address() if has_request_context() else ""
        actor = person.actor if person else Actor("client", "visitor", address=address)
        session = cast("GuardedSession", db.session())
        work = web.site.make_work(session, actor, web.generation)
        g.crmhost_work = work
        if has_request_context():
            work.locale = _language()
            work.base_url = work.base_url or request.url_root.rstrip("/")
    return cast("Work", work)


def use_actor(actor: Actor) -> Work:
    """A unit of work for an actor that was found out in the middle of the request (a token, somebody signing in)."""
    web = state()
    work = web.site.make_work(cast("GuardedSession", db.session()), actor, web.generation)
    g.crmhost_work = work
    if has_request_context():
        work.locale = _language()
        work.base_url = work.base_url or request.url_root.rstrip("/")
    return work


def _language() -> str:
    from flask_babel import get_locale

    return str(get_locale())


def site_setting(key: str, default: str = "") -> str:
    """A text of the site's settings; the default when it is empty or nobody declares it."""
    try:
        return str(current_work().settings.get(key) or default)
    except KeyError:
        return default


@contextlib.contextmanager
def writing() -> Iterator[Work]:
    """The request's unit of work with its transaction begun: put the service call inside, and nothing else."""
    work = current_work()
    with work.part() if g.get("crmhost_joined") else work.begin():
        yield work


@contextlib.contextmanager
def one_transaction() -> Iterator[Work]:
    """Makes a request one transaction: each :func:`writing` inside is a part of it, and all is kept or nothing.

    For what must be stored together with a view's changes, whatever the view is.
    """
    work = current_work()
    with work.begin():
        g.crmhost_joined = True
        try:
            yield work
        finally:
            g.crmhost_joined = False


def repeatable(view: Callable[P, R]) -> Callable[P, R]:
    """Marks a view of the API that may be called twice with the same effect and needs more than one transaction."""
    view.crmhost_repeatable = True  # type: ignore[attr-defined]
    return view


# --- Who may open a page ----------------------------------------------------------------------------------------------


@overload
def public(view: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def public(*, foreign_posts: bool = False, apart: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def public(
    view: Callable[P, R] | None = None, /, *, foreign_posts: bool = False, apart: bool = False
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Marks a view that needs no sign-in.

    :param foreign_posts: it is also POSTed to from elsewhere (one-click unsubscribing, embedded forms): no CSRF token asked.
    :param apart: nobody of staff is signed in there, whatever cookies the browser has: for people with accounts of another kind.
    """

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        function.crmhost_public = True  # type: ignore[attr-defined]
        function.crmhost_foreign_posts = foreign_posts  # type: ignore[attr-defined]
        function.crmhost_apart = apart  # type: ignore[attr-defined]
        return function

    return mark(view) if view is not None else mark


def requires(permission: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Narrows a view to those who hold the permission; the menu and links can ask for it too."""

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            current_work().require(permission)
            return function(*args, **kwargs)

        guarded.crmhost_permission = permission  # type: ignore[attr-defined]
        return guarded

    return mark


# --- Addresses --------------------------------------------------------------------------------------------------------


def is_fragment() -> bool:
    """Whether htmx asks for a part of a page."""
    return "HX-Request" in request.headers


def local_path(address: str | None) -> str:
    """The address when it is a path on this site, else an empty text: nobody is sent elsewhere by a link of ours."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return ""
    parts = urlsplit(address)
    return address if not parts.netloc and not parts.scheme and not any(ord(char) < 32 for char in address) else ""


def init_app(app: Flask) -> None:
    """Wires Flask-Login: the person comes from our own cookie, never from Flask's."""
    manager = LoginManager()
    manager.session_protection = None
    manager.request_loader(_load_person)
    manager.init_app(app, add_context_processor=False)
