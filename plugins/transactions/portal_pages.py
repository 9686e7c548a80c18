"""Transactions in the client portal: what the client paid and got back, of the statuses and types that the site shows."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from sqlalchemy import Select

from crmhost.api import Work
from crmhost.web.api import client_list, current_work, render_template
from plugins.portal.api import Client, PortalPage, found_by

from . import kinds, settings
from .models import Transaction

blueprint = Blueprint("transactions_portal", __name__)


def page() -> PortalPage:
    """The page, for the hook ``portal_pages``."""
    return PortalPage(
        id="transactions",
        label="Transactions",
        icon="cash",
        order=300,
        endpoint="transactions_portal.index",
        blueprint=blueprint,
    )


def shown(work: Work, client: Client) -> Select[Any]:
    """The client's transactions that they may see."""
    mine = [Transaction.counted_contact_id == client.contact_id]
    if client.company_ids:
        mine.append(Transaction.counted_company_id.in_(sorted(client.company_ids)))
    return found_by(
        Transaction,
        mine,
        Transaction.deleted_at.is_(None),
        Transaction.status_id.in_([status.id for status in settings.shown_statuses(work)]),
        Transaction.type_id.in_([kind.id for kind in settings.shown_types(work)]),
    )


@blueprint.get("/")
def index(client: Client) -> Any:
    """The client's transactions."""
    work = current_work()
    return render_template(
        "transactions/portal_list.html",
        list=client_list(shown(work, client), (Transaction.at, Transaction.id)),
        types={kind.id: kind for kind in kinds.types(work)},
        statuses={status.id: status.name for status in kinds.statuses(work)},
    )
