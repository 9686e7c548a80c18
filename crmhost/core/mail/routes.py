"""Pages of mail."""

from __future__ import annotations

from flask import Blueprint

from .account_pages import add_account_pages
from .contact_pages import add_contact_pages
from .log_pages import add_log_pages
from .public_pages import add_public_pages
from .template_pages import add_template_pages

#: Carries whole addresses: pages stand below /settings/mail, /mail and the contact they belong to.
blueprint = Blueprint("mail", __name__, url_prefix="")

add_account_pages(blueprint)
add_template_pages(blueprint)
add_contact_pages(blueprint)
add_log_pages(blueprint)
add_public_pages(blueprint)
