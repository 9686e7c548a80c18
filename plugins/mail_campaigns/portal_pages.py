"""What a client gets of the mails to many, in the portal."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.api import mail
from plugins.portal.api import Client, PortalPage

from . import choosing

blueprint = Blueprint("mail_campaigns_portal", __name__)


def page() -> PortalPage:
    """The page, for the hook ``portal_pages``."""
    return PortalPage(
        id="mails",
        label="Mails",
        icon="mail",
        order=800,
        endpoint="mail_campaigns_portal.index",
        blueprint=blueprint,
    )


@blueprint.route("/", methods=["GET", "POST"])
def index(client: Client) -> Any:
    """What they get, by topic."""
    return choosing.page(
        lambda work: mail.reader_of(work, client.email, client.contact_id),
        "mail_campaigns/portal_choices.html",
        preview=client.preview,
    )
