"""Pages of the sales dashboard."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from crmhost.api import Invalid
from crmhost.web.api import (
    abort,
    current_work,
    gettext,
    is_fragment,
    render_template,
    request,
    requires,
    writing,
)

from . import answering, asked, csv_files, metric_page, overview
from .fee_pages import add_fees
from .figures import METRICS
from .further import add_further
from .goal_pages import add_goals
from .metrics import LABELS

VIEW = "sales_dashboard.view"
blueprint = Blueprint("sales_dashboard", __name__)


@blueprint.get("/")
@requires(VIEW)
def index() -> Any:
    """The overview."""
    work = current_work()
    shown = overview.overview(work, request.args)
    return answering.answer("sales_dashboard/overview.html", shown.asked, shown=shown, labels=_labels())


@blueprint.get("/metrics/<metric>")
@requires(VIEW)
def metric(metric: str) -> Any:
    """One figure."""
    if metric not in METRICS:
        abort(404)
    shown = metric_page.page(current_work(), metric, request.args)
    args = {"metric": metric, "chart": None}
    by = request.args.get("by") if shown.asked.where is not None else ""
    return answering.answer(
        "sales_dashboard/metric.html", shown.asked, metric=metric, shown=shown, args=args, by=by, labels=_labels()
    )


@blueprint.get("/breakdown")
@requires(VIEW)
def breakdown() -> Any:
    """What a figure is made of: fetched by its page after it is shown, and a page of its own without scripts."""
    given = request.args
    metric = given.get("metric", METRICS[0])
    if metric not in METRICS:
        abort(404)
    try:
        shown = metric_page.breakdown(current_work(), metric, given.get("by", "tag"), given)
    except Invalid:
        abort(404)
    template = "sales_dashboard/breakdown.html" if is_fragment() else "sales_dashboard/breakdown_page.html"
    return render_template(template, metric=metric, shown=shown)


@blueprint.get("/below")
@requires(VIEW)
def below() -> Any:
    """Goals and other fees: fetched by the overview after it is shown."""
    work = current_work()
    return render_template("sales_dashboard/below.html", shown=overview.below(work, request.args), actor=work.actor)


@blueprint.get("/restated")
@requires(VIEW)
def restated() -> Any:
    """What was added or changed in a period after it was over: fetched by the pages of such a period."""
    metric = request.args.get("chart", "")
    found = overview.restated(current_work(), request.args, metric if metric in METRICS else "net_revenue")
    return render_template("sales_dashboard/restated.html", number=found[0], amount=found[1], url=found[2])


@blueprint.get("/figures.csv")
@requires(VIEW)
def csv() -> Any:
    """All figures of the parts of a period, for a spreadsheet."""
    try:
        head, *rows = metric_page.as_rows(current_work(), request.args)
    except Invalid as error:
        return csv_files.unreadable(error.message)
    return csv_files.answer(f"{gettext('Sales')}.csv", head, rows)


@blueprint.post("/remember")
@requires(VIEW)
def remember() -> Any:
    """Keeps what the reader looks at for the next time; the page sends it by itself."""
    with writing() as work:
        asked.remember(work, request.form)
    return "", 204


add_fees(blueprint)
add_goals(blueprint)
add_further(blueprint)


def _labels() -> dict[str, str]:
    return {name: gettext(LABELS[name]) for name in METRICS}
