"""Parts of other pages: the orders of a contact, the shops on the dashboard."""

from __future__ import annotations

from typing import Any

from crmhost.api import Message, Read, Work
from crmhost.web.api import gettext, render_template
from plugins.syncs.api import connections, parts

from .source import ID

_KINDS = {"order": Message("Order %(number)s"), "subscription": Message("Subscription %(number)s")}
_PATH = "/wp-admin/post.php?post=%s&action=edit"


def contact_tab(work: Work, contact: Any) -> str:
    """The newest orders and subscriptions of a contact."""
    nothing = (gettext("No orders yet"), gettext("What this person buys in a connected shop stands here."))
    return render_template(
        "syncs/records.html",
        rows=parts.rows(work, contact, ID, _KINDS, _PATH),
        number=contact_number(work, contact),
        nothing=nothing,
    )


def number_read(_work: Work, contact: Any) -> list[Read]:
    """What :func:`contact_number` asks."""
    return [parts.number_read(contact, ID, _KINDS)]


def contact_number(work: Work, contact: Any) -> int:
    """How many orders and subscriptions a contact has."""
    return int(work.rows(parts.number_read(contact, ID, _KINDS))[0][0])


def widget(work: Work) -> str:
    """Each shop: when it was read, and what is wrong."""
    there = connections.all_of(work, ID)
    nothing = gettext("No shop is connected yet.")
    return render_template("syncs/widget.html", connections=there, source_id=ID, nothing=nothing)
