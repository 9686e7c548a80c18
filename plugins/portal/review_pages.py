"""What clients want changed of their details, for staff to approve or reject."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.api import CrmError, Invalid
from crmhost.web.api import (
    current_work,
    gettext,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import deciding, details
from .detail_pages import as_typed, field_label, said, stored_values

#: Changes that the page shows; the next ones come when these are decided.
SHOWN = 50


@requires("portal.review")
def changes() -> Any:
    """What waits, the oldest first."""
    work = current_work()
    found = details.undecided(work, SHOWN + 1)
    labels = {name: gettext(unit.label) for unit in details.units(work) for name in unit.fields}
    rows = []
    for change, contact in found[:SHOWN]:
        now = as_typed(work, stored_values(work, contact))
        fields = [
            (field_label(name, labels), said(now.get(name) or ""), said(value)) for name, value in change.after.items()
        ]
        rows.append((change, contact, fields))
    return render_template("portal/staff/changes.html", rows=rows, more=len(found) > SHOWN)


@requires("portal.review")
def decide(change_id: int) -> Any:
    """Approve or reject one."""
    approve = request.form.get("do") == "approve"
    try:
        with writing() as work:
            deciding.decide(work, change_id, approve=approve, note=request.form.get("note", "")[:1000])
    except CrmError as error:
        if error.status in (403, 404):
            raise
        sentences = [text for some in error.errors.values() for text in some] if isinstance(error, Invalid) else []
        toast(" ".join(map(gettext, sentences or [error.message])), category="bad")
    else:
        toast(
            gettext("Stored. The client gets word of it.")
            if approve
            else gettext("Rejected. The client gets word of it.")
        )
    return redirect(url_for("portal_staff.changes"), 303)


def add_review_pages(blueprint: Blueprint) -> None:
    """Adds the pages to the blueprint."""
    blueprint.add_url_rule("/changes", "changes", changes)
    blueprint.add_url_rule("/changes/<int:change_id>", "decide", decide, methods=["POST"])
