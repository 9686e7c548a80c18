"""Parts of other pages: the orders of a contact, the shops on the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmhost.api import Read, Work
from crmhost.web.api import gettext
from plugins.syncs.api import Connection, Record, parts

from .source import ID


def _kinds() -> Mapping[str, str]:
    return {"order": gettext("Order %(number)s"), "subscription": gettext("Subscription %(number)s")}


def contact_tab(work: Work, contact: Any) -> str:
    """The newest orders and subscriptions of a contact."""
    none = (gettext("No orders yet"), gettext("What this person buys in a connected shop stands here."))
    return parts.contact_tab(work, contact, ID, _kinds(), address=_address, none=none)


def _address(shop: Connection, record: Record) -> str:
    return f"{shop.fields.get('url', '')}/wp-admin/post.php?post={record.external_id}&action=edit"


def number_read(_work: Work, contact: Any) -> list[Read]:
    """What :func:`contact_number` asks."""
    return [parts.number_read(contact, ID, _kinds())]


def contact_number(work: Work, contact: Any) -> int:
    """How many orders and subscriptions a contact has."""
    return parts.contact_number(work, contact, ID, _kinds())


def widget(work: Work) -> str:
    """Each shop: when it was read, and what is wrong."""
    return parts.widget(work, ID, gettext("No shop is connected yet."))
