"""The statuses of companies, under Settings > Field options."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.api import CrmError, Invalid, Work, keyset, record_fields
from crmhost.web.api import (
    current_work,
    gettext,
    is_fragment,
    ngettext,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import statuses


def overview(work: Work) -> str:
    """The part of the page Settings > Field options."""
    known = statuses.all_statuses(work)
    return render_template("companies/statuses_part.html", statuses=known, counts=statuses.counts(work))


def _page(code: int = 200, problems: Any = (), **typed: Any) -> Any:
    work = current_work()
    html = render_template(
        "companies/statuses.html",
        statuses=statuses.all_statuses(work),
        counts=statuses.counts(work),
        hues=record_fields.HUES,
        problems=dict(problems),
        typed=typed,
    )
    return html, code


def _refused(error: CrmError, part: str, **typed: Any) -> Any:
    """The page with what was refused, at the part that it concerns, and what was typed."""
    if error.status in (403, 404):
        raise error
    found = [text for some in error.errors.values() for text in some] if isinstance(error, Invalid) else [error.message]
    return _page(422, {part: found}, part=part, **typed)


def _done(message: str) -> Any:
    toast(message)
    return redirect(url_for("companies.list_statuses"), 303)


@requires("companies.statuses")
def list_statuses() -> Any:
    """The list."""
    return _page()


@requires("companies.statuses")
def add_status() -> Any:
    """Add a status."""
    name = request.form.get("name", "")
    try:
        with writing() as work:
            statuses.add(work, name)
    except CrmError as error:
        return _refused(error, "add", name=name)
    return _done(gettext("The status “%(name)s” was added.", name=" ".join(name.split())))


@requires("companies.statuses")
def order_statuses() -> Any:
    """Put the statuses into the order given."""
    ids = [number for number in map(keyset.valid_id, request.form.getlist("order")) if number]
    with writing() as work:
        statuses.reorder(work, ids)
    return ("", 204) if is_fragment() else _done(gettext("The order was changed."))


@requires("companies.statuses")
def edit_status(status_id: int) -> Any:
    """Rename and recolour a status."""
    name, hue = request.form.get("name", ""), request.form.get("hue", "")
    try:
        with writing() as work:
            statuses.change(work, status_id, name, hue)
    except CrmError as error:
        return _refused(error, f"status-{status_id}", name=name)
    return _done(gettext("Saved."))


@requires("companies.statuses")
def delete_status(status_id: int) -> Any:
    """Delete a status; its companies get the heir's."""
    try:
        with writing() as work:
            moved = statuses.delete(work, status_id, request.form.get("heir") or None)
    except CrmError as error:
        return _refused(error, f"status-{status_id}-delete")
    said = (
        ngettext("%(num)d company got another status.", "%(num)d companies got another status.", moved) if moved else ""
    )
    return _done(" ".join((gettext("The status was deleted."), said)).strip())


def add_status_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    add = blueprint.add_url_rule
    add("/statuses", view_func=list_statuses)
    add("/statuses", endpoint="add_status", view_func=add_status, methods=["POST"])
    add("/statuses/order", view_func=order_statuses, methods=["POST"])
    add("/statuses/<int:status_id>", view_func=edit_status, methods=["POST"])
    add("/statuses/<int:status_id>/delete", view_func=delete_status, methods=["POST"])
