"""The funnel in the REST API."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask_smorest import Blueprint

from crmhost.web.api import current_work

from . import actual as figures
from . import services

blueprint = Blueprint(
    "funnel_api", __name__, url_prefix="/funnel", description="How far contacts get, status by status."
)


class FunnelQuery(ma.Schema):
    """What to count."""

    view = ma.fields.String(
        load_default="backfilled",
        validate=ma.validate.OneOf(["backfilled", "actual"]),
        metadata={
            "description": "backfilled: by the statuses that contacts have now. actual: by the history of statuses, who really "
            "entered each step in the period."
        },
    )
    from_ = ma.fields.String(
        data_key="from",
        load_default="",
        metadata={
            "description": "First day of the period, in the site's time zone. For the actual view a year before `to` when left "
            "out; for the other, which then counts contacts added in the period, no limit."
        },
    )
    to = ma.fields.String(load_default="", metadata={"description": "Last day of the period; today when left out."})
    assigned_to = ma.fields.String(load_default="", metadata={"description": "A user: id, e-mail, “me” or “nobody”."})
    tag = ma.fields.String(load_default="", metadata={"description": "Name of a tag."})


class LeftSchema(ma.Schema):
    """A status outside of the funnel to which contacts went."""

    status = ma.fields.String(required=True, metadata={"description": "Empty for one that was deleted."})
    count = ma.fields.Integer(required=True)


class StepSchema(ma.Schema):
    """A step of the funnel."""

    status = ma.fields.String(required=True)
    count = ma.fields.Integer(
        required=True,
        metadata={"description": "Contacts at this step or at a later one; actual: that entered it in the period."},
    )
    current = ma.fields.Integer(
        required=True, metadata={"description": "Contacts at this step now; actual: of those that entered it."}
    )
    share = ma.fields.Float(
        required=True, allow_none=True, metadata={"description": "Of the top; between 0 and 1 in the backfilled view."}
    )
    conversion = ma.fields.Float(
        required=True,
        allow_none=True,
        metadata={
            "description": "Of the step before, 0 to 1; actual: who of those went on to this step or a later one next."
        },
    )
    went_on = ma.fields.Integer(metadata={"description": "Actual: went on to a later step next."})
    went_back = ma.fields.Integer(metadata={"description": "Actual: went back to an earlier step next."})
    median_seconds = ma.fields.Float(
        allow_none=True, metadata={"description": "Actual: how long those who went on had been here, the middle one."}
    )
    left = ma.fields.List(
        ma.fields.Nested(LeftSchema), metadata={"description": "Actual: the statuses to which others left the funnel."}
    )


class FunnelSchema(ma.Schema):
    """The funnel, from the top."""

    view = ma.fields.String(required=True)
    from_ = ma.fields.Date(data_key="from", metadata={"description": "Actual: first day of the period."})
    to = ma.fields.Date(metadata={"description": "Actual: last day of the period."})
    steps = ma.fields.List(ma.fields.Nested(StepSchema), required=True)


@blueprint.get("")
@blueprint.arguments(FunnelQuery, location="query")
@blueprint.response(200, FunnelSchema)
def read_funnel(query: dict[str, Any]) -> dict[str, Any]:
    """Gives the funnel

    The steps are the statuses in the setting `funnel.statuses`.
    """
    work = current_work()
    filters = {name: query[name] for name in ("assigned_to", "tag") if query[name]}
    if query["view"] == "actual":
        return _actual(figures.actual(work, figures.period(work, query["from_"], query["to"]), filters))
    days = {"created_from": query["from_"], "created_to": query["to"]}
    funnel = services.backfilled(work, filters | {name: text for name, text in days.items() if text})
    return {"view": funnel.view, "steps": [_step(step) for step in funnel.steps]}


def _actual(found: figures.Actual) -> dict[str, Any]:
    steps = [
        {
            **_step(step),
            "went_on": step.on,
            "went_back": step.back,
            "median_seconds": step.median,
            "left": [{"status": name, "count": number} for name, number in step.left],
        }
        for step in found.steps
    ]
    return {"view": found.view, "from_": found.period.first, "to": found.period.last, "steps": steps}


def _step(step: services.Step | figures.Step) -> dict[str, Any]:
    return {
        "status": step.status.name,
        "count": step.count,
        "current": step.current,
        "share": None if step.share is None else round(step.share, 6),
        "conversion": None if step.conversion is None else round(step.conversion, 6),
    }
