"""Scores in the API, and an address to serve the resources of all plugins at."""

from __future__ import annotations

from typing import Any

from flask import jsonify, make_response
from flask_smorest import Blueprint

from crmhost.api import CrmError
from crmhost.web.api import Response, current_work, request

from . import services

#: Whoever knows this word may use the resources; it stands in for the tokens of a real API.
WORD = "Bearer probe"

blueprint = Blueprint("probe_one_api", __name__, url_prefix="/probe-scores")


@blueprint.route("/")
def collection() -> Any:
    """The points of all contacts, and the roll-up."""
    work = current_work()
    per_status = {str(status): number for status, number in services.per_status(work).items()}
    return {"total": services.grand_total(work), "per_status": per_status}


@blueprint.route("/<int:contact_id>")
def item(contact_id: int) -> Any:
    """The scores of one contact."""
    if contact_id > 1_000_000:
        raise ZeroDivisionError("no such number")
    if contact_id > 1000:
        raise CrmError("There is no such contact.")
    return {"scores": [score.points for score in services.scores_of(current_work(), contact_id)]}


def admit() -> Response | None:
    """Lets those in who know the word."""
    if request.headers.get("Authorization") != WORD:
        return make_response(jsonify(title="Sign in"), 401)
    return None


def problem(error: Exception) -> Response:
    """An error as JSON."""
    status = getattr(error, "status", None) or getattr(error, "code", None) or 500
    return make_response(jsonify(title=type(error).__name__, detail=str(error)), status)
