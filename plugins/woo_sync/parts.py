"""Parts of other pages: the orders of a contact, the shops on the dashboard."""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import func, select

from crmhost.api import Money, Read, Work
from crmhost.web.api import gettext, money, render_template
from plugins.syncs.api import Connection, Record, connections

from .source import ID

#: Orders that the tab of a contact shows.
SHOWN = 50
_KINDS = ("order", "subscription")


@dataclasses.dataclass(frozen=True)
class Row:
    """An order or a subscription, with its page in the shop."""

    record: Record
    shop: str
    url: str
    status: str
    amount: str


def contact_tab(work: Work, contact: Any) -> str:
    """The newest orders and subscriptions of a contact."""
    shops = {one.id: one for one in connections.all_of(work, ID)}
    mine = select(Record).where(
        Record.contact_id == contact.id, Record.kind.in_(_KINDS), Record.connection_id.in_(shops)
    )
    found = work.session.scalars(mine.order_by(Record.at.desc(), Record.id.desc()).limit(SHOWN))
    labels = {
        status.key: status.label
        for source in connections.sources(work)
        if source.id == ID
        for status in source.statuses
    }
    rows = [
        Row(
            record,
            shops[record.connection_id].name,
            f"{shops[record.connection_id].fields.get('url', '')}/wp-admin/post.php?post={record.external_id}&action=edit",
            gettext("Deleted") if record.gone else gettext(labels.get(record.status, record.status)),
            money(Money(record.amount, record.currency)) if record.currency else "",
        )
        for record in found
    ]
    return render_template("woo_sync/tab.html", rows=rows, several=len(shops) > 1)


def number_read(_work: Work, contact: Any) -> list[Read]:
    """What :func:`contact_number` asks."""
    return [_number(contact.id)]


def contact_number(work: Work, contact: Any) -> int:
    """How many orders and subscriptions a contact has."""
    return int(work.rows(_number(contact.id))[0][0])


def _number(contact_id: int) -> Read:
    mine = select(func.count()).where(Record.contact_id == contact_id, Record.kind.in_(_KINDS))
    return Read(("woo_sync.orders", contact_id), mine)


def widget(work: Work) -> str:
    """Each shop: when it was read, and what is wrong."""
    shops: list[Connection] = connections.all_of(work, ID)
    return render_template("woo_sync/widget.html", shops=shops)
