"""An import that has begun: its progress, its report, going on with it and taking it back."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint

from crmhost.api import Conflict, NotFound
from crmhost.web.api import (
    Response,
    current_work,
    gettext,
    job_progress,
    redirect,
    render_template,
    request,
    requires,
    toast,
    url_for,
    writing,
)

from . import exporting, importing, undoing
from .export_pages import download


def add_run_pages(blueprint: Blueprint) -> None:
    """Adds the pages of a run."""
    allowed = requires(importing.PERMISSION)
    blueprint.get("/import/<int:run_id>")(allowed(run))
    blueprint.post("/import/<int:run_id>/go-on")(allowed(go_on))
    blueprint.post("/import/<int:run_id>/undo")(allowed(undo))
    blueprint.get("/import/<int:run_id>/refused.csv")(allowed(refused))


def run(run_id: int) -> Any:
    """Progress or report of an import, as far as it is."""
    work = current_work()
    found = importing.get(work, run_id)
    if found.state == "uploading":
        raise NotFound("import", run_id)
    if found.state == "draft":
        return redirect(url_for("csv_tools.columns", run_id=run_id), 303)
    after = request.args.get("after", "")
    rows = importing.remarks(work, found, after=int(after) if after.isdecimal() and len(after) < 16 else 0, limit=101)
    state = importing.job_state(work, found)
    return render_template(
        "csv_tools/run.html",
        run=found,
        rows=rows[:100],
        more=rows[99].id if len(rows) > 100 else 0,
        alive=state in importing.ALIVE,
        failed=state == "failed",
        job_progress=job_progress,
        undoable=undoing.undoable(work, found),
        left_alone=undoing.left_alone(work, found) if found.left_alone else [],
        kept_days=undoing.KEPT_DAYS,
    )


def go_on(run_id: int) -> Any:
    """Goes on with importing or with undoing, after it was stopped or failed."""
    try:
        with writing() as work:
            found = importing.get(work, run_id)
            if found.state == "undoing":
                undoing.want(work, run_id)
            elif found.kept:
                importing.want(work, run_id)
    except Conflict as error:
        toast(gettext(error.message), category="bad")
    return redirect(url_for("csv_tools.run", run_id=run_id), 303)


def undo(run_id: int) -> Any:
    """Takes an import back."""
    try:
        with writing() as work:
            undoing.want(work, run_id)
    except Conflict as error:
        toast(gettext(error.message), category="bad")
    return redirect(url_for("csv_tools.run", run_id=run_id), 303)


def refused(run_id: int) -> Response:
    """The refused rows with the reasons, as a file to correct and import again."""
    work = current_work()
    found = importing.get(work, run_id)
    columns, delimiter = list(found.columns), str(found.file_format.get("delimiter", ","))
    rows = importing.all_remarks(work, found, outcomes=("refused",))
    name = re.sub(r"\.[^.]{1,5}$", "", found.file_name)
    return download(exporting.refused(columns, delimiter, rows, gettext), f"{name}-refused.csv")
