"""``/statuses``, ``/tags``, ``/users``: the short lists that contacts point into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_smorest import Blueprint

from crmhost.api import Invalid, NotFound, Status, Work, statuses, tags, users
from crmhost.web.api import Response, current_work, request, writing

from ..envelopes import counted_list_of, object_of
from ..schemas import (
    GivenStatus,
    GivenTag,
    GivenUser,
    Paging,
    StatusChange,
    StatusFields,
    StatusHeir,
    TagChange,
    TagFields,
)
from ..shapes import status_record, tag_record, user_record
from .answers import many, nothing, one
from .common import CREATED, ID, part_of, totals

status_blueprint = Blueprint(
    "rest_api_statuses", __name__, url_prefix="/statuses", description="The statuses that contacts go through."
)
tag_blueprint = Blueprint(
    "rest_api_tags", __name__, url_prefix="/tags", description="Tags, shared by every kind of record."
)
user_blueprint = Blueprint("rest_api_users", __name__, url_prefix="/users", description="Who works here.")


@status_blueprint.get("")
@status_blueprint.arguments(Paging, location="query")
@status_blueprint.response(200, counted_list_of(GivenStatus))
def list_statuses(query: Mapping[str, Any]) -> Response:
    """Lists the statuses in their order, with the number of contacts that have each."""
    work = current_work()
    counts = statuses.counts(work) if work.can("contacts.view") else None
    everything = statuses.all_statuses(work)
    found, following = part_of(everything, "statuses", query)
    return many([status_record(status, counts) for status in found], following, **totals(everything, query))


@status_blueprint.post("")
@status_blueprint.arguments(StatusFields)
@status_blueprint.response(201, object_of(GivenStatus), **CREATED)
def add_status(document: Mapping[str, Any]) -> Response:
    """Adds a status at the end of the list."""
    with writing() as work:
        status = statuses.add(work, document["name"], document["hue"])
    return one(_status(status.id), 201, location=f"{request.path}/{status.id}")


@status_blueprint.get(f"/<{ID}:status_id>")
@status_blueprint.response(200, object_of(GivenStatus))
def read_status(status_id: int) -> Response:
    """Gives a status."""
    return one(_status(status_id))


@status_blueprint.patch(f"/<{ID}:status_id>")
@status_blueprint.arguments(StatusChange)
@status_blueprint.response(200, object_of(GivenStatus))
def change_status(document: Mapping[str, Any], status_id: int) -> Response:
    """Renames, recolours or moves a status; its contacts keep it."""
    with writing() as work:
        work.require("statuses.edit")
        _found(work, status_id)
        if "name" in document:
            statuses.rename(work, status_id, document["name"])
        if "hue" in document:
            statuses.recolour(work, status_id, document["hue"])
        if "position" in document:
            others = [status.id for status in statuses.all_statuses(work) if status.id != status_id]
            others.insert(document["position"], status_id)
            statuses.reorder(work, others)
    return one(_status(status_id))


@status_blueprint.delete(f"/<{ID}:status_id>")
@status_blueprint.arguments(StatusHeir, location="query")
@status_blueprint.response(204)
def remove_status(query: Mapping[str, Any], status_id: int) -> Response:
    """Deletes a status; its contacts get the heir."""
    with writing() as work:
        statuses.delete(work, status_id, heir=query["heir"])
    return nothing()


def _status(status_id: int) -> dict[str, Any]:
    work = current_work()
    counts = statuses.counts(work) if work.can("contacts.view") else None
    return status_record(_found(work, status_id), counts)


def _found(work: Work, status_id: int) -> Status:
    for status in statuses.all_statuses(work):
        if status.id == status_id:
            return status
    raise NotFound("status", status_id)


# --- tags ------------------------------------------------------------------------------------------------------------


@tag_blueprint.get("")
@tag_blueprint.arguments(Paging, location="query")
@tag_blueprint.response(200, counted_list_of(GivenTag))
def list_tags(query: Mapping[str, Any]) -> Response:
    """Lists the tags by name."""
    everything = tags.all_tags(current_work())
    found, following = part_of(everything, "tags", query)
    return many([tag_record(tag) for tag in found], following, **totals(everything, query))


@tag_blueprint.post("")
@tag_blueprint.arguments(TagFields)
@tag_blueprint.response(201, object_of(GivenTag), **CREATED)
def add_tag(document: Mapping[str, Any]) -> Response:
    """Makes a tag that no record carries yet."""
    with writing() as work:
        record = tag_record(tags.add(work, document["name"], document["hue"]))
    return one(record, 201, location=f"{request.path}/{record['id']}")


@tag_blueprint.get(f"/<{ID}:tag_id>")
@tag_blueprint.response(200, object_of(GivenTag))
def get_tag(tag_id: int) -> Response:
    """Gives a tag."""
    return one(tag_record(tags.get(current_work(), tag_id)))


@tag_blueprint.patch(f"/<{ID}:tag_id>")
@tag_blueprint.arguments(TagChange)
@tag_blueprint.response(200, object_of(GivenTag))
def change_tag(document: Mapping[str, Any], tag_id: int) -> Response:
    """Renames or recolours a tag everywhere."""
    if not document:
        raise Invalid("Give a name, a hue, or both.")
    with writing() as work:
        tag = tags.rename(work, tag_id, document["name"]) if "name" in document else None
        tag = tags.recolour(work, tag_id, document["hue"]) if "hue" in document else tag
        assert tag is not None
    return one(tag_record(tag))


@tag_blueprint.delete(f"/<{ID}:tag_id>")
@tag_blueprint.response(204)
def remove_tag(tag_id: int) -> Response:
    """Deletes a tag everywhere."""
    with writing() as work:
        tags.remove(work, tag_id)
    return nothing()


# --- users -----------------------------------------------------------------------------------------------------------


@user_blueprint.get("")
@user_blueprint.arguments(Paging, location="query")
@user_blueprint.response(200, counted_list_of(GivenUser))
def list_users(query: Mapping[str, Any]) -> Response:
    """Lists the users by name, for whom contacts can be assigned to."""
    work = current_work()
    if not work.can("users.edit"):
        work.require("contacts.view")
    everything = [user for user, _ in users.all_users(work)]
    found, following = part_of(everything, "users", query)
    records = [user_record(user, role=work.can("users.edit")) for user in found]
    return many(records, following, **totals(everything, query))
