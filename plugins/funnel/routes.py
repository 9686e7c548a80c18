"""The page of the funnel and its box on the dashboard."""

from __future__ import annotations

from flask import Blueprint

from crmhost.api import Work
from crmhost.web.api import current_work, link, render_template, requires

from . import services
from .charts import chart
from .services import Step

blueprint = Blueprint("funnel", __name__)


@blueprint.get("/")
@requires(services.PERMISSION)
def index() -> str:
    """The funnel, with its figures beside the picture."""
    return _drawn("funnel/index.html", current_work())


def render_widget(work: Work) -> str:
    """The box on the dashboard."""
    return _drawn("funnel/widget.html", work)


def _drawn(template: str, work: Work) -> str:
    funnel = services.backfilled(work)
    drawn = chart(work, funnel) if funnel.top else None
    return render_template(template, funnel=funnel, chart=drawn, people=_people, width=_width)


def _people(step: Step) -> str:
    """Address of the list of exactly those contacts that a step counts."""
    return link("contacts.index", status=list(step.status_ids))


def _width(part: int, whole: int) -> str:
    """Width of a bar as an SVG attribute; somebody is always seen, nobody never."""
    if not part or not whole:
        return "0"
    return f"{max(100 * part / whole, 0.4):.2f}%"
