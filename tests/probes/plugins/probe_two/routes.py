"""Pages and resources of probe two."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.web.api import current_work, render_template, requires

from . import services

blueprint = Blueprint("probe_two", __name__)
resources = Blueprint("probe_two_api", __name__, url_prefix="/probe-notes")


@blueprint.get("/")
@requires("probe_two.view")
def index() -> str:
    """The number of notes."""
    return render_template("probe_two/index.html", count=services.count(current_work()))


@resources.get("/")
def notes() -> dict[str, Any]:
    """The number of notes."""
    return {"notes": services.count(current_work())}


guests = Blueprint("probe_two_guests", __name__)


@guests.get("/")
def for_guest(guest: str) -> str:
    """Who the guest is."""
    return f"two has {guest}"
