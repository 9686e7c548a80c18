"""Quotes in the client portal: the client's own, to be read, accepted and declined by the same rules as behind a link."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from sqlalchemy import ColumnElement, Select, or_, select

from crmhost.api import SYSTEM, Conflict, Invalid, Work, keyset
from crmhost.web.api import (
    client_list,
    current_work,
    gettext,
    ngettext,
    redirect,
    render_template,
    request,
    url_for,
    writing,
)
from plugins.portal.api import Client, PortalPage, Waiting

from . import accepting, client_pages, states, versions
from .models import KIND, Quote, Version

blueprint = Blueprint("quotes_portal", __name__)

#: What the list can show: states by name.
_CHOICES = {"open": states.OPEN, "accepted": ("accepted",), "over": ("declined", "expired")}
#: More that wait are said to be so many.
_MOST = 99


def page() -> PortalPage:
    """The page, for the hook ``portal_pages``."""
    return PortalPage(
        id="quotes",
        label="Quotes",
        icon="file-description",
        order=100,
        endpoint="quotes_portal.index",
        blueprint=blueprint,
        waiting=waiting,
        records={KIND: sees},
    )


def _mine(client: Client, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Quotes of the client that were sent: a draft is nobody's but ours."""
    sent = (Quote.state != "draft", Quote.version_id.is_not(None), Quote.deleted_at.is_(None))
    # Checked on the way: SQLite would rather walk through the quotes of everybody in a state.
    return client.records(Quote, *sent, *(keyset.opaque(one) for one in conditions))


def sees(work: Work, client: Client, quote_id: int) -> bool:
    """Whether the client sees a quote."""
    wanted = _mine(client).with_only_columns(Quote.id).where(Quote.id == quote_id)
    return work.session.scalar(wanted) is not None


def waiting(work: Work, client: Client) -> Waiting | None:
    """Quotes that can be decided."""
    still = or_(Quote.valid_until.is_(None), Quote.valid_until >= work.today)
    some = _mine(client, Quote.state.in_(states.OPEN), still).with_only_columns(Quote.id).limit(_MOST)
    ids = work.session.scalars(some).all()
    if not ids:
        return None
    text = ngettext("%(num)d quote waits for your answer", "%(num)d quotes wait for your answer", len(ids))
    url = url_for("quotes_portal.show", quote_id=ids[0]) if len(ids) == 1 else ""
    return Waiting(text, url or url_for("quotes_portal.index", state="open"))


@blueprint.get("/")
def index(client: Client) -> Any:
    """The client's quotes."""
    chosen = request.args.get("state", "")
    some = (Quote.state.in_(_CHOICES[chosen]),) if chosen in _CHOICES else ()
    listed = client_list(_mine(client, *some), (Quote.date, Quote.id))
    work = current_work()
    sent = select(Version).where(Version.id.in_([quote.version_id for quote in listed.rows]))
    labels = {
        "": gettext("All"),
        "open": gettext("To decide"),
        "accepted": gettext("Accepted"),
        "over": gettext("Over"),
    }
    return render_template(
        "quotes/portal_list.html",
        list=listed,
        versions={version.id: version for version in work.session.scalars(sent)},
        over={quote.id for quote in listed.rows if quote.state in states.OPEN and states.is_over(quote, work.today)},
        choices=[
            (label, url_for("quotes_portal.index", state=key or None), key == chosen) for key, label in labels.items()
        ],
    )


def _shown(client: Client, quote_id: int) -> tuple[Quote, Version]:
    quote, version = versions.shown(current_work().as_actor(SYSTEM), quote_id)
    client.require(quote)
    return quote, version


def _page(client: Client, quote_id: int, refused: Invalid | Conflict | None = None) -> Any:
    quote, version = _shown(client, quote_id)
    answers = ("pdf", "accept", "decline", "seen")
    to = {name: url_for(f"quotes_portal.{name}", quote_id=quote_id) for name in answers}
    if client.preview:
        to["seen"] = ""
    return client_pages.page(
        current_work(), quote, version, to=to, refused=refused, name=client.name, frame="portal/page.html"
    )


@blueprint.get("/<int:quote_id>")
def show(client: Client, quote_id: int) -> Any:
    """A quote."""
    return _page(client, quote_id)


@blueprint.get("/<int:quote_id>/pdf")
def pdf(client: Client, quote_id: int) -> Any:
    """Its PDF."""
    return client_pages.pdf(current_work(), _shown(client, quote_id)[1])


@blueprint.post("/<int:quote_id>/seen")
def seen(client: Client, quote_id: int) -> Any:
    """The page says that the client has it before them."""
    _shown(client, quote_id)
    with writing() as work:
        accepting.seen(work, quote_id)
    return "", 204


@blueprint.post("/<int:quote_id>/accept")
def accept(client: Client, quote_id: int) -> Any:
    """The client accepts."""
    _shown(client, quote_id)
    try:
        with writing() as work:
            accepting.accept(work, quote_id, **client_pages.signed(), email=client.email, by="portal")
    except (Invalid, Conflict) as error:
        return _page(client, quote_id, error)
    return redirect(url_for("quotes_portal.show", quote_id=quote_id), 303)


@blueprint.post("/<int:quote_id>/decline")
def decline(client: Client, quote_id: int) -> Any:
    """The client declines."""
    _shown(client, quote_id)
    try:
        with writing() as work:
            accepting.decline(work, quote_id, **client_pages.declined())
    except (Invalid, Conflict) as error:
        return _page(client, quote_id, error)
    return redirect(url_for("quotes_portal.show", quote_id=quote_id), 303)
