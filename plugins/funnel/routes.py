"""The page of the funnel and its box on the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint

from crmhost.api import Work
from crmhost.web.api import current_work, link, render_template, requires

from . import services
from .services import Step

blueprint = Blueprint("funnel", __name__)


@blueprint.get("/")
@requires(services.PERMISSION)
def index() -> str:
    """The funnel, with its figures beside the picture."""
    funnel = services.backfilled(current_work())
    return render_template("funnel/index.html", funnel=funnel, **_helpers({}))


def render_widget(work: Work) -> str:
    """The box on the dashboard."""
    return render_template("funnel/widget.html", funnel=services.backfilled(work), **_helpers({}))


def _helpers(filters: Mapping[str, str]) -> dict[str, Any]:
    def people(step: Step) -> str:
        """Address of the list of exactly those contacts that a step counts."""
        return link("contacts.index", status=",".join(map(str, step.status_ids)), **filters)

    return {"people": people, "width": _width}


def _width(part: int, whole: int) -> str:
    """Width of a bar as an SVG attribute; somebody is always seen, nobody never."""
    if not part or not whole:
        return "0"
    return f"{max(100 * part / whole, 0.4):.2f}%"
