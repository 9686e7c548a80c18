"""What stands around every page for a signed-in client: who they are, in which language, and nothing for anybody else."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from flask import g, make_response
from flask_babel import force_locale
from werkzeug import exceptions

from crmhost.api import CrmError, Forbidden, NotFound, Work, limits
from crmhost.web.api import (
    Response,
    client_address,
    current_work,
    gettext,
    is_fragment,
    ngettext,
    redirect,
    render_template,
    request,
    slowed,
    unlisted,
    url_for,
    use_actor,
)

from . import clients, pages
from .api import Client
from .clients import Visit

#: Cookie of a signed-in client, and that of a user who looks at the portal as one; both are sent to the portal alone.
COOKIE, PREVIEW = "crmhost_portal", "crmhost_portal_preview"
PATH = "/portal"
SAFE = ("GET", "HEAD", "OPTIONS")


@dataclasses.dataclass(frozen=True)
class MenuEntry:
    """A link of the menu."""

    label: str
    url: str
    current: bool


def current_visit() -> Visit | None:
    """Who asks; ``None`` for somebody who is not signed in to the portal."""
    if "portal_visit" not in g:
        work = current_work()
        found = clients.visit(work, request.cookies.get(PREVIEW, ""), client_address())
        g.portal_visit = found or clients.visit(work, request.cookies.get(COOKIE, ""), client_address())
    visit: Visit | None = g.portal_visit
    return visit


def around(view: Callable[..., Any], *, first: bool = False) -> Any:
    """Calls a view with the client; nobody else gets in.

    :param first: open before a temporary password was changed.
    """
    visit = current_visit()
    if visit is None:
        return ask_to_sign_in()
    with speaking(visit) as work:
        if visit.client.preview and request.method not in SAFE:
            return problem_page(
                403,
                gettext("This is a preview"),
                gettext("Nothing can be sent or changed here: your client can do that."),
            )
        if visit.must_change and not first:
            return redirect(url_for("portal.account"), 303)
        if not open_here(work):
            return missing()
        client, answer = visit.client, functools.partial(_answer, view, visit.client)
        if client.preview:
            return answer()
        try:
            about = ("contact", client.contact_id)
            return slowed(f"portal {client.account_id}", answer, action="portal.guessed", about=about)
        except limits.TooManyAttempts as error:
            return _waits(error.minutes)


def _answer(view: Callable[..., Any], client: Client) -> Response:
    try:
        return unlisted(make_response(view(client=client)))
    except (NotFound, Forbidden, exceptions.NotFound):
        return missing()
    except CrmError as error:
        return problem_page(error.status, gettext("That did not work"), gettext(error.message))


def _waits(minutes: int) -> Response:
    """The page for who asked for too much that is not theirs."""
    text = ngettext(
        "Many pages were asked for that are not there. Wait %(num)d minute, then what is yours opens again.",
        "Many pages were asked for that are not there. Wait %(num)d minutes, then what is yours opens again.",
        minutes,
    )
    answer = problem_page(429, gettext("Too many tries"), text)
    answer.headers["Retry-After"] = str(minutes * 60)
    return answer


def address(entry: pages.Entry) -> str:
    """Where a page is."""
    return url_for(entry.page.endpoint) if entry.page is not None else url_for("portal.site_page", slug=entry.id)


def label(entry: pages.Entry) -> str:
    """What the menu calls a page, in the client's language as far as it is known."""
    return entry.label if entry.renamed else gettext(entry.label)


def menu() -> list[MenuEntry]:
    """The menu, for templates."""
    found = []
    for entry in pages.shown(current_work()):
        place = address(entry)
        below = place != url_for("portal.home") and request.path.startswith(place.rstrip("/") + "/")
        found.append(MenuEntry(label(entry), place, request.path == place or below))
    return found


def open_here(work: Work) -> bool:
    """Whether the page that is asked for is one that clients may open."""
    blueprint = request.blueprint
    for entry in pages.arranged(work):
        if entry.page is not None and entry.page.blueprint is not None and entry.page.blueprint.name == blueprint:
            return not entry.hidden
    return True


@contextlib.contextmanager
def speaking(visit: Visit) -> Iterator[Work]:
    """The client acts, and is spoken to in their language."""
    with force_locale(visit.client.language) if visit.client.language else contextlib.nullcontext():
        work = use_actor(visit.client.actor)
        g.portal_client, g.portal_menu = visit.client, menu()
        yield work


def ask_to_sign_in() -> Response:
    """The answer to somebody who is not signed in: the sign-in page, which leads back to where they wanted to go."""
    back = request.full_path.rstrip("?") if request.method in SAFE else ""
    address = url_for("portal.sign_in") + (f"?{urlencode({'next': back})}" if back not in ("", "/portal/") else "")
    if is_fragment():
        answer = make_response("", 401)
        answer.headers["HX-Redirect"] = address
        return answer
    return make_response(redirect(address, 303))


def missing() -> Response:
    """The page for all that is not there for this client."""
    return problem_page(
        404, gettext("There is no such page"), gettext("It may have been taken away, or it is not yours.")
    )


def problem_page(code: int, title: str, text: str) -> Response:
    """A page of the portal that says what went wrong."""
    answer = unlisted(render_template("portal/problem.html", title=title, text=text))
    answer.status_code = code
    return answer


def problem(error: Exception) -> Any:
    """The page for what a view refuses by an exception."""
    if getattr(error, "response", None) is not None:
        return error
    code = int(getattr(error, "code", None) or getattr(error, "status", None) or 400)
    if code < 400:
        return error
    visit = current_visit()
    with speaking(visit) if visit is not None else contextlib.nullcontext():
        if code == 404:
            return missing()
        said = error.message if isinstance(error, CrmError) else "Go back, reload the page and try again."
        return problem_page(code, gettext("That did not work"), gettext(said))
