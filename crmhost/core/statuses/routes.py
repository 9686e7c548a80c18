"""Settings > Field options: the lists that people may change, statuses and tags first."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from ...errors import CrmError, Invalid
from ...web.request import current_work, is_fragment, writing
from ...web.toasts import toast
from ..contacts import kept_tags, tags
from ..keyset import valid_id
from ..settings.forms import settings_form
from ..settings.pages import FIELD_OPTIONS, settings_pages
from . import services

blueprint = Blueprint("statuses", __name__, url_prefix="/settings/field-options")


def _may_open() -> None:
    work = current_work()
    if not any(work.can(name) for name in ("statuses.edit", "tags.edit", "settings.edit")):
        work.require("statuses.edit")


def _page(code: int = 200, **context: Any) -> ResponseReturnValue:
    work = current_work()
    pages = settings_pages(work.generation)
    form = None
    if work.can("settings.edit") and FIELD_OPTIONS in pages:
        form = settings_form(work, pages[FIELD_OPTIONS].settings, _("More lists"))
    found = {
        "statuses": services.all_statuses(work),
        "counts": services.counts(work),
        "tags": tags.all_tags(work),
        "usage": tags.usage(work),
        "form": form,
        "problems": {},
        "typed": {},
    }
    return render_template("statuses/field_options.html", **{**found, **context}), code


def _done(message: str, anchor: str = "statuses", undo: str | None = None) -> ResponseReturnValue:
    toast(message, undo)
    return redirect(url_for("statuses.field_options", _anchor=anchor), 303)


def _refused(error: CrmError, part: str, **typed: Any) -> ResponseReturnValue:
    """The page with what was refused, at the part that it concerns, and what was typed."""
    sentences = (
        [sentence for some in error.errors.values() for sentence in some]
        if isinstance(error, Invalid)
        else [error.message]
    )
    return _page(error.status if error.status in (409, 422) else 422, problems={part: sentences}, typed={part: typed})


@blueprint.get("/")
def field_options() -> ResponseReturnValue:
    """The page."""
    _may_open()
    return _page()


# --- statuses --------------------------------------------------------------------------------------------------------


@blueprint.post("/statuses")
def add_status() -> ResponseReturnValue:
    """Adds a status."""
    name, hue = request.form.get("name", ""), request.form.get("hue", "")
    try:
        with writing() as work:
            status = services.add(work, name, hue)
    except Invalid as error:
        return _refused(error, "add", name=name, hue=hue)
    return _done(_("The status “%(name)s” was added.", name=status.name))


@blueprint.post("/statuses/order")
def order_statuses() -> ResponseReturnValue:
    """Puts the statuses into the order given."""
    ids = [number for number in map(valid_id, request.form.getlist("order")) if number]
    with writing() as work:
        services.reorder(work, ids)
    return ("", 204) if is_fragment() else _done(_("The order was changed."))


@blueprint.post("/statuses/text")
def statuses_from_text() -> ResponseReturnValue:
    """Makes the list what a comma-separated text says."""
    text = request.form.get("statuses", "")
    try:
        with writing() as work:
            services.set_from_text(work, text)
    except CrmError as error:
        if error.status in (403, 404):
            raise
        return _refused(error, "text", statuses=text)
    return _done(_("The list of statuses was changed."))


@blueprint.post("/statuses/<int:status_id>")
def edit_status(status_id: int) -> ResponseReturnValue:
    """Renames and recolours a status."""
    name, hue = request.form.get("name", ""), request.form.get("hue", "")
    try:
        with writing() as work:
            services.rename(work, status_id, name)
            if hue:
                services.recolour(work, status_id, hue)
    except Invalid as error:
        return _refused(error, f"status-{status_id}", name=name, hue=hue)
    return _done(_("Saved."))


@blueprint.post("/statuses/<int:status_id>/delete")
def delete_status(status_id: int) -> ResponseReturnValue:
    """Deletes a status; its contacts get the heir's."""
    heir = request.form.get("heir", "")
    try:
        with writing() as work:
            moved = services.delete(work, status_id, heir or None)
    except CrmError as error:
        if error.status in (403, 404):
            raise
        return _refused(error, f"status-{status_id}-delete", heir=heir)
    said = (
        ngettext("%(num)d contact got another status.", "%(num)d contacts got another status.", moved) if moved else ""
    )
    return _done(" ".join((_("The status was deleted."), said)).strip())


# --- tags ------------------------------------------------------------------------------------------------------------


@blueprint.post("/tags")
def add_tag() -> ResponseReturnValue:
    """Makes a tag."""
    name, hue = request.form.get("name", ""), request.form.get("hue", "")
    try:
        with writing() as work:
            tag = tags.add(work, name, hue)
            name = tag.name
    except Invalid as error:
        return _refused(error, "add-tag", name=name, hue=hue)
    return _done(_("The tag “%(name)s” was added.", name=name), "tags")


@blueprint.post("/tags/<int:tag_id>")
def edit_tag(tag_id: int) -> ResponseReturnValue:
    """Renames and recolours a tag."""
    name, hue = request.form.get("name", ""), request.form.get("hue", "")
    try:
        with writing() as work:
            tags.rename(work, tag_id, name)
            if hue:
                tags.recolour(work, tag_id, hue)
    except Invalid as error:
        return _refused(error, f"tag-{tag_id}", name=name, hue=hue)
    return _done(_("Saved."), "tags")


@blueprint.post("/tags/<int:tag_id>/merge")
def merge_tag(tag_id: int) -> ResponseReturnValue:
    """Gives another tag all records of this one."""
    current_work().require("tags.edit")
    winner = valid_id(request.form.get("winner"))
    if winner is None or winner == tag_id:
        abort(422)
    with writing() as work:
        winning, [kept] = tags.merge(work, winner, [tag_id])
        name = winning.name
    undo = url_for("statuses.bring_back_tag", kept_id=kept)
    return _done(_("The tags were merged into “%(name)s”.", name=name), "tags", undo)


@blueprint.post("/tags/<int:tag_id>/delete")
def delete_tag(tag_id: int) -> ResponseReturnValue:
    """Takes a tag off everything."""
    with writing() as work:
        number, kept = tags.remove(work, tag_id)
    said = ngettext("The tag was taken off %(num)d record.", "The tag was taken off %(num)d records.", number)
    return _done(said, "tags", url_for("statuses.bring_back_tag", kept_id=kept))


@blueprint.post("/tags/bring-back/<int:kept_id>")
def bring_back_tag(kept_id: int) -> ResponseReturnValue:
    """Takes back that a tag was merged or deleted."""
    with writing() as work:
        name = kept_tags.bring_back(work, kept_id).name
    return _done(_("The tag “%(name)s” is back.", name=name), "tags")
