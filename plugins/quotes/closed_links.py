"""Where links in mails lead while easy-access links are off: to the client portal, or to a page that says whom to ask."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.web.api import current_work, public, redirect, render_template, unlisted, url_for


def add_closed_links(blueprint: Blueprint) -> None:
    """Adds the page to those of the quotes."""
    blueprint.add_url_rule("/p/<int:quote_id>", "in_portal", in_portal)


@public
def in_portal(quote_id: int) -> Any:
    """The quote in the portal, behind its sign-in; the same answer whether there is such a quote or not."""
    if current_work().service("portal") is not None:
        return redirect(url_for("quotes_portal.show", quote_id=quote_id), 303)
    return unlisted(render_template("quotes/ask.html"))
