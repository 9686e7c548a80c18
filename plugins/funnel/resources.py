"""The funnel in the REST API."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint

from crmhost.web.api import current_work

from . import services

blueprint = Blueprint(
    "funnel_api", __name__, url_prefix="/funnel", description="How far contacts get, status by status."
)


class FunnelQuery(ma.Schema):
    """What to count."""

    view = ma.fields.String(
        load_default="backfilled",
        validate=ma.validate.OneOf(["backfilled"]),
        metadata={"description": "backfilled: by the statuses that contacts have now."},
    )
    assigned_to = ma.fields.String(load_default="", metadata={"description": "A user: id, e-mail, “me” or “nobody”."})
    tag = ma.fields.String(load_default="", metadata={"description": "Name of a tag."})


class StepSchema(ma.Schema):
    """A step of the funnel."""

    status = ma.fields.String(required=True)
    count = ma.fields.Integer(required=True, metadata={"description": "Contacts at this step or at a later one."})
    current = ma.fields.Integer(required=True, metadata={"description": "Contacts at this step now."})
    share = ma.fields.Float(required=True, allow_none=True, metadata={"description": "Of the top, 0 to 1."})
    conversion = ma.fields.Float(
        required=True, allow_none=True, metadata={"description": "Of the step before, 0 to 1."}
    )


class FunnelSchema(ma.Schema):
    """The funnel, from the top."""

    view = ma.fields.String(required=True)
    steps = ma.fields.List(ma.fields.Nested(StepSchema), required=True)


@blueprint.get("")
@blueprint.arguments(FunnelQuery, location="query")
@blueprint.response(200, FunnelSchema)
def read_funnel(query: dict[str, Any]) -> dict[str, Any]:
    """Gives the funnel

    The steps are the statuses in the setting `funnel.statuses`.
    """
    filters = {name: query[name] for name in ("assigned_to", "tag") if query[name]}
    funnel = services.backfilled(current_work(), filters)
    return {
        "view": funnel.view,
        "steps": [
            {
                "status": step.status.name,
                "count": step.count,
                "current": step.current,
                "share": None if step.share is None else round(step.share, 6),
                "conversion": None if step.conversion is None else round(step.conversion, 6),
            }
            for step in funnel.steps
        ],
    }
