"""What the pages of all kinds of records share: changing tags, moving boxes."""

from __future__ import annotations

from flask import Blueprint, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from ...errors import Forbidden
from ...web.frame import sent_names
from ...web.request import current_work, is_fragment, local_path, writing
from ...web.toasts import toast
from ..contacts import tags
from ..users.services import set_preference
from . import picking, services
from .links import record_url
from .page import Column, layout_key, layout_of, moved

blueprint = Blueprint("records", __name__, url_prefix="/records")


def _back(object_type: str, object_id: int) -> ResponseReturnValue:
    address = record_url(object_type, object_id)
    if is_fragment():
        return "", 200, {"HX-Redirect": address}
    return redirect(address, 303)


@blueprint.post("/<object_type>/<int:object_id>/tags")
def retag(object_type: str, object_id: int) -> ResponseReturnValue:
    """Add and remove tags of a record."""
    services.get(current_work(), object_type, object_id)
    add = [name.strip() for name in request.values.get("add", "").split(",") if name.strip()]
    remove = request.values.getlist("remove")
    with writing() as work:
        changed = services.tag(work, object_type, [object_id], add, remove)
    if changed and remove and not add:
        undo = url_for("records.retag", object_type=object_type, object_id=object_id, add=",".join(remove))
        toast(_("The tag was removed."), undo)
    return _back(object_type, object_id)


@blueprint.get("/tags")
def known_tags() -> ResponseReturnValue:
    """The names of all tags, for fields in which one is typed."""
    work = current_work()
    if not any(work.can(kind.edit) for kind in services.kinds(work).values()):
        raise Forbidden("contacts.edit")
    names = (Markup('<option value="{}">').format(tag.name) for tag in tags.all_tags(work))
    return Markup().join(names)


@blueprint.get("/<object_type>/choices")
def choices(object_type: str) -> ResponseReturnValue:
    """Records that fit what is typed into a field in which one is picked."""
    hits = picking.find(current_work(), object_type, request.args.get("q", ""))
    return jsonify([{"value": f"#{hit.id}", "text": hit.title, "note": hit.note} for hit in hits])


@blueprint.post("/<object_type>/boxes")
def keep_boxes(object_type: str) -> ResponseReturnValue:
    """Remember where the reader put a box of the page, or forget all of it."""
    work = current_work()
    services.kind_of(work, object_type)
    if request.form.get("do") == "default":
        with writing() as work:
            set_preference(work, layout_key(object_type), None)
        toast(_("The boxes stand where they began."))
        return redirect(local_path(request.form.get("back")) or "/", 303)
    column: Column = "main" if request.form.get("area") == "main" else "side"
    layout = moved(layout_of(work, object_type), column, sent_names("order"))
    with writing() as work:
        set_preference(work, layout_key(object_type), layout)
    return "", 204
