"""The portal's own pages: the home page, the door, the client's account. Those of other plugins are put beside them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Blueprint
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from crmhost.api import SYSTEM, CrmError, Work, contacts
from crmhost.web.api import current_work, public, render_template

from . import arranging, details, frame, pages, settings
from .account_pages import add_account_pages
from .api import Client, Waiting
from .door import add_door

blueprint = Blueprint("portal", __name__)


def for_clients(view: Callable[..., Any], *, first: bool = False) -> Callable[..., Any]:
    """A view of the portal's own for signed-in clients: it is called with ``client``."""

    @functools.wraps(view)
    def run(**arguments: Any) -> Any:
        return frame.around(functools.partial(view, **arguments), first=first)

    return public(apart=True)(run)


def home(client: Client) -> Any:
    """What waits for the client, and where everything is."""
    work = current_work()
    shown = pages.shown(work)
    waiting = [(entry, found) for entry in shown if (found := _waiting(work, client, entry)) is not None]
    return render_template(
        "portal/home.html",
        client=client,
        waiting=waiting,
        entries=[entry for entry in shown if entry.id != pages.HOME],
        words=str(work.settings.get(settings.WORDS) or ""),
        address=frame.address,
        label=frame.label,
    )


def _waiting(work: Work, client: Client, entry: pages.Entry) -> Waiting | None:
    page = entry.page
    if page is None or page.waiting is None:
        return None
    found: Waiting | None = work.generation.run(
        page.plugin, "portal_pages waiting", page.waiting, work, client, gives=(Waiting, type(None))
    )
    return found


def site_page(client: Client, slug: str) -> Any:
    """A page that the site wrote."""
    work = current_work()
    contact = contacts.get(details.as_client(work, client), client.contact_id)
    title, html = arranging.filled(work.as_actor(SYSTEM), slug, contact)
    return render_template("portal/site_page.html", title=title, html=Markup(html))  # noqa: S704  # made harmless when it was saved


@public(apart=True)
def anything(path: str) -> Any:  # noqa: ARG001
    """Addresses below the portal where nothing is."""
    visit = frame.current_visit()
    if visit is None:
        return frame.missing()
    with frame.speaking(visit):
        return frame.missing()


blueprint.add_url_rule("/", "home", for_clients(home))
blueprint.add_url_rule("/p/<slug>", "site_page", for_clients(site_page))
blueprint.add_url_rule("/<path:path>", "anything", anything)
blueprint.register_error_handler(CrmError, frame.problem)
blueprint.register_error_handler(HTTPException, frame.problem)
add_door(blueprint)
add_account_pages(blueprint, for_clients)
