"""Where links in mails lead while easy-access links are off: to the client portal, or to a page that says whom to ask."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.web.api import current_work, public, redirect, render_template, unlisted

from .api import Portal
from .models import KIND


def add_closed_links(blueprint: Blueprint) -> None:
    """Adds the page to those of the quotes."""
    blueprint.add_url_rule("/p/<int:quote_id>", "in_portal", in_portal)


@public
def in_portal(quote_id: int) -> Any:
    """The quote in the portal, behind its sign-in; the same answer whether there is such a quote or not."""
    portal: Portal | None = current_work().service("portal")
    address = portal.address_of(KIND, quote_id) if portal is not None else ""
    return redirect(address, 303) if address else unlisted(render_template("quotes/ask.html"))
