"""Segments in the REST API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_smorest import Blueprint

from crmhost.api import Stale, conditions, contacts_list, keyset
from crmhost.web.api import Response, current_work, request, requires, writing
from plugins.rest_api.api import contact_records

from . import services
from .models import Segment
from .schemas import (
    ExplainQuery,
    ExplanationObject,
    MemberList,
    MemberQuery,
    Preview,
    PreviewFields,
    SegmentFields,
    SegmentList,
    SegmentObject,
    SegmentQuery,
    TypeList,
)
from .shapes import explanation, record

blueprint = Blueprint(
    "segments_api", __name__, url_prefix="/segments", description="People chosen by conditions, always current."
)
_ID = "int(min=1, max=2147483647)"
_ETAG = {"ETag": {"description": "The version of the record.", "schema": {"type": "string"}}}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that you saw; 412 when somebody saved the record since.",
    "schema": {"type": "string"},
}
#: Contacts of a preview.
SAMPLE = 5
_ORDERS = {"name": (Segment.name_key, Segment.id)}


@blueprint.get("")
@blueprint.arguments(SegmentQuery, location="query")
@blueprint.response(200, SegmentList)
@requires("segments.view")
def list_segments(query: Mapping[str, Any]) -> dict[str, Any]:
    """Lists segments that are shared and your own, by name. Their numbers may be a minute old."""
    work = current_work()
    page = keyset.page(
        work.session, work.visible(Segment), _ORDERS, "name", after=query["after"] or None, limit=query["limit"]
    )
    answer: dict[str, Any] = {"data": [record(work, segment) for segment in page.rows], "next": page.next}
    return {**answer, "total": len(services.all_segments(work))} if query["count"] else answer


@blueprint.post("")
@blueprint.arguments(SegmentFields)
@blueprint.response(201, SegmentObject, headers=_ETAG)
@requires("segments.edit")
def add_segment(document: Mapping[str, Any]) -> Any:
    """Adds a segment; no preview is needed."""
    with writing() as work:
        segment = services.save(work, document)
        found = record(work, segment, exact=True)
    return {"data": found}, 201, {**_tag(segment), "Location": f"{request.path}/{segment.id}"}


@blueprint.post("/preview")
@blueprint.arguments(PreviewFields)
@blueprint.response(200, Preview)
@requires("segments.view")
def preview(document: Mapping[str, Any]) -> dict[str, Any]:
    """Counts who fulfils conditions now, and gives the five newest of them. Nothing is saved."""
    work = current_work()
    work.require("contacts.view")
    asked = conditions.question(work, conditions.read(work, document))
    number = asked.count()
    return {"count": number, "sample": contact_records(work, asked.first(SAMPLE, number))}


@blueprint.get("/conditions")
@blueprint.response(200, TypeList)
@requires("segments.view")
def list_types() -> dict[str, Any]:
    """Lists the types of conditions that you may ask by."""
    return {
        "data": [
            {
                "type": item.id,
                "label": str(item.label),
                "group": str(item.group),
                "kind": item.kind,
                "operators": list(conditions.operators(item.kind, item.operators)),
            }
            for item in conditions.offered(current_work())
        ],
        "next": None,
    }


@blueprint.get(f"/<{_ID}:segment_id>")
@blueprint.response(200, SegmentObject, headers=_ETAG)
@requires("segments.view")
def read_segment(segment_id: int) -> Any:
    """Gives a segment, counted now."""
    work = current_work()
    segment = services.get(work, segment_id)
    return {"data": record(work, segment, exact=True)}, 200, _tag(segment)


@blueprint.patch(f"/<{_ID}:segment_id>")
@blueprint.arguments(SegmentFields(partial=True))
@blueprint.response(200, SegmentObject, headers=_ETAG)
@blueprint.doc(parameters=[_IF_MATCH])
@requires("segments.edit")
def change_segment(document: Mapping[str, Any], segment_id: int) -> Any:
    """Changes a segment; fields that are left out stay as they are."""
    with writing() as work:
        segment = services.save(work, document, segment_id, version=_wanted(services.get(work, segment_id)))
        found = record(work, segment, exact=True)
    return {"data": found}, 200, _tag(segment)


@blueprint.delete(f"/<{_ID}:segment_id>")
@blueprint.response(204)
@blueprint.doc(parameters=[_IF_MATCH])
@requires("segments.edit")
def remove_segment(segment_id: int) -> Any:
    """Deletes a segment; 409 names what uses it."""
    with writing() as work:
        segment = services.get(work, segment_id)
        if _wanted(segment) not in (None, segment.version):
            raise Stale("Somebody saved this segment meanwhile: read it again before you delete it.")
        services.delete(work, segment_id)
    return Response(b"", 204)


@blueprint.get(f"/<{_ID}:segment_id>/contacts")
@blueprint.arguments(MemberQuery, location="query")
@blueprint.response(200, MemberList)
@requires("segments.view")
def list_members(query: Mapping[str, Any], segment_id: int) -> dict[str, Any]:
    """Lists the contacts that are in a segment now."""
    work = current_work()
    segment = services.get(work, segment_id)
    wanted = contacts_list.ListQuery(
        filters={"segment": str(segment.id)}, sort=query["sort"], after=query["after"] or None, limit=query["limit"]
    )
    page = contacts_list.page(work, wanted)
    answer: dict[str, Any] = {"data": contact_records(work, page.rows), "next": page.next}
    return {**answer, "total": services.question(work, segment).count()} if query["count"] else answer


@blueprint.get(f"/<{_ID}:segment_id>/explain")
@blueprint.arguments(ExplainQuery, location="query")
@blueprint.response(200, ExplanationObject)
@requires("segments.view")
def explain(query: Mapping[str, Any], segment_id: int) -> dict[str, Any]:
    """Says why a contact is in a segment, or not: each condition with what the contact has."""
    work = current_work()
    segment = services.get(work, segment_id)
    return {"data": explanation(work, services.group_of(work, segment), query["contact"])}


def _tag(segment: Segment) -> dict[str, str]:
    return {"ETag": f'"{segment.version}"'}


def _wanted(segment: Segment) -> int | None:
    """The version that the caller saw, by the header If-Match."""
    found = request.if_match
    if not found or found.star_tag:
        return None
    return segment.version if found.contains(str(segment.version)) else -1
